"""Revisions: a candidate gets a number, an author and a comment, and never changes again.

Making one writes a line and the sums of its tables; no object is touched, however many changed. What was edited and
edited over before it, and so is in no revision, is swept away; except where that tells who removed an object.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, insert, not_, or_, select, update

from sealgate.model.digest import TableSum, canonical_text, state_digest
from sealgate.model.errors import Conflict, NotFound, Refused
from sealgate.model.next_steps import Act, Step
from sealgate.store import schema
from sealgate.store.changes import totals_at
from sealgate.store.records import Candidate, Revision
from sealgate.store.views import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgate.store.schema import AnyRow
    from sealgate.store.transaction import Snapshot, Transaction

_table = schema.revision
_PAGE = 200
_LINE = tuple(column for column in _table.c if column.name != "report")


def check_candidate(snapshot: Snapshot, candidate: Candidate) -> None:
    """Raise `Conflict` if a revision was made since the candidate was taken."""
    if candidate.parent != snapshot.head.revision:
        raise Conflict(
            f"Revision {snapshot.head.revision} was made meanwhile, and this candidate stands on revision "
            f"{candidate.parent}. Nothing was changed. Look at the draft again and apply it anew."
        )


def promote(tx: Transaction, candidate: Candidate, comment: str, report: Mapping[str, Any], state: str) -> int:
    """Make a candidate the next revision; return its number. Edits made since it was taken stay pending."""
    check_candidate(tx, candidate)
    totals = totals_at(tx, candidate.limit)
    if state_digest(totals) != candidate.digest:
        raise Refused(
            "The draft is not what was judged: its digest differs. Nothing was changed. Judge it again and apply then."
        )
    number, before = tx.head.revision + 1, tx.edit_of(tx.head.revision) or 0
    tx.connection.execute(
        insert(_table).values(
            number=number,
            parent=candidate.parent,
            edit=candidate.limit,
            digest=candidate.digest,
            actor=tx.actor,
            origin=tx.origin,
            at=tx.at.isoformat(),
            comment=comment,
            report=canonical_text(report),
            state=state,
            detail="",
        )
    )
    _keep_totals(tx, number, totals)
    _sweep(tx, before, candidate.limit)
    tx.head.revision = tx.head.in_force = number
    tx.audit("revision", f"revision {number}", {"digest": candidate.digest, "comment": comment})
    return number


def set_state(tx: Transaction, number: int, state: str, detail: str) -> None:
    """Note what became of a revision."""
    change = update(_table).where(_table.c.number == number).values(state=state, detail=detail)
    if not tx.connection.execute(change).rowcount:
        raise _unknown(number)
    tx.audit("revision-state", f"revision {number}", {"state": state, "detail": detail})


def set_in_force(tx: Transaction, number: int) -> None:
    """Note which revision the nodes run."""
    if tx.edit_of(number) is None:
        raise _unknown(number)
    if tx.head.in_force != number:
        tx.head.in_force = number
        tx.audit("in-force", f"revision {number}", {})


def history(snapshot: Snapshot, before: int | None, limit: int | None) -> Iterator[Revision]:
    """Give the revisions, newest first; those before a number, at most `limit`."""
    given = 0
    while limit is None or given < limit:
        query = select(*_LINE).order_by(_table.c.number.desc()).limit(min(_PAGE, (limit or _PAGE) - given or _PAGE))
        rows = snapshot.connection.execute(query if before is None else query.where(_table.c.number < before)).all()
        yield from map(_revision, rows)
        if not rows:
            return
        given, before = given + len(rows), rows[-1].number


def about(snapshot: Snapshot, number: int) -> Revision:
    """Return one revision's line."""
    row = snapshot.connection.execute(select(*_LINE).where(_table.c.number == number)).first()
    if row is None:
        raise _unknown(number)
    return _revision(row)


def report_of(snapshot: Snapshot, number: int) -> dict[str, Any]:
    """Return the report that a revision was made with."""
    text = snapshot.connection.execute(select(_table.c.report).where(_table.c.number == number)).scalar()
    if text is None:
        raise _unknown(number)
    return dict(json.loads(text))


def totals_of(snapshot: Snapshot, number: int) -> dict[str, TableSum]:
    """Return sum and number of rows of each noun in a revision."""
    table = schema.revision_total.c
    rows = snapshot.connection.execute(select(table.noun, table.sum).where(table.revision == number))
    return {noun: TableSum.from_bytes(data) for noun, data in rows}


def _keep_totals(tx: Transaction, number: int, totals: Mapping[str, TableSum]) -> None:
    lines = [
        {"revision": number, "noun": noun, "sum": total.to_bytes()} for noun, total in totals.items() if total.count
    ]
    if lines:
        tx.connection.execute(insert(schema.revision_total), lines)


def _sweep(tx: Transaction, before: int, limit: int) -> None:
    """Delete the rows that began and ended between two revisions.

    A row that ended in a removal, and was itself an edit of another, stays: it alone knows who removed the object.
    """
    table = schema.object_
    old, new = table.alias("old"), table.alias("new")
    replaced = exists().where(new.c.since == table.c.until)
    edited = exists().where(
        old.c.until.is_not(None), old.c.noun == table.c.noun, old.c.key == table.c.key, old.c.until == table.c.since
    )
    tx.connection.execute(
        delete(table).where(
            ENDED, table.c.until > before, table.c.until <= limit, table.c.since > before, or_(replaced, not_(edited))
        )
    )


def _revision(row: AnyRow) -> Revision:
    values = row._asdict()
    return Revision(**(values | {"at": datetime.fromisoformat(values["at"])}))


def _unknown(number: int) -> NotFound:
    return NotFound(f"There is no revision {number}.").then(Step(Act.HISTORY))
