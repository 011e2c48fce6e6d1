"""Long work as the store keeps it: who started what, how far it is, how it ended, and until when its lease runs.

The process that does a piece of work renews its lease while it lives. A lease that ran out before the end says that the
process is gone: such work is `interrupted` for whoever looks, never running for ever. Only the newest are kept.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, or_, select, update

from sealgate.store import passing_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from sealgate.store.schema import AnyRow
    from sealgate.store.transaction import Transaction

KEPT_DAYS = 7
KEPT = 1000
_table = passing_tables.work


class WorkState(StrEnum):
    """How a piece of work stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work. `owner` is whose it is (an account's id, or a login's name), `actor` the name in the audit.

    `steps` are numbered from 1: `(number, text, done, total)`. `outcome` is JSON: what came of it, or what went wrong.
    """

    id: str
    kind: str
    owner: str
    actor: str
    detail: str
    state: WorkState
    steps: tuple[tuple[int, str, int, int], ...]
    outcome: dict[str, Any]
    at: dt.datetime
    ended: dt.datetime | None


def begin(tx: Transaction, id_: str, *, holder: str, seconds: int, **values: str) -> None:
    """Note that a piece of work begins, under a lease; old ones are forgotten."""
    now = int(tx.at.timestamp())
    _forget(tx, now)
    tx.connection.execute(
        insert(_table).values(
            id=id_,
            holder=holder,
            lease_until=now + seconds,
            state=WorkState.RUNNING.value,
            steps="[]",
            outcome="{}",
            at=now,
            **values,
        )
    )


def renew(tx: Transaction, id_: str, steps: Iterable[Sequence[Any]], seconds: int) -> None:
    """Renew the lease of a piece of work that goes on, and keep how far it is."""
    running = (_table.c.id == id_, _table.c.state == WorkState.RUNNING.value)
    values = {"steps": json.dumps(list(map(list, steps))), "lease_until": int(tx.at.timestamp()) + seconds}
    tx.connection.execute(update(_table).where(*running).values(values))


def end(
    tx: Transaction, id_: str, state: WorkState, steps: Iterable[Sequence[Any]], outcome: Mapping[str, Any]
) -> None:
    """Keep how a piece of work ended."""
    values = {
        "steps": json.dumps(list(map(list, steps))),
        "state": state.value,
        "outcome": json.dumps(dict(outcome)),
        "ended": int(tx.at.timestamp()),
    }
    tx.connection.execute(update(_table).where(_table.c.id == id_).values(values))


def get(connection: Connection, id_: str) -> Work | None:
    """Return a piece of work as it is now."""
    row = connection.execute(select(*_table.c).where(_table.c.id == id_)).first()
    return None if row is None else _work(row)


def newest(connection: Connection, owner: str | None, limit: int) -> list[Work]:
    """Return the newest pieces of work, of one owner or of all, newest first."""
    query = select(*_table.c).order_by(_table.c.at.desc(), _table.c.id).limit(limit)
    if owner is not None:
        query = query.where(_table.c.owner == owner)
    return [_work(row) for row in connection.execute(query)]


def _work(row: AnyRow) -> Work:
    state = WorkState(row.state)
    if state is WorkState.RUNNING and row.lease_until < dt.datetime.now(dt.UTC).timestamp():
        state = WorkState.INTERRUPTED
    steps = tuple((int(n), str(text), int(done), int(total)) for n, text, done, total in json.loads(row.steps))
    outcome = json.loads(row.outcome)
    started = dt.datetime.fromtimestamp(row.at, dt.UTC)
    ended = None if row.ended is None else dt.datetime.fromtimestamp(row.ended, dt.UTC)
    return Work(row.id, row.kind, row.owner, row.actor, row.detail, state, steps, outcome, started, ended)


def _forget(tx: Transaction, now: int) -> None:
    count = tx.connection.execute(select(func.count()).select_from(_table)).scalar_one()
    newest_ids = select(_table.c.id).order_by(_table.c.at.desc()).limit(KEPT - 1)
    old = _table.c.at < now - KEPT_DAYS * 86400
    too_many = _table.c.id.not_in(newest_ids) if count >= KEPT else old
    tx.connection.execute(delete(_table).where(or_(old, too_many), _table.c.state != WorkState.RUNNING.value))
    gone = (_table.c.state == WorkState.RUNNING.value, _table.c.lease_until < now - KEPT_DAYS * 86400)
    tx.connection.execute(delete(_table).where(*gone))
