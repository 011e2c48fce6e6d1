"""Taking a bundle: what is lacking is asked for, parsed again with the model, and counted into the digest.

Nothing in a bundle is believed. Every row is parsed and must be canonical, every table must have the digest that the
header promised, every chunk the digest it is named by, and all tables together the candidate's digest. What arrived is
kept, so that the next bundle asks for less; a bundle that breaks off leaves nothing but unused rows, swept later.

Bounds: `MOST_ROWS` rows of a noun, `LARGEST_DELTA` rows of a delta, the sizes of `link/framing.py`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.link.bundle import FORMAT, LARGEST_DELTA, Header, Need
from sealgate.link.conversation import rows_of, whole
from sealgate.model.digest import state_digest
from sealgate.model.errors import InvalidValue, NodeFailed, Refused
from sealgate.node.desired import RowReader, chunks_named, desired_state, known_nouns, secrets_named, to_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Protocol

    from sealgate.link.bundle import Offer, Part, SentRow
    from sealgate.link.conversation import Peer
    from sealgate.link.messages import Asker
    from sealgate.model.desired import DesiredState
    from sealgate.model.objects import Row
    from sealgate.node.objects import Objects, SealedSecrets
    from sealgate.node.rows import RowStore, StoredTable

    class Asking(Protocol):
        """The part of a conversation that a bundle comes through."""

        def ask(self, need: Need) -> Iterator[tuple[Part, Iterator[bytes]]]:
            """Ask for parts."""
            ...

        asker: Asker
        peer: Peer

        def progress(self, text: str, done: int = 0, total: int = 0) -> None:
            """Tell how far it is."""
            ...


MOST_ROWS = 5_000_000
_TELL_EVERY = 20_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A desired state that has arrived whole: its digest, its tables, and what else it is made of."""

    digest: str
    tables: dict[str, StoredTable]
    desired: DesiredState
    chunks: frozenset[str]
    secrets: frozenset[str]

    @property
    def table_digests(self) -> dict[str, str]:
        """The digest of each noun's table."""
        return {noun: table.digest for noun, table in self.tables.items()}

    def spread(self, noun: str, most: int) -> Iterator[Row[Any]]:
        """Give a bounded number of rows of a noun, far from each other, without reading the others."""
        table = self.tables.get(noun)
        for row in table.spread(most) if table else ():
            yield to_row(noun, row)


class Receiver:
    """Takes bundles into the agent's stores."""

    def __init__(self, rows: RowStore, objects: Objects, secrets: SealedSecrets) -> None:
        self._rows = rows
        self._objects = objects
        self._secrets = secrets

    def receive(self, header: Header, talk: Asking) -> Candidate:
        """Return the candidate that a header announces, asking for what is lacking."""
        _check(header)
        self._take_tables(header, talk)
        tables = {noun: self._table(noun, offer) for noun, offer in header.tables.items()}
        total = state_digest({noun: table.total for noun, table in tables.items()})
        if total != header.digest:
            raise _skew("all tables together")
        return self._complete(header.digest, tables, talk)

    def reopen(self, digest: str, table_digests: dict[str, str]) -> Candidate:
        """Return a candidate that arrived earlier; NodeFailed when a part of it is gone."""
        tables = {}
        for noun, table_digest in table_digests.items():
            found = self._rows.find(noun, table_digest)
            if found is None:
                raise NodeFailed("The rows of this candidate are not on this node any more. Check the candidate again.")
            tables[noun] = found
        return Candidate(
            digest, tables, desired_state(tables, self._objects), chunks_named(tables), secrets_named(tables)
        )

    def _complete(self, digest: str, tables: dict[str, StoredTable], talk: Asking) -> Candidate:
        chunks, secrets = chunks_named(tables), secrets_named(tables)
        need = Need(
            chunks=tuple(sorted(name for name in chunks if not self._objects.has(name))),
            secrets=tuple(sorted(name for name in secrets if not self._secrets.has(name))),
        )
        for batch in _batches(need):
            self._take(batch, talk, self._take_content)
        return Candidate(digest, tables, desired_state(tables, self._objects), chunks, secrets)

    def _take_tables(self, header: Header, talk: Asking) -> None:
        lacking = {
            noun: self._base(noun, offer)
            for noun, offer in header.tables.items()
            if self._rows.find(noun, offer.digest) is None
        }

        def take(part: Part, contents: Iterator[bytes]) -> None:
            self._take_rows(part, contents, header.tables[part.name], talk)

        self._take(Need(tables=lacking), talk, take)

    def _take(self, need: Need, talk: Asking, take: Callable[[Part, Iterator[bytes]], None]) -> None:
        if not need:
            return
        open_parts = {*need.tables, *need.chunks, *need.secrets}
        for part, contents in talk.ask(need):
            if part.name not in open_parts or need.tables.get(part.name, "") != part.base:
                raise NodeFailed(f"The bundle brought the {part.kind} {part.name[:40]!r}, which was not asked for.")
            open_parts.remove(part.name)
            take(part, contents)
        if open_parts:
            raise NodeFailed(f"The bundle lacks {', '.join(sorted(open_parts))[:200]}. Nothing was changed.")

    def _take_rows(self, part: Part, contents: Iterator[bytes], offer: Offer, talk: Asking) -> None:
        noun, reader = part.name, RowReader(part.name)
        rows = map(reader.checked, rows_of(contents))
        if part.base:
            parent = self._rows.find(noun, part.base)
            if parent is None:
                raise NodeFailed(f"The rows that the change of {noun} starts from are gone. Check the candidate again.")
            self._rows.change(parent, _bounded(rows, LARGEST_DELTA, noun), reader.tag)
            return
        told = _told(_only_present(rows, noun), noun, offer.count, talk)
        self._rows.take(noun, _bounded(told, offer.count, noun), reader.tag)

    def _take_content(self, part: Part, contents: Iterator[bytes]) -> None:
        content = whole(contents)
        if part.kind == "secret":
            self._secrets.put(part.name, content)
        elif self._objects.put(content) != part.name:
            raise NodeFailed(f"The piece of text {part.name[:12]}… arrived damaged. Check the candidate again.")

    def _base(self, noun: str, offer: Offer) -> str:
        return next((base for base in offer.bases if self._rows.find(noun, base) is not None), "")

    def _table(self, noun: str, offer: Offer) -> StoredTable:
        table = self._rows.find(noun, offer.digest)
        if table is None or table.total.count != offer.count:
            raise _skew(f"the rows of {noun}")
        return table


def _check(header: Header) -> None:
    if header.format != FORMAT:
        raise Refused(
            f"The bundle has format {header.format}; this agent knows {FORMAT}. Bring both halves to the same version."
        )
    unknown = sorted(set(header.tables) - known_nouns())
    if unknown:
        raise Refused(f"This agent does not know the noun {unknown[0][:40]!r}. Bring both halves to the same version.")
    for noun, offer in header.tables.items():
        if not 0 < offer.count <= MOST_ROWS:
            raise InvalidValue.of(f"The bundle has {offer.count} rows of {noun}.", f"1 to {MOST_ROWS} are taken.")


def _bounded(rows: Iterable[SentRow], most: int, noun: str) -> Iterator[SentRow]:
    for number, row in enumerate(rows):
        if number >= most:
            raise NodeFailed(f"The bundle brought more rows of {noun} than the {most} announced or allowed.")
        yield row


def _only_present(rows: Iterable[SentRow], noun: str) -> Iterator[SentRow]:
    for row in rows:
        if row.fields is None:
            raise NodeFailed(f"The bundle takes away the {noun} {row.key[:40]!r} where all rows belong.")
        yield row


def _told(rows: Iterable[SentRow], noun: str, total: int, talk: Asking) -> Iterator[SentRow]:
    for number, row in enumerate(rows, 1):
        if number % _TELL_EVERY == 0:
            talk.progress(f"receiving {noun}", number, total)
        yield row


def _batches(need: Need, size: int = 10_000) -> Iterator[Need]:
    """Cut a need so that its frame stays within the bound."""
    chunks, secrets = iter(need.chunks), iter(need.secrets)
    while batch := Need(
        chunks=tuple(itertools.islice(chunks, size)),
        secrets=tuple(itertools.islice(secrets, size)),
    ):
        yield batch


def _skew(what: str) -> Refused:
    return Refused(
        f"The digest of {what} is not the one that the bundle promised. Nothing was changed. Bring both halves to the "
        "same version and check the candidate again."
    )
