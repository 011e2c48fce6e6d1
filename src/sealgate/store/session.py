"""The store as others see it: open it, read in one snapshot, write in one transaction.

    store = Store.open("sqlite:////srv/gw/control/sealgate.db")
    with store.writing("local:ann") as w:
        w.save("relay-domain", "example.com", {"domain": "example.com"}, base=None)
    with store.reading() as r:
        for row in r.draft().rows("relay-domain"): ...

Readers never wait. Writers take turns. A writer's block is stored completely when it ends, or not at all when it ends
with an exception. Every change writes its own line of the audit in the same commit.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from sealgate.store import engine
from sealgate.store.failures import told_plainly
from sealgate.store.migrations import migrate
from sealgate.store.reader import Reader
from sealgate.store.transaction import Snapshot, Transaction, read_head
from sealgate.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Engine


class Store:
    """A database of one gateway. Many threads may use it; each block has a connection of its own."""

    def __init__(self, engine_: Engine, ordered: Collection[str]) -> None:
        self._engine = engine_
        self._ordered = frozenset(ordered)

    @classmethod
    def open(cls, url: str, *, ordered: Collection[str] | None = None, wait: float = engine.WAIT_SECONDS) -> Self:
        """Open a database and bring it to the newest shape; a SQLite file is made if missing.

        `ordered` are the nouns whose order decides (those of the model, if not given). `wait` is how many seconds a
        writer waits for its turn. Raises `StoreFailed`, `InvalidValue`.
        """
        if ordered is None:
            from sealgate.model.nouns import NOUNS

            ordered = [name for name, noun in NOUNS.items() if noun.ordered]
        engine_ = engine.connect(url, wait=wait)
        try:
            with told_plainly():
                migrate(engine_)
        except BaseException:
            engine_.dispose()
            raise
        return cls(engine_, ordered)

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Read in one snapshot, which stays as it is while others write."""
        with (
            told_plainly(),
            self._engine.connect() as bare,
            engine.for_reading(bare) as connection,
            connection.begin(),
        ):
            yield Reader(Snapshot(connection, read_head(connection, lock=False), self._ordered))

    @contextmanager
    def writing(self, actor: str, *, origin: str = "", wait: float | None = None) -> Iterator[Writer]:
        """Write in one transaction: all is stored when the block ends, nothing when it ends with an exception.

        `wait` is how many seconds to wait for other writers, if not as long as the store does.
        """
        with (
            told_plainly(),
            self._engine.connect() as bare,
            engine.for_writing(bare) as connection,
            engine.waiting(connection, wait),
            connection.begin(),
        ):
            engine.limit_wait(connection, wait)
            head = read_head(connection, lock=True)
            transaction = Transaction(connection, head, self._ordered, actor, origin)
            yield Writer(transaction)
            transaction.finish()
