"""The bundle: a candidate's whole desired state as data, sent only as far as the agent does not have it.

Control opens with a `Header`: the candidate's digest and, for each noun, the digest of its table and the digests of
tables that a delta can be given from. The agent answers with a `Need`; control streams the parts that were asked for,
and the agent may ask again (it learns the names of text chunks and secrets from the rows). An empty need ends it.

Rows travel as lines of JSON in raw frames: `[key, fields, comment, enabled, position]`; in a delta a line `[key]` means
that the row is gone. Rows of a table come in any order; each key once.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sealgate.model.digest import canonical_json
from sealgate.model.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = 1
LARGEST_DELTA = 50_000
"""A delta of more rows is not taken: past that the whole table is sent, so a bundle offers no such base."""


class SentRow(NamedTuple):
    """One row in its canonical JSON form; `fields` None: the row is gone (in a delta)."""

    key: str
    fields: dict[str, Any] | None
    comment: str = ""
    enabled: bool = True
    position: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """What a bundle holds of one noun: digest and number of rows, and the digests a delta can start from."""

    digest: str
    count: int
    bases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """What the bundle is. `tables` has every noun that has rows; `parent` is the digest of the parent revision.

    `tree`: digest over the texts that control rendered, empty if it did not; the agent refuses another one.
    """

    digest: str
    tables: dict[str, Offer]
    parent: str = ""
    tree: str = ""
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Need:
    """What the agent lacks: per noun the base digest for a delta or "" for all rows; text chunks; sealed secrets."""

    tables: dict[str, str] = field(default_factory=dict)
    chunks: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything is needed."""
        return bool(self.tables or self.chunks or self.secrets)


@dataclass(frozen=True, slots=True)
class Part:
    """Announces a streamed part, which ends with the next JSON frame: rows or delta of a noun, a chunk, a secret."""

    kind: str
    name: str
    base: str = ""


class Bundle(Protocol):
    """Control's side of a bundle: gives what the agent asks for."""

    @property
    def header(self) -> Header:
        """What the bundle is."""
        ...

    def rows(self, noun: str) -> Iterator[SentRow]:
        """Give all rows of a noun."""
        ...

    def delta(self, noun: str, base: str) -> Iterator[SentRow]:
        """Give the rows that differ from the table with digest `base`, one of the bases offered."""
        ...

    def chunk(self, digest: str) -> bytes:
        """Give one chunk of a look-up table's text."""
        ...

    def secret(self, name: str) -> bytes:
        """Give the ciphertext of a secret."""
        ...


def release_name(candidate: str, facts: str, version: str) -> str:
    """Return the name of the release that a candidate makes on a node with these facts (both digests): 16 digits."""
    return hashlib.sha256(canonical_json([candidate, facts, version])).hexdigest()[:16]


def row_line(row: SentRow) -> bytes:
    """Return a row as a line of JSON."""
    data: list[Any] = [row.key] if row.fields is None else list(row)
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_row(line: bytes) -> SentRow:
    """Read a line of JSON as a row; InvalidValue if it is none."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        raise InvalidValue.of("A row of the bundle is not JSON.") from None
    match data:
        case [str(key)]:
            return SentRow(key, None)
        case [str(key), dict(fields), str(comment), bool(enabled), int(position)] if not isinstance(position, bool):
            return SentRow(key, fields, comment, enabled, position)
    raise InvalidValue.of("A row of the bundle has another shape than key, fields, comment, enabled, position.")
