"""A stranger who is let in is always noticed, and one who is not is never said to be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.rehearsal.subjects import PUBLIC, REINJECT, answered, judged, replied, saw, subject

from sealgate.link.messages import Grade
from sealgate.model.verdicts import NEVER_OVERRIDDEN, Ruling
from sealgate.rehearsal.promises.promise import FOREIGN, HELO
from sealgate.rehearsal.promises.strangers import Strangers
from sealgate.rehearsal.trials import Reply

ROWS = {"relay-domain": ["example.com"], "network": ["10.0.0.0/24"]}
PROMISE = Strangers()
FOUR = PUBLIC[:1]


def about(rows=None, **more):
    return subject(None, rows or ROWS, **{"listeners": FOUR, **more})


def trials(made, words):
    """Return the trials of a way, by a word of the client's commands, HELO, name or sender."""
    return [one for one in PROMISE.plan(made).trials if words(one)]


def with_replies(made, trial, *replies):
    """Return a run in which every stranger is refused but for one session, which had these replies."""
    seen = answered(PROMISE, made, 554)
    return replace(seen, ended={**seen.ended, trial.id: replied(trial.id, *replies)})


def failed(made, seen):
    return [one for one in judged(PROMISE, made, seen).values() if one.ruling is Ruling.FAILED]


def test_one_recipient_of_many_that_is_taken_is_enough() -> None:
    made = about()
    trial = next(one for one in PROMISE.plan(made).trials if len(one.recipients) > 3)
    replies = [(f"RCPT TO:<{one}>", 554, "554 no") for one in trial.recipients]
    replies[2] = (replies[2][0], 250, "250 2.1.5 Ok")
    (found,) = failed(made, with_replies(made, trial, *replies))

    assert found.test == "by any form of address on 127.0.0.1:25"
    assert trial.recipients[2] in found.came


def test_a_taken_sender_is_no_taken_recipient() -> None:
    made = about()
    trial = PROMISE.plan(made).trials[0]

    assert failed(made, with_replies(made, trial, ("MAIL FROM:<a@b>", 250, "250 Ok"), ("QUIT", 221, "221 Bye"))) == []


@pytest.mark.parametrize("code", [354, 421, 450, 554])
def test_any_other_code_than_of_the_two_hundreds_is_a_refusal(code: int) -> None:
    assert {one.ruling for one in judged(PROMISE, about(), answered(PROMISE, about(), code)).values()} == {
        Ruling.PASSED
    }


def test_a_session_that_nobody_answered_proves_nothing() -> None:
    made = about()
    seen = saw(*(replied(one.id, ("(connect)", 0, "Connection refused")) for one in PROMISE.plan(made).trials))

    assert {one.ruling for one in judged(PROMISE, made, seen).values()} == {Ruling.NOT_JUDGED}


def test_one_session_without_an_answer_leaves_its_way_unjudged_and_no_other() -> None:
    made = about()
    trial = PROMISE.plan(made).trials[0]
    found = judged(PROMISE, made, with_replies(made, trial, ("(connect)", 0, "no reply")))

    assert [name for name, one in found.items() if one.ruling is Ruling.NOT_JUDGED] == [
        "by any form of address on 127.0.0.1:25"
    ]


def test_a_session_that_is_hung_up_on_after_the_greeting_is_a_refusal() -> None:
    made = about()
    trial = PROMISE.plan(made).trials[0]
    seen = with_replies(made, trial, ("(connect)", 220, "220 gw"), ("EHLO x", 0, "the connection was closed"))

    assert {one.ruling for one in judged(PROMISE, made, seen).values()} == {Ruling.PASSED}


def test_a_way_that_lets_in_fails_though_another_of_its_sessions_got_no_answer() -> None:
    made = about()
    first, second = PROMISE.plan(made).trials[:2]
    seen = with_replies(made, first, (f"RCPT TO:<{FOREIGN}>", 250, "250 Ok"))
    seen = replace(seen, ended={one: ended for one, ended in seen.ended.items() if one != second.id})

    assert len(failed(made, seen)) == 1


def test_a_claim_by_xclient_that_is_believed_fails_even_when_the_recipient_is_refused() -> None:
    made = about()
    trial = trials(made, lambda one: one.client.extra[:1] and "XCLIENT ADDR=127" in one.client.extra[0])[0]
    seen = with_replies(made, trial, (trial.client.extra[0], 220, "220 gw"), (f"RCPT TO:<{FOREIGN}>", 554, "554 no"))
    (found,) = failed(made, seen)

    assert (found.blame.field, found.test) == (
        "smtpd_authorized_xclient_hosts", "as 127.0.0.1 by XCLIENT on 127.0.0.1:25",
    )  # fmt: skip


def test_a_claim_by_xforward_that_is_believed_fails() -> None:
    made = about()
    trial = trials(made, lambda one: one.client.extra[:1] and "XFORWARD" in one.client.extra[0])[0]
    (found,) = failed(made, with_replies(made, trial, (trial.client.extra[0], 250, "250 Ok")))

    assert found.blame.field == "smtpd_authorized_xforward_hosts"


def test_an_ipv6_network_is_claimed_as_xclient_writes_it() -> None:
    made = about({"relay-domain": ["example.com"], "network": ["2001:db8:1::/48"]})

    assert trials(made, lambda one: one.client.extra[:1] == ("XCLIENT ADDR=IPV6:2001:db8:1:: NAME=localhost",))


def test_an_excluded_network_is_nobody_to_claim_to_be() -> None:
    made = about({"network": ["!10.9.9.9", "10.9.9.0/24"]})

    assert not trials(made, lambda one: any("10.9.9.9 " in words for words in one.client.extra))


def test_answers_that_come_one_late_after_a_proxy_header_are_not_mistaken() -> None:
    made = about()
    trial = trials(made, lambda one: one.client.opening)[0]
    late = (f"RCPT TO:<{FOREIGN}>", 250, "250 2.1.0 Ok"), ("QUIT", 554, "554 5.7.1 Relay access denied")

    assert failed(made, with_replies(made, trial, *late)) == []


def test_an_accepted_recipient_that_is_told_late_is_noticed() -> None:
    made = about()
    trial = trials(made, lambda one: one.client.opening)[0]

    assert len(failed(made, with_replies(made, trial, ("QUIT", 250, "250 2.1.5 Ok")))) == 1


def test_a_proxied_listener_is_tried_by_proxy_headers_alone() -> None:
    made = about(overrides={"smtp/inet": {"smtpd_upstream_proxy_protocol": "haproxy"}})

    assert all(one.client.opening.startswith("PROXY TCP") for one in PROMISE.plan(made).trials)


def test_a_believed_proxy_header_is_blamed_on_the_protocol() -> None:
    made = about(overrides={"smtp/inet": {"smtpd_upstream_proxy_protocol": "haproxy"}})
    found = failed(made, answered(PROMISE, made, 250, "2.1.5 Ok"))

    assert {one.blame.field for one in found} == {"smtpd_upstream_proxy_protocol"}


def test_no_session_has_more_recipients_than_postfix_answers_without_delay() -> None:
    assert max(len(one.recipients) for one in PROMISE.plan(about()).trials) == 8


def test_without_a_relay_domain_no_form_names_one() -> None:
    assert not [r for one in PROMISE.plan(about({"network": []})).trials for r in one.recipients if r.endswith("@")]


def test_the_null_sender_is_tried() -> None:
    assert trials(about(), lambda one: one.sender == "")


def test_a_client_without_a_name_is_tried() -> None:
    assert trials(about(), lambda one: one.client.name == "" and one.client.helo == HELO)


def test_each_session_comes_from_an_address_of_its_own() -> None:
    addresses = [one.client.address for one in PROMISE.plan(about()).trials]

    assert len(set(addresses)) == len(addresses)


def test_a_helo_of_an_access_table_is_claimed_and_blamed() -> None:
    table = "check_helo_access inline:{{friend.example = OK}}"
    made = about(read={"smtpd_recipient_restrictions": table}, main_cf=f"smtpd_recipient_restrictions = {table}\n")
    trial = trials(made, lambda one: one.client.helo == "friend.example")[0]
    (found,) = failed(made, with_replies(made, trial, (f"RCPT TO:<{FOREIGN}>", 250, "250 Ok")))

    assert found.test.startswith("by inline: as HELO friend.example")
    assert found.blame.field == "smtpd_recipient_restrictions"


@pytest.mark.parametrize(
    ("key", "sender"),
    [
        ("<>", ""), ("boss@", "boss@sender.example"), ("a@b.example", "a@b.example"), ("b.example", "probe@b.example"),
        (".b.example", "probe@sub.b.example"),
    ],
)  # fmt: skip
def test_a_key_of_senders_is_said_as_a_sender(key: str, sender: str) -> None:
    made = about(
        read={"smtpd_sender_restrictions": "check_sender_access hash:/c/hash-s.map"}, tables={"hash:s": f"{key} OK\n"}
    )

    assert [one for one in PROMISE.plan(made).trials if one.sender == sender and one.recipients == (FOREIGN,)]


def test_a_probe_claims_fewer_keys_than_a_full_rehearsal() -> None:
    entries = {
        name: " ".join(f"{{{name}{n}.example = OK}}" for n in range(12)) for name in ("client", "helo", "sender")
    }
    lists = {f"smtpd_{name}_restrictions": f"check_helo_access inline:{{{of}}}" for name, of in entries.items()}
    few, many = (len(PROMISE.plan(about(read=lists, grade=grade)).trials) for grade in (Grade.PROBE, Grade.FULL))

    assert many - few >= 24


def test_a_dns_white_list_has_a_stranger_of_its_own() -> None:
    made = about(read={"smtpd_recipient_restrictions": "permit_dnswl_client list.example=127.0.[1..3].2"})
    records = PROMISE.plan(made).internet.records

    assert [one["A"] for one in records.values()] == [("127.0.1.2",)]
    assert all(name.endswith(".list.example") for name in records)


def test_an_open_qmqp_service_fails_without_any_trial() -> None:
    qmqp = replace(PUBLIC[0], service="628/inet", program="qmqpd", port=628)
    made = about(listeners=(qmqp,), overrides={"628/inet": {"qmqpd_authorized_clients": "0.0.0.0/0"}})

    assert [one.ruling for one in judged(PROMISE, made, saw()).values()] == [Ruling.FAILED]


def test_a_qmqp_service_for_nobody_passes() -> None:
    qmqp = replace(PUBLIC[0], service="628/inet", program="qmqpd", port=628)

    assert [one.ruling for one in judged(PROMISE, about(listeners=(qmqp,)), saw()).values()] == [Ruling.PASSED]


def test_the_listener_that_takes_mail_back_is_not_for_strangers() -> None:
    assert PROMISE.plan(about(listeners=(REINJECT,))).trials == ()


def test_every_recipient_is_routed_so_that_its_class_is_known() -> None:
    plan = PROMISE.plan(about())

    assert {recipient for one in plan.trials for recipient in one.recipients} == set(plan.routes)


def test_a_failure_shows_the_log_of_its_session() -> None:
    made = about()
    trial = PROMISE.plan(made).trials[0]
    seen = answered(PROMISE, made, 554)
    let = replace(seen.ended[trial.id], replies=(Reply(f"RCPT TO:<{FOREIGN}>", 250, "250 Ok"),), log=("a line",))

    assert failed(made, replace(seen, ended={**seen.ended, trial.id: let}))[0].log == ("a line",)


CLOUDS = [{"name": f"cloud{first}", "networks": [f"{first}.0.0.0/8"]} for first in range(1, 224) if first != 127]
EVERYBODY: dict[str, dict[str, list[object]]] = {
    "My networks: 0.0.0.0/0": {"network": [{"network": "0.0.0.0/0", "confirm": "0.0.0.0/0"}]},
    "the provider cloud": {"provider": [*CLOUDS]},
}


@pytest.mark.parametrize("named", EVERYBODY)
def test_where_all_of_a_family_is_trusted_no_stranger_is_left_and_that_fails(named: str) -> None:
    made = about(EVERYBODY[named], listeners=PUBLIC)
    (found,) = failed(made, answered(PROMISE, made, 554))

    assert (found.test, found.may_be_overridden) == ("IPv4 on 127.0.0.1:25", False)
    assert found.came.startswith(f"everybody may relay: the trusted networks cover all of IPv4 ({named}")


def test_where_half_of_a_family_is_trusted_the_other_half_are_strangers() -> None:
    made = about({"network": [{"network": "0.0.0.0/1", "confirm": "0.0.0.0/1"}]})

    assert (failed(made, answered(PROMISE, made, 554)), PROMISE.plan(made).trials != ()) == ([], True)


def test_nothing_overrides_it() -> None:
    assert PROMISE.name in NEVER_OVERRIDDEN
