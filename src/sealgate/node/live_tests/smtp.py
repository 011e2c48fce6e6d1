"""A careful SMTP client for looking at a server: bounded in time, in the length of lines, in their number, in bytes.

A server that sends without end, drips a byte now and then, or speaks another protocol ends the conversation with
`Trouble`, whose text is for people; what had been said until then is kept. Nothing that a server sends is shown
without its control characters made visible. There is no method for DATA. Sources: RFC 5321 §4.2 and §4.5.3, RFC 3207.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass

SHOWN_LINES = 40
SHOWN_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one conversation: seconds to connect, for each answer, for everything; octets and lines."""

    connect: float = 10.0
    answer: float = 30.0
    whole: float = 60.0
    line: int = 2048
    lines: int = 100
    octets: int = 65536


class Trouble(Exception):  # noqa: N818 - it is news, not a fault of the program
    """Why a conversation cannot go on, in words; `remedy` says what to do."""

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: its code, its lines as they came (with the code), and the seconds that it took."""

    code: int
    lines: tuple[str, ...]
    seconds: float

    @property
    def texts(self) -> tuple[str, ...]:
        """The lines without the code."""
        return tuple(line[4:] for line in self.lines)

    @property
    def good(self) -> bool:
        """Whether the server agreed."""
        return 200 <= self.code < 400

    @property
    def last(self) -> str:
        """The last line."""
        return self.lines[-1]


def visible(raw: bytes | str) -> str:
    """Return what a server sent as text that is safe to show: no control characters, not too long."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return shown if len(shown) <= SHOWN_LENGTH else f"{shown[:SHOWN_LENGTH]}…"


def connect(address: str, port: int, source: str, limits: Limits) -> socket.socket:
    """Connect to an address; Trouble says why it cannot be."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        if source:
            _bind(connection, source)
        connection.settimeout(limits.connect)
        connection.connect((address, port))
    except TimeoutError:
        connection.close()
        raise Trouble(
            f"Nothing answers within {limits.connect:.0f} seconds.",
            "Look at firewalls between this gateway and the server; many providers block port 25 to the outside.",
        ) from None
    except OSError as failure:
        connection.close()
        raise _refusal(failure, port) from None
    return connection


def _bind(connection: socket.socket, source: str) -> None:
    try:
        connection.bind((source, 0))
    except OSError as failure:
        connection.close()
        raise Trouble(
            f"This machine cannot connect from {source}: {failure.strerror or failure}.",
            "Correct smtp_bind_address in the own lines, or give the machine this address.",
        ) from None


def _refusal(failure: OSError, port: int) -> Trouble:
    if isinstance(failure, ConnectionRefusedError):
        return Trouble(
            f"The connection is refused: nothing listens on port {port} there.",
            "Check address and port, and that the mail server runs.",
        )
    if failure.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL}:
        return Trouble(
            f"There is no way to this address: {failure.strerror}.",
            "Look at the routes of this machine; where it has no IPv6, set inet_protocols = ipv4 in the own lines.",
        )
    return Trouble(f"The connection failed: {failure.strerror or failure}.", "Check address, port and firewalls.")


class Dialogue:
    """One conversation over a connected socket. Every answer is bounded, and all of them together."""

    def __init__(self, connection: socket.socket, limits: Limits) -> None:
        self._connection = connection
        self._limits = limits
        self._end = time.monotonic() + limits.whole
        self._buffer = b""
        self._taken = 0

    def close(self) -> None:
        """Drop the connection."""
        self._connection.close()

    def reply(self) -> Reply:
        """Read one reply."""
        started = time.monotonic()
        until = min(started + self._limits.answer, self._end)
        lines: list[str] = []
        while True:
            line = visible(self._line(until))
            lines.append(line)
            if not (line[:3].isascii() and line[:3].isdigit() and line[3:4] in {"", " ", "-"}):
                raise Trouble(
                    f"What answers does not speak SMTP: {line[:100]!r}.", "Check host and port: this is no mail server."
                )
            if line[3:4] != "-":
                return Reply(int(line[:3]), tuple(lines[:SHOWN_LINES]), time.monotonic() - started)
            if len(lines) >= self._limits.lines:
                raise Trouble(f"The server sent more than {self._limits.lines} lines in one answer; it was left.")

    def command(self, line: str) -> Reply:
        """Send one command and read its reply."""
        self.send(line)
        return self.reply()

    def send(self, line: str) -> None:
        """Send one line."""
        try:
            self._connection.settimeout(max(0.01, min(self._limits.answer, self._end - time.monotonic())))
            self._connection.sendall(f"{line}\r\n".encode("ascii", "replace"))
        except TimeoutError:
            raise Trouble("The server takes nothing more.") from None
        except OSError as failure:
            raise Trouble(f"The server closed the connection ({failure.strerror or 'broken'}).") from None

    def start_tls(self, context: ssl.SSLContext) -> tuple[ssl.SSLSocket, bool, float]:
        """Begin TLS after the server's 220; returns the wrapped socket, whether it had sent more before, seconds.

        As Postfix does by itself, no server name is sent. What came before TLS began is thrown away (RFC 3207 §4.2).
        """
        early, self._buffer = bool(self._buffer), b""
        started = time.monotonic()
        self._connection.settimeout(max(0.01, min(self._limits.answer, self._end - started)))
        try:
            wrapped = context.wrap_socket(self._connection)
        except ssl.SSLCertVerificationError:
            raise
        except TimeoutError:
            raise Trouble("The server does not finish the TLS handshake in time.") from None
        except (ssl.SSLError, OSError) as failure:
            words = getattr(failure, "reason", None) or getattr(failure, "strerror", None) or "broken off"
            raise Trouble(
                f"The TLS handshake fails: {visible(str(words)).replace('_', ' ').lower()}.",
                "The server's TLS is broken or older than TLS 1.2; mail goes there only without TLS.",
            ) from None
        self._connection = wrapped
        return wrapped, early, time.monotonic() - started

    def _line(self, until: float) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > self._limits.line:
                raise Trouble(f"The server sent a line longer than {self._limits.line} octets; it was left.")
            self._buffer += self._more(until)
        line, _, self._buffer = self._buffer.partition(b"\n")
        if len(line) > self._limits.line:
            raise Trouble(f"The server sent a line longer than {self._limits.line} octets; it was left.")
        return line.rstrip(b"\r")

    def _more(self, until: float) -> bytes:
        left = until - time.monotonic()
        if left <= 0:
            raise self._slow()
        self._connection.settimeout(left)
        try:
            received = self._connection.recv(2048)
        except TimeoutError:
            raise self._slow() from None
        except (ssl.SSLError, OSError) as failure:
            raise Trouble(
                f"The connection broke off: {failure.strerror or visible(str(failure))}.",
                "The server's own log may say why.",
            ) from None
        if not received:
            raise Trouble(
                "The server closed the connection without an answer.",
                "It may refuse this gateway's address; its own log says why.",
            )
        self._taken += len(received)
        if self._taken > self._limits.octets:
            raise Trouble(f"The server sent more than {self._limits.octets} octets in all; it was left.")
        return received

    def _slow(self) -> Trouble:
        return Trouble(
            "Connected, but no whole answer came in time.",
            "The server is overloaded or holds strangers up on purpose. Port 465 expects TLS at once: use 587 or 25.",
        )


def literal(text: str) -> bool:
    """Tell whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
