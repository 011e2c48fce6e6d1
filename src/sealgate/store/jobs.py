"""Jobs of the control half, with leases: who works at what, until when, and how it ended last.

One row for each kind of job. A worker takes a job for a time; nobody else can take it until that time is over or the
worker has finished it. A worker that died leaves a lease that runs out, so nothing is blocked for ever.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import insert, select, update

from sealgate.model.digest import canonical_text
from sealgate.store import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from sealgate.store.schema import AnyRow
    from sealgate.store.transaction import Transaction

_table = schema.job


class Job(NamedTuple):
    """One kind of job. `about` says what the last, or present, run was for; `result` how the last one ended.

    `holder` is empty while nobody works at it. `finished` is None before the first end.
    """

    name: str
    about: str
    holder: str
    lease_until: datetime | None
    finished: datetime | None
    result: dict[str, Any]


def take(tx: Transaction, name: str, about: str, holder: str, seconds: float) -> bool:
    """Take a job for a time; False while somebody else holds it."""
    found = tx.connection.execute(select(*_table.c).where(_table.c.name == name)).first()
    values = {"about": about, "holder": holder, "lease_until": (tx.at + timedelta(seconds=seconds)).isoformat()}
    if found is None:
        tx.connection.execute(insert(_table).values(name=name, finished="", result="{}", **values))
        return True
    held = _job(found)
    if held.holder not in {"", holder} and held.lease_until is not None and held.lease_until > tx.at:
        return False
    tx.connection.execute(update(_table).where(_table.c.name == name).values(values))
    return True


def finish(tx: Transaction, name: str, holder: str, result: Mapping[str, Any]) -> bool:
    """Give a job back with how it ended; False where the lease went to somebody else meanwhile."""
    mine = (_table.c.name == name, _table.c.holder == holder)
    values = {"holder": "", "lease_until": "", "finished": tx.at.isoformat(), "result": canonical_text(result)}
    return bool(tx.connection.execute(update(_table).where(*mine).values(values)).rowcount)


def every(connection: Connection) -> list[Job]:
    """Return all jobs, by name."""
    return [_job(row) for row in connection.execute(select(*_table.c).order_by(_table.c.name))]


def _job(row: AnyRow) -> Job:
    return Job(row.name, row.about, row.holder, _time(row.lease_until), _time(row.finished), json.loads(row.result))


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
