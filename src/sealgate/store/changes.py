"""What differs between two states, and how one object came to be what it is.

Two states are told apart by the rows that began or ended between the numbers of their last edits: the cost is that of
the edits between them, whatever the size of the lists. Objects that were changed and changed back are no difference.
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, tuple_

from sealgate.model.digest import TableSum, encoded_row_digest
from sealgate.store import schema
from sealgate.store.records import Change, PendingChange, Stored, Summary, Version
from sealgate.store.views import CONTENT, ENDED, STANDING, stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import ColumnElement, Connection, Select, TextClause

    from sealgate.store.schema import AnyRow
    from sealgate.store.transaction import Snapshot

_object = schema.object_.c
_BATCH = 1000

Place = tuple[str, str]
"""Noun and key of an object: where a part of a list of changes ends, and the next one goes on."""


def compare(connection: Connection, a: int, b: int) -> Iterator[Change]:
    """Give the changes that make the state after edit `b` out of the state after edit `a`, by noun, then key."""
    if a > b:
        for change in compare(connection, b, a):
            yield Change(change.noun, change.key, change.new, change.old)
        return
    left = map(stored, _stream(connection, gone(a, b).order_by(_object.noun, _object.key)))
    right = map(stored, _stream(connection, come(a, b).order_by(_object.noun, _object.key)))
    for old, new in _side_by_side(left, right):
        row = new or old
        if row is not None and (old is None or not old.says_the_same(new)):
            yield Change(row.noun, row.key, old, new)


def part(connection: Connection, a: int, b: int, most: int, after: Place = ("", "")) -> list[Change]:
    """Return at most `most` of what `compare` gives, those behind an object that it told before.

    Of each side no more is read than a part has; a part that is cut short by rows that say the same goes on.
    """
    if a > b:
        return [Change(found.noun, found.key, found.new, found.old) for found in part(connection, b, a, most, after)]
    found: list[Change] = []
    place: Place | None = after
    while place is not None and len(found) < most:
        sides = [_behind(connection, query, place, most) for query in (gone(a, b), come(a, b))]
        # Behind the end of a side that was cut nothing is known of it, so the other side is not told there either.
        place = min((side[-1][:2] for side in sides if len(side) == most), default=None)
        for old, new in _side_by_side(*map(iter, sides)):
            row = new or old
            if row is None or (place is not None and row[:2] > place):
                break
            if old is None or not old.says_the_same(new):
                found.append(Change(row.noun, row.key, old, new))
    return found[:most]


def _behind(connection: Connection, query: Select[Any], place: Place, most: int) -> list[Stored]:
    order = (_object.noun, _object.key)
    query = query.where(tuple_(*order) > tuple_(*place)).order_by(*order).limit(most)
    return [stored(row) for row in connection.execute(query)]


def gone(a: int, b: int) -> Select[Any]:
    """Select the rows that are in the state after edit `a`, but no longer after the later edit `b`."""
    return select(*CONTENT).where(*went(a, b))


def come(a: int, b: int) -> Select[Any]:
    """Select the rows that are in the state after edit `b`, but were not after the earlier edit `a`."""
    return select(*CONTENT).where(*came(a, b))


def went(a: int, b: int) -> list[ColumnElement[bool] | TextClause]:
    """Return the conditions of `gone`; both ends of the range are there so that it is looked up by the range."""
    return [ENDED, _object.until > a, _object.until <= b, _object.since <= a]


def came(a: int, b: int) -> list[ColumnElement[bool] | TextClause]:
    """Return the conditions of `come`."""
    return [_object.since > a, _object.since <= b, or_(_object.until.is_(None), _object.until > b)]


def pending(connection: Connection, base: int, last: int) -> Iterator[PendingChange]:
    """Give what the draft changes since edit `base`, with the author and time of the last change of each object."""
    yield from _signed(connection, compare(connection, base, last))


def pending_part(connection: Connection, base: int, last: int, most: int, after: Place) -> Iterator[PendingChange]:
    """Give at most `most` of what `pending` gives, those behind an object that it told before."""
    yield from _signed(connection, part(connection, base, last, most, after))


def _signed(connection: Connection, changes: Iterable[Change]) -> Iterator[PendingChange]:
    """Give changes with the author and time of the last edit of each object."""
    who = _Authors(connection)
    for change in changes:
        edit = change.new.version if change.new else _end_of(connection, change)
        yield PendingChange(*change, *who.of(edit))


def summary(connection: Connection, base: int, last: int, most: int) -> Summary:
    """Return how much changed since edit `base`; after more than `most` edits rows are counted, not compared."""
    if last - base > most:
        counts = [
            connection.execute(select(func.count()).select_from(schema.object_).where(*conditions)).scalar_one()
            for conditions in (came(base, last), went(base, last))
        ]
        table = schema.edit.c
        names = connection.execute(select(table.actor).where(table.first > base).distinct().order_by(table.actor))
        return Summary(max(counts), exact=False, actors=tuple((name, 0) for name in names.scalars()))
    found = Counter(change.actor for change in pending(connection, base, last))
    return Summary(found.total(), exact=True, actors=tuple(found.most_common()))


def editors(connection: Connection, after: int) -> list[str]:
    """Return who made edits after edit `after`, each once, by name."""
    table = schema.edit.c
    names = connection.execute(select(table.actor).where(table.first > after).distinct().order_by(table.actor))
    return list(names.scalars())


def ended(connection: Connection, noun: str, first: int, last: int) -> Iterator[Stored]:
    """Give the objects of a noun as they were when the edits `first` to `last` ended them."""
    query = select(*CONTENT).where(ENDED, _object.until >= first, _object.until <= last, _object.noun == noun)
    yield from map(stored, _stream(connection, query.order_by(_object.until, _object.key)))


def totals_at(snapshot: Snapshot, at: int) -> dict[str, TableSum]:
    """Return sums and counts of the state after edit `at`: those of the draft with the later edits taken back."""
    totals = snapshot.draft_totals()
    last = snapshot.head.edit
    for query, sign in ((come(at, last), -1), (gone(at, last), 1)):
        for noun, key, fields, comment, enabled, position, _tag, _since in _stream(snapshot.connection, query):
            digest = encoded_row_digest(noun, key, fields, comment=comment, enabled=bool(enabled), position=position)
            totals[noun] = totals.get(noun, TableSum()).shift(sign * digest, sign)
    return totals


def history(connection: Connection, noun: str, key: str) -> Iterator[Version]:
    """Give the steps of one object, oldest first: those that came with a revision, and those that are pending."""
    who = _Authors(connection)
    lives = _lives(connection, noun, key)
    turns = {edit for row, until in lives for edit in (row.version, until) if edit is not None}
    before: Stored | None = None
    for revision, last in sorted({_revision_of(connection, edit) for edit in turns}, key=lambda point: point[1]):
        there = [row for row, until in lives if row.version <= last and (until is None or until > last)]
        now = there[0] if there else None
        if before is not None and before.says_the_same(now):
            continue
        if now is not None:
            yield Version(now, *who.of(now.version), revision)
        elif before is not None:
            ended = max(until for _row, until in lives if until is not None and until <= last)
            yield Version(None, *who.of(ended), revision)
        before = now


def _lives(connection: Connection, noun: str, key: str) -> list[tuple[Stored, int | None]]:
    """Return every row that an object ever had, oldest first, with the edit that ended it."""
    query = select(*CONTENT, _object.until).where(_object.noun == noun, _object.key == key)
    rows = [
        (stored(row[:-1]), row.until)
        for condition in (STANDING, ENDED)
        for row in connection.execute(query.where(condition))
    ]
    return sorted(rows, key=lambda pair: pair[0].version)


def _side_by_side(left: Iterator[Stored], right: Iterator[Stored]) -> Iterator[tuple[Stored | None, Stored | None]]:
    """Pair two streams sorted by noun and key."""
    old, new = next(left, None), next(right, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old[:2] < new[:2]):
            yield old, None
            old = next(left, None)
        elif old is None or new[:2] < old[:2]:
            yield None, new
            new = next(right, None)
        else:
            yield old, new
            old, new = next(left, None), next(right, None)


def _stream(connection: Connection, query: Select[Any]) -> Iterator[AnyRow]:
    """Give the rows of a result of any size without holding them all."""
    with connection.execute(query, execution_options={"yield_per": _BATCH}) as result:
        yield from result


def _end_of(connection: Connection, change: Change) -> int:
    """Return the number of the edit that removed an object."""
    query = (
        select(_object.until)
        .where(ENDED, _object.noun == change.noun, _object.key == change.key)
        .order_by(_object.until.desc())
        .limit(1)
    )
    return int(connection.execute(query).scalar_one())


def _revision_of(connection: Connection, edit: int) -> tuple[int | None, float]:
    """Return the first revision made after an edit and its last edit; no number and no end for the draft."""
    table = schema.revision.c
    query = select(table.number, table.edit).where(table.edit >= edit).order_by(table.edit, table.number).limit(1)
    row = connection.execute(query).first()
    return (None, math.inf) if row is None else (row.number, row.edit)


class _Authors:
    """Who made an edit, and when. Remembers the last answer: neighbours were often made together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._range: tuple[int, int | None] = (0, 0)
        self._answer = ("", datetime.now(UTC))

    def of(self, edit: int) -> tuple[str, datetime]:
        first, end = self._range
        if edit < first or (end is not None and edit >= end):
            self._look_up(edit)
        return self._answer

    def _look_up(self, edit: int) -> None:
        table = schema.edit.c
        row = self._connection.execute(
            select(table.first, table.actor, table.at).where(table.first <= edit).order_by(table.first.desc()).limit(1)
        ).one()
        end = self._connection.execute(
            select(table.first).where(table.first > edit).order_by(table.first).limit(1)
        ).scalar()
        self._range = (row.first, end)
        self._answer = (row.actor, datetime.fromisoformat(row.at))
