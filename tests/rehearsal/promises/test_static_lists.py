"""The black list and the white list are tried row by row, and a surprise in lists too long to know is not judged."""

from __future__ import annotations

import pytest
from tests.rehearsal.subjects import PUBLIC, answered, judged, replied, saw, subject

from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling
from sealgate.rehearsal.promises.static_lists import StaticLists

PROMISE = StaticLists()


def about(more=None, **rows):
    return subject(None, {"relay-domain": ["example.com"], **rows}, **(more or {}))


def black(client, reason="", **more):
    return {"client": client, "reason": reason, **more}


def judge(made, code, text="x"):
    return list(judged(PROMISE, made, answered(PROMISE, made, code, text)).values())


@pytest.mark.parametrize("code", [500, 550, 554])
def test_a_black_listed_client_that_is_refused_for_good_passes(code: int) -> None:
    assert [one.ruling for one in judge(about(black=["192.0.2.7"]), code)] == [Ruling.PASSED]


@pytest.mark.parametrize("code", [250, 421, 450])
def test_a_black_listed_client_that_is_let_or_only_deferred_fails_with_its_row(code: int) -> None:
    (found,) = judge(about(black=["192.0.2.7"]), code)

    assert (found.ruling, found.blame) == (Ruling.FAILED, Place("black", "192.0.2.7"))


def test_a_refusal_with_another_reason_is_another_refusal() -> None:
    (found,) = judge(about(black=[black("192.0.2.7", "you sent spam")]), 554, "5.7.1 Relay access denied")

    assert (found.ruling, found.expected) == (Ruling.FAILED, "it is refused with “you sent spam”")


def test_a_refusal_with_the_reason_of_the_row_passes() -> None:
    (found,) = judge(about(black=[black("192.0.2.7", "you sent spam")]), 554, "5.7.1 <x>: rejected: you sent spam")

    assert found.ruling is Ruling.PASSED


def test_a_white_listed_client_that_is_refused_fails_with_its_row() -> None:
    (found,) = judge(about(white=["192.0.2.7"]), 554)

    assert (found.ruling, found.blame) == (Ruling.FAILED, Place("white", "192.0.2.7"))


def test_a_black_row_under_a_white_one_may_connect() -> None:
    found = judged(PROMISE, made := about(black=["192.0.2.7"], white=["192.0.2.0/24"]), answered(PROMISE, made, 250))

    assert {one.ruling for one in found.values()} == {Ruling.PASSED}
    assert found["black 192.0.2.7: 192.0.2.7"].expected == "it may connect"


def test_a_row_that_an_earlier_black_row_covers_expects_the_reason_of_that() -> None:
    made = about(black=[black("192.0.2.0/24", "all of them"), black("192.0.2.7", "this one")])

    assert {one.expected for one in judge(made, 554)} == {"it is refused with “all of them”"}


def test_an_expired_row_is_not_tried() -> None:
    assert PROMISE.plan(about(black=[black("192.0.2.7", expires="2020-01-01")])).trials == ()


def test_a_row_that_is_off_is_not_tried() -> None:
    assert PROMISE.plan(about(white=[{"client": "192.0.2.7", "_enabled": False}])).trials == ()


def test_a_client_that_no_one_can_be_is_not_tried() -> None:
    assert PROMISE.plan(about(black=["224.0.0.0/4"])).trials == ()


def test_my_networks_do_not_excuse_a_black_listed_client() -> None:
    (found,) = judge(about(black=["10.0.0.5"], network=["10.0.0.0/8"]), 250)

    assert found.ruling is Ruling.FAILED


def test_an_ipv6_client_connects_to_the_ipv6_listener() -> None:
    assert [one.host for one in PROMISE.plan(about(black=["2001:db8::7"])).trials] == ["::1"]


def test_an_ipv6_client_without_such_a_listener_is_not_tried() -> None:
    assert PROMISE.plan(about({"listeners": PUBLIC[:1]}, black=["2001:db8::7"])).trials == ()


def test_without_a_relay_domain_nothing_is_tried() -> None:
    assert PROMISE.plan(subject(None, {"black": ["192.0.2.7"]})).trials == ()


def test_a_relay_domain_that_takes_no_mail_is_passed_over() -> None:
    rows = {"relay-domain": ["closed.example", "open.example"], "black": ["192.0.2.7"]}
    made = subject(None, rows | {"transport": [{"pattern": "closed.example", "special": "error:closed"}]})

    assert [one.recipients for one in PROMISE.plan(made).trials] == [("postmaster@open.example",)]


def test_an_own_line_about_clients_excuses_a_surprise() -> None:
    made = about({"main_cf": "smtpd_client_restrictions = permit\n"}, black=["192.0.2.7"])

    assert [one.ruling for one in judge(made, 250)] == [Ruling.NOT_JUDGED]


def test_no_answer_is_no_refusal() -> None:
    made = about(black=["192.0.2.7"])
    seen = saw(replied(PROMISE.plan(made).trials[0].id, ("(connect)", 0, "no reply")))

    assert [one.ruling for one in judged(PROMISE, made, seen).values()] == [Ruling.NOT_JUDGED]


def test_a_surprise_in_a_list_too_long_to_know_is_not_judged() -> None:
    rows = [f"10.{number // 250}.{number % 250}.1" for number in range(5001)]
    found = judge(about(black=rows), 250)

    assert {one.ruling for one in found} == {Ruling.NOT_JUDGED}
    assert all("another of the many rows" in one.came for one in found)


def test_what_a_long_list_says_right_passes() -> None:
    rows = [f"10.{number // 250}.{number % 250}.1" for number in range(5001)]

    assert {one.ruling for one in judge(about(black=rows), 554)} == {Ruling.PASSED}
