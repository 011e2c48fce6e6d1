"""Size limits are judged at the octet, at every listener, and a listener that promises too much is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.rehearsal.subjects import PUBLIC, REINJECT, judged, replied, saw, subject

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling
from sealgate.rehearsal.promises.sizes import Sizes
from sealgate.rehearsal.trials import Until

PROMISE = Sizes()
LIMITS = {"my-hostname": "gw.example.com", "before-filter-size-limit": 5_000_000, "after-filter-size-limit": 9_000_000}


def about(settings=None, **more):
    return subject({**LIMITS, **(settings or {})}, **{"listeners": (PUBLIC[0], REINJECT), **more})


def answered(made, codes, said="MAIL FROM:<x>"):
    """Return the verdicts where each trial was answered by the code for its id, else as it should be."""

    def code(one):
        right = 250 if one.id.endswith("fits") else 552
        return codes.get(one.id, right)

    return judged(
        PROMISE, made, saw(*(replied(one.id, (said, code(one), f"{code(one)} x")) for one in PROMISE.plan(made).trials))
    )


def failed(found):
    return [one for one in found.values() if one.ruling is Ruling.FAILED]


def test_the_limit_fits_and_one_octet_more_does_not() -> None:
    assert [(one.port, one.size) for one in PROMISE.plan(about()).trials] == [
        (25, 5_000_000), (25, 5_000_001), (10026, 9_000_000), (10026, 9_000_001),
    ]  # fmt: skip


def test_replies_as_they_should_be_pass() -> None:
    assert {one.ruling for one in answered(about(), {}).values()} == {Ruling.PASSED}


def test_a_message_of_the_limit_that_is_refused_fails() -> None:
    (found,) = failed(answered(about(), {"siz-25-4-fits": 552}))

    assert (found.test, found.blame) == (
        "a message of 5000000 octets is announced on 127.0.0.1:25", Place("setting", "before-filter-size-limit"),
    )  # fmt: skip


def test_a_message_of_an_octet_more_that_is_taken_fails() -> None:
    (found,) = failed(answered(about(), {"siz-25-4-large": 250}))

    assert found.expected == "it is refused with 552"


@pytest.mark.parametrize(("trial", "code"), [("siz-10026-4-fits", 552), ("siz-10026-4-large", 250)])
def test_the_way_back_from_the_mpa_has_its_own_limit(trial: str, code: int) -> None:
    (found,) = failed(answered(about(), {trial: code}))

    assert found.blame == Place("setting", "after-filter-size-limit")


def test_a_session_that_ended_before_the_size_was_said_counts_as_what_ended_it() -> None:
    found = failed(answered(about(), {"siz-25-4-fits": 554}, said="EHLO x"))

    assert [one.came for one in found] == ["EHLO x → 554 x"]


def test_no_answer_is_not_judged() -> None:
    found = answered(about(), {"siz-25-4-fits": 0, "siz-25-4-large": 0})

    assert [one.ruling for one in found.values()] == [Ruling.NOT_JUDGED] * 2 + [Ruling.PASSED] * 2


def test_large_limits_are_only_announced() -> None:
    assert {one.until for one in PROMISE.plan(about()).trials} == {Until.MAIL}


def test_small_limits_are_tried_with_real_messages() -> None:
    made = about({"before-filter-size-limit": 100_000})
    large, fits = (one for one in PROMISE.plan(made).trials if one.until is Until.MESSAGE)

    assert len(fits.message) < 100_000 < len(large.message)


def test_a_probe_sends_no_real_message() -> None:
    made = about({"before-filter-size-limit": 100_000}, grade=Grade.PROBE)

    assert {one.until for one in PROMISE.plan(made).trials} == {Until.MAIL}


def test_a_real_message_is_judged_by_the_reply_to_it() -> None:
    made = about({"before-filter-size-limit": 100_000})
    trial = next(one for one in PROMISE.plan(made).trials if one.id.endswith("real-large"))
    ended = replied(trial.id, ("MAIL FROM:<x>", 250, "250 Ok"), ("(message)", 552, "552 5.3.4 too big"))

    assert {one.ruling for one in judged(PROMISE, made, saw(ended)).values()} == {Ruling.PASSED, Ruling.NOT_JUDGED}


def test_a_large_real_message_that_is_taken_fails() -> None:
    made = about({"before-filter-size-limit": 100_000})
    ended = replied("siz-25-4-real-large", ("MAIL FROM:<x>", 250, "250 Ok"), ("(message)", 250, "250 queued"))

    assert [one.test for one in failed(judged(PROMISE, made, saw(ended)))] == [
        "a message of about 104096 octets is sent on 127.0.0.1:25"
    ]


def test_a_large_message_that_is_refused_for_something_else_is_not_judged() -> None:
    found = answered(about(), {"siz-25-4-large": 554})

    assert [(one.ruling, one.came) for one in found.values() if one.ruling is not Ruling.PASSED] == [
        (Ruling.NOT_JUDGED, "it was refused for something else: MAIL FROM:<x> → 554 x")
    ]


def test_where_the_limit_leaves_no_room_for_headers_only_the_large_message_is_sent() -> None:
    made = about({"before-filter-size-limit": 3000})

    assert [one.id for one in PROMISE.plan(made).trials if one.until is Until.MESSAGE] == ["siz-25-4-real-large"]


def test_listeners_of_both_families_are_told_apart() -> None:
    trials = PROMISE.plan(about(listeners=PUBLIC)).trials

    assert {(one.id, one.client.address) for one in trials} == {
        ("siz-25-4-fits", "127.0.0.1"), ("siz-25-4-large", "127.0.0.1"),
        ("siz-25-6-fits", "::1"), ("siz-25-6-large", "::1"),
    }  # fmt: skip


def test_an_own_line_about_sizes_excuses_another_reply() -> None:
    assert failed(answered(about(main_cf="message_size_limit = 1000\n"), {"siz-25-4-fits": 552})) == []


OWN = replace(PUBLIC[0], service="2526/inet", port=2526)


def announcing(value, main="1000", **more):
    made = about(
        read={"message_size_limit": main},
        overrides={"2526/inet": {"message_size_limit": value}},
        listeners=(OWN,),
        **more,
    )
    return [one for one in judged(PROMISE, made, saw()).values() if one.test.startswith("message_size_limit")]


def test_a_listener_that_announces_more_than_cleanup_takes_fails() -> None:
    (found,) = announcing("1001", master_cf="2526 inet n - n - - smtpd\n    -o message_size_limit=1001\n")

    assert (found.ruling, found.blame.key, found.blame.field) == (
        Ruling.FAILED, "master-cf", "message_size_limit",
    )  # fmt: skip


@pytest.mark.parametrize("value", ["1000", "999", "what?"])
def test_a_listener_that_announces_no_more_is_fine(value: str) -> None:
    assert announcing(value) == []


def test_a_listener_without_a_limit_announces_more_than_any() -> None:
    (found,) = announcing("0")

    assert "is unlimited" in found.came


def test_where_cleanup_takes_all_no_listener_announces_too_much() -> None:
    assert announcing("99999999", main="0") == []


def test_a_listener_without_an_option_of_its_own_announces_what_cleanup_takes() -> None:
    found = judged(PROMISE, about(read={"message_size_limit": "1000"}, listeners=(OWN,)), saw())

    assert not [one for one in found if one.startswith("message_size_limit")]
