"""Live services for tests, on Unix sockets and loopback ports, and what is read back of a configuration.

with listening(tmp_path / "s", neutral_services.milter):
    ...
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from sealgate.postfix.parameters import ReadBack, service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


@contextlib.contextmanager
def listening(path: Path | None, dialogue: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """Serve on a Unix socket, or on a free port of loopback, which is returned; every connection is held at once."""
    listener = socket.create_server(("127.0.0.1", 0)) if path is None else socket.socket(socket.AF_UNIX)
    with listener:
        if path is not None:
            listener.bind(str(path))
            path.chmod(0o666)
            listener.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=held, args=(connection,), daemon=True).start()

        def held(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                dialogue(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield ("", 0) if path is not None else listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextlib.contextmanager
def talking(dialogue: Callable[[socket.socket], None]) -> Iterator[socket.socket]:
    """Give the other end of a connection that a dialogue holds; its end is waited for."""
    here, there = socket.socketpair()
    failures: list[BaseException] = []

    def hold() -> None:
        try:
            with there:
                dialogue(there)
        except OSError:
            return
        except BaseException as failure:  # noqa: BLE001 - raised where it is seen
            failures.append(failure)

    thread = threading.Thread(target=hold)
    thread.start()
    with here:
        here.settimeout(10)
        yield here
    thread.join(10)
    assert failures == []


def read(main: Mapping[str, str], *services: str, **overrides: Mapping[str, str]) -> ReadBack:
    """Return a configuration as if Postfix had read it back; overrides by name of an inet service."""
    lines = services or ("smtp inet n - n - - smtpd",)
    return ReadBack(main, tuple(map(service, lines)), {f"{name}/inet": found for name, found in overrides.items()})
