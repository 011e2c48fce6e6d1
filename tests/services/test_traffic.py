"""What Postfix's log tells about mail, line by line and counted."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.services.traffic import SLOTS, counted, events_in

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
HEAD = "Nov 22 11:00:00 gw "


def names(*lines: str) -> list[str]:
    return [name for _at, name in events_in([HEAD + line for line in lines], NOW)]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("sealgate/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 no", "refused"),
        ("sealgate/cleanup[1]: 4ABCDE: reject: header Subject: x from y", "refused"),
        ("sealgate/qmgr[1]: 4ABCDE: from=<a@b>, size=1, nrcpt=1 (queue active)", "accepted"),
        ("sealgate/smtp[1]: 4ABCDE: to=<a@b>, relay=x[192.0.2.1]:25, status=sent (250 ok)", "delivered"),
        ("sealgate/smtp[1]: 4ABCDE: to=<a@b>, relay=none, status=deferred (timeout)", "delayed"),
        ("sealgate/smtp[1]: 4ABCDE: to=<a@b>, relay=none, status=bounced (no)", "returned"),
        (
            "sealgate/mpa/lmtp[1]: 4ABCDE: to=<a@b>, relay=127.0.0.1[127.0.0.1]:10025, status=sent (250 ok)",
            "through_mpa",
        ),
        ("sealgate/lmtp[1]: 4ABCDE: to=<a@b>, relay=127.0.0.1[127.0.0.1]:10025, status=deferred (no)", "delayed"),
        ("sealgate/local[1]: 4ABCDE: to=<root@gw>, relay=local, status=sent (delivered)", "delivered"),
    ],
)
def test_a_line_that_tells_about_mail_has_a_name(line: str, name: str) -> None:
    assert names(line) == [name]


PASSED = (
    "sealgate/smtpd[2320]: 4jXtdN5pZjz1Hp2l: client=mail.example.net[203.0.113.25]",
    "sealgate/cleanup[3537]: 4jXtdN5pZjz1Hp2l: message-id=<0dd0.0003.0000@example.net>",
    "sealgate/qmgr[2317]: 4jXtdN5pZjz1Hp2l: from=<alice@example.net>, size=388, nrcpt=1 (queue active)",
    (
        "sealgate/reinject/smtpd[2322]: 4jXtdN5vTsz1Hp2n: client=mail.example.net[203.0.113.25], "
        "orig_queue_id=4jXtdN5pZjz1Hp2l, orig_client=mail.example.net[203.0.113.25]"
    ),
    "sealgate/qmgr[2317]: 4jXtdN5vTsz1Hp2n: from=<alice@example.net>, size=571, nrcpt=1 (queue active)",
    (
        "sealgate/lmtp[3538]: 4jXtdN5pZjz1Hp2l: to=<bob@example.com>, relay=127.0.0.1[127.0.0.1]:10725, delay=0.03, "
        "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4jXtdN5vTsz1Hp2n)"
    ),
)
LATER = "sealgate/smtp[3542]: 4jXtdN5vTsz1Hp2n: to=<bob@example.com>, relay=mx.example.com[198.51.100.2]:25, "
AGAIN = "sealgate/qmgr[2317]: 4jXtdN5vTsz1Hp2n: from=<alice@example.net>, size=571, nrcpt=1 (queue active)"


def test_a_message_that_passes_is_accepted_once_and_delivered_once() -> None:
    deferred, sent = f"{LATER}status=deferred (timeout)", f"{LATER}status=sent (250 ok)"

    assert names(*PASSED, deferred, AGAIN, sent) == ["accepted", "through_mpa", "delayed", "delivered"]


def test_a_notice_of_postfix_itself_was_not_accepted_from_anybody() -> None:
    notice = "sealgate/bounce[7]: 4jXtdN5vTsz1Hp2n: sender non-delivery notification: 4jXtdP0abCz1Hp2q"

    assert names(notice, "sealgate/qmgr[2317]: 4jXtdP0abCz1Hp2q: from=<>, size=9, nrcpt=1 (queue active)") == []


@pytest.mark.parametrize("name", ["postfix", "mail-in", "gate.2"])
def test_a_gateway_may_call_itself_otherwise(name: str) -> None:
    assert names(*(line.replace("sealgate/", f"{name}/") for line in PASSED)) == ["accepted", "through_mpa"]


def test_what_somebody_sends_is_not_taken_for_a_line() -> None:
    said = "sealgate/smtpd[1]: warning: non-SMTP command: GET gw sealgate/smtp[9]: 4ABCDE: to=<a@b>, status=sent (x)"

    assert names(said) == []


@pytest.mark.parametrize(
    "line",
    [
        "sealgate/smtpd[1]: connect from x[192.0.2.1]",
        "sealgate/qmgr[1]: 4ABCDE: removed",
        "sealgate/master[1]: daemon started",
        "kernel: something else",
        "sealgate/anvil[1]: statistics: status=sent",
        "",
    ],
)
def test_other_lines_are_passed_over(line: str) -> None:
    assert names(line) == []


def test_a_line_with_a_full_date_is_read() -> None:
    line = "2026-11-22T11:30:00.123456+00:00 gw sealgate/smtp[1]: 4ABCDE: to=<a@b>, status=sent (ok)"

    assert [at for at, _name in events_in([line], NOW)] == [dt.datetime(2026, 11, 22, 11, 30, 0, 123456, tzinfo=dt.UTC)]


def test_a_date_without_a_year_is_the_last_such_day() -> None:
    line = "Dec 31 23:59:00 gw sealgate/smtp[1]: 4ABCDE: to=<a@b>, status=sent (ok)"

    assert [at.year for at, _name in events_in([line], NOW)] == [2025]


@given(st.lists(st.text()))
def test_any_lines_are_read(lines: list[str]) -> None:
    list(events_in(lines, NOW))


def test_no_events_have_no_beginning() -> None:
    traffic = counted([], NOW, Counter())

    assert (traffic.since, traffic.slots) == (None, ())


@given(st.lists(st.tuples(st.integers(0, 100_000), st.sampled_from(["delivered", "refused"])), min_size=1))
def test_every_event_is_in_one_slot(events: list[tuple[int, str]]) -> None:
    traffic = counted([(NOW - dt.timedelta(seconds=ago), name) for ago, name in events], NOW, Counter())

    assert len(traffic.slots) == SLOTS
    assert sum((slot.counts for slot in traffic.slots), Counter()) == traffic.totals


def test_the_slots_begin_with_the_first_event() -> None:
    first = NOW - dt.timedelta(hours=24)
    traffic = counted([(first, "delivered"), (NOW, "refused")], NOW, Counter())

    assert (traffic.slots[0].start, traffic.slots[1].start - first) == (first, dt.timedelta(hours=1))
