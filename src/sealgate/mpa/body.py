"""Collecting a message from the pieces in which it arrives, up to CRLF.CRLF and not an octet further.

Only CRLF.CRLF ends it (or .CRLF at the very start, an empty message): LF.LF, CR.CR and mixtures are content. Servers
that end a message at those let a sender smuggle in a second one. The end is found wherever the pieces are cut.
"""

from __future__ import annotations

from sealgate.mpa.message import Message

_END = b"\r\n.\r\n"


class Body:
    """The pieces of one message so far; `size` counts all octets, kept or not."""

    __slots__ = ("_chunks", "_keeping", "_tail", "size")

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._keeping = True
        self._tail = b"\r\n"  # the line end of the DATA command counts as the one before a first dot
        self.size = 0

    def feed(self, data: bytes) -> bytes | None:
        """Take a piece; return what follows the end of the message, or None when the end has not come yet."""
        tail = self._tail
        seam = (tail + data[:4]).find(_END)
        end = seam - len(tail) if seam >= 0 else data.find(_END)
        if seam < 0 and end < 0:
            self._tail = data[-4:] if len(data) >= 4 else (tail + data)[-4:]
            self._keep(data)
            return None
        end += len(_END)
        self._keep(data[:end])
        return data[end:]

    def discard(self) -> None:
        """Forget what came and do not keep what comes; the end is still looked for."""
        self._keeping = False
        self._chunks.clear()

    def message(self) -> Message:
        """Return the complete message and let go of the pieces."""
        wire = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        return Message(wire)

    def _keep(self, data: bytes) -> None:
        self.size += len(data)
        if self._keeping:
            self._chunks.append(data)


def most_on_the_wire(size: int) -> int:
    """Return the most octets that content of `size` can take with doubled dots: 4 for each line of 3, and the end."""
    return size + size // 3 + len(_END) if size else 0
