"""The two ways in which a file holds rows: plain text, as a postmaster would paste it, and CSV (`model/forms.py`)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sealgate.model import forms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.objects import Row


class Format(StrEnum):
    """How a file of rows is written."""

    TEXT = "text"
    CSV = "csv"

    @classmethod
    def of_file(cls, name: str) -> Format:
        """Return the format that a file's name means."""
        return cls.CSV if name.lower().endswith(".csv") else cls.TEXT

    def read(self, noun: str, lines: Iterable[str], first_number: int) -> Iterator[forms.Read]:
        """Give each row of a file, good or bad; numbered rows get names from `first_number` on."""
        reader = forms.read_csv if self is Format.CSV else forms.read_text
        return reader(noun, lines, first_number=first_number)

    def write(self, noun: str, rows: Iterable[Row[Any]]) -> Iterator[str]:
        """Give the lines of a file that holds rows, each with its line feed."""
        writer = forms.write_csv if self is Format.CSV else forms.write_text
        return writer(noun, rows)
