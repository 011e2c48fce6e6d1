"""Rows of objects into the database and to their end, as fast as each database can.

SQLite takes prepared statements, PostgreSQL the COPY protocol and arrays; both by the driver, past the layer that
would look at each value again. Chunks come from the caller: nothing here holds more than it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete
from sqlalchemy.exc import DBAPIError

from sealgate.store import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from sealgate.store.transaction import Transaction

_COPY_FROM = 50
_MANY = 10_000


COLUMNS = ("since", "noun", "key", "fields", "comment", "enabled", "position", "tag", "words")
Record = tuple[int, str, str, str, str, bool, int, str | None, str]
"""A row of `object` that stands, in the order of `COLUMNS`; plain, since a million of them are made at once."""

_COLUMNS = ", ".join(COLUMNS)


def insert(connection: Connection, records: list[Record]) -> None:
    """Insert rows that stand."""
    if connection.dialect.name == "postgresql" and len(records) >= _COPY_FROM:
        _copy(connection, records)
        return
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * len(COLUMNS))
    connection.exec_driver_sql(
        f"INSERT INTO object ({_COLUMNS}) VALUES ({marks})",  # noqa: S608 - both texts are made of constants
        records,
    )


def end(tx: Transaction, ends: Sequence[tuple[int, int]]) -> None:
    """End rows, given as pairs (since, until); those written in this transaction vanish."""
    own = [since for since, _until in ends if tx.is_own(since)]
    if own:
        table = schema.object_
        tx.connection.execute(delete(table).where(table.c.since.in_(own)))
    others = [(until, since) for since, until in ends if not tx.is_own(since)]
    if not others:
        return
    if tx.connection.dialect.name == "sqlite":
        tx.connection.exec_driver_sql("UPDATE object SET until = ? WHERE since = ?", others)
        return
    tx.connection.exec_driver_sql(
        "UPDATE object SET until = ending.until FROM unnest(%s::bigint[], %s::bigint[]) AS ending (until, since) "
        "WHERE object.since = ending.since",
        ([until for until, _ in others], [since for _, since in others]),
    )


def settle(tx: Transaction, changed: int) -> None:
    """Let PostgreSQL look at the table again after many changes; else it plans by what it was before them."""
    if changed >= _MANY and tx.connection.dialect.name == "postgresql":
        tx.connection.exec_driver_sql("ANALYZE object")


def _copy(connection: Connection, records: Sequence[Record]) -> None:
    raw: Any = connection.connection.driver_connection
    statement = f"COPY object ({_COLUMNS}) FROM STDIN"
    error_class: type[Exception] = connection.dialect.loaded_dbapi.Error
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for record in records:
                copy.write_row(record)
    except error_class as error:
        # As if it had gone through the layer above, for the one place that tells people what it means.
        raise DBAPIError.instance(statement, None, error, error_class, hide_parameters=True) from error
