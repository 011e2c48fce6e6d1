"""The event log: whole lines, followed over rotation, silent about content, honest about losses."""

from __future__ import annotations

import json
import logging
import resource
import stat
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.mpa.conftest import lmtp_session
from tests.support.waiting import wait_until

from sealgate.mpa.envelope import Envelope, Recipient
from sealgate.mpa.events import EventLog, message_event
from sealgate.mpa.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.log"


@pytest.fixture
def events(path):
    events = EventLog(path)
    yield events
    events.close()


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Make writing beyond a size fail, as on a full disk: the last write is cut, the next ones are refused."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_an_event_is_one_line_with_the_time(events, path):
    before = datetime.now(UTC)
    events.write({"event": "message", "reason": "a\nb"})
    (event,) = read(path)

    assert before <= datetime.fromisoformat(str(event["time"])) <= datetime.now(UTC)
    assert str(event["time"]).endswith("Z")
    assert event["reason"] == "a\nb"


def test_events_are_appended_to_what_is_there(path):
    path.write_text('{"event": "earlier"}\n')
    events = EventLog(path)
    events.write({"event": "message"})
    events.close()

    assert [event["event"] for event in read(path)] == ["earlier", "message"]


def test_the_log_is_not_for_everybody(events, path):
    assert stat.S_IMODE(path.stat().st_mode) & 0o137 == 0


def test_after_a_rotation_events_go_into_the_new_file(events, path):
    events.write({"event": "old"})
    path.rename(path.with_suffix(".1"))
    events.reopen()
    events.write({"event": "new"})

    assert [event["event"] for event in read(path)] == ["new"]


def test_when_the_file_cannot_be_opened_again_events_go_on_into_the_old_one(events, path, caplog):
    path.rename(path.with_suffix(".1"))
    path.mkdir()
    events.reopen()
    events.write({"event": "message"})

    assert len(read(path.with_suffix(".1"))) == 1
    assert "go on into the old file" in caplog.text


def test_a_symbolic_link_is_not_followed(path, tmp_path):
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        EventLog(path)


def test_events_that_could_not_be_written_are_counted_in_the_next_one_that_can(events, path, caplog):
    events.write({"event": "first"})
    with caplog.at_level(logging.ERROR), files_no_larger_than(path.stat().st_size):
        for _ in range(3):
            events.write({"event": "lost"})
    events.write({"event": "last"})

    assert [(event["event"], event.get("count")) for event in read(path)] == [
        ("first", None),
        ("events-lost", 3),
        ("last", None),
    ]
    assert len(caplog.records) == 1


def test_a_line_that_was_cut_spoils_no_other(events, path):
    events.write({"event": "first"})
    with files_no_larger_than(path.stat().st_size + 10):
        events.write({"event": "cut"})
    events.write({"event": "last"})
    lines = path.read_text().splitlines()

    assert len(lines[1]) == 10
    assert [json.loads(line)["event"] for line in (lines[0], *lines[2:])] == ["first", "events-lost", "last"]


def test_an_event_tells_each_recipients_outcome():
    envelope = Envelope(b"s@a", recipients=[Recipient(b"one@b"), Recipient(b"two@b"), Recipient(b"\xff@b")])
    replies = [Reply(250, b"2.0.0 Ok: queued as Q2"), Reply(451, b"4.0.0 x"), Reply(550, b"5.1.1 y")]
    event = message_event(envelope, replies, decision="pass", reason="", size=1)

    assert event["recipients"] == [
        {"address": "one@b", "outcome": "passed", "reply": "250 2.0.0 Ok: queued as Q2"},
        {"address": "two@b", "outcome": "deferred", "reply": "451 4.0.0 x"},
        {"address": "\ufffd@b", "outcome": "refused", "reply": "550 5.1.1 y"},
    ]
    assert event["queue_id_out"] == "Q2"


def test_an_ipv6_client_is_shown_as_an_address():
    envelope = Envelope(b"", xforward={b"ADDR": b"IPV6:2001:db8::1", b"IDENT": b"Q1"})
    event = message_event(envelope, [], decision="pass", reason="", size=0)

    assert event["client"] == {"address": "2001:db8::1", "name": "", "port": "", "helo": "", "protocol": ""}
    assert event["queue_id_in"] == "Q1"


def test_nothing_of_a_message_but_its_id_is_written_anywhere(mpa, session):
    session.demand("MAIL FROM:<a@b>")
    session.demand("RCPT TO:<c@d>")
    session.lmtp_data(b"Subject: s3cret\r\nMessage-ID: <1@x>\r\nX-Token: s3cret\r\n\r\ns3cret\r\n", 1)
    mpa.wait_for_events(1)

    assert "s3cret" not in mpa.events_path.read_text() + mpa.stderr()


def test_mail_goes_on_when_events_cannot_be_written(sink, mpa):
    mpa.stop()
    mpa.events_path = type(mpa.events_path)("/dev/full")
    mpa.start()
    with lmtp_session(mpa) as client:
        client.demand("MAIL FROM:<a@b>")
        client.demand("RCPT TO:<c@d>")

        assert client.lmtp_data(b"Subject: t\r\n\r\n", 1)[0].code == 250
    wait_until(lambda: mpa.said("No space left on device") == 1, "the loss is said")


def test_a_rotation_under_way_loses_no_event(mpa, session):
    rotated = mpa.events_path.with_suffix(".1")
    for number in range(4):
        if number == 2:
            mpa.events_path.rename(rotated)
            mpa.reload()
        session.demand("MAIL FROM:<a@b>")
        session.demand("RCPT TO:<c@d>")
        session.lmtp_data(b"Subject: t\r\n\r\n", 1)

    assert (len(read(rotated)), len(mpa.wait_for_events(2))) == (2, 2)


def renamed(events, path):
    """Rename the log as a rotation does, and write until an event goes to the new file."""
    old = path.with_name("events.log.1")
    path.rename(old)

    def written():
        events.write({"event": "after"})
        return path.exists() and read(path)

    wait_until(written, "the log goes on under its name")
    return old


def test_a_rotation_is_followed_without_being_told(events, path):
    events.write({"event": "before"})
    old = renamed(events, path)

    assert read(old)[0]["event"] == "before"
    assert {event["event"] for event in read(path)} == {"after"}


def test_a_log_that_was_removed_is_made_again(events, path):
    events.write({"event": "before"})
    path.unlink()

    def written():
        events.write({"event": "after"})
        return path.exists() and read(path)

    wait_until(written, "the log is there again")

    assert read(path)[0]["event"] == "after"


def test_a_log_that_cannot_be_made_again_goes_on_in_the_old_file_and_says_so_once(events, path, caplog):
    (path.parent / "elsewhere").mkdir()
    old = path.rename(path.parent / "elsewhere" / "events.log")
    path.mkdir()  # nothing can be opened under the name

    def said():
        events.write({"event": "after"})
        return "cannot be opened again" in caplog.text

    wait_until(said, "it was said")
    before = len(read(old))
    events.reopen()
    events.write({"event": "later"})

    assert len(read(old)) == before + 1
    assert caplog.text.count("cannot be opened again") == 1
