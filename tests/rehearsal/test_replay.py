"""Recorded envelopes on two releases: what differs is told once for each rule that decided, by the real Postfix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.ports import lease_port
from tests.support.states import state
from tests.support.two_releases import two_releases

from sealgate.link.messages import Grade
from sealgate.rehearsal.pairs import run_both
from sealgate.rehearsal.recorded import Chosen, Outcome, Recorded, choose
from sealgate.rehearsal.replay import Answer, Run, assumed, compare, listener_of, plan
from sealgate.render import Endpoint

if TYPE_CHECKING:
    from sealgate.link.rehearsals import Difference, Replayed
    from sealgate.model.desired import DesiredState

SETTINGS = {
    "my-hostname": "gw.example.com",
    "internal-relay-host": "mail.inside.example",
    "external-relay-host": "smart.example.net",
}
ROWS: dict[str, Any] = {
    "relay-domain": ["relay.example", "other.example"],
    "network": ["10.0.0.0/8"],
    "black": [{"client": "198.51.100.9", "reason": "enough"}],
    "rbl": [{"zone": "zen.example.net"}],
    "header-check": [{"pattern": "/^Subject: make money fast/", "action": "REJECT", "text": "spam detected"}],
}
STRANGER = "203.0.113.9"


def live(**rows: Any) -> DesiredState:
    return state(SETTINGS, ROWS | rows)


def mail(client: str = STRANGER, recipient: str = "u@relay.example", **more: Any) -> Recorded:
    return Recorded(client, "a@example.org", recipient, helo="client.example.org", service="sealgate", **more)


LISTED = mail(
    "203.0.113.77", outcome=Outcome.REFUSED, reply="554 5.7.1 no", lists=(("zen.example.net", "203.0.113.77"),)
)
FOREIGN = mail(recipient="u@elsewhere.example", outcome=Outcome.REFUSED, reply="554 5.7.1 Relay access denied")
BLACK = mail("198.51.100.9", outcome=Outcome.REFUSED, reply="554 5.7.1 enough")
FAST = mail(outcome=Outcome.REFUSED, reply="550 5.7.1 spam", line="Subject: make money fast", line_kind="header")


def replayed(
    candidate: DesiredState, *envelopes: Recorded, before: DesiredState | None = None, **facts: Any
) -> Replayed:
    with two_releases(before or live(), candidate, **facts) as pair:
        planned, by_trial = plan(choose(envelopes, 50), pair.live, pair.candidate)
        seen = run_both(pair.judge, pair.live, pair.candidate, planned, Grade.FULL)
        runs = [
            Run(side, one, planned.trials, pair.finder(side))
            for side, one in zip((pair.live, pair.candidate), seen, strict=True)
        ]
        return compare(by_trial, *runs)


def only(found: Replayed) -> Difference:
    (difference,) = found.differences
    return difference


def test_the_same_release_differs_in_nothing_and_answers_as_recorded() -> None:
    envelopes = (mail(), LISTED, FOREIGN, BLACK, FAST, mail("10.1.2.3", "u@elsewhere.example"))

    found = replayed(live(), *envelopes)

    assert (found.tried, found.same, found.differences, found.not_as_recorded) == (
        len(envelopes),
        len(envelopes),
        (),
        0,
    )


def test_clients_of_either_family_come_to_a_listener_of_theirs() -> None:
    port = lease_port()
    both = (Endpoint("127.0.0.1", port), Endpoint("::1", port))

    found = replayed(live(), mail(), mail("2001:db8:9::9"), smtp_listeners=both)

    assert (found.same, found.not_as_recorded) == (2, 0)


def test_mail_that_a_new_black_row_refuses_is_grouped_under_the_row() -> None:
    candidate = live(black=[*ROWS["black"], {"client": "203.0.113.0/24", "reason": "gone"}])

    found = only(replayed(candidate, mail(), mail("203.0.113.10"), mail("198.51.100.1")))

    assert (found.noun, found.row, found.count) == ("black", "203.0.113.0/24", 2)
    assert found.cause.startswith("Refused by black 203.0.113.0/24")
    assert "gone" in found.after
    assert {one.client for one in found.examples} == {STRANGER, "203.0.113.10"}


def test_a_removed_block_list_no_longer_refuses_whom_the_log_says_it_listed() -> None:
    found = only(replayed(live(rbl=[]), LISTED, mail()))

    assert (found.noun, found.row) == ("rbl", "zen.example.net")
    assert found.cause.startswith("No longer refused by rbl zen.example.net")
    assert found.examples[0].listed == ("zen.example.net",)


def test_an_answer_that_a_list_counts_is_given_whatever_its_filter() -> None:
    filtered = live(rbl=[{"zone": "zen.example.net", "answers": "127.0.0.[4..6]"}])

    assert replayed(filtered, LISTED, before=filtered).not_as_recorded == 0


def test_a_network_that_is_no_longer_ours_may_not_relay() -> None:
    found = only(replayed(live(network=[]), mail("10.1.2.3", "u@elsewhere.example"), mail()))

    assert "reject_unauth_destination" in found.cause
    assert found.cause.startswith("Refused by")


def test_a_new_transport_is_told_as_the_way_that_mail_goes() -> None:
    candidate = live(transport=[{"pattern": "relay.example", "host": "new.example.net"}])

    found = only(replayed(candidate, mail(), mail(recipient="u@other.example")))

    assert (found.noun, found.row) == ("transport", "relay.example")
    assert "mail.inside.example" in found.before
    assert "new.example.net" in found.after


def test_a_header_check_that_is_gone_lets_pass_what_it_refused() -> None:
    found = only(replayed(live(**{"header-check": []}), FAST, mail()))

    assert found.noun == "header-check"
    assert found.cause.startswith("No longer refused by")


def test_a_recipient_that_the_next_hop_did_not_know_is_not_known_there_either() -> None:
    verified = state(SETTINGS | {"reject-unverified-recipient": True, "unverified-recipient-reject-code": 550}, ROWS)
    unknown = mail(
        recipient="nobody@relay.example", outcome=Outcome.REFUSED, reply="550 5.1.1 x", asked="550 5.1.1 no such user"
    )

    found = replayed(live(), unknown, mail(), before=verified)

    assert found.not_as_recorded == 0
    assert "reject_unverified_recipient" in only(found).cause


def test_what_the_log_says_otherwise_than_live_answers_is_counted() -> None:
    found = replayed(live(), mail(outcome=Outcome.REFUSED, reply="554 5.7.1 no"))

    assert found.not_as_recorded == 1
    assert found.differences == ()


def test_each_envelope_stands_for_its_mails() -> None:
    found = replayed(live(), mail(), mail(), mail("198.51.100.1"))

    assert (found.tried, found.mails) == (2, 3)


# -- without a run


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Answer(Outcome.REFUSED, "554 5.7.1 a"), Answer(Outcome.REFUSED, "554 5.7.1 b"), True),
        (Answer(Outcome.REFUSED, "554 5.7.1 a"), Answer(Outcome.REFUSED, "550 5.7.1 a"), False),
        (Answer(Outcome.ACCEPTED, "250 x", "smtp:a"), Answer(Outcome.ACCEPTED, "250 y", "smtp:a"), True),
        (Answer(Outcome.ACCEPTED, "250 x", "smtp:a"), Answer(Outcome.ACCEPTED, "250 x", "smtp:b"), False),
        (Answer(Outcome.ACCEPTED, "250 x"), Answer(Outcome.ACCEPTED, "250 x", action="discarded"), False),
    ],
)
def test_other_words_are_no_other_verdict(one: Answer, other: Answer, same: bool) -> None:
    assert (one.weight == other.weight) is same


def test_the_listener_is_the_one_whose_name_the_log_has() -> None:
    with_submission = state(SETTINGS, ROWS, master_cf="2587 inet n - n - - smtpd -o syslog_name=sealgate/submission\n")

    with two_releases(with_submission, live()) as pair:
        named = listener_of(mail(), pair.live)
        other = listener_of(Recorded(STRANGER, "a@b.c", "d@e.f", service="sealgate/submission"), pair.live)

    assert (named.port == 2587, other.port == 2587) == (False, True)


def test_what_was_assumed_and_what_was_left_out_is_said() -> None:
    words = " ".join(assumed({"too large": 3}, 2, [LISTED, mail(asked="550 5.1.1 x")]))

    assert "zen.example.net (1)" in words
    assert "3 mails, each too large" in words
    assert "HELO name of 2" in words
    assert "1 of the recipients" in words


def test_a_plan_lists_whom_the_log_says_and_nobody_else() -> None:
    with two_releases(live(), live()) as pair:
        planned, _ = plan([Chosen(LISTED, 1), Chosen(mail(), 1)], pair.live, pair.candidate)

    assert list(planned.internet.records) == ["77.113.0.203.zen.example.net"]
    assert planned.internet.empty_zones == ("zen.example.net",)
