"""The audit: who did what, when, from where. Lines are only ever added, and each seals the one before.

The hash of a line is SHA-256 over the hash of the line before and the line's own content as canonical JSON; the first
line follows 64 zeros. So nobody changes, removes or inserts a line without every later hash going wrong. The number
and hash of the last line stand in `head` as well, which shows a cut end. (Who can rewrite the whole database can
rewrite the whole chain: export the last hash to somewhere else to be safe from that, too.)

The database itself refuses to update or delete lines (triggers in the first migration).
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from sealgate.model.digest import canonical_json
from sealgate.store import schema
from sealgate.store.records import AuditBreak, AuditEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

    from sealgate.store.schema import AnyRow

_BEGINNING = "0" * 64
_PAGE = 1000
_SEALED = ("number", "at", "actor", "origin", "verb", "object", "detail")


def link(before: str, line: Mapping[str, Any]) -> str:
    """Return the hash of a line from the hash of the line before it."""
    return hashlib.sha256(canonical_json([before, *(line[name] for name in _SEALED)])).hexdigest()


def trail(connection: Connection, after: int, limit: int | None) -> Iterator[AuditEntry]:
    """Give the lines after number `after`, oldest first."""
    for number, row in enumerate(_lines(connection, after), 1):
        yield _entry(row)
        if number == limit:
            return


def newest(connection: Connection, before: int | None, limit: int) -> list[AuditEntry]:
    """Return the last lines, newest first, of those before number `before`."""
    query = select(schema.audit).order_by(schema.audit.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(schema.audit.c.number < before)
    return [_entry(row) for row in connection.execute(query)]


def verify(connection: Connection, last: int, last_hash: str) -> AuditBreak | None:
    """Return the first line that is not what was written, or None if all are."""
    before, expected = _BEGINNING, 1
    for row in _lines(connection, 0):
        if row.number != expected:
            return AuditBreak(expected, f"Line {expected} of the audit is missing.")
        if link(before, row._asdict()) != row.hash:
            return AuditBreak(expected, f"Line {expected} of the audit is not what was written, or one before it.")
        before, expected = row.hash, expected + 1
    if (expected - 1, before) == (last, last_hash):
        return None
    if expected <= last:
        return AuditBreak(expected, f"Lines {expected} to {last} of the audit are missing.")
    return AuditBreak(last, f"The audit does not end with line {last} as it was written.")


def _lines(connection: Connection, after: int) -> Iterator[AnyRow]:
    table = schema.audit
    while True:
        query = select(table).where(table.c.number > after).order_by(table.c.number).limit(_PAGE)
        rows = connection.execute(query).all()
        yield from rows
        if len(rows) < _PAGE:
            return
        after = rows[-1].number


def _entry(row: AnyRow) -> AuditEntry:
    return AuditEntry(
        row.number,
        datetime.fromisoformat(row.at),
        row.actor,
        row.origin,
        row.verb,
        row.object,
        json.loads(row.detail),
        row.hash,
    )
