"""Sealed secrets: ciphertext by id. Only the agent can open them; nothing here ever sees what is inside.

They are written once and never shown: the ciphertext leaves only in a bundle, on its way to the agent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from sealgate.model.errors import Conflict, NotFound
from sealgate.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from sealgate.store.transaction import Transaction

_table = schema.secret


def put(tx: Transaction, id_: str, sealed: bytes) -> None:
    """Store a sealed secret under a new id; it is never changed afterwards."""
    there = tx.connection.execute(select(_table.c.sealed).where(_table.c.id == id_)).scalar()
    if there is not None:
        if bytes(there) != sealed:
            raise Conflict(f"There is a secret {id_!r} already. Nothing was changed. A new secret needs a new name.")
        return
    tx.connection.execute(insert(_table).values(id=id_, sealed=sealed, at=tx.at.isoformat()))
    tx.audit("seal", f"secret {id_}", {})


def get(connection: Connection, id_: str) -> bytes:
    """Return the ciphertext."""
    sealed = connection.execute(select(_table.c.sealed).where(_table.c.id == id_)).scalar()
    if sealed is None:
        raise NotFound(f"The secret {id_!r} is not in the database. Enter it again.")
    return bytes(sealed)


def ids(connection: Connection) -> Iterator[str]:
    """Give the ids of all secrets, for a backup."""
    yield from connection.execute(select(_table.c.id).order_by(_table.c.id)).scalars()
