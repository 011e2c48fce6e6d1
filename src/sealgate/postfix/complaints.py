"""What Postfix programs say when something is wrong, as values.

A Postfix program reports trouble as text: on stderr (`postmap: warning: …`), or in the log (`postfix/smtpd[7]: fatal:
…`), and its exit status often says nothing of it. This module reads such lines and names what can be named in them:
how bad it is, which program said it, which file and line, and which parameter is meant. It never decides what to do
about them, and never loses the text. Words of the messages: Postfix 3.7 to 3.10 sources, msg(3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Level(StrEnum):
    """How a Postfix program labels its trouble; see msg(3)."""

    WARNING = "warning"
    ERROR = "error"
    FATAL = "fatal"
    PANIC = "panic"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One line of trouble. `program` is the name without syslog_name; unknown parts are empty or 0."""

    level: Level
    text: str
    program: str = ""
    file: str = ""
    line: int = 0
    parameter: str = ""
    process: int = 0

    @property
    def stops_service(self) -> bool:
        """Whether the process that said it is gone (fatal or panic)."""
        return self.level in {Level.FATAL, Level.PANIC}

    @property
    def hopeless(self) -> bool:
        """Whether waiting for that process makes no sense: it is gone, or itself waits for a missing service."""
        return self.stops_service or _MISSING_SERVICE.search(self.text) is not None


_MISSING_SERVICE = re.compile(r"connect #\d+ to subsystem \S+: No such file")
_FROM_LOG = re.compile(
    r"(?:^|\s)(?P<name>[^\s\[\]]+)\[(?P<process>\d+)\]: (?P<level>warning|error|fatal|panic): (?P<text>.*)"
)
_FROM_STDERR = re.compile(r"^(?:(?P<name>[\w./-]+): )?(?P<level>warning|error|fatal|panic): (?P<text>.*)", re.DOTALL)
_PLACES = (
    re.compile(r"(?P<file>/[^\s:,]+), line (?P<line>\d+)"),
    re.compile(r"(?P<file>/[^\s:,]+): line (?P<line>\d+)"),
    re.compile(r"(?:map|table|file|open(?: database)?) (?P<file>/[^\s:,]+)"),
    re.compile(r"(?P<file>/[^\s:,]+\.cf)\b"),
)
_NAME = (
    r"(?P<parameter>[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+"
    r"|relayhost|myhostname|mydomain|myorigin|mynetworks|mydestination|biff|content_filter)"
)
_PARAMETERS = (
    re.compile(rf"\bparameters?:? \"?{_NAME}\b"),
    re.compile(rf"un(?:used|defined) parameter: {_NAME}\b"),
    re.compile(rf"overriding earlier entry: {_NAME}="),
    re.compile(rf"\b(?:configuration|string length [^:]*|value): {_NAME} ="),
    re.compile(rf"\b(?:bad|invalid|unreasonable|empty|unknown|unsupported) {_NAME}\b"),
    re.compile(rf"^{_NAME}: "),
    re.compile(rf"\b{_NAME} (?:lookup|parameter|setting|configuration|value)"),
    re.compile(rf"macro processing error.*\b{_NAME}\b"),
    re.compile(rf"\bin {_NAME}\b"),
)


def complaint(line: str) -> Complaint | None:
    """Read one line of a log or of stderr; None when it tells of no trouble."""
    found = _FROM_LOG.search(line)
    if found:
        return _made(found, int(found["process"]))
    found = _FROM_STDERR.match(line.rstrip("\n"))
    return _made(found, 0) if found else None


def complaints(lines: Iterable[str]) -> tuple[Complaint, ...]:
    """Read many lines; the same trouble said again by another process counts once."""
    seen: dict[tuple[Level, str, str], Complaint] = {}
    for line in lines:
        said = complaint(line)
        if said is not None:
            seen.setdefault((said.level, said.program, said.text), said)
    return tuple(seen.values())


def stderr_complaints(lines: Iterable[str]) -> tuple[Complaint, ...]:
    """Read stderr strictly: a line without a label is a warning too, since a healthy program says nothing."""
    return tuple(
        complaint(line) or Complaint(Level.WARNING, line.strip()) for line in dict.fromkeys(lines) if line.strip()
    )


def _made(found: re.Match[str], process: int) -> Complaint:
    text = found["text"].strip()
    file, line = _place(text)
    name = (found["name"] or "").rsplit("/", 1)[-1]
    return Complaint(Level(found["level"]), text, name, file, line, _parameter(text), process)


def _place(text: str) -> tuple[str, int]:
    for pattern in _PLACES:
        found = pattern.search(text)
        if found:
            return found["file"], int(found.groupdict().get("line") or 0)
    return "", 0


def _parameter(text: str) -> str:
    for pattern in _PARAMETERS:
        found = pattern.search(text)
        if found:
            return found["parameter"]
    return ""
