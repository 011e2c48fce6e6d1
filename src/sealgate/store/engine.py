"""Connections to SQLite and PostgreSQL that behave alike.

Reading sees one unchanging snapshot and never waits for a writer. Writing holds the one write lock from its first
statement. What is committed has reached the disk (SQLite: write-ahead log, synchronous=FULL, sqlite.org/pragma.html).

A new SQLite file is made readable and writable for owner and group only: the control half's users share a group.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from sealgate.model.errors import InvalidValue, StoreFailed
from sealgate.store.failures import FULL, MISSING, RIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

WAIT_SECONDS = 60.0
"""How long a writer waits for its turn: longer than the import of a million rows."""

_CACHE_KIB = 65536
_LOG_BYTES = 64 * 1024 * 1024


def connect(address: str, *, wait: float = WAIT_SECONDS) -> Engine:
    """Return an engine for a database address (`sqlite:////path`, `postgresql://…`)."""
    url = _url(address)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, wait)
    return _postgresql(url, wait)


def for_reading(connection: Connection) -> Connection:
    """Prepare a fresh connection for one snapshot that changes nothing."""
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection.execution_options(sealgate_begin="BEGIN")


def for_writing(connection: Connection) -> Connection:
    """Prepare a fresh connection for one transaction that changes something."""
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="READ COMMITTED", postgresql_readonly=False)
    return connection.execution_options(sealgate_begin="BEGIN IMMEDIATE")


@contextmanager
def waiting(connection: Connection, wait: float | None) -> Iterator[None]:
    """Let the next transaction on SQLite wait so many seconds for other writers, and later ones as before."""
    if wait is None or connection.dialect.name != "sqlite":
        yield
        return
    bare: Any = connection.connection.dbapi_connection
    before = bare.execute("PRAGMA busy_timeout").fetchone()[0]
    bare.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}").close()
    try:
        yield
    finally:
        bare.execute(f"PRAGMA busy_timeout = {before}").close()


def limit_wait(connection: Connection, wait: float | None) -> None:
    """Let the transaction that has begun on PostgreSQL wait so many seconds for other writers."""
    if wait is not None and connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = {max(1, int(wait * 1000))}"))


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:
        raise InvalidValue.of(
            "The database address cannot be read.", "Write sqlite:////path/file or postgresql://user@host/name."
        ) from None
    match url.get_backend_name():
        case "sqlite" if url.database and url.database != ":memory:":
            return url
        case "postgresql":
            return url.set(drivername="postgresql+psycopg")
    raise InvalidValue.of(
        f"A database of the kind {url.drivername!r} is not possible.",
        "Write sqlite:////path/file or postgresql://user@host/name.",
    )


def _sqlite(url: URL, wait: float) -> Engine:
    _make_file(Path(url.database or ""))
    engine = create_engine(url, connect_args={"timeout": wait, "isolation_level": None}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"cache_size = -{_CACHE_KIB}",
            f"journal_size_limit = {_LOG_BYTES}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sealgate_begin", "BEGIN"))

    return engine


def _make_file(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o660)
    except FileExistsError:
        return
    except PermissionError:
        raise StoreFailed(RIGHTS) from None
    except OSError as error:
        raise StoreFailed(FULL if error.errno == errno.ENOSPC else MISSING) from None
    # The mode given to open() is cut by the umask, and the group must be able to write.
    os.fchmod(descriptor, 0o660)
    os.close(descriptor)


def _postgresql(url: URL, wait: float) -> Engine:
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {int(wait * 1000)}")
        connection.commit()

    return engine
