"""Texts of look-up tables, cut so that an edit of one line stores and sends one small piece.

A text is cut into chunks after lines chosen by their own content, so that the cuts stay where they are when lines are
added or removed elsewhere. A table holds the digests of its chunks; the chunks are stored once each by digest.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CUT_EVERY = 256
_MOST_LINES = 1024


def chunk_digest(chunk: bytes) -> str:
    """Return the name a chunk is stored by, 64 hexadecimal digits."""
    return hashlib.sha256(chunk).hexdigest()


def split(text: str) -> Iterator[bytes]:
    """Cut a text into chunks of some hundred lines; their concatenation is the text."""
    piece: list[bytes] = []
    for line in text.encode().splitlines(keepends=True):
        piece.append(line)
        if len(piece) >= _MOST_LINES or zlib.crc32(line) % _CUT_EVERY == 0:
            yield b"".join(piece)
            piece = []
    if piece:
        yield b"".join(piece)


def join(chunks: Iterable[bytes]) -> str:
    """Return the text that was cut into `chunks`."""
    return b"".join(chunks).decode()
