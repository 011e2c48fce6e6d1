"""Rows as text and as CSV: reading line by line, writing row by row.

Plain text is what a postmaster would paste, one row a line (`model/forms.py` knows how each kind is written); empty
lines and lines that begin with `#` are skipped. CSV has a first line with the names of the columns, and `comment` and
`enabled` besides; columns may be left out and come in any order (RFC 4180, UTF-8).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sealgate.model import forms
from sealgate.model.errors import InvalidValue
from sealgate.model.objects import Kind
from sealgate.model.text import comment as comment_text
from sealgate.model.text import flag, shown
from sealgate.services.desired import row_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.objects import Noun
    from sealgate.store import Stored

LONGEST_LINE = 100_000
_EXTRA = ("comment", "enabled")


class Format(StrEnum):
    """How a file of rows is written."""

    TEXT = "text"
    CSV = "csv"

    @classmethod
    def of_file(cls, name: str) -> Format:
        """Return the format that a file's name means."""
        return cls.CSV if name.lower().endswith(".csv") else cls.TEXT


@dataclass(frozen=True, slots=True)
class Given:
    """One row as read, with its line (counted from 1); or the fault that the line has. None: not said."""

    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    comment: str | None = None
    enabled: bool | None = None
    fault: InvalidValue | None = None


def given_rows(kind: Noun[Any], lines: Iterable[str], form: Format) -> Iterator[Given]:
    """Give the rows of a file; a line that cannot be read is given with its fault."""
    return _from_csv(kind, lines) if form is Format.CSV else _from_text(kind, lines)


def written_rows(kind: Noun[Any], rows: Iterable[Stored], form: Format) -> Iterator[str]:
    """Give the lines of a file with these rows, each with its line feed; secrets are left out."""
    return _to_csv(kind, rows) if form is Format.CSV else _to_text(kind, rows)
