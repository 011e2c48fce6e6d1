"""A TCP server that does whatever a test says to each connection: for servers that break every rule.

    with ScriptedServer(lambda wire: wire.sendall(b"220 " + b"x" * 10_000_000)) as server:
        ...connect to 127.0.0.1 and server.port...

The script gets the accepted socket; it may be cut off by the other side at any time, which is no error here. `drip`
gives a script that sends its bytes one by one, until the other side leaves or the test is over.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Script = Callable[[socket.socket], None]


class ScriptedServer:
    """The server, on a free port of 127.0.0.1."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(wire)
            threading.Thread(target=self._play, args=(wire,), daemon=True).start()

    def _play(self, wire: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), wire:
            self._script(wire)


def lines(wire: socket.socket, *answers: bytes) -> None:
    """Send the first answer, then one more after each line that comes."""
    stream = wire.makefile("rb")
    wire.sendall(answers[0])
    for answer in answers[1:]:
        if not stream.readline():
            return
        wire.sendall(answer)
    stream.readline()


def drip(pieces: Iterable[bytes], seconds: float, over: threading.Event) -> Script:
    """Return a script that sends a piece every so many seconds, until the test is over."""

    def script(wire: socket.socket) -> None:
        for piece in pieces:
            wire.sendall(piece)
            if over.wait(seconds):
                return

    return script
