"""A message as the wire has it: dot-stuffed octets, ended by the final dot; read by peeking, never by parsing.

`Message.wire` is what LMTP brought and what re-injection sends: the very same bytes object, so a message that is
passed on cannot be changed by us. Sizes are octets of the content (dots unstuffed, CRLF line ends), which is how
smtpd(8) counts them against message_size_limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIELD = re.compile(rb"^(received|message-id)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)?)", re.IGNORECASE | re.MULTILINE)
_LONE_LF = re.compile(rb"(?<!\r)\n(\.?)")
_MAX_PEEK = 1 << 20  # octets of header that we look through; hops are added at the top
_MAX_ID = 998  # octets of a Message-ID that we repeat in the event log

FINAL_DOT = b".\r\n"


@dataclass(frozen=True, slots=True)
class Peek:
    """What the header shows: the hops so far, those that were our own, and the Message-ID."""

    hops: int
    own_hops: int
    message_id: str


class Message:
    """One message; `wire` ends with CRLF (or is empty) and the final dot, `size` counts the octets of the content."""

    __slots__ = ("size", "wire")

    def __init__(self, wire: bytes) -> None:
        self.wire = wire
        dots = wire.count(b"\r\n.") + wire.startswith(b".")  # the final one and the doubled ones
        self.size = len(wire) - dots - len(b"\r\n")

    @property
    def has_lone_lf(self) -> bool:
        """Whether a line ends with LF alone; such a line end must not reach a server that takes it for one."""
        return self.wire.count(b"\n") != self.wire.count(b"\r\n")

    def normalized(self) -> Message:
        """Return the message with CRLF for each lone LF, and the dot doubled where a line now starts with one."""
        return Message(_LONE_LF.sub(lambda match: b"\r\n" + match[1] * 2, self.wire))

    def peek(self, own_name: bytes) -> Peek:
        """Look into the header; `own_name` is what our own Received fields say after `from`."""
        end = self.wire.find(b"\r\n\r\n", 0, _MAX_PEEK)
        hops = own = 0
        message_id = b""
        for match in _FIELD.finditer(self.wire, 0, end if end >= 0 else _MAX_PEEK):
            if match[1][:1] in b"rR":
                hops += 1
                own += match[2].split(maxsplit=2)[:2] == [b"from", own_name]
            elif not message_id:
                message_id = match[2].strip()[:_MAX_ID]
        return Peek(hops, own, message_id.decode("utf-8", "replace"))
