"""The mail log: its lines as records, what went wrong, and the whole way of one message.

The format is that of postlogd(8) and of syslog (RFC 3164): `Nov 22 18:14:22 host name/program[pid]: text`. It has no
year: the latest one is taken that does not put the line in the future. A line that does not fit is a record without
program, never an error. Large logs are searched without being read into memory, and only so far back as the limit
says.

The way of a message is joined over its queue ids: the content filter's answer `queued as B` joins the message handed
over with the one that came back, and `orig_queue_id`, requeueing and notifications join as well.
"""

from __future__ import annotations

import mmap
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sealgate.postfix.complaints import Level
from sealgate.postfix.logfile import LogFile, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

SEARCHED = 1 << 30
"""Bytes of a log, from its end, that a search goes through."""

_LINE = re.compile(
    r"(?P<stamp>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S+) (?P<name>[^\s\[\]:]+)(?:\[(?P<process>\d+)\])?: "
    r"(?:(?P<level>warning|error|fatal|panic): )?"
    r"(?:(?P<id>[0-9A-F]{5,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{6,24}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{1,20}): )?"
    r"(?P<text>.*)"
)
_ATTRIBUTE = re.compile(r"([a-z_-]+)=(<[^>]*>|[^,;\s]*)")
_ID = r"([0-9A-Za-z]{5,45})\b"
_LINKS = (
    re.compile(rf"status=sent \(.*\bqueued as {_ID}"),
    re.compile(rf"\borig_queue_id={_ID}"),
    re.compile(rf"notification: {_ID}"),
    re.compile(rf"\bforwarded as {_ID}"),
)


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the log. `program` is the daemon (`smtpd`), `name` what it calls itself (`postfix/smtpd`)."""

    time: datetime | None
    host: str
    name: str
    process: int
    level: Level | None
    queue_id: str
    text: str

    @property
    def program(self) -> str:
        """The daemon's own name."""
        return self.name.rpartition("/")[2]

    @property
    def attributes(self) -> Mapping[str, str]:
        """The `name=value` parts, angle brackets taken off: client, from, to, relay, delay, dsn, status, …."""
        return {name: value.strip("<>") for name, value in _ATTRIBUTE.findall(self.text)}

    @property
    def links(self) -> frozenset[str]:
        """Queue ids that this line ties to its own."""
        return frozenset(found[1] for pattern in _LINKS if (found := pattern.search(self.text)))


@dataclass(frozen=True, slots=True)
class Timeline:
    """The way of one message: its records in order of the log, all its queue ids, whether the search was complete."""

    records: tuple[Record, ...]
    queue_ids: tuple[str, ...]
    searched_all: bool


@dataclass
class MailLog:
    """The log of one instance, and the file it was rotated to (`NAME.1`) when that is there and not compressed."""

    path: Path
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC).astimezone())

    def tail(self, count: int, wanted: Callable[[Record], bool] = lambda _: True) -> list[Record]:
        """Return the last `count` records that are wanted, oldest first."""
        found: list[Record] = []
        for line in LogFile(self.path).backwards():
            one = record(line, self.now())
            if wanted(one):
                found.append(one)
                if len(found) == count:
                    break
        return found[::-1]

    def problems(self, count: int = 100) -> list[Record]:
        """Return the last warnings and errors, oldest first."""
        return self.tail(count, lambda one: one.level is not None)

    def follow(self, position: Position, stop: Callable[[], bool], pause: float = 0.2) -> Iterator[Record]:
        """Give records as they are written, from `position` on, until `stop()` says so; asked every `pause` seconds."""
        log = LogFile(self.path)
        while not stop():
            lines, position = log.since(position)
            for line in lines:
                yield record(line, self.now())
            if not lines:
                time.sleep(pause)

    def timeline(self, wanted: str, limit: int = SEARCHED) -> Timeline:
        """Collect the way of the message with this queue id or Message-ID (with or without angle brackets)."""
        files = [path for path in (self.path.with_name(f"{self.path.name}.1"), self.path) if path.is_file()]
        whole = all(path.stat().st_size <= limit for path in files)
        ids = {wanted}
        if "@" in wanted:
            needle = f"message-id=<{wanted.strip('<>')}>"
            ids = {record(line, self.now()).queue_id for line in _lines_with(files, {needle}, limit)} - {""}
        lines = self._joined(files, ids, limit)
        records = tuple(record(line, self.now()) for line in lines)
        seen = dict.fromkeys(one.queue_id for one in records if one.queue_id in ids)
        return Timeline(records, tuple(seen), whole)

    def _joined(self, files: list[Path], ids: set[str], limit: int) -> list[str]:
        """Return the lines of these ids and of all that they lead to; `ids` grows by those."""
        lines: list[str] = []
        asked: set[str] = set()
        while ids - asked:
            asked |= ids
            mentioned = list(_lines_with(files, ids, limit))
            lines = []
            for line in mentioned:
                one = record(line, self.now())
                if one.queue_id in ids or one.links & ids:
                    lines.append(line)
                    ids |= one.links | ({one.queue_id} - {""})
        return lines


def record(line: str, now: datetime) -> Record:
    """Read one line. `now` gives the year and the time zone."""
    found = _LINE.fullmatch(line.rstrip("\r\n"))
    if found is None:
        return Record(None, "", "", 0, None, "", line.rstrip("\r\n"))
    level = Level(found["level"]) if found["level"] else None
    stamp = _time(found["stamp"], now)
    return Record(
        stamp, found["host"], found["name"], int(found["process"] or 0), level, found["id"] or "", found["text"]
    )


def _time(stamp: str, now: datetime) -> datetime | None:
    """Add the latest year that does not put the time in the future (a day of clock difference is allowed)."""
    for year in (now.year + 1, now.year, now.year - 1, now.year - 2, now.year - 3, now.year - 4):
        try:
            moment = datetime.strptime(f"{year} {stamp}", "%Y %b %d %H:%M:%S").replace(tzinfo=now.tzinfo)
        except ValueError:  # 29 February exists in some years only
            continue
        if moment <= now + timedelta(days=1):
            return moment
    return None


def _lines_with(files: Iterable[Path], words: Iterable[str], limit: int) -> Iterator[str]:
    """Give, in order, the lines that hold any of the words, of the last `limit` bytes of each file."""
    pattern = re.compile(b"|".join(re.escape(word.encode()) for word in sorted(words)) or rb"(?!)")
    for path in files:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size == 0:
                continue
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                yield from _matching(text, pattern, max(0, len(text) - limit))


def _matching(text: mmap.mmap, pattern: re.Pattern[bytes], start: int) -> Iterator[str]:
    at = start
    while found := pattern.search(text, at):
        begin = text.rfind(b"\n", start, found.start()) + 1 or start
        end = text.find(b"\n", found.end())
        end = len(text) if end < 0 else end
        yield text[begin:end].decode("utf-8", "replace")
        at = end
