"""Mail that comes through unchanged, loops and backscatter, judged from what arrived and what was logged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.rehearsal.subjects import PUBLIC, REINJECT, arrival, judged, replied, saw, subject

from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling
from sealgate.rehearsal.promises.passing import NoLoops, PassesUnchanged

PROMISE, LOOPS = PassesUnchanged(), NoLoops()
(TRIAL,) = PROMISE.plan(subject()).trials
RECEIVED = "Received: from gw.example.com\r\n\tby mx.not-ours.example\r\n"


def unchanged(message, *, about=None, **more):
    arrivals = (arrival(TRIAL.id, message=message, size=len(message)),) if message else ()
    seen = saw(replied(TRIAL.id, ("(message)", 250, "250 queued")), arrivals=arrivals, **more)
    return judged(PROMISE, about or subject(), seen)["a message byte for byte"]


def loops(*ended, **more):
    return judged(LOOPS, subject(), saw(*ended, **more))


def test_a_message_below_new_received_fields_passes() -> None:
    assert unchanged(RECEIVED * 2 + TRIAL.message).ruling is Ruling.PASSED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("twice  spaced", "twice spaced"), ("\r\n\ttwo ", " two "), ("Content-Transfer-Encoding: 8bit\r\n", ""),
        ("\u00c3\u00bc", "=C3=BC"), ("e \r\n", "e\r\n"), ("\r\n..\r\n", "\r\n.\r\n"), ("From the end", ">From the end"),
    ],
)  # fmt: skip
def test_any_change_of_a_field_or_of_the_body_fails(old: str, new: str) -> None:
    assert TRIAL.message.count(old)
    assert unchanged(RECEIVED + TRIAL.message.replace(old, new)).ruling is Ruling.FAILED


def test_a_line_below_the_message_fails() -> None:
    assert unchanged(TRIAL.message + "--\r\nSent by us\r\n").ruling is Ruling.FAILED


def test_what_is_missing_is_shown() -> None:
    assert "'From the end' is not in it" in unchanged(TRIAL.message.replace("From the end", "the end")).came


def test_fields_in_another_order_are_told_as_that() -> None:
    head, _, body = TRIAL.message.partition("\r\n\r\n")
    lines = head.split("\r\n")
    found = unchanged("\r\n".join([*lines[1:], lines[0], "", body]))

    assert found.came == "it arrived changed: 'the order' is not in it"


def test_a_message_that_does_not_arrive_says_where_it_is() -> None:
    found = unchanged("", queued={TRIAL.id: ("deferred (connection refused)",)})

    assert (found.ruling, found.came) == (Ruling.FAILED, "it did not arrive: deferred (connection refused)")


def test_a_message_that_was_not_tried_is_not_judged() -> None:
    assert [one.ruling for one in judged(PROMISE, subject(), saw()).values()] == [Ruling.NOT_JUDGED]


def test_the_message_says_that_it_has_eight_bits() -> None:
    assert TRIAL.mail_parameters == "BODY=8BITMIME"


@pytest.mark.parametrize(
    "line", ["always_bcc = a@b.example", "header_checks = pcre:/x", "content_filter = smtp:[127.0.0.1]:1"]
)
def test_an_own_line_about_the_way_of_mail_excuses_a_change(line: str) -> None:
    assert unchanged("changed", about=subject(main_cf=f"{line}\n")).ruling is Ruling.NOT_JUDGED


@pytest.mark.parametrize("special", ["error:closed", "discard:"])
def test_where_foreign_mail_goes_nowhere_nothing_is_tried(special: str) -> None:
    rows = {"transport": [{"pattern": "*", "special": special}]}

    assert PROMISE.plan(subject(None, rows)).trials == ()


def test_where_foreign_mail_stays_on_this_machine_nothing_is_tried() -> None:
    hop = {"host": "127.0.0.1", "port": 2525, "mx": False}

    assert PROMISE.plan(subject({"my-hostname": "gw.example.com", "external-relay-host": hop})).trials == ()


# -- loops and backscatter

LOOP = "gw postfix/smtp[7]: 4F: to=<a@b>, status=bounced (mail for a.example loops back to myself)"
REFUSED = replied("x-1", ("RCPT TO:<a@b>", 554, "554 5.7.1 no"))
REPORT = "Content-Type: multipart/report"


def test_a_run_without_trouble_passes_both() -> None:
    found = loops(replied("x-1", ("(message)", 250, "250 queued")), log=("gw postfix/smtp[7]: 4F: status=sent",))

    assert {one.ruling for one in found.values()} == {Ruling.PASSED}


def test_a_loop_is_shown_by_its_line() -> None:
    found = loops(log=("gw postfix/qmgr[3]: 4F: removed", LOOP))["no loop"]

    assert (found.ruling, found.log) == (Ruling.FAILED, (LOOP,))


@pytest.mark.parametrize("kind", ["header Subject: Mail loop", "body too many hops in this beer"])
def test_words_of_a_message_that_a_check_quotes_are_no_loop(kind: str) -> None:
    line = f"gw postfix/cleanup[9]: 4F: warning: {kind} from x[192.0.2.7]; from=<a@b> to=<c@d>"

    assert loops(log=(line,))["no loop"].ruling is Ruling.PASSED


def test_a_loop_is_blamed_on_the_filter_of_the_listener_that_takes_mail_back() -> None:
    overrides = {REINJECT.service: {"content_filter": "smtp:[127.0.0.1]:10025"}}
    seen = saw(log=(LOOP,))
    found = judged(LOOPS, subject(overrides=overrides, listeners=(*PUBLIC, REINJECT)), seen)["no loop"]

    assert found.blame == Place(key=REINJECT.service, field="content_filter", file="master.cf")


def test_a_loop_is_never_excused_by_own_lines() -> None:
    found = judged(LOOPS, subject(main_cf="content_filter = x:y\n"), saw(log=(LOOP,)))["no loop"]

    assert found.ruling is Ruling.FAILED


@pytest.mark.parametrize(
    "arrived",
    [
        arrival("x-1", sender="", message="Subject: hello"), arrival("x-1", sender="a@example.org", message=REPORT),
        arrival("x-2", sender="", message=REPORT),
    ],
)  # fmt: skip
def test_other_mail_than_a_notice_to_a_refused_sender_is_no_backscatter(arrived) -> None:
    assert loops(REFUSED, arrivals=(arrived,))["no backscatter"].ruling is Ruling.PASSED


def test_a_notice_for_a_message_that_was_taken_is_right() -> None:
    taken = replace(REFUSED, queue_id="4F")

    assert loops(taken, arrivals=(arrival("x-1", sender="", message=REPORT),))["no backscatter"].ruling is Ruling.PASSED


def test_a_deferred_message_was_not_refused() -> None:
    deferred = replied("x-1", ("RCPT TO:<a@b>", 450, "450 later"))

    assert "0 messages" in loops(deferred)["no backscatter"].tried


def test_backscatter_names_whom_it_went_to() -> None:
    bounce = arrival("x-1", sender="", message=REPORT, recipients=("victim@sender.example",))

    assert "victim@sender.example" in loops(REFUSED, arrivals=(bounce,))["no backscatter"].came
