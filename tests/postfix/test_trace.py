"""What smtpd tells with -v, read as data: the restriction and the table entry that decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.rendered_gateway import RenderedGateway, rendered_gateway
from tests.support.states import state
from tests.support.waiting import wait_until

from sealgate.postfix.trace import Command, Evaluation, Lookup, Session, sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE = state(
    {"my-hostname": "gw.example.com", "internal-relay-host": "mail.inside.example"},
    {
        "relay-domain": ["relay.example"],
        "network": ["10.0.0.0/8"],
        "black": [{"client": "192.168.88", "reason": "spam"}],
        "white": ["198.51.100.7"],
        "rbl": [{"zone": "zen.example.net"}],
    },
    main_cf="smtpd_sender_restrictions = check_sender_access inline:{{bad@x.example = careful}}\n"
    "smtpd_restriction_classes = careful\ncareful = permit_mynetworks, reject_unlisted_sender, reject\n",
)


@pytest.fixture(scope="module")
def gateway() -> Iterator[RenderedGateway]:
    records = {("44.113.0.203.zen.example.net", "A"): ["127.0.0.2"]}
    with rendered_gateway(STATE, records=records, start_mpa=False, verbose=True) as running:
        yield running


def traced(gateway: RenderedGateway, client: str, recipient: str, sender: str = "someone@out.example") -> Session:
    """Hold a session up to RCPT and return what the log tells of it, as soon as it has its end."""
    gateway.rcpt(client, recipient, sender)
    words = (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>")

    def find() -> Session | None:
        for one in sessions(gateway.postfix.lines()):
            if one.client == client and one.has(*words) and one.commands[-1].reply:
                return one
        return None

    found = wait_until(find, "the session is in the log")
    assert isinstance(found, Session)
    return found


def rcpt(session: Session) -> Command:
    return next(command for command in session.commands if command.said.startswith("RCPT"))


def lists(session: Session) -> dict[str, Evaluation]:
    return {evaluation.parameter: evaluation for evaluation in rcpt(session).evaluations}


def deciding(session: Session, parameter: str) -> tuple[str, str, tuple[Lookup, ...]]:
    decided = lists(session)[parameter].decided
    assert decided is not None
    return decided.restriction, decided.opinion, tuple(one for one in decided.lookups if one.result is not None)


def test_a_refusal_by_a_table_names_the_table_the_key_and_the_entry(gateway: RenderedGateway) -> None:
    session = traced(gateway, "192.168.88.4", "u@relay.example")

    restriction, opinion, (found,) = deciding(session, "smtpd_client_restrictions")
    assert (restriction, opinion) == ("check_client_access", "refuse")
    assert found.table.endswith("/client_black.cidr")
    assert (found.key, found.result) == ("192.168.88.4", "REJECT 5.7.1 spam")


def test_a_white_listed_client_is_let_by_by_its_entry(gateway: RenderedGateway) -> None:
    session = traced(gateway, "198.51.100.7", "u@relay.example")

    assert deciding(session, "smtpd_client_restrictions")[2][0].result == "OK"
    assert lists(session)["smtpd_relay_restrictions"].decided is None


def test_a_refused_relay_names_the_restriction_and_the_address_class(gateway: RenderedGateway) -> None:
    session = traced(gateway, "203.0.113.9", "u@foreign.example")

    assert deciding(session, "smtpd_relay_restrictions")[:2] == ("reject_unauth_destination", "refuse")
    assert session.classes["u@foreign.example"] == "default"


def test_the_class_of_a_relay_domain_is_told(gateway: RenderedGateway) -> None:
    assert traced(gateway, "203.0.113.10", "v@relay.example").classes["v@relay.example"] == "relay"


def test_a_client_of_my_networks_is_known_by_the_list(gateway: RenderedGateway) -> None:
    session = traced(gateway, "10.1.2.3", "u@foreign.example")

    restriction, opinion, (found,) = deciding(session, "smtpd_relay_restrictions")
    assert (restriction, opinion) == ("permit_mynetworks", "permit")
    assert found.table.endswith("/mynetworks.cidr")
    assert (found.key, found.result) == ("10.1.2.3", "a member of mynetworks")


def test_a_listed_client_names_the_zone_that_was_asked(gateway: RenderedGateway) -> None:
    session = traced(gateway, "203.0.113.44", "u@relay.example")

    restriction, opinion, found = deciding(session, "smtpd_client_restrictions")
    assert (restriction, opinion) == ("reject_rbl_client", "refuse")
    assert any("44.113.0.203.zen.example.net" in one.key for one in found)


def test_restrictions_of_a_class_are_inside_the_one_that_named_it(gateway: RenderedGateway) -> None:
    session = traced(gateway, "203.0.113.11", "u@relay.example", "bad@x.example")

    decided = lists(session)["smtpd_sender_restrictions"].decided
    assert decided is not None
    assert decided.restriction == "check_sender_access"
    (named,) = decided.inner
    assert named.restriction == "careful"
    assert [one.restriction for one in named.inner] == ["permit_mynetworks", "reject_unlisted_sender", "reject"]
    assert named.inner[-1].opinion == "refuse"


def test_commands_keep_their_replies(gateway: RenderedGateway) -> None:
    session = traced(gateway, "203.0.113.12", "w@foreign.example")

    assert rcpt(session).reply.startswith("554 5.7.1 <w@foreign.example>: Relay access denied")
    assert any("NOQUEUE: reject" in line for line in rcpt(session).log)
    assert session.commands[0].said == ""
    assert session.commands[0].reply.startswith("220 ")


def test_a_log_that_is_not_verbose_has_sessions_without_commands() -> None:
    lines = ["Nov 22 20:53:56 gw sealgate/smtpd[1]: connect from unknown[192.0.2.1]", "garbage", ""]

    assert [(one.client, one.commands) for one in sessions(lines)] == [("192.0.2.1", ())]


def test_an_answer_of_a_block_list_that_the_process_remembers_counts_too() -> None:
    """smtpd(8) asks a list once for each address and process; the second client sees only the memory of it."""
    peer = "unknown[203.0.113.77]"
    lines = (
        f"connect from {peer}", f"< {peer}: RCPT TO:<u@relay.example>", ">>> START Client host RESTRICTIONS <<<",
        "generic_checks: name=reject_rbl_client",
        "ctable_locate: leave existing entry key 77.113.0.203.zen.example.net",
        "generic_checks: name=reject_rbl_client status=2", ">>> END Client host RESTRICTIONS <<<",
        f"> {peer}: 554 5.7.1 no", f"disconnect from {peer}",
    )  # fmt: skip

    (session,) = sessions(f"Nov 22 21:29:31 gw sealgate/smtpd[22]: {line}" for line in lines)

    decided = session.commands[0].evaluations[0].decided
    assert decided is not None
    assert decided.lookups == (Lookup("dns", "77.113.0.203.zen.example.net A", "?"),)
