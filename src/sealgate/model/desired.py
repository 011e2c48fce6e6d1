"""The desired state as a whole: settings as values, lists as a source of rows, own lines as text.

Lists may have a million rows, so they are never a million objects at once: `RowSource` gives them one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sealgate.model.content import chunk_digest, split
from sealgate.model.mta import Settings
from sealgate.model.parameters import OwnLines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.objects import Row


class RowSource(Protocol):
    """Where the rows of a state come from: a database view, a bundle, or memory."""

    def rows(self, noun: str) -> Iterator[Row[Any]]:
        """Give the rows of a noun by position, then key, disabled ones too."""
        ...

    def row(self, noun: str, key: str) -> Row[Any] | None:
        """Return one row."""
        ...

    def count(self, noun: str) -> int:
        """Return the number of rows, disabled ones too."""
        ...

    def tags(self, noun: str) -> Iterator[str]:
        """Give the distinct tags of the enabled rows of a noun, sorted."""
        ...

    def chunks(self, digests: Iterable[str]) -> Iterator[bytes]:
        """Give the chunks of a look-up table's text."""
        ...


@dataclass(slots=True)
class MemoryRows:
    """Rows held in memory, for small states and for tests."""

    by_noun: dict[str, dict[str, Row[Any]]] = field(default_factory=dict)
    content: dict[str, bytes] = field(default_factory=dict)

    def put(self, row: Row[Any]) -> None:
        """Add a row or replace the one with its key."""
        self.by_noun.setdefault(row.noun, {})[row.key] = row

    def put_text(self, text: str) -> tuple[str, ...]:
        """Add a look-up table's text and return its content digests."""
        chunks = list(split(text))
        digests = tuple(map(chunk_digest, chunks))
        self.content.update(zip(digests, chunks, strict=True))
        return digests

    def rows(self, noun: str) -> Iterator[Row[Any]]:
        """See `RowSource`."""
        yield from sorted(self.by_noun.get(noun, {}).values(), key=lambda row: (row.position, row.key))

    def row(self, noun: str, key: str) -> Row[Any] | None:
        """See `RowSource`."""
        return self.by_noun.get(noun, {}).get(key)

    def count(self, noun: str) -> int:
        """See `RowSource`."""
        return len(self.by_noun.get(noun, {}))

    def tags(self, noun: str) -> Iterator[str]:
        """See `RowSource`."""
        from sealgate.model.nouns import NOUNS

        tag = NOUNS[noun].tag
        found = {tag(row.value) for row in self.rows(noun) if row.enabled}
        yield from sorted(word for word in found if word is not None)

    def chunks(self, digests: Iterable[str]) -> Iterator[bytes]:
        """See `RowSource`."""
        for digest in digests:
            yield self.content[digest]


@dataclass(frozen=True, slots=True)
class DesiredState:
    """All that an administrator wants of a gateway."""

    settings: Settings = field(default_factory=Settings)
    rows: RowSource = field(default_factory=MemoryRows)
    main_cf: OwnLines = field(default_factory=OwnLines)
    master_cf: OwnLines = field(default_factory=OwnLines)
