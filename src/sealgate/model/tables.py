"""Named MTA look-up tables, edited as text, written to `maps.d/<type>-<name>.map`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A look-up table: name (letters, digits, hyphens), type as typed (`hash`, `pcre` …), digests of its text's chunks.

    The text is in the content store; `lines` and `size` (bytes) are kept here so that lists need not read it.
    """

    name: str
    type: str
    content: tuple[str, ...]
    lines: int
    size: int
