"""Transports become an ordered list: each gets a position, in the order in which they were written.

A position is part of a row's digest, so the sums of the transports and the digests of revisions are made anew.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from sealgate.model.digest import TableSum, encoded_row_digest, state_digest

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_GAP = 1 << 20
_ROWS = "SELECT key, fields, comment, enabled, position FROM object WHERE noun = 'transport'"


def upgrade() -> None:
    """Give positions, and correct what was summed up without them."""
    connection = op.get_bind()
    changed = connection.execute(
        sa.text("UPDATE object SET position = since * :gap WHERE noun = 'transport' AND position = 0"), {"gap": _GAP}
    )
    if not changed.rowcount:
        return
    total = _total(connection, "until IS NULL", {})
    connection.execute(sa.text("UPDATE draft_total SET sum = :sum WHERE noun = 'transport'"), {"sum": total.to_bytes()})
    for number, edit in connection.execute(sa.text("SELECT number, edit FROM revision")).all():
        at = "since <= :at AND (until IS NULL OR until > :at)"
        _correct(connection, number, _total(connection, at, {"at": edit}))


def _total(connection: sa.Connection, condition: str, values: dict[str, Any]) -> TableSum:
    total = TableSum()
    found = connection.execute(
        sa.text(f"{_ROWS} AND {condition}"),
        values,
        execution_options={"yield_per": 1000},
    )
    for key, fields, comment, enabled, position in found:
        total = total.add(
            encoded_row_digest("transport", key, fields, comment=comment, enabled=bool(enabled), position=position)
        )
    return total


def _correct(connection: sa.Connection, number: int, total: TableSum) -> None:
    here = {"number": number}
    connection.execute(
        sa.text("UPDATE revision_total SET sum = :sum WHERE revision = :number AND noun = 'transport'"),
        here | {"sum": total.to_bytes()},
    )
    sums = connection.execute(sa.text("SELECT noun, sum FROM revision_total WHERE revision = :number"), here)
    digest = state_digest({noun: TableSum.from_bytes(data) for noun, data in sums})
    connection.execute(
        sa.text("UPDATE revision SET digest = :digest WHERE number = :number"), here | {"digest": digest}
    )
