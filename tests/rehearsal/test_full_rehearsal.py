"""A full rehearsal: mail from anywhere through queue, filter and re-injection to where the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.staged import PORT, STRANGER, plan, staged, trial
from tests.support.states import state

from sealgate.link.messages import Grade
from sealgate.rehearsal.network import own_addresses
from sealgate.rehearsal.running import run
from sealgate.rehearsal.trials import Certificate, Client, Ended, Internet, Manner, Plan, Seen, Server, Until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sealgate.rehearsal.judging import Judge

OFFICE = Client("10.1.2.3", helo="office.example.com")
SETTINGS = {"my-hostname": "gw.example.com", "internal-relay-host": "inside.example.org:2600"}
ROWS = {"relay-domain": ["example.com"], "network": ["10.0.0.0/8", "2001:db8:10::/48"]}


@pytest.fixture(scope="module")
def company() -> Iterator[tuple[Judge, Path]]:
    with staged(state(SETTINGS, ROWS)) as made:
        yield made


@pytest.fixture
def rehearse(company: tuple[Judge, Path]):
    def go(given: Plan, grade: Grade = Grade.FULL) -> Seen:
        return run(*company, given, grade)

    return go


def inside(**settings: Any) -> Internet:
    return Internet(servers={"inside.example.org": Server(**settings)}, ports=(2600,))


def code(ended: Ended, command: str) -> int:
    reply = ended.reply_to(command)
    assert reply is not None
    return reply.code


# -- where mail goes


def test_mail_for_a_relay_domain_reaches_the_internal_host_on_its_port(rehearse) -> None:
    (arrival,) = rehearse(plan(trial("a"), internet=inside())).arrived("a")

    assert (arrival.server, arrival.port, arrival.recipients) == ("inside.example.org", 2600, ("user@example.com",))


def test_mail_for_others_reaches_the_exchanger_of_their_domain(rehearse) -> None:
    (arrival,) = rehearse(plan(trial("a", "someone@far.example", client=OFFICE))).arrived("a")

    assert (arrival.server, arrival.port) == ("mx.far.example", 25)


def test_mail_passes_the_filter_and_its_log_is_followed_to_the_end(rehearse) -> None:
    ended = rehearse(plan(trial("a"), internet=inside())).ended["a"]

    assert ended.queue_id
    said = "\n".join(ended.log)
    for words in ("connect from client.example.net[203.0.113.9]", "/lmtp[", "reinject/smtpd", "inside.example.org["):
        assert words in said
    assert sum(line.endswith(": removed") for line in ended.log) == 2


def test_the_log_of_a_trial_holds_no_line_of_another(rehearse) -> None:
    seen = rehearse(plan(trial("a"), trial("b", "b@example.com", client=OFFICE), internet=inside()))

    assert not [line for line in seen.ended["a"].log if "b@example.com" in line or "10.1.2.3" in line]


def test_a_refused_trial_has_the_lines_of_its_session(rehearse) -> None:
    ended = rehearse(plan(trial("a", "someone@far.example"))).ended["a"]

    assert ended.last.code == 554
    assert any("NOQUEUE: reject" in line and "Relay access denied" in line for line in ended.log)


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8:77::9", "10.9.8.7", "2001:db8:10::7"])
def test_a_client_comes_from_its_address(address: str, rehearse) -> None:
    host = "::1" if ":" in address else "127.0.0.1"

    seen = rehearse(plan(trial("a", client=Client(address), host=host), internet=inside()))

    assert any(f"[{address}]" in line for line in seen.ended["a"].log)
    assert len(seen.arrived("a")) == 1


def test_a_client_may_call_on_a_real_address_of_the_machine(rehearse) -> None:
    own = next((one for one in own_addresses() if ":" not in one), "192.0.2.1")

    seen = rehearse(plan(trial("a", host=own), internet=inside()))

    assert any("client.example.net[203.0.113.9]" in line for line in seen.ended["a"].log)


def test_a_client_may_be_the_next_hop_as_well(rehearse) -> None:
    """A mail server behind the gateway sends from the address on which it takes mail."""
    records = {"inside.example.org": {"A": ("10.1.2.3",)}}
    world = Internet(records, servers={"10.1.2.3": Server()}, ports=(2600,))

    (arrival,) = rehearse(plan(trial("a", client=OFFICE), internet=world)).arrived("a")

    assert (arrival.address, arrival.server) == ("10.1.2.3", "inside.example.org")


def test_a_port_where_no_service_is_refuses_the_connection(rehearse) -> None:
    ended = rehearse(plan(trial("a", port=2599))).ended["a"]

    assert (ended.last.code, ended.last.text) == (0, "Connection refused")


def test_routes_are_asked_for(rehearse) -> None:
    seen = rehearse(Plan(routes=("user@example.com", "someone@far.example")))

    assert seen.routes["user@example.com"].nexthop == "[inside.example.org]:2600"
    assert seen.routes["someone@far.example"].nexthop == "far.example"


# -- how servers behave


@pytest.mark.parametrize(
    ("server", "status"),
    [
        ({"manner": Manner.DEFER}, "status=deferred"),
        ({"manner": Manner.REFUSE}, "status=bounced"),
        ({"manner": Manner.DOWN}, "status=deferred"),
        ({"manner": Manner.DROP}, "status=deferred"),
        ({"replies": {"user@example.com": "550 5.1.1 nobody"}}, "status=bounced"),
        ({"replies": {"@example.com": "452 4.2.2 full"}}, "status=deferred"),
        ({"max_size": 100}, "status=bounced"),
    ],
)
def test_what_is_not_delivered_is_told_with_its_status(server: dict[str, object], status: str, rehearse) -> None:
    seen = rehearse(plan(trial("a"), internet=inside(**server)))

    assert seen.arrived("a") == ()
    assert any(status in line for line in seen.queued["a"])


def test_delivered_mail_is_not_told_to_be_queued(rehearse) -> None:
    assert rehearse(plan(trial("a"), internet=inside())).queued == {}


def test_a_bounce_goes_to_the_sender_and_belongs_to_no_trial(rehearse) -> None:
    seen = rehearse(plan(trial("a"), internet=inside(manner=Manner.REFUSE)))

    (bounce,) = [one for one in seen.arrivals if one.recipients == ("x@sender.example",)]
    assert (bounce.trial, bounce.sender, bounce.server) == ("", "", "mx.sender.example")


def test_a_server_may_be_slow(rehearse) -> None:
    seen = rehearse(plan(trial("a"), internet=inside(manner=Manner.SLOW, slowness=0.5)))

    assert len(seen.arrived("a")) == 1


def test_recipients_of_one_message_may_fare_differently(rehearse) -> None:
    world = inside(replies={"no@example.com": "550 5.1.1 nobody", "later@example.com": "450 4.2.0 later"})

    seen = rehearse(plan(trial("a", "yes@example.com", "no@example.com", "later@example.com"), internet=world))

    (arrival,) = seen.arrived("a")
    assert arrival.recipients == ("yes@example.com",)
    assert set(arrival.refused) == {"no@example.com", "later@example.com"}


# -- names


def test_a_dead_resolver_defers_what_needs_it(rehearse) -> None:
    seen = rehearse(plan(trial("a", "someone@far.example", client=OFFICE), internet=Internet(dead=True)))

    assert seen.arrivals == ()
    assert any("status=deferred" in line or "still under way" in line for line in seen.queued["a"])


def test_records_of_the_plan_lead_where_they_say(rehearse) -> None:
    world = Internet({"far.example": {"MX": ("5 elsewhere.example",)}})

    (arrival,) = rehearse(plan(trial("a", "someone@far.example", client=OFFICE), internet=world)).arrived("a")

    assert arrival.server == "elsewhere.example"


def test_mail_for_a_domain_that_does_not_exist_bounces(rehearse) -> None:
    seen = rehearse(
        plan(trial("a", "someone@gone.example", client=OFFICE), internet=Internet(missing=("gone.example",)))
    )

    assert any("Host or domain name not found" in line for line in seen.queued["a"])


# -- what a trial may be


def test_a_message_is_passed_as_it_was_given(rehearse) -> None:
    text = "From: a@b.example\r\nX-Sealgate-Trial: a\r\n\r\n.dot\r\nl\xe4nge\r\n"

    (arrival,) = rehearse(plan(trial("a", message=text), internet=inside())).arrived("a")

    assert arrival.message.endswith(text.replace("\r\n", "\r\n"))


def test_smuggled_text_is_sent_byte_for_byte(rehearse) -> None:
    raw = "From: a@b.example\r\nX-Sealgate-Trial: a\r\n\r\nx\n.\nMAIL FROM:<z@z.example>\r\n.\r\n"

    seen = rehearse(plan(trial("a", message=raw, raw=True), internet=inside()))

    assert not [one for one in seen.arrivals if one.sender == "z@z.example"]
    assert len(seen.arrived("a")) == 1


def test_a_trial_ends_where_the_plan_says(rehearse) -> None:
    seen = rehearse(plan(*(trial(until.value, until=until) for until in Until), internet=inside()))

    last = {name: ended.replies[-2].said.split(" ")[0] for name, ended in seen.ended.items()}
    assert last == {"greeting": "(connect)", "mail": "MAIL", "rcpt": "RCPT", "message": "(message)"}


def test_a_size_may_be_announced(rehearse) -> None:
    ended = rehearse(plan(trial("a", size=99_999_999))).ended["a"]

    assert code(ended, "MAIL") == 552


def test_many_trials_at_once_all_end(rehearse) -> None:
    many = [trial(f"t{n}", client=Client(f"198.51.100.{n}")) for n in range(60)]

    seen = rehearse(plan(*many, internet=inside()))

    assert [len(seen.arrived(one.id)) for one in many] == [1] * 60


def test_many_trials_of_one_client_do_not_run_into_its_limit(company: tuple[Judge, Path]) -> None:
    own = "smtpd_client_connection_count_limit = 2\n"
    with staged(state(SETTINGS, ROWS, main_cf=own)) as made:
        seen = run(*made, plan(*(trial(f"t{n}", until=Until.RCPT) for n in range(12))), Grade.FULL)

    assert {code(ended, "RCPT") for ended in seen.ended.values()} == {250}


# -- without the filter, and with more words


def test_without_the_filter_mail_stays_in_the_queue(rehearse) -> None:
    seen = rehearse(plan(trial("a"), internet=inside(), mpa=False))

    assert seen.arrived("a") == ()
    assert any("status=deferred" in line and "Connection refused" in line for line in seen.queued["a"])


def test_with_more_words_the_restrictions_are_in_the_log_of_the_trial(company: tuple[Judge, Path], rehearse) -> None:
    before = (company[1] / "master.cf").read_bytes()

    ended = rehearse(plan(trial("a", "someone@far.example", until=Until.RCPT), verbose=True)).ended["a"]

    assert any("generic_checks: name=reject_unauth_destination" in line for line in ended.log)
    assert (company[1] / "master.cf").read_bytes() == before


# -- the probe answers the same trials up to RCPT


def test_a_probe_holds_trials_up_to_the_recipient(rehearse) -> None:
    seen = rehearse(plan(trial("a"), trial("b", "someone@far.example")), Grade.PROBE)

    assert [code(seen.ended[name], "RCPT") for name in ("a", "b")] == [250, 554]
    assert seen.ended["a"].reply_to("DATA") is None


def test_a_probe_knows_the_names_of_the_plan(rehearse) -> None:
    seen = rehearse(plan(trial("a")), Grade.PROBE)

    assert any("connect from client.example.net[203.0.113.9]" in line for line in seen.ended["a"].log)


# -- TLS and logins


@pytest.mark.parametrize(
    ("certificate", "arrives"),
    [
        (Certificate.GOOD, True),
        (Certificate.EXPIRED, False),
        (Certificate.WRONG_NAME, False),
        (Certificate.NONE, False),
    ],
)
def test_a_destination_that_must_be_verified_gets_mail_only_with_a_good_certificate(
    certificate: Certificate, arrives: bool
) -> None:
    rows = ROWS | {"tls-policy": [{"destination": "[inside.example.org]:2600", "level": "secure"}]}
    with staged(state(SETTINGS, rows)) as made:
        seen = run(*made, plan(trial("a"), internet=inside(certificate=certificate)), Grade.FULL)

    assert [bool(one.tls) for one in seen.arrived("a")] == ([True] if arrives else [])


def test_a_login_at_the_next_hop_is_noted() -> None:
    rows = ROWS | {"sasl": [{"host": "inside.example.org", "port": 2600, "user": "gateway", "password": "secret"}]}
    with staged(state(SETTINGS, rows)) as made:
        (arrival,) = run(*made, plan(trial("a"), internet=inside(logins=True)), Grade.FULL).arrived("a")

    assert (arrival.login, arrival.password) == ("gateway", "secret")


def test_recipients_are_verified_with_the_next_hop() -> None:
    world = inside(replies={"no@example.com": "550 5.1.1 nobody"})
    trials = (trial("yes", until=Until.RCPT), trial("no", "no@example.com", until=Until.RCPT))
    with staged(state(SETTINGS | {"reject-unverified-recipient": True}, ROWS)) as made:
        seen = run(*made, plan(*trials, internet=world), Grade.FULL)

    assert [code(seen.ended[name], "RCPT") for name in ("yes", "no")] == [250, 450]
    assert any(one.refused == ("no@example.com",) and not one.accepted for one in seen.arrivals)


def test_a_probe_does_not_wait_for_the_verification_of_a_recipient() -> None:
    with staged(state(SETTINGS | {"reject-unverified-recipient": True}, ROWS)) as made:
        seen = run(*made, plan(trial("a")), Grade.PROBE)

    assert seen.ended["a"].last.text == "no reply"


def test_a_listener_on_loopback_alone_serves_clients_from_anywhere() -> None:
    from sealgate.render import Endpoint

    with staged(state(SETTINGS, ROWS), smtp_listeners=(Endpoint("127.0.0.1", PORT),)) as made:
        seen = run(*made, plan(trial("a"), internet=inside()), Grade.FULL)

    assert any(f"connect from {STRANGER.name}[{STRANGER.address}]" in line for line in seen.ended["a"].log)
