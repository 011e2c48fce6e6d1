"""Everything in the database as lines of JSON, and back: for backups, and to move between SQLite and PostgreSQL.

The first line says format and shape; then each table announces itself with its columns, and its rows follow, one
a line. Loading replaces everything in the writer's transaction: all of it is there when the transaction ends, or
nothing was touched. The audit that was loaded goes on in its own chain; the entry that tells of the loading is the
caller's to add.

Sessions, tickets and failed attempts are neither written nor loaded: after a load nobody is signed in. Lines from
before there were people leave the people as they are.
"""

from __future__ import annotations

import base64
import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import LargeBinary, Table, delete, insert, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from sealgate.model.errors import InvalidValue
from sealgate.store.failures import sentence
from sealgate.store.migrations import KNOWN
from sealgate.store.passing_tables import PASSING
from sealgate.store.people_tables import PEOPLE
from sealgate.store.schema import metadata
from sealgate.store.transaction import read_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

    from sealgate.store.reader import Reader
    from sealgate.store.transaction import Transaction
    from sealgate.store.writer import Writer

FORMAT = 1
_SHAPE_WITH_PEOPLE = "0120"
_CHUNK = 1000


def dump(reader: Reader) -> Iterator[bytes]:
    """Give the lines that hold everything the reader sees."""
    connection = reader._tx.connection  # noqa: SLF001 - the two halves of one package
    yield _line({"format": FORMAT, "shape": KNOWN[-1]})
    for table in metadata.sorted_tables:
        if table in PASSING:
            continue
        yield _line({"table": table.name, "columns": [column.name for column in table.columns]})
        binary = [number for number, column in enumerate(table.columns) if isinstance(column.type, LargeBinary)]
        query = select(table).order_by(*table.primary_key.columns)
        with connection.execute(query, execution_options={"yield_per": _CHUNK}) as result:
            for row in result:
                yield _line(_plain(list(row), binary))


def load(writer: Writer, lines: Iterable[bytes]) -> None:
    """Replace everything by what `dump` gave; InvalidValue for lines of a newer Sealgate, or that are none."""
    try:
        _replace_all(writer._tx, iter(lines))  # noqa: SLF001
    except StatementError as error:
        # What the tables do not take was no backup; a full disk and the like are for others to tell.
        if isinstance(error, DBAPIError) and sentence(error) is not None:
            raise
        raise _broken() from None


def _replace_all(tx: Transaction, source: Iterator[bytes]) -> None:
    kept = _check_head(_read(next(source, b"")))
    guards = _lift_guards(tx.connection)
    for emptied in reversed(metadata.sorted_tables):
        if emptied not in kept:
            tx.connection.execute(delete(emptied))
    table: Table | None = None
    rows: list[dict[str, Any]] = []
    for line in source:
        value = _read(line)
        if isinstance(value, dict):
            _insert(tx.connection, table, rows)
            table, rows = _announced(value), []
        elif table is None or not isinstance(value, list):
            raise _broken()
        else:
            rows.append(_row(table, value))
            if len(rows) == _CHUNK:
                _insert(tx.connection, table, rows)
                rows = []
    _insert(tx.connection, table, rows)
    _set_guards(tx.connection, guards)
    tx.begin_anew(read_head(tx.connection, lock=True))


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(row: list[Any], binary: list[int]) -> list[Any]:
    for number in binary:
        row[number] = base64.b64encode(row[number]).decode("ascii")
    return row


def _read(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise _broken() from None


def _check_head(head: Any) -> frozenset[Table]:
    """Return the tables that these lines say nothing of; InvalidValue for lines that cannot be loaded."""
    if not isinstance(head, dict) or not isinstance(head.get("format"), int):
        raise _broken()
    if head["format"] > FORMAT or head.get("shape") not in KNOWN:
        raise InvalidValue.of(
            "The backup was made by a newer Sealgate. Nothing was changed.", "Install that version, then restore."
        )
    return PEOPLE if KNOWN.index(head["shape"]) < KNOWN.index(_SHAPE_WITH_PEOPLE) else frozenset()


def _announced(value: dict[str, Any]) -> Table:
    table = metadata.tables.get(str(value.get("table")))
    if table is None or table in PASSING or value.get("columns") != [column.name for column in table.columns]:
        raise _broken()
    return table


def _row(table: Table, values: list[Any]) -> dict[str, Any]:
    columns = list(table.columns)
    if len(values) != len(columns):
        raise _broken()
    row = {column.name: value for column, value in zip(columns, values, strict=True)}
    for column in columns:
        if isinstance(column.type, LargeBinary):
            row[column.name] = _bytes(row[column.name])
    return row


def _bytes(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except ValueError:
        raise _broken() from None


def _insert(connection: Connection, table: Table | None, rows: list[dict[str, Any]]) -> None:
    remaining = iter(rows)
    while table is not None and (part := list(islice(remaining, _CHUNK))):
        connection.execute(insert(table), part)


def _lift_guards(connection: Connection) -> list[str]:
    """Take away what keeps the audit from being changed, until the end of this transaction; returns how to set it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        return ["ALTER TABLE audit ENABLE TRIGGER USER"]
    query = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit' ORDER BY name")
    triggers = list(connection.execute(query))
    for name, _sql in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    return [sql for _name, sql in triggers]


def _set_guards(connection: Connection, guards: list[str]) -> None:
    for statement in guards:
        connection.exec_driver_sql(statement)


def _broken() -> InvalidValue:
    return InvalidValue.of("The backup does not hold what a backup should. Nothing was changed.", "Use another copy.")
