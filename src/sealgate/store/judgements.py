"""Reports of the agent on candidates, kept by digest and grade: what was judged once needs no second judging."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from sealgate.model.digest import canonical_text
from sealgate.store import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from sealgate.store.transaction import Transaction

_table = schema.judgement
MOST = 100


def put(tx: Transaction, digest: str, grade: str, report: Mapping[str, Any]) -> None:
    """Keep a report in place of an earlier one; only the newest `MOST` are kept."""
    values = {"report": canonical_text(report), "at": tx.at.isoformat()}
    change = update(_table).where(_table.c.digest == digest, _table.c.grade == grade).values(values)
    if not tx.connection.execute(change).rowcount:
        tx.connection.execute(insert(_table).values(digest=digest, grade=grade, **values))
        oldest = select(_table.c.at).order_by(_table.c.at.desc()).offset(MOST).limit(1)
        limit = tx.connection.execute(oldest).scalar()
        if limit is not None:
            tx.connection.execute(delete(_table).where(_table.c.at <= limit))


def get(connection: Connection, digest: str, grade: str) -> dict[str, Any] | None:
    """Return the report on a state, or None if it was not judged with this grade."""
    query = select(_table.c.report).where(_table.c.digest == digest, _table.c.grade == grade)
    text = connection.execute(query).scalar()
    return None if text is None else dict(json.loads(text))


def kept_at(connection: Connection, digest: str, grade: str) -> str:
    """Return when the report on a state was kept, in ISO form; empty if there is none."""
    query = select(_table.c.at).where(_table.c.digest == digest, _table.c.grade == grade)
    return str(connection.execute(query).scalar() or "")
