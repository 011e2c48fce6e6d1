"""States of the gateway to look at: the draft, a revision, a candidate. All through one class.

A view reads what it is asked for and no more: a page of a list costs a page, a count and a sum nothing but a look.
Rows come by position, then key. Search is for a piece of text, in any case, in keys, values and comments.
"""

from __future__ import annotations

import json
import re
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, func, select, text, tuple_

from sealgate.model.digest import TableSum, row_digest, state_digest
from sealgate.model.errors import InvalidValue, NotFound
from sealgate.store import content, schema
from sealgate.store.records import Candidate, Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Select

    from sealgate.store.schema import AnyRow
    from sealgate.store.transaction import Snapshot

_PAGE = 2000
_object = schema.object_.c
CONTENT = (
    _object.noun,
    _object.key,
    _object.fields,
    _object.comment,
    _object.enabled,
    _object.position,
    _object.tag,
    _object.since,
)
"""The columns of an object's content, in the order of `Stored`."""

# Spelled out, not bound: a database uses a partial index only if it can see the condition.
STANDING = text("until IS NULL")
ENDED = text("until IS NOT NULL")
PLACED = text("position <> 0")
_TAGGED = text("tag IS NOT NULL")
_DIGEST_LENGTH = 64
_DIGEST = re.compile(r"[0-9a-f]{64}")


def stored(row: Sequence[Any]) -> Stored:
    """Make the value from a row of `CONTENT`."""
    noun, key, fields, comment, enabled, position, tag, since = row
    return Stored(noun, key, json.loads(fields), comment, bool(enabled), position, tag, since)


def words(key: str, fields: Mapping[str, Any], comment: str) -> str:
    """Return the text that a search looks at: key, values and comment without case. Digests are no words."""
    found = [key, comment]
    values = list(fields.values())
    for value in values:
        kind = type(value)
        if kind is str:
            if value and (len(value) != _DIGEST_LENGTH or not _DIGEST.fullmatch(value)):
                found.append(value)
        elif kind is int:
            found.append(str(value))
        elif kind is dict:
            values += value.values()
        elif kind in {list, tuple}:
            values += value
    return "\n".join(found).casefold().replace("\0", "")


def _digest(row: Stored) -> int:
    return row_digest(row.noun, row.key, row.fields, comment=row.comment, enabled=row.enabled, position=row.position)


def visible(at: int | None) -> list[Any]:
    """Return conditions that together, each row meeting one of them, select the state after edit `at` (None: now)."""
    if at is None:
        return [STANDING]
    return [and_(STANDING, _object.since <= at), and_(ENDED, _object.until > at, _object.since <= at)]


class _Wanted(NamedTuple):
    """Which rows: those with a piece of text, a tag, or switched so."""

    search: str | None
    tag: str | None
    enabled: bool | None


class View:
    """One state. `at` is the number of its last edit (None: the draft, as this transaction sees it)."""

    def __init__(
        self,
        snapshot: Snapshot,
        at: int | None,
        totals: Callable[[], dict[str, TableSum]],
        candidate: tuple[int, int] | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._totals = totals
        self._candidate = candidate
        self.at = at

    @property
    def candidate(self) -> Candidate:
        """The name of the candidate that this view shows; `Writer.promote` takes it."""
        if self._candidate is None:
            raise TypeError("only Reader.candidate() gives a view of a candidate")
        return Candidate(*self._candidate, self.digest())

    def rows(
        self,
        noun: str,
        after: str | None = None,
        limit: int | None = None,
        search: str | None = None,
        tag: str | None = None,
        *,
        enabled: bool | None = None,
    ) -> Iterator[Stored]:
        """Give rows by position, then key, from behind the row that `cursor` named; all, or at most `limit`."""
        wanted = _Wanted(search, tag, enabled)
        rows = self._pages(noun, self._place(noun, after), limit, wanted)
        return rows if limit is None else islice(rows, limit)

    def cursor(self, row: Stored) -> str:
        """Return what to give as `after` to go on behind this row; a key where the list is unordered."""
        return f"{row.position}:{row.key}" if row.noun in self._snapshot.ordered else row.key

    def row(self, noun: str, key: str) -> Stored | None:
        """Return one object."""
        return self.named(noun, [key]).get(key)

    def named(self, noun: str, keys: Iterable[str]) -> dict[str, Stored]:
        """Return those objects of a noun that exist, by key."""
        found: dict[str, Stored] = {}
        # PostgreSQL takes no NUL in a text, and no key has one.
        remaining = (key for key in keys if "\0" not in key)
        while page := list(islice(remaining, _PAGE)):
            for condition in visible(self.at):
                query = select(*CONTENT).where(condition, _object.noun == noun, _object.key.in_(page))
                found.update((row.key, stored(row)) for row in self._snapshot.connection.execute(query))
        return found

    def count(self, noun: str, search: str | None = None) -> int:
        """Return the number of rows; without a search that is known beforehand."""
        if not search:
            return self.sums().get(noun, TableSum()).count
        return sum(
            self._snapshot.connection.execute(
                select(func.count())
                .select_from(schema.object_)
                .where(condition, _object.noun == noun, self._contains(search))
            ).scalar_one()
            for condition in visible(self.at)
        )

    def tags(self, noun: str) -> Iterator[str]:
        """Give the distinct tags of the enabled rows of a noun, sorted."""
        ended = iter(self._ended_tags(noun))
        standing = self._standing_tags(noun)
        last = ""
        for tag in merge(standing, ended):
            if tag != last:
                yield tag
            last = tag

    def content(self, digest: str) -> bytes:
        """Return one chunk of a look-up table's text."""
        return content.get(self._snapshot.connection, digest)

    def chunks(self, digests: Iterable[str]) -> Iterator[bytes]:
        """Give the chunks of a look-up table's text."""
        return map(self.content, digests)

    def sums(self) -> dict[str, TableSum]:
        """Return sum and number of rows of each noun that has, or had, rows."""
        return self._totals()

    def sums_with(self, changed: Stored) -> dict[str, TableSum]:
        """Return the sums as they would be with one row of this state changed; NotFound if it is not there."""
        old = self.row(changed.noun, changed.key)
        if old is None:
            raise NotFound(f"There is no {changed.noun} {changed.key!r}. Nothing was changed.")
        shift = _digest(changed) - _digest(old)
        sums = dict(self.sums())
        return sums | {changed.noun: sums[changed.noun].shift(shift, 0)}

    def digest(self) -> str:
        """Return the digest of the whole state."""
        return state_digest(self.sums())

    def _place(self, noun: str, after: str | None) -> tuple[int, str] | None:
        if after is None:
            return None
        if noun not in self._snapshot.ordered:
            return (0, after)
        position, colon, key = after.partition(":")
        if not colon or not position.isascii() or not position.isdecimal():
            raise InvalidValue.of(f"{after[:60]!r} is no place in the list.", "Start the list from its beginning.")
        return (int(position), key)

    def _pages(self, noun: str, after: tuple[int, str] | None, limit: int | None, wanted: _Wanted) -> Iterator[Stored]:
        size = min(limit or _PAGE, _PAGE)
        while True:
            page = self._page(noun, after, size, wanted)
            yield from map(stored, page)
            if len(page) < size:
                return
            after = (page[-1].position, page[-1].key)

    def _page(self, noun: str, after: tuple[int, str] | None, size: int, wanted: _Wanted) -> Sequence[AnyRow]:
        found: list[AnyRow] = []
        for condition in visible(self.at):
            query = self._after(select(*CONTENT).where(condition, _object.noun == noun), noun, after)
            if wanted.search:
                query = query.where(self._contains(wanted.search))
            if wanted.tag is not None:
                query = query.where(_object.tag == wanted.tag)
            if wanted.enabled is not None:
                query = query.where(_object.enabled == wanted.enabled)
            found += self._snapshot.connection.execute(query.limit(size))
        return sorted(found, key=lambda row: (row.position, row.key))[:size]

    def _after(self, query: Select[Any], noun: str, after: tuple[int, str] | None) -> Select[Any]:
        if noun in self._snapshot.ordered:
            query = query.where(PLACED).order_by(_object.position, _object.key)
            return query if after is None else query.where(tuple_(_object.position, _object.key) > after)
        query = query.order_by(_object.key)
        return query if after is None else query.where(_object.key > after[1])

    def _contains(self, search: str) -> ColumnElement[bool]:
        position_of = func.instr if self._snapshot.connection.dialect.name == "sqlite" else func.strpos
        return position_of(_object.words, search.casefold().replace("\0", "")) > 0

    def _standing_tags(self, noun: str) -> Iterator[str]:
        """Give the tags of rows that stand, by one look into the index for each."""
        condition = visible(self.at)[0]
        tag: str | None = ""
        while True:
            query = (
                select(_object.tag)
                .where(condition, _object.noun == noun, _object.tag > tag, _object.enabled)
                .order_by(_object.tag)
                .limit(1)
            )
            tag = self._snapshot.connection.execute(query).scalar()
            if tag is None:
                return
            yield tag

    def _ended_tags(self, noun: str) -> list[str]:
        """Return the tags of rows that ended since; there are as many as edits since."""
        tags: set[str] = set()
        for condition in visible(self.at)[1:]:
            query = select(_object.tag).where(condition, _object.noun == noun, _TAGGED, _object.enabled)
            tags.update(self._snapshot.connection.execute(query.distinct()).scalars())
        return sorted(tags)
