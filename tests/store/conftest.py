from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.store import postgresql
from tests.support.blank_database import blank_database

from sealgate.store import ANY, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Apply = Callable[..., int]
ORDERED = ("rbl", "header-check")


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    with postgresql.running() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        blank_database(tmp_path / "store.db")
        yield f"sqlite:///{tmp_path}/store.db"
        return
    running: postgresql.Server = request.getfixturevalue("server")
    name, address = running.fresh()
    yield address
    running.drop(name)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url, ordered=ORDERED) as opened:
        yield opened


@pytest.fixture
def applied(store: Store) -> Apply:
    """Save rows (noun, key, fields) and make a revision of the draft; returns its number."""

    def apply(*rows: tuple[str, str, dict[str, Any]]) -> int:
        with store.writing("local:ann") as w:
            for noun, key, fields in rows:
                w.save(noun, key, fields, base=ANY)
            return w.promote(w.candidate().candidate, "applied by a test", {})

    return apply
