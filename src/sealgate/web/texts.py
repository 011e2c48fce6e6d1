"""Every text of the pages, by a short name, in one file for each language.

Texts of settings, columns, findings and errors come from the model and the services, which say them to everybody alike;
what only the pages say stands in `texts/en.toml`. A name that has no text is a fault of the program, never an empty
place on a page. Values are filled in as plain text; escaping is the template's work.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language, by name (`list.add`)."""

    language: str
    entries: Mapping[str, str]

    @classmethod
    def load(cls, language: str = "en") -> Self:
        """Read the texts of a language."""
        source = files("sealgate.web") / "texts" / f"{language}.toml"
        return cls(language, dict(_flat(tomllib.loads(source.read_text("utf-8")))))

    def __call__(self, name: str, /, **values: Any) -> str:
        """Return the text of that name with the values in their places. KeyError if there is no such text."""
        return self.entries[name].format_map(values) if values else self.entries[name]

    def count(self, name: str, number: int, /, **values: Any) -> str:
        """Return the text for one or for several (`name.one`, `name.other`), with the number as `{n}`."""
        form = "one" if number == 1 else "other"
        return self.entries[f"{name}.{form}"].format_map({"n": f"{number:,}", **values})


def _flat(table: Mapping[str, Any], head: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, str):
            yield f"{head}{name}", value
        else:
            yield from _flat(value, f"{head}{name}.")
