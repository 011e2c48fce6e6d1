"""What a database's complaint means to a person: one sentence on what happened, what stands, what to do.

Rules: SQLite result codes (sqlite.org/rescode.html), PostgreSQL SQLSTATE classes (appendix A of its manual).
Only complaints about the state of the world are translated. A mistake in our own statements stays as it is.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from sealgate.model.errors import StoreFailed
from sealgate.model.next_steps import Act, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL = "The disk that holds the database is full. Nothing was changed. Make room, then try again."
LOCKED = (
    "The database is being changed by somebody else and did not become free in time. "
    "Nothing was changed. Try again in a moment."
)
RIGHTS = (
    "This user may not write the database. Nothing was changed. "
    "Run the command as root or as a member of the gateway's group, and check the rights of the control directory."
)
MISSING = (
    "The database cannot be opened. Nothing was changed. Check that its directory exists and that this user may "
    "read and write in it."
)
BROKEN = (
    "The database file is damaged or is no database. Nothing was changed. Keep a copy of it, then put a backup back."
)
FAILING = (
    "The disk that holds the database reports errors. Nothing was changed. Look at the system's log for the disk, "
    "then try again."
)
UNREACHABLE = (
    "The database server cannot be used ({}). Nothing was changed. "
    "Check that it runs, and that address, user and password in the settings are right."
)

_SQLITE = {
    "SQLITE_FULL": FULL,
    "SQLITE_BUSY": LOCKED,
    "SQLITE_LOCKED": LOCKED,
    "SQLITE_READONLY": RIGHTS,
    "SQLITE_PERM": RIGHTS,
    "SQLITE_AUTH": RIGHTS,
    "SQLITE_CANTOPEN": MISSING,
    "SQLITE_CORRUPT": BROKEN,
    "SQLITE_NOTADB": BROKEN,
    "SQLITE_IOERR": FAILING,
}

_POSTGRESQL = {
    "53100": FULL,
    "55P03": LOCKED,
    "40P01": LOCKED,
    "25006": RIGHTS,
    "42501": RIGHTS,
    "58030": FAILING,
    "XX001": BROKEN,
    "XX002": BROKEN,
}


def sentence(error: DBAPIError) -> str | None:
    """Return what to tell a person, or None if the error is a mistake of ours."""
    original = error.orig
    if isinstance(original, sqlite3.Error):
        name = getattr(original, "sqlite_errorname", None) or ""
        return next((text for code, text in _SQLITE.items() if name.startswith(code)), None)
    state = getattr(original, "sqlstate", None)
    if state in _POSTGRESQL:
        return _POSTGRESQL[state]
    if isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated:
        # The server's own words come first: "refused", "password authentication failed", "does not exist".
        return UNREACHABLE.format(" ".join(str(original).split())[:200])
    return None


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn complaints about the state of the world into `StoreFailed`."""
    try:
        yield
    except DBAPIError as error:
        text = sentence(error)
        if text is None:
            raise
        steps = (Step(Act.PUT_BACK),) if text == BROKEN else ()
        raise StoreFailed(text).then(*steps) from error
