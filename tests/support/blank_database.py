"""An empty database in the newest shape, for tests that are not about how it got there.

Bringing a new file to that shape takes longer than most tests that need one, so it is done once in a process, by the
real store, and copied.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from sealgate.store import Store


def blank_database(file: Path) -> None:
    """Put the SQLite file of a store in which nothing was ever written at this place."""
    file.write_bytes(_content())
    file.chmod(0o660)


@cache
def _content() -> bytes:
    with tempfile.TemporaryDirectory(prefix="sg-blank-") as place:
        file = Path(place) / "blank.db"
        Store.open(f"sqlite:///{file}").close()
        return file.read_bytes()
