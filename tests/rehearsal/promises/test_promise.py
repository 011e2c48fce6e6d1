"""Plans of promises become one plan in which nothing is lost, and replies are told as people read them."""

from __future__ import annotations

import pytest
from tests.rehearsal.subjects import replied

from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling
from sealgate.rehearsal.promises.promise import Case, accepted, merge, reply_to, shown
from sealgate.rehearsal.trials import Certificate, Client, Internet, Manner, Plan, Reply, Server, Trial

CASE = Case("p", "t", "tried", "expected")
TRIAL = Trial("one", "h", 25, Client("192.0.2.9"), "", ())


def net(*parts):
    return merge(Plan(internet=Internet(**one)) for one in parts).internet


def test_no_plans_are_an_empty_plan_without_a_filter() -> None:
    assert merge(()) == Plan(mpa=False)


def test_the_same_trial_of_two_plans_is_held_once() -> None:
    assert merge((Plan((TRIAL,)), Plan((TRIAL,)))).trials == (TRIAL,)


def test_a_route_is_asked_for_once_in_the_first_order() -> None:
    assert merge((Plan(routes=("a", "b")), Plan(routes=("c", "a")))).routes == ("a", "b", "c")


def test_what_one_plan_needs_the_whole_has() -> None:
    whole = merge((Plan(mpa=True), Plan(mpa=False, verbose=True)))

    assert (whole.mpa, whole.verbose) == (True, True)


def test_records_of_two_types_for_one_name_are_both_kept() -> None:
    found = net({"records": {"a.example": {"A": ("192.0.2.1",)}}}, {"records": {"a.example": {"TXT": ("x",)}}})

    assert found.records == {"a.example": {"A": ("192.0.2.1",), "TXT": ("x",)}}


@pytest.mark.parametrize("name", ["missing", "silent", "empty_zones"])
def test_lists_of_names_are_put_together(name: str) -> None:
    assert getattr(net({name: ("a", "b")}, {name: ("b", "c")}), name) == ("a", "b", "c")


def test_ports_are_opened_once_in_order() -> None:
    assert net({"ports": (587, 26)}, {"ports": (26, 465)}).ports == (26, 465, 587)


def test_one_dead_internet_is_dead_for_all() -> None:
    assert net({"dead": True}, {}).dead


def test_a_server_that_one_plan_wants_plain_is_as_the_other_wants_it() -> None:
    special = Server(manner=Manner.SLOW, certificate=Certificate.NONE, slowness=2.0, max_size=9)

    assert net({"servers": {"m": Server()}}, {"servers": {"m": special}}).servers["m"] == special


def test_replies_of_both_plans_are_given_the_first_before_the_second() -> None:
    first, second = Server(replies={"a": "550 1", "b": "550 1"}), Server(replies={"b": "550 2", "c": "550 2"})

    assert net({"servers": {"m": first}}, {"servers": {"m": second}}).servers["m"].replies == {
        "a": "550 1", "b": "550 1", "c": "550 2",
    }  # fmt: skip


def test_a_failure_keeps_the_end_of_a_long_log() -> None:
    found = CASE.failed("came", log=tuple(map(str, range(30))))

    assert (found.log[0], found.log[-1], len(found.log)) == ("20", "29", 10)


def test_a_verdict_without_blame_blames_nothing() -> None:
    assert (CASE.failed("x").blame, CASE.passed().blame) == (Place(), Place())


def test_not_judged_says_why() -> None:
    found = CASE.not_judged("no time", Place("setting", "x"))

    assert (found.ruling, found.came, found.blame.key) == (Ruling.NOT_JUDGED, "no time", "x")


def test_a_reply_of_many_lines_is_shown_by_its_last() -> None:
    assert shown(Reply("EHLO x", 250, "250-gw\n250 SMTPUTF8")) == "EHLO x → 250 SMTPUTF8"


def test_a_reply_without_a_command_or_text_is_still_shown() -> None:
    assert (shown(Reply("", 421, "")), shown(None)) == ("the connection → 421", "nothing was answered")


@pytest.mark.parametrize(
    ("code", "so"), [(0, False), (199, False), (200, True), (299, True), (300, False), (450, False)]
)
def test_only_the_two_hundreds_accept(code: int, so: bool) -> None:
    assert accepted(Reply("RCPT", code, "")) is so


def test_nothing_accepts_nothing() -> None:
    assert not accepted(None)


def test_the_reply_to_a_recipient_is_not_that_to_another_that_begins_alike() -> None:
    ended = replied("x", ("RCPT TO:<a@b.example>", 250, "1"), ("RCPT TO:<a@b.example.net>", 550, "2"))

    assert reply_to(ended, "a@b.example") == Reply("RCPT TO:<a@b.example>", 250, "1")


def test_without_a_reply_to_the_recipient_what_ended_the_session_counts() -> None:
    ended = replied("x", ("EHLO y", 554, "no"), ("QUIT", 221, "bye"))

    assert reply_to(ended, "a@b") == Reply("EHLO y", 554, "no")
