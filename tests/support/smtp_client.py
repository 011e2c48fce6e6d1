"""An SMTP and LMTP client for tests: sends exactly the bytes it is told, and says exactly what came back.

It never changes a message: `data()` takes what goes over the wire (see `dot_stuff`). `xclient()` insists on
being believed, since a refused XCLIENT leaves the session trusted as 127.0.0.1.
"""

from __future__ import annotations

import base64
import re
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from types import TracebackType

Address = str | tuple[str, int]  # path of a Unix socket, or host and port


@dataclass(frozen=True)
class Reply:
    """One reply; `lines` without the codes. `str(reply)` is the last line as sent."""

    code: int
    lines: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the server agreed (2xx or 3xx)."""
        return 200 <= self.code < 400

    def __str__(self) -> str:
        return f"{self.code} {self.lines[-1]}"


class RefusedError(AssertionError):
    """A command that had to succeed did not; `reply` is what the server said."""

    def __init__(self, command: bytes, reply: Reply) -> None:
        super().__init__(f"{command[:200]!r}: {reply}")
        self.reply = reply


class SmtpClient:
    """One connection, or one made elsewhere; connecting is tried for `timeout` seconds, then the banner is read."""

    def __init__(self, address: Address | socket.socket, timeout: float = 30.0) -> None:
        self._socket = address if isinstance(address, socket.socket) else _connect(address, timeout)
        self._stream = self._socket.makefile("rb")
        self.banner = self.reply()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connection without QUIT."""
        self._stream.close()
        self._socket.close()

    # the wire

    def send(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(raw)

    def reply(self) -> Reply:
        """Read one reply; code 0 means the server closed the connection."""
        lines: list[str] = []
        while True:
            line = self._stream.readline().decode("utf-8", "surrogateescape").rstrip("\r\n")
            if not line:
                return Reply(0, (*lines, "connection closed"))
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(int(line[:3]), tuple(lines))

    def command(self, line: str | bytes) -> Reply:
        """Send one command line and return the reply."""
        self.send((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return self.reply()

    def demand(self, line: str | bytes) -> Reply:
        """Send one command; raise RefusedError unless the server agrees."""
        reply = self.command(line)
        if not reply.ok:
            raise RefusedError(line.encode() if isinstance(line, str) else line, reply)
        return reply

    # the dialogue

    def ehlo(self, name: str = "client.example", verb: str = "EHLO") -> frozenset[str]:
        """Say EHLO (or LHLO); return the announced keywords with their values."""
        return frozenset(self.demand(f"{verb} {name}").lines[1:])

    def xclient(self, address: str, name: str = "[UNAVAILABLE]", helo: str = "client.example", **more: str) -> None:
        """Become the client `address` and say EHLO again; an IPv6 address is prefixed as Postfix wants it."""
        shown = f"IPV6:{address}" if ":" in address else address
        extra = "".join(f" {key.upper()}={value}" for key, value in more.items())
        reply = self.command(f"XCLIENT ADDR={shown} NAME={name}{extra}")
        if reply.code != 220:
            raise RefusedError(b"XCLIENT", reply)
        self.ehlo(helo)

    def starttls(self, context: ssl.SSLContext, name: str = "localhost") -> None:
        """Switch to TLS and say EHLO again."""
        self.demand("STARTTLS")
        self._socket = context.wrap_socket(self._socket, server_hostname=name)
        self._stream = self._socket.makefile("rb")
        self.ehlo()

    def auth_plain(self, user: str, password: str) -> Reply:
        """Log in with AUTH PLAIN."""
        return self.command(b"AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()))

    def mail(self, sender: str, parameters: str = "") -> Reply:
        """MAIL FROM; `parameters` as typed, e.g. `BODY=8BITMIME RET=HDRS`."""
        return self.command(f"MAIL FROM:<{sender}> {parameters}".rstrip())

    def rcpt(self, recipient: str, parameters: str = "") -> Reply:
        """RCPT TO."""
        return self.command(f"RCPT TO:<{recipient}> {parameters}".rstrip())

    def data(self, wire: bytes) -> Reply:
        """DATA, then `wire` (dot-stuffed, ends with CRLF) and the final dot; return the last reply."""
        reply = self.command("DATA")
        if reply.code != 354:
            return reply
        self.send(wire + b".\r\n")
        return self.reply()

    def lmtp_data(self, wire: bytes, recipients: int) -> list[Reply]:
        """DATA as in LMTP: return a reply for each accepted recipient, or the one that refused DATA."""
        first = self.data(wire)
        return [first, *(self.reply() for _ in range(recipients - 1))] if first.code != 503 else [first]

    def deliver(
        self, sender: str, recipients: Iterable[str], content: bytes, *, mail: str = "", rcpt: str = ""
    ) -> Reply:
        """Send one message of CRLF lines, every step demanded; return the reply to its final dot."""
        self.demand(f"MAIL FROM:<{sender}> {mail}".rstrip())
        for recipient in recipients:
            self.demand(f"RCPT TO:<{recipient}> {rcpt}".rstrip())
        return self.data(dot_stuff(content))

    def quit(self) -> None:
        """Say QUIT and close."""
        self.command("QUIT")
        self.close()


def dot_stuff(content: bytes) -> bytes:
    """Double leading dots and complete a last line without CRLF, as the wire wants it (RFC 5321 4.5.2)."""
    wire = re.sub(rb"(?:(?<=\r\n)|\A)\.", b"..", content)
    return wire if not wire or wire.endswith(b"\r\n") else wire + b"\r\n"


def undot(wire: bytes) -> bytes:
    """Take the doubled dots away again."""
    return re.sub(rb"(?:(?<=\r\n)|\A)\.", b"", wire)


def queue_id(reply: Reply) -> str:
    """Return the queue id of Postfix's `250 2.0.0 Ok: queued as ID`."""
    match = re.search(r"queued as (\S+)", str(reply))
    assert match, reply
    return match[1]


def _connect(address: Address, timeout: float) -> socket.socket:
    end = time.monotonic() + timeout
    while True:
        family = (
            socket.AF_UNIX if isinstance(address, str) else (socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        )
        connection = socket.socket(family)
        connection.settimeout(timeout)
        try:
            connection.connect(address)
        except OSError:
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            if family != socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
