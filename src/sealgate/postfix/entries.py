"""The lines of which tables are made: what fits into one, and how it is written.

postmap takes for the key what stands before the first blank outside of quotes, and trims both sides. So an entry is
refused here when postmap would read another key or value than was meant: that is a mistake of the caller, a
ValueError. Sources: postmap(1) "TABLE FORMAT", postmap.c of Postfix 3.7; verified with the real postmap by property
tests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BATCH = 1 << 16
_PLAIN_KEY = re.compile(r"[^\s\0\"\\#:][^\s\0\"\\:]*")
_PLAIN_VALUE = re.compile(r"[^\s\0](?:[^\r\n\0]*[^\s\0])?")
"""Keys and values of which no question arises: nearly all of a million."""


class Counted:
    """Gives what an iterable gives, and knows afterwards how much it was."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = lines
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.count += 1
            yield line


def entry_line(key: str, value: str, *, pattern: bool = False) -> bytes:
    """Return the entry as a line of a source file, or raise ValueError when the format cannot carry it.

    `pattern` says that the key is a rule of a cidr, pcre or regexp table, which has a syntax of its own.
    """
    if _PLAIN_KEY.fullmatch(key) and _PLAIN_VALUE.fullmatch(value):
        return f"{key}\t{value}\n".encode()
    refuse_unless_one_line(key)
    refuse_unless_one_line(value)
    if not value or value != value.strip(" \t"):
        raise ValueError(f"the value of key {key!r} is empty or has blanks at an end")
    if not key or key[0] in "# \t" or not (pattern or _is_one_word(key)):
        raise ValueError(f"{key!r} cannot be a key: it is empty, starts with #, or ends before its end")
    return f"{key}\t{value}\n".encode()


def key_line(key: str) -> bytes:
    """Return a key as postmap reads it from stdin for `-q -` and `-d -`."""
    refuse_unless_one_line(key)
    return f"{key}\n".encode()


def _is_one_word(key: str) -> bool:
    """Tell whether postmap takes all of it for the key: blanks only in quotes, all closed, nothing escapes the end.

    It takes a key with a colon at its end for a line of an alias file, and says so.
    """
    quoted = escaped = False
    for character in key:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character in " \t" and not quoted:
            return False
    return not quoted and not escaped and not key.endswith(":")


def refuse_unless_one_line(text: str) -> None:
    """Raise ValueError for text that would be more than one line, or that C programs would cut."""
    if any(character in text for character in "\n\r\0"):
        raise ValueError("keys and values are single lines without CR and NUL")


def batches(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join lines to larger pieces: one write for each line would cost more than postmap itself."""
    batch = bytearray()
    for line in lines:
        batch += line
        if len(batch) >= _BATCH:
            yield bytes(batch)
            batch.clear()
    yield bytes(batch)
