"""A link's server with handlers that a test gives, and a client at the other end of its socket."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sealgate import __version__
from sealgate.link.client import Node
from sealgate.link.messages import FORMAT, Asker, Hello
from sealgate.link.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sealgate.link.server import Handler

ALICE = Asker("local:alice")
ME = frozenset({0, os.getuid()})
HELLO = Hello(__version__, FORMAT, "3.7.11", 42)


@contextmanager
def serving(
    path: Path,
    handlers: Mapping[str, Handler],
    *,
    uids: frozenset[int] = ME,
    faults: list[tuple[str, BaseException]] | None = None,
) -> Iterator[Node]:
    """Serve until the block ends; what nobody planned is added to `faults`."""
    heard = faults if faults is not None else []
    server = Server(
        path, handlers, uids=uids, gid=os.getgid(), on_fault=lambda verb, error: heard.append((verb, error))
    )
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield Node(path, ALICE, patience=20)
    finally:
        server.close()
        thread.join(20)
