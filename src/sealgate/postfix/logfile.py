"""A growing log file: where it ends now, what was added since, and its last lines without reading it all.

A position outlives rotation: when the file has another inode or is shorter, the rest of the old file is read from
`NAME.1` if it is that file, then the new one from its start. Only whole lines are given; the end of a line still
being written comes with the next call. A missing file is an empty one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a log: the file's inode and the offset in bytes. The default is before everything."""

    inode: int = 0
    offset: int = 0


class LogFile:
    """The log at `path`, which other processes write."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def end(self) -> Position:
        """Return where the log ends now."""
        try:
            state = self.path.stat()
        except FileNotFoundError:
            return Position()
        return Position(state.st_ino, state.st_size)

    def since(self, position: Position, limit: int = 1 << 24) -> tuple[list[str], Position]:
        """Return the whole lines added since `position` (at most `limit` bytes of each file) and where they end.

        Nothing is passed over: where more than that is left of a rotated file, the place told lies in that one.
        """
        lines: list[str] = []
        inode, offset = position.inode, position.offset
        try:
            current = self.path.stat()
        except FileNotFoundError:
            return [], position
        if inode and (current.st_ino != inode or current.st_size < offset):
            if current.st_ino != inode:
                lines, place = self._rest_of_rotated(position, limit)
                if place is not None:
                    return lines, place
            offset = 0
        added, end = _read_from(self.path, offset, limit)
        return lines + added, Position(current.st_ino, end)

    def last(self, count: int, limit: int = 1 << 22) -> tuple[list[str], Position]:
        """Return the last `count` whole lines, of the last `limit` bytes, and where they end."""
        end = self.end()
        start = max(0, end.offset - limit)
        if not count or not end.offset:
            return [], end
        try:
            lines, offset = _read_from(self.path, start, end.offset - start)
        except FileNotFoundError:
            return [], Position()
        return (lines[1:] if start else lines)[-count:], Position(end.inode, offset)

    def part(self, position: Position, limit: int) -> tuple[list[str], Position]:
        """Return the next whole lines after `position`, about `limit` bytes of them; the rest comes with the next call.

        Unlike `since` it may be called with a small limit: what is left of a rotated file is not passed over.
        """
        rotated = self.path.with_name(self.path.name + ".1")
        if position.inode and position.inode == _inode(rotated):
            lines, end = _read_from(rotated, position.offset, limit)
            if lines:
                return lines, Position(position.inode, end)
        return self.since(position, limit)

    def until(self, position: Position, limit: int = 1 << 22) -> list[str]:
        """Return the whole lines before `position`, of the last `limit` bytes; with those of `NAME.1` if few are left.

        No lines when the file of that position is not there any more.
        """
        rotated = self.path.with_name(self.path.name + ".1")
        for path, older in ((self.path, rotated), (rotated, None)):
            if _inode(path) == position.inode:
                lines = _tail(path, position.offset, limit)
                if older is not None and position.offset < limit:
                    lines = _tail(older, _size(older), limit - position.offset) + lines
                return lines
        return []

    def backwards(self, limit: int = 1 << 28) -> Iterator[str]:
        """Give lines from the last to the first, reading at most `limit` bytes from the end."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            at = file.seek(0, os.SEEK_END)
            lowest = max(0, at - limit)
            rest = b""
            while at > lowest:
                size = min(_BLOCK, at - lowest)
                at -= size
                file.seek(at)
                first, *lines = (file.read(size) + rest).split(b"\n")
                for line in reversed(lines):
                    if line:
                        yield line.decode("utf-8", "replace")
                rest = first
            if rest and lowest == 0:
                yield rest.decode("utf-8", "replace")

    def _rest_of_rotated(self, position: Position, limit: int) -> tuple[list[str], Position | None]:
        """Return the lines left of the file that was rotated, and where they end if there are more of them."""
        rotated = self.path.with_name(self.path.name + ".1")
        try:
            state = rotated.stat()
        except FileNotFoundError:
            return [], None
        if state.st_ino != position.inode:
            return [], None
        lines, end = _read_from(rotated, position.offset, limit)
        return lines, Position(position.inode, end) if state.st_size - position.offset > limit else None


def lines_of(data: bytes) -> list[str]:
    """Return the lines of bytes that a program wrote; a line ends with a line feed and with nothing else.

    What a client sends stands in the log, also U+2028 and other ends of lines that `str.splitlines` knows: with them
    anybody could write lines of his own into it.
    """
    return data.decode("utf-8", "replace").removesuffix("\n").split("\n") if data else []


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return -1


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _tail(path: Path, end: int, limit: int) -> list[str]:
    """Return the whole lines of the last `limit` bytes before `end`."""
    start = max(0, end - limit)
    if start >= end:
        return []
    lines, _ = _read_from(path, start, end - start)
    return lines[1:] if start else lines


def _read_from(path: Path, offset: int, limit: int) -> tuple[list[str], int]:
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(limit)
    whole = data.rfind(b"\n") + 1
    if not whole and len(data) == limit:
        whole = len(data)
    return lines_of(data[:whole]), offset + whole
