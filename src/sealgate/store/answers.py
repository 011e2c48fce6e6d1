"""Answers that are kept for a while, so that a request that was sent twice is done once.

A key is taken before the work and filled with the answer after it. A key that was taken and never filled (the process
died) is free again when its time is over. Keys and requests are digests: nothing of a request's content is kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from sealgate.store import passing_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.store.transaction import Transaction

_table = passing_tables.answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered. `status` is None while it is being worked at."""

    request: str
    status: int | None
    headers: dict[str, str]
    body: bytes = field(repr=False)


def take(tx: Transaction, key: str, request: str, seconds: int) -> Answer | None:
    """Take a key for a request; what was answered, or is being worked at, if the key is taken already."""
    now = int(tx.at.timestamp())
    tx.connection.execute(delete(_table).where(_table.c.ends <= now))
    row = tx.connection.execute(select(*_table.c).where(_table.c.key == key)).first()
    if row is not None:
        return Answer(row.request, row.status, json.loads(row.headers), row.body)
    tx.connection.execute(
        insert(_table).values(key=key, request=request, status=None, headers="{}", body=b"", ends=now + seconds)
    )
    return None


def fill(tx: Transaction, key: str, status: int, *, headers: Mapping[str, str], body: bytes, seconds: int) -> None:
    """Keep the answer under a key that was taken."""
    values = {"status": status, "headers": json.dumps(dict(headers)), "body": body}
    ends = int(tx.at.timestamp()) + seconds
    tx.connection.execute(update(_table).where(_table.c.key == key).values(**values, ends=ends))


def free(tx: Transaction, key: str) -> None:
    """Give a key back, since nothing was done."""
    tx.connection.execute(delete(_table).where(_table.c.key == key))
