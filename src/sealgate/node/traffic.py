"""What the mail log tells of the flow of mail in a stretch of time, as numbers: the samples that a watch compares.

Only messages that arrived within the stretch count, and each by its first attempt of delivery: an old queue that is
tried again, or a server that asks everybody to come back later, looks the same before and after. A delivery to the MPA
is no delivery; one that fails there is a failed one. Notifications (null sender) are left out.

Warnings are counted by their words without names and numbers; those that clients and other servers cause by what they
are or do say nothing of the configuration and are left out. Reading is bounded in memory: `_MOST_OPEN` messages without
an outcome, `_MOST_KINDS` kinds of warnings. Source of the words: Postfix 3.7 to 3.10, logs of smtpd(8), cleanup(8),
qmgr(8), bounce(8), master(8).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_OPEN = 200_000
_MOST_KINDS = 200
_MOST_EXAMPLES = 5

_LINE = re.compile(r"\S+ +\d+ \S+ \S+ (?P<name>[^\s\[\]:]+)\[\d+\]: (?P<text>.*)")
_REPLY = re.compile(r"reject: .*?[:;] (?P<code>[45])\d\d ")
_OUTCOME = re.compile(r"(?P<id>[0-9A-Za-z]{5,45}): to=<.*\brelay=(?P<relay>[^,]*),.*\bstatus=(?P<status>[a-z]+) ")
_OWN_FAULT = re.compile(r"Server configuration error|Server configuration problem|[Tt]emporary lookup failure")
_BY_OTHERS = re.compile(
    r"\[[0-9a-fA-F.:]+\]|does not resolve|hostname|from=<|numeric|malformed|\bMX\b|SMTP command|Illegal|TLS library"
    r"|SASL|RBL|greeted me|valid address record|host or domain|Host or domain"
)
_NAMES = re.compile(r"\d+|<[^>]*>|\"[^\"]*\"|\S*[/@]\S*")
_DIED = re.compile(r"killed by signal|throttling")
_COMMANDS = frozenset(
    {"sendmail", "postdrop", "postqueue", "postsuper", "postmap", "postcat", "postconf", "postalias", "postlog"}
)
"""Programs that people start: what they complain of is no daemon's trouble."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The numbers of a stretch of `seconds`.

    At the border: `accepted` messages, `rejected` (5xx) and `put_off` (4xx) ones; `broken` are those refused because
    of a fault of our own (configuration error, failed look-up). Of the messages that arrived (`arrived`): `delivered`
    and `failed` at the first attempt; `waiting` had no attempt for long. `died`: daemons that ended by a fatal error,
    a panic or a signal. `warnings`: how often each kind came. `examples`: lines for each of these names.
    """

    seconds: float = 0.0
    accepted: int = 0
    rejected: int = 0
    put_off: int = 0
    broken: int = 0
    arrived: int = 0
    delivered: int = 0
    failed: int = 0
    waiting: int = 0
    died: int = 0
    warnings: dict[str, int] = field(default_factory=dict)
    examples: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """Messages that were not taken at the border, for good or for now."""
        return self.rejected + self.put_off

    def since(self, earlier: Sample) -> Sample:
        """Return the numbers of the stretch that begins where `earlier` ends."""
        numbers = {name: getattr(self, name) - getattr(earlier, name) for name in _COUNTED}
        warnings = {kind: count - earlier.warnings.get(kind, 0) for kind, count in self.warnings.items()}
        return Sample(self.seconds - earlier.seconds, **numbers, waiting=self.waiting, warnings=warnings)


class Tally:
    """Counts lines as they come; `mpa` is how a delivery to the MPA names its address, `…]:10025`."""

    def __init__(self, mpa: str) -> None:
        self._mpa = mpa
        self._turn = 0
        self._open: dict[str, int] = {}
        self._counts: Counter[str] = Counter()
        self._warnings: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def feed(self, lines: Iterable[str]) -> None:
        """Count these lines. A message waits for long if it has no outcome when the next two turns are over."""
        self._turn += 1
        for line in lines:
            found = _LINE.match(line)
            if found is not None:
                self._count(found["name"], found["text"], line)

    def sample(self, seconds: float, *, patience: int = 2) -> Sample:
        """Return the numbers so far; messages wait for long after `patience` turns."""
        waiting = sum(1 for turn in self._open.values() if turn <= self._turn - patience)
        return Sample(
            seconds,
            **{name: self._counts[name] for name in _COUNTED},
            waiting=waiting,
            warnings=dict(self._warnings.most_common(_MOST_KINDS)),
            examples={name: tuple(lines) for name, lines in self._examples.items()},
        )

    def _count(self, name: str, text: str, line: str) -> None:
        program = name.rpartition("/")[2]
        if text.startswith(("warning: ", "error: ", "fatal: ", "panic: ")):
            self._complaint(program, text, line)
        elif program == "smtpd":
            if "/reinject/" not in name:
                self._at_the_border(text, line)
        elif program == "cleanup":
            self._arrival(text, line)
        elif program == "qmgr":
            if ": from=<>," in text:
                self._open.pop(text.partition(":")[0], None)
        elif " status=" in text:
            self._attempt(text, line)

    def _complaint(self, program: str, text: str, line: str) -> None:
        level, _, words = text.partition(": ")
        if program in _COMMANDS:
            return
        if level in {"fatal", "panic"} or (program == "master" and _DIED.search(words)):
            self._note("died", line)
        elif not _BY_OTHERS.search(words):
            kind = f"{program}: {_NAMES.sub('…', words)[:120]}"
            if kind in self._warnings or len(self._warnings) < _MOST_KINDS:
                self._warnings[kind] += 1
                self._example(kind, line)

    def _at_the_border(self, text: str, line: str) -> None:
        if ": client=" in text:
            self._counts["accepted"] += 1
        elif "reject: " in text and (found := _REPLY.search(text)):
            self._note("rejected" if found["code"] == "5" else "put_off", line)
            if _OWN_FAULT.search(text):
                self._note("broken", line)

    def _arrival(self, text: str, line: str) -> None:
        queue_id, _, words = text.partition(": ")
        if words.startswith("message-id="):
            self._counts["arrived"] += 1
            if len(self._open) < _MOST_OPEN:
                self._open[queue_id] = self._turn
        elif words.startswith(("reject: ", "milter-reject: ")):
            self._open.pop(queue_id, None)
            self._note("rejected", line)
        elif words.startswith(("hold: ", "discard: ")):
            self._open.pop(queue_id, None)

    def _attempt(self, text: str, line: str) -> None:
        found = _OUTCOME.match(text)
        if found is None or self._open.pop(found["id"], None) is None:
            return
        if found["status"] in {"deferred", "bounced"}:
            self._note("failed", line)
        elif found["status"] == "sent" and not found["relay"].endswith(self._mpa):
            self._counts["delivered"] += 1

    def _note(self, what: str, line: str) -> None:
        self._counts[what] += 1
        self._example(what, line)

    def _example(self, what: str, line: str) -> None:
        kept = self._examples.setdefault(what, [])
        kept.append(line[:400])
        del kept[:-_MOST_EXAMPLES]


_COUNTED = ("accepted", "rejected", "put_off", "broken", "arrived", "delivered", "failed", "died")
