"""The ways in which a file holds rows: plain text, as a postmaster would paste it, CSV, YAML, NDJSON."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sealgate.model import forms
from sealgate.model.ndjson_forms import read_ndjson, write_ndjson
from sealgate.model.yaml_forms import read_yaml, write_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.objects import Row


class Format(StrEnum):
    """How a file of rows is written."""

    TEXT = "text"
    CSV = "csv"
    YAML = "yaml"
    NDJSON = "ndjson"

    @classmethod
    def of_file(cls, name: str) -> Format:
        """Return the format that a file's name means."""
        dot, ending = name.lower().rpartition(".")[1:]
        return {".csv": cls.CSV, ".yaml": cls.YAML, ".yml": cls.YAML, ".ndjson": cls.NDJSON}.get(
            f"{dot}{ending}", cls.TEXT
        )

    def read(self, noun: str, lines: Iterable[str], first_number: int) -> Iterator[forms.Read]:
        """Give each row of a file, good or bad; numbered rows get names from `first_number` on."""
        readers = {
            Format.TEXT: forms.read_text,
            Format.CSV: forms.read_csv,
            Format.YAML: read_yaml,
            Format.NDJSON: read_ndjson,
        }
        return readers[self](noun, lines, first_number=first_number)

    def write(self, noun: str, rows: Iterable[Row[Any]]) -> Iterator[str]:
        """Give the lines of a file that holds rows, each with its line feed."""
        writers = {
            Format.TEXT: forms.write_text,
            Format.CSV: forms.write_csv,
            Format.YAML: write_yaml,
            Format.NDJSON: write_ndjson,
        }
        return writers[self](noun, rows)
