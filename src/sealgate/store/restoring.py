"""Back to an earlier state, in the draft: one object, one revision, or no pending change at all.

Revisions themselves never change. What is restored is a new edit like any other, with its own version and author.
"""

from __future__ import annotations

from array import array
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, func, insert, literal, null, or_, select, update

from sealgate.model.digest import TableSum
from sealgate.model.errors import NotFound
from sealgate.model.next_steps import Act, Step
from sealgate.store import schema
from sealgate.store.changes import came, come, compare, gone, went
from sealgate.store.draft import Put, demand, end, standing, write
from sealgate.store.records import ANY
from sealgate.store.revisions import totals_of
from sealgate.store.views import CONTENT, stored, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealgate.store.records import Base, Stored
    from sealgate.store.schema import AnyRow
    from sealgate.store.transaction import Transaction

_object = schema.object_.c
_CHUNK = 2000


def edit_of(tx: Transaction, revision: int) -> int:
    """Return the number of a revision's last edit."""
    edit = tx.edit_of(revision)
    if edit is None:
        raise NotFound(f"There is no revision {revision}.").then(Step(Act.HISTORY))
    return edit


def restore(tx: Transaction, revision: int) -> int:
    """Bring into the draft what differs between a revision and the newest; other pending changes stay.

    Returns how many objects of the draft changed.
    """
    target, newest = edit_of(tx, revision), edit_of(tx, tx.head.revision)
    back, away = array("q"), array("q")
    for change in compare(tx.connection, newest, target):
        if change.new is not None:
            back.append(change.new.version)
        elif change.old is not None:
            away.append(change.old.version)
    changed = 0
    for noun, rows in _by_noun(tx, back):
        known = standing(tx, noun, [row.key for row in rows])
        changed += write(tx, noun, [exactly(stored(row)) for row in rows], known)
    for noun, rows in _by_noun(tx, away):
        there = list(standing(tx, noun, [row.key for row in rows]).values())
        end(tx, noun, there)
        changed += len(there)
    if changed:
        tx.forget_positions()
        tx.audit("restore", f"revision {revision}", {"objects": changed})
    return changed


def restore_object(tx: Transaction, noun: str, key: str, revision: int, base: Base) -> int | None:
    """Make an object in the draft what it was in a revision; return its version, None if it was not there."""
    before = tx.head.edit
    current = _to(tx, noun, key, edit_of(tx, revision), base)
    if tx.head.edit != before:
        tx.audit("restore", f"{noun} {key}", {"revision": revision, "version": current})
    return current


def discard(tx: Transaction, noun: str, key: str, base: Base = ANY) -> bool:
    """Take back what is pending for one object; return whether there was anything."""
    before = tx.head.edit
    current = _to(tx, noun, key, edit_of(tx, tx.head.revision), base)
    if tx.head.edit != before:
        tx.audit("discard", f"{noun} {key}", {"version": current})
    return tx.head.edit != before


def discard_all(tx: Transaction) -> bool:
    """Take back all that is pending; return whether there was anything."""
    base, last = edit_of(tx, tx.head.revision), tx.head.edit
    back = _count(tx, gone(base, last))
    if not back and not _count(tx, come(base, last)):
        return False
    number = tx.next_edit(back + 1)
    table = schema.object_
    tx.connection.execute(update(table).where(*came(base, last)).values(until=number))
    copied = [column for column in table.c if column.name not in {"since", "until"}]
    again = select(literal(number, BigInteger) + func.row_number().over(), null(), *copied).where(*went(base, last))
    tx.connection.execute(insert(table).from_select(["since", "until", *(column.name for column in copied)], again))
    was = totals_of(tx, tx.head.revision)
    for noun in tx.draft_totals():
        tx.set_total(noun, was.get(noun, TableSum()))
    tx.forget_positions()
    tx.audit("discard", "all", {"objects": "all that were pending"})
    return True


def exactly(row: Stored) -> Put:
    """Return the order to make an object exactly this."""
    return Put(row.key, row.fields, row.tag, row.comment, row.enabled, row.position)


def _to(tx: Transaction, noun: str, key: str, edit: int, base: Base) -> int | None:
    """Make an object what it was after an edit; return its version, None if it was not there."""
    found = standing(tx, noun, [key])
    demand(noun, key, stored(found[key]) if key in found else None, base)
    query = select(*CONTENT).where(or_(*visible(edit)), _object.noun == noun, _object.key == key)
    was = tx.connection.execute(query).first()
    tx.forget_positions()
    if was is None:
        end(tx, noun, list(found.values()))
        return None
    write(tx, noun, [exactly(stored(was))], found)
    return int(standing(tx, noun, [key])[key].since)


def _by_noun(tx: Transaction, numbers: Sequence[int]) -> Iterator[tuple[str, list[AnyRow]]]:
    """Give rows by their numbers, in chunks of one noun each."""
    for start in range(0, len(numbers), _CHUNK):
        query = select(*CONTENT).where(_object.since.in_(numbers[start : start + _CHUNK])).order_by(_object.noun)
        rows = tx.connection.execute(query).all()
        for noun, group in groupby(rows, key=lambda row: row.noun):
            yield noun, list(group)


def _count(tx: Transaction, query: Any) -> int:
    return int(tx.connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())
