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
        ("postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 no", "refused"),
        ("postfix/cleanup[1]: 4ABC: reject: header Subject: x from y", "refused"),
        ("postfix/qmgr[1]: 4ABC: from=<a@b>, size=1, nrcpt=1 (queue active)", "accepted"),
        ("postfix/smtp[1]: 4ABC: to=<a@b>, relay=x[192.0.2.1]:25, status=sent (250 ok)", "delivered"),
        ("postfix/smtp[1]: 4ABC: to=<a@b>, relay=none, status=deferred (timeout)", "delayed"),
        ("postfix/smtp[1]: 4ABC: to=<a@b>, relay=none, status=bounced (no)", "returned"),
        ("postfix/mpa/lmtp[1]: 4ABC: to=<a@b>, relay=127.0.0.1[127.0.0.1]:10025, status=sent (250 ok)", "through_mpa"),
        ("postfix/lmtp[1]: 4ABC: to=<a@b>, relay=127.0.0.1[127.0.0.1]:10025, status=deferred (no)", "delayed"),
        ("postfix/local[1]: 4ABC: to=<root@gw>, relay=local, status=sent (delivered)", "delivered"),
    ],
)
def test_a_line_that_tells_about_mail_has_a_name(line: str, name: str) -> None:
    assert names(line) == [name]


@pytest.mark.parametrize(
    "line",
    [
        "postfix/smtpd[1]: connect from x[192.0.2.1]",
        "postfix/qmgr[1]: 4ABC: removed",
        "postfix/master[1]: daemon started",
        "kernel: something else",
        "postfix/anvil[1]: statistics: status=sent",
        "",
    ],
)
def test_other_lines_are_passed_over(line: str) -> None:
    assert names(line) == []


def test_a_line_with_a_full_date_is_read() -> None:
    line = "2026-11-22T11:30:00.123456+00:00 gw postfix/smtp[1]: 4ABC: to=<a@b>, status=sent (ok)"

    assert [at for at, _name in events_in([line], NOW)] == [dt.datetime(2026, 11, 22, 11, 30, tzinfo=dt.UTC)]


def test_a_date_without_a_year_is_the_last_such_day() -> None:
    line = "Dec 31 23:59:00 gw postfix/smtp[1]: 4ABC: to=<a@b>, status=sent (ok)"

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
