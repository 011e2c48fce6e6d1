"""The shape of the database, step by step, and the way from an older shape to this one.

A new database and an old one are brought to the newest shape when they are opened, in one transaction that either
happens completely or not at all. A database that a newer Sealgate has written is refused, never touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from sealgate.model.errors import StoreFailed
from sealgate.store.engine import for_writing

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

KNOWN = ("0001", "0002", "0003", "0120", "0140", "0175")
"""The steps this program knows, oldest first."""

# Any number does that nothing else in this database uses: two programs starting at once must take turns.
_TURN = 0x5EA16A7E


def migrate(engine: Engine) -> None:
    """Bring the database to the newest shape; costs one query when it has it already."""
    with engine.connect() as connection:
        if _shape(connection) == KNOWN[-1]:
            return
    with for_writing(engine.connect()) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
        if _shape(connection) != KNOWN[-1]:
            _upgrade(connection)


def _shape(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    shape = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if shape is not None and shape not in KNOWN:
        raise StoreFailed(
            f"The database was written by a newer Sealgate (its shape is {shape}, this program knows up to "
            f"{KNOWN[-1]}). Nothing was changed. Install the newer version, or restore a backup made by this one."
        )
    return None if shape is None else str(shape)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
