"""Unified differences as two columns, line beside line.

Lines that were removed and lines that came stand beside each other within one place of change; what stayed stands in
both columns. Nothing is compared here: the services have done that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of two columns: a side is None where it has no line. `gap` is said between places of change."""

    left: str | None = None
    right: str | None = None
    changed: bool = False
    gap: str = ""


def side_by_side(lines: Iterable[str]) -> Iterator[Pair]:
    """Give the rows for the lines of a unified diff."""
    gone: list[str] = []
    come: list[str] = []
    for line in lines:
        if line.startswith("-"):
            if come:
                yield from _pairs(gone, come)
            gone.append(line[1:])
        elif line.startswith("+"):
            come.append(line[1:])
        else:
            yield from _pairs(gone, come)
            yield _other(line)
    yield from _pairs(gone, come)


def _pairs(gone: list[str], come: list[str]) -> Iterator[Pair]:
    for number in range(max(len(gone), len(come))):
        left = gone[number] if number < len(gone) else None
        right = come[number] if number < len(come) else None
        yield Pair(left, right, changed=True)
    gone.clear()
    come.clear()


def _other(line: str) -> Pair:
    hunk = _HUNK.match(line)
    if hunk:
        return Pair(gap=f"line {hunk[1]} / {hunk[2]}")
    if line.startswith(" "):
        return Pair(line[1:], line[1:])
    return Pair(gap=line)
