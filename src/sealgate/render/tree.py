"""The rendered configuration as data: files, tables and what was left out, before anything is written.

A `ConfigTree` holds everything of one release. Texts are small and complete. Tables are recipes, since there may be a
million rows: whoever writes the release asks a table for its entries or chunks and builds it. Secrets are not in the
tree; where one belongs stands its name, and only the agent, which can open it, calls `filled`.

All paths are relative to the release directory. The same state and facts give an equal digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sealgate.model.digest import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sealgate.model.desired import RowSource
    from sealgate.model.findings import Finding, Place
    from sealgate.model.objects import Row
    from sealgate.model.secrets import Sealed

INDEXED = frozenset({"lmdb", "hash", "btree", "cdb"})
"""Types that postmap builds a database file for; all others are read by Postfix as text."""


@dataclass(frozen=True, slots=True)
class SecretText:
    """Text with a secret in it: `prefix`, the opened secret, `suffix`."""

    prefix: str
    secret: Sealed
    suffix: str = ""

    def filled(self, opened: Callable[[Sealed], str]) -> str:
        """Return the whole text; `opened` gives the secret in clear."""
        return f"{self.prefix}{opened(self.secret)}{self.suffix}"

    @property
    def shown(self) -> str:
        """The text for diffs and for people: the secret's name stands where the secret belongs."""
        return self.filled(lambda sealed: f"[secret {sealed.id}]")


Value = str | SecretText
Entry = tuple[str, Value]


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file that is written as it stands."""

    path: str
    text: Value
    mode: int = 0o644

    @property
    def shown(self) -> str:
        """The text for diffs and for people, secrets by name."""
        return self.text if isinstance(self.text, str) else self.text.shown


@dataclass(frozen=True, slots=True)
class EntrySource:
    """Entries of a small generated table, in the order in which they are to be written."""

    listed: tuple[Entry, ...]

    def entries(self) -> Iterator[Entry]:
        """Give keys and values."""
        yield from self.listed

    def identity(self) -> Any:
        """Return JSON that is equal when the entries are."""
        return [[key, _named(value)] for key, value in self.listed]


@dataclass(frozen=True, slots=True)
class PerRow:
    """A table whose entries come row by row, each from its row alone.

    When the table of the parent release has the same `noun` and `shape`, a copy of it with the changed rows' entries
    taken out and put in is the same table: first delete the keys of `entries_of(old)`, then set `entries_of(new)`.
    """

    noun: str
    shape: str
    entries_of: Callable[[Row[Any]], tuple[Entry, ...]] = field(compare=False)
    rows: RowSource = field(compare=False, repr=False)

    def entries(self) -> Iterator[Entry]:
        """Give the entries of all rows, one row after the other; disabled rows give none."""
        for row in self.rows.rows(self.noun):
            yield from self.entries_of(row)

    def identity(self) -> Any:
        """Return JSON that is equal when noun and shape are; the rows have their own digest."""
        return [self.noun, self.shape]


@dataclass(frozen=True, slots=True)
class TextSource:
    """A table that is a text: a named look-up table's stored chunks, or lines made here."""

    digests: tuple[str, ...]
    give: Callable[[], Iterator[bytes]] = field(compare=False)

    def chunks(self) -> Iterator[bytes]:
        """Give the text in pieces."""
        yield from self.give()

    def text(self) -> str:
        """Return the text as a whole."""
        return b"".join(self.give()).decode()

    def identity(self) -> Any:
        """Return JSON that is equal when the text is."""
        return list(self.digests)

    @classmethod
    def of(cls, text: str) -> TextSource:
        """Make the source of a text that is at hand."""
        data = text.encode()
        return cls((hashlib.sha256(data).hexdigest(),), lambda: iter((data,)))


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table as main.cf names it: `type:release_dir/path`.

    For an indexed type the database file has the type's suffix after `path`; a `TextSource` is then written to
    `path` too. Any other type is the text at `path`. `place` is the page, row or table it comes from.
    """

    path: str
    type: str
    source: EntrySource | PerRow | TextSource
    place: Place
    mode: int = 0o644

    @property
    def indexed(self) -> bool:
        """Tell whether postmap has to build it."""
        return self.type in INDEXED


@dataclass(frozen=True, slots=True)
class Override:
    """An own line that took the place of something generated.

    `file` is `main.cf` or `master.cf`; `name` a parameter, a service (`smtp/inet`) or a service's parameter
    (`smtp/inet/message_size_limit`); `line` counts in the own lines. `generated` is what would have stood there, and
    `loses` says in words what no longer holds because of it (empty: nothing but the value).
    """

    file: str
    name: str
    line: int
    generated: str
    loses: str = ""


@dataclass(frozen=True, slots=True)
class ConfigTree:
    """One release, complete: every file, every table, what own lines replaced, and what cannot be rendered.

    `generated` are the parameters and `services` (`smtp/inet`) the services that Sealgate gives, replaced or not.
    """

    texts: tuple[TextFile, ...]
    tables: tuple[TableFile, ...]
    overrides: tuple[Override, ...] = ()
    findings: tuple[Finding, ...] = ()
    origins: Mapping[str, Place] = field(default_factory=dict)
    generated: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()

    def text(self, path: str) -> TextFile:
        """Return the text file at `path`; KeyError when there is none."""
        return {file.path: file for file in self.texts}[path]

    def table(self, path: str) -> TableFile:
        """Return the table at `path`; KeyError when there is none."""
        return {file.path: file for file in self.tables}[path]

    def origin_of(self, parameter: str) -> Place | None:
        """Return where a parameter of main.cf comes from: the setting, page, row or own line to look at."""
        return self.origins.get(parameter)

    def digest(self) -> str:
        """Return the digest of all that is in the tree; row tables count by noun and shape, their rows elsewhere."""
        content = {
            "texts": [[file.path, _named(file.text), file.mode] for file in self.texts],
            "tables": [[file.path, file.type, file.mode, file.source.identity()] for file in self.tables],
        }
        return hashlib.sha256(canonical_json(content)).hexdigest()


def _named(value: Value) -> Any:
    return value if isinstance(value, str) else [value.prefix, value.secret.id, value.suffix]
