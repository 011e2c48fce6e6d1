"""Chunks of look-up tables' texts, stored once each by the digest of their bytes (see model/content.py).

A chunk is checked against its digest before it is stored, and never changed or removed afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from sealgate.model.content import chunk_digest
from sealgate.model.errors import InvalidValue, NotFound
from sealgate.store import schema

if TYPE_CHECKING:
    from sqlalchemy import Connection

_table = schema.content


def put(connection: Connection, digest: str, data: bytes) -> None:
    """Store a chunk; one that is there already stays."""
    if chunk_digest(data) != digest:
        raise InvalidValue.of(f"A piece of text does not have the digest {digest[:16]}… that it was given.")
    if not has(connection, digest):
        connection.execute(insert(_table).values(digest=digest, data=data))


def has(connection: Connection, digest: str) -> bool:
    """Return whether a chunk is there."""
    return connection.execute(select(_table.c.digest).where(_table.c.digest == digest)).first() is not None


def get(connection: Connection, digest: str) -> bytes:
    """Return a chunk."""
    data = connection.execute(select(_table.c.data).where(_table.c.digest == digest)).scalar()
    if data is None:
        raise NotFound(f"The piece of text {digest[:16]}… is not in the database.")
    return bytes(data)
