"""A second message behind wrong line ends is noticed however it shows, and a refusal is no smuggling."""

from __future__ import annotations

import pytest
from tests.rehearsal.subjects import PUBLIC, arrival, judged, replied, saw, subject

from sealgate.model.verdicts import Ruling
from sealgate.rehearsal.promises.smuggling import Smuggling

PROMISE = Smuggling()
TAKEN = ("(message)", 250, "250 2.0.0 Ok: queued as 4F")


def rulings(*replies, about=None, **more):
    made = about or subject()
    seen = saw(*(replied(one.id, *replies) for one in PROMISE.plan(made).trials), **more)
    return {one.ruling for one in judged(PROMISE, made, seen).values()}


def first(*replies, **more):
    trial = PROMISE.plan(subject()).trials[0]
    return next(iter(judged(PROMISE, subject(), saw(replied(trial.id, *replies), **more)).values()))


def test_one_message_taken_passes() -> None:
    assert rulings(TAKEN, ("QUIT", 221, "221 Bye")) == {Ruling.PASSED}


def test_a_refused_message_passes() -> None:
    assert rulings(("(message)", 521, "521 5.5.2 bare <LF> received")) == {Ruling.PASSED}


def test_a_second_message_that_is_answered_later_fails() -> None:
    assert rulings(TAKEN, ("(more)", 250, "250 Ok"), ("(more)", 250, "250 2.0.0 Ok: queued as 50")) == {Ruling.FAILED}


def test_answered_commands_behind_the_message_without_a_second_message_pass() -> None:
    assert rulings(TAKEN, ("(more)", 250, "250 2.1.0 Ok"), ("(more)", 554, "554 5.5.1 no")) == {Ruling.PASSED}


def test_where_no_message_was_sent_nothing_is_judged() -> None:
    assert rulings(("MAIL FROM:<a@b>", 250, "250 Ok"), ("RCPT TO:<c@d>", 554, "554 no")) == {Ruling.NOT_JUDGED}


def test_where_nobody_answered_nothing_is_judged() -> None:
    assert rulings(("(connect)", 0, "Connection refused")) == {Ruling.NOT_JUDGED}


def test_where_the_message_got_no_answer_nothing_is_judged() -> None:
    assert rulings(("(message)", 0, "no reply")) == {Ruling.NOT_JUDGED}


def test_an_arrived_second_message_is_told_as_that() -> None:
    trial = PROMISE.plan(subject()).trials[0]

    assert first(TAKEN, arrivals=(arrival(f"{trial.id}-in"),)).came == "the second message arrived"


def test_the_arrival_of_the_first_message_is_no_smuggling() -> None:
    trial = PROMISE.plan(subject()).trials[0]

    assert first(TAKEN, arrivals=(arrival(trial.id),)).ruling is Ruling.PASSED


def test_a_second_message_that_no_server_took_is_no_arrival() -> None:
    trial = PROMISE.plan(subject()).trials[0]

    assert first(TAKEN, arrivals=(arrival(f"{trial.id}-in", accepted=False),)).ruling is Ruling.PASSED


def test_the_parameter_is_blamed() -> None:
    assert first(TAKEN, ("(more)", 250, "queued as 2")).blame.field == "smtpd_forbid_bare_newline"


def test_an_own_line_about_bare_newlines_excuses_it() -> None:
    about = subject(main_cf="smtpd_forbid_bare_newline = no\n")

    assert rulings(TAKEN, ("(more)", 250, "queued as 2"), about=about) == {Ruling.NOT_JUDGED}


def test_another_own_line_excuses_nothing() -> None:
    about = subject(main_cf="smtpd_helo_required = no\n")

    assert rulings(TAKEN, ("(more)", 250, "queued as 2"), about=about) == {Ruling.FAILED}


def test_every_message_is_sent_as_it_stands_and_ends_as_it_should() -> None:
    trials = PROMISE.plan(subject()).trials

    assert all(one.raw and one.message.endswith("\r\n.\r\n") for one in trials)


def test_no_message_has_the_right_end_in_its_middle() -> None:
    assert {one.message.count("\r\n.\r\n") for one in PROMISE.plan(subject()).trials} == {1}


def test_every_variant_is_another_message() -> None:
    messages = [one.message.replace(one.id, "") for one in PROMISE.plan(subject()).trials]

    assert len(set(messages)) == len(messages) == 7


def test_a_gateway_without_a_listener_of_the_pages_is_not_tried() -> None:
    assert PROMISE.plan(subject(listeners=())).trials == ()


@pytest.mark.parametrize(("listener", "client"), [(PUBLIC[0], "127.0.0.1"), (PUBLIC[1], "::1")])
def test_a_client_of_the_family_of_the_listener_sends(listener, client: str) -> None:
    assert {one.client.address for one in PROMISE.plan(subject(listeners=(listener,))).trials} == {client}
