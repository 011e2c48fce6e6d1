"""SMTP and LMTP replies: what one side says to the other (RFC 5321 section 4.2, RFC 3463).

A `Reply` is a value. Its text starts with the enhanced status code and never contains a line end, so that it can be
written to a session as it is. `ReplyReader` cuts a byte stream into replies; it never blocks and never buffers more
than a bounded number of bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_REPLY = 16384  # octets of one reply with all its lines; RFC 5321 4.5.3.1.5 says 512 a line
MAX_TEXT = 900  # octets of a text that we repeat to Postfix, which cuts longer lines

_LINE = re.compile(rb"([2-5][0-9][0-9])([ -]|$)(.*)", re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]+")
_QUEUED_AS = re.compile(rb"queued as ([0-9A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply code and its text, as octets without the line end; `lines` when it came in several."""

    code: int
    text: bytes
    lines: tuple[bytes, ...] = field(default=(), compare=False, repr=False)

    @property
    def accepted(self) -> bool:
        """Whether this is a 2xx reply."""
        return 200 <= self.code < 300

    @property
    def permanent(self) -> bool:
        """Whether this is a 5xx reply: Postfix bounces."""
        return self.code >= 500

    @property
    def queue_id(self) -> str:
        """The queue id in Postfix's `250 2.0.0 Ok: queued as ID`; empty when the reply names none."""
        match = _QUEUED_AS.search(self.text)
        return match[1].decode("ascii") if match else ""

    def wire(self) -> bytes:
        """Return the reply as it is sent."""
        return b"%d %b\r\n" % (self.code, self.text)

    def __str__(self) -> str:
        return f"{self.code} {self.text.decode('utf-8', 'replace')}"


class ProtocolError(Exception):
    """The peer did not speak SMTP; the connection is of no further use."""


class ReplyReader:
    """Cuts what a server says into replies; the texts of a multi-line reply are joined with blanks."""

    __slots__ = ("_buffer", "_lines")

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> list[Reply]:
        """Take octets and return the replies they complete; raise ProtocolError on anything else."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        replies = [reply for line in lines if (reply := self._line(line.rstrip(b"\r")))]
        if len(self._buffer) + sum(len(line) + len(b"250-\r\n") for line in self._lines) > MAX_REPLY:
            raise ProtocolError("the reply does not end")
        return replies

    def _line(self, line: bytes) -> Reply | None:
        match = _LINE.fullmatch(line)
        if not match:
            raise ProtocolError(f"not a reply: {line[:100]!r}")
        self._lines.append(match[3])
        if match[2] == b"-":
            return None
        lines, self._lines = tuple(self._lines), []
        return Reply(int(match[1]), _CONTROL.sub(b" ", b" ".join(lines))[:MAX_TEXT], lines)
