"""A revision that does not come from the draft: what is in force, with one row changed; the draft stays on top of it.

Edits are numbered in one sequence and a revision is the number of its last edit (decision 0040). So the edits of such a
revision have to stand before those that are pending: these are numbered anew, further on, and keep who made them and
when. What was pending stays pending, with the same content; what has the content of the row in force follows to the new
one, so that nothing looks pending there.

Where the newest revision is not the one in force, what it had is pending afterwards, in the name of its author: the new
revision stands on what runs, not on what somebody has just gone back from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, literal, select, update

from sealgate.model.digest import canonical_text, row_digest, state_digest
from sealgate.model.errors import Conflict, NotFound
from sealgate.store import revisions, schema
from sealgate.store.changes import compare, totals_at
from sealgate.store.draft import Put, standing, write
from sealgate.store.records import Candidate, Stored
from sealgate.store.restoring import edit_of
from sealgate.store.views import CONTENT, stored, visible, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.store.transaction import Transaction

_object, _edit = schema.object_, schema.edit
_COPIED = [column.name for column in _object.c if column.name not in {"since", "until"}]


@dataclass(frozen=True, slots=True)
class _Step:
    """One object that the new revision has otherwise than the newest: as it is there, and as it shall be.

    `until` is the edit that ended it there. `follows`: the draft has what is in force, and gets what is wanted.
    """

    there: Stored | None
    wanted: Stored | None
    until: int | None
    follows: bool = False


def promote_on_live(
    tx: Transaction, changed: Stored, digest: str, comment: str, report: Mapping[str, Any], *, state: str
) -> int:
    """Make what is in force, with one row `changed`, the next revision; return its number.

    `digest` is that of the state that was judged: Conflict if what is in force is another one by now. Nothing else may
    have been edited in this transaction.
    """
    if tx.head.edit != tx.first_edit:
        raise RuntimeError("a revision on what is in force is made in a transaction of its own")
    newest = tx.head.revision
    base, live = edit_of(tx, newest), edit_of(tx, tx.head.in_force)
    before = _row_at(tx, changed.noun, changed.key, live)
    if before is None:
        raise NotFound(f"The {changed.noun} {changed.key!r} is not in force any more. Nothing was changed.")
    steps = _steps(tx, base, live, before, changed)
    room = 2 * len(steps)
    _make_room(tx, base, room)
    if not all(step.follows for step in steps):
        newest_line = revisions.about(tx, newest)
        _sign(tx, base + len(steps) + 1, newest_line.actor, newest_line.origin, newest_line.at.isoformat())
    for number, step in enumerate(steps):
        _insert(tx, step, base + 1 + number, base + len(steps) + 1 + number, room)
    candidate = Candidate(newest, base + len(steps), digest)
    if state_digest(totals_at(tx, candidate.limit)) != digest:
        raise Conflict("What is in force is not what was judged any more. Nothing was changed.")
    number = revisions.promote(tx, candidate, comment, report, state)
    _follow(tx, before, changed)
    return number


def _steps(tx: Transaction, base: int, live: int, before: Stored, changed: Stored) -> list[_Step]:
    """Return what makes the new revision out of the newest, the changed row last."""
    other = [c for c in compare(tx.connection, base, live) if (c.noun, c.key) != (changed.noun, changed.key)]
    steps = [_Step(change.old, change.new, _until(tx, change.old)) for change in other]
    there = _row_at(tx, changed.noun, changed.key, base)
    if there is None or not there.says_the_same(changed):
        until = _until(tx, there)
        follows = until is None and there is not None and there.says_the_same(before)
        steps.append(_Step(there, changed, until, follows))
    return steps


def _until(tx: Transaction, row: Stored | None) -> int | None:
    if row is None:
        return None
    query = select(_object.c.until).where(_object.c.since == row.version)
    until = tx.connection.execute(query).scalar_one()
    return None if until is None else int(until)


def _make_room(tx: Transaction, base: int, room: int) -> None:
    """Give all edits after `base` new numbers, `room` further on, and sign the numbers that become free."""
    if not room:
        return
    connection = tx.connection
    connection.execute(update(_object).where(_object.c.until > base).values(until=_object.c.until + room))
    # Keys must differ after each row, so they are set aside first.
    for table, column in ((_object, _object.c.since), (_edit, _edit.c.first)):
        connection.execute(update(table).where(column > base).values({column.name: -column}))
        connection.execute(update(table).where(column < 0).values({column.name: room - column}))
    pending = tx.head.edit > base
    tx.head.edit += room
    tx.first_edit = tx.shown = tx.head.edit
    if pending and connection.execute(select(_edit.c.first).where(_edit.c.first == base + room + 1)).first() is None:
        _sign_again(tx, base, base + room + 1)
    _sign(tx, base + 1, tx.actor, tx.origin, tx.at.isoformat())


def _sign(tx: Transaction, first: int, actor: str, origin: str, at: str) -> None:
    """Note whose the edits are that begin with number `first`."""
    tx.connection.execute(insert(_edit).values(first=first, actor=actor, origin=origin, at=at))


def _sign_again(tx: Transaction, base: int, first: int) -> None:
    """Sign the pending edits of a transaction that had made the newest revision in its middle."""
    query = select(literal(first), _edit.c.actor, _edit.c.origin, _edit.c.at).where(_edit.c.first <= base)
    query = query.order_by(_edit.c.first.desc()).limit(1)
    tx.connection.execute(insert(_edit).from_select(["first", "actor", "origin", "at"], query))


def _insert(tx: Transaction, step: _Step, begins: int, ends: int, room: int) -> None:
    """Put one object between: as wanted from edit `begins` on, and from edit `ends` on as it was there."""
    there, wanted = step.there, step.wanted
    if there is not None:
        tx.connection.execute(update(_object).where(_object.c.since == there.version).values(until=begins))
    if wanted is not None:
        _write(tx, wanted, begins, None if step.follows else ends)
    if step.follows and there is not None and wanted is not None:
        tx.shift_total(wanted.noun, _digest(wanted) - _digest(there), 0)
    elif there is not None:
        _copy(tx, there.version, ends, None if step.until is None else step.until + room)


def _follow(tx: Transaction, before: Stored, after: Stored) -> None:
    """Let the draft's row follow, where it has the content that was in force."""
    found = standing(tx, before.noun, [before.key])
    if before.key in found and stored(found[before.key]).says_the_same(before):
        put = Put(after.key, after.fields, after.tag, after.comment, after.enabled, after.position)
        write(tx, after.noun, [put], found)


def _row_at(tx: Transaction, noun: str, key: str, edit: int) -> Stored | None:
    for condition in visible(edit):
        query = select(*CONTENT).where(condition, _object.c.noun == noun, _object.c.key == key)
        row = tx.connection.execute(query).first()
        if row is not None:
            return stored(row)
    return None


def _write(tx: Transaction, row: Stored, since: int, until: int | None) -> None:
    values = row._asdict() | {"fields": canonical_text(row.fields), "since": since, "until": until}
    del values["version"]
    tx.connection.execute(insert(_object).values(**values, words=words(row.key, row.fields, row.comment)))


def _copy(tx: Transaction, version: int, since: int, until: int | None) -> None:
    copied = [_object.c[name] for name in _COPIED]
    row = select(literal(since), literal(until), *copied).where(_object.c.since == version)
    tx.connection.execute(insert(_object).from_select(["since", "until", *_COPIED], row))


def _digest(row: Stored) -> int:
    return row_digest(row.noun, row.key, row.fields, comment=row.comment, enabled=row.enabled, position=row.position)
