"""Naming a state of the gateway: `draft`, `live`, or the number of a revision.

Every verb that compares or exports takes these names and no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue
from sealgate.model.text import shown

if TYPE_CHECKING:
    from sealgate.store import Reader, View


@dataclass(frozen=True, slots=True)
class StateName:
    """The draft, the live state, or a revision by its number."""

    name: str
    number: int = 0

    def __str__(self) -> str:
        """Return the name as it is typed."""
        return str(self.number) if self.number else self.name

    @classmethod
    def parse(cls, text: str) -> StateName:
        """Read `draft`, `live` or a number."""
        word = str(text).strip().lower()
        if word in {"draft", "live"}:
            return cls(word)
        if word.isascii() and word.isdigit() and 0 < int(word) < 2**31:
            return cls("revision", int(word))
        raise InvalidValue.of(f"{shown(str(text))!r} is no state.", "Say draft, live, or the number of a revision.")

    def view(self, reader: Reader) -> View:
        """Return the state's view; NotFound for a revision that there is not."""
        if self.name == "draft":
            return reader.draft()
        if self.name == "live":
            return reader.live()
        return reader.revision(self.number)


DRAFT = StateName("draft")
LIVE = StateName("live")
