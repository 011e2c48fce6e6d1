"""An SMTP session with a staged listener, from any address of the internet, one command at a time.

It speaks as a strict client and keeps every reply. Waiting is short and can be given up: a daemon that meets a fatal
error never answers, and its last words are in the log at once. Source: RFC 5321 §4, RFC 3207.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    Connect = Callable[[float], socket.socket]

_TURN = 0.01


class Connector(Protocol):
    """Whatever connects clients of any address to a listener."""

    def connect(self, source: str, host: str, port: int, timeout: float) -> socket.socket:
        """Return a connection from an address. Raises OSError when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMTP reply: its code (0 for none), its text with lines joined by newlines, how many seconds it took."""

    code: int
    text: str
    seconds: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        """Return the reply as it came, its last line only."""
        return self.text.rsplit("\n", 1)[-1]


NO_REPLY = Reply(0, "no reply")
CLOSED = Reply(0, "the connection was closed")


class Session:
    """One connection, made by `connect(timeout)`; a context manager. Replies are values, never exceptions.

    `failure` tells why no connection was made. `patience` is how long a reply may take, in seconds.
    """

    def __init__(self, connect: Connect, *, patience: float, give_up: Callable[[], bool]) -> None:
        self.replies: list[tuple[str, Reply]] = []
        self.failure = ""
        self._patience = patience
        self._give_up = give_up
        self._buffer = b""
        self._socket: socket.socket | None = None
        try:
            self._socket = connect(patience)
        except OSError as failure:
            self.failure = failure.strerror or str(failure)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.close()

    def banner(self) -> Reply:
        """Return what the server says first."""
        return self._keep("(connect)", Reply(0, self.failure) if self.failure else self._reply())

    def command(self, line: str, *, patience: float | None = None) -> Reply:
        """Send one line and return the reply to it; `patience` replaces that of the session, in seconds."""
        return self._keep(line, self._exchange(f"{line}\r\n".encode(), patience))

    def data(self, message: bytes) -> Reply:
        """Send a message after the 354; it must end its last line and hold no line of a single dot."""
        return self._keep("(message)", self._exchange(message + b".\r\n"))

    def raw(self, data: bytes, *, lull: float) -> Reply:
        """Send bytes as they stand and return the first reply; more that come are kept, until a lull in seconds."""
        first = self._keep("(message)", self._exchange(data))
        while (more := self._reply(lull)).code:
            self._keep("(more)", more)
        return first

    def send(self, data: bytes) -> None:
        """Send bytes that no reply answers."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendall(data)

    def start_tls(self) -> str:
        """Begin TLS after the 220 to STARTTLS; return what went wrong, or nothing."""
        import ssl

        if self._socket is None:
            return "the connection was closed"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            self._socket.settimeout(self._patience)
            self._socket = context.wrap_socket(self._socket)
        except OSError as failure:
            return str(failure)
        return ""

    def _exchange(self, data: bytes, patience: float | None = None) -> Reply:
        if self._socket is None:
            return CLOSED
        try:
            self._socket.settimeout(self._patience)
            self._socket.sendall(data)
        except OSError:
            return CLOSED
        return self._reply(patience)

    def _reply(self, patience: float | None = None) -> Reply:
        started = time.monotonic()
        deadline = started + (patience or self._patience)
        lines: list[str] = []
        while self._socket is not None:
            line, separator, rest = self._buffer.partition(b"\n")
            if separator:
                self._buffer = rest
                lines.append(line.decode("utf-8", "replace").rstrip("\r"))
                if lines[-1][3:4] != "-":
                    return replace(_read(lines), seconds=time.monotonic() - started)
            elif not self._fill(deadline):
                return replace(NO_REPLY if self._socket is not None else CLOSED, seconds=time.monotonic() - started)
        return CLOSED

    def _fill(self, deadline: float) -> bool:
        """Read more; False when there is nothing in time or the connection is gone."""
        assert self._socket is not None  # noqa: S101 - asked by the caller
        while time.monotonic() < deadline:
            self._socket.settimeout(_TURN)
            try:
                received = self._socket.recv(1 << 16)
            except TimeoutError:
                if self._give_up():
                    return False
                continue
            except OSError:
                received = b""
            if not received:
                self._socket.close()
                self._socket = None
                return False
            self._buffer += received
            return True
        return False

    def _keep(self, said: str, reply: Reply) -> Reply:
        self.replies.append((said, reply))
        return reply


def _read(lines: list[str]) -> Reply:
    code = lines[-1][:3]
    return Reply(int(code) if code.isdigit() else 0, "\n".join(lines))
