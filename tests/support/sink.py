"""A mail server for tests: records raw bytes and envelopes, answers by a script that is data.

It speaks SMTP and LMTP (LHLO), on loopback TCP or a Unix socket, with or without STARTTLS and AUTH, one
thread a connection. It ends DATA only on CRLF.CRLF and keeps the body exactly as it came over the wire.

    with Sink(rules=[Rule("RCPT", "550 5.1.1 unknown", match="<nobody@")]) as sink:
        ...send to sink.address...
        message = sink.wait_for(1)[0]

A `Rule` replaces the normal reply of one command. The first rule that fits is used; `times` limits how often.
"""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.support.smtp_client import Address, undot
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from types import TracebackType

DROP = "drop"  # as a reply: close the connection without a word

KEYWORDS = ("PIPELINING", "SIZE", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8")
XFORWARD = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"


@dataclass
class Rule:
    """What to answer instead, to a command whose line contains `match`.
     `verb` is the command, or CONNECT, or BODY for the reply after the final dot (in LMTP: `match` is sought in
    the recipient's RCPT line). With `hold`, the answer waits until that event is set. `times=0` means always.
    """

    verb: str
    reply: str
    match: str = ""
    times: int = 0
    hold: threading.Event | None = None
    used: int = 0

    def fits(self, verb: str, line: str) -> bool:
        """Whether this rule answers the command."""
        return verb == self.verb and self.match in line and not (self.times and self.used >= self.times)


@dataclass
class Received:
    """One message: its envelope as sent and its body exactly as on the wire (without the final dot)."""

    session: int
    helo: str
    mail: str  # the whole MAIL line
    rcpts: list[str]  # the whole RCPT lines of the accepted recipients
    wire: bytes
    xforward: dict[str, str]
    login: str = ""
    tls: bool = False

    @property
    def sender(self) -> str:
        """The address in MAIL FROM."""
        return _path(self.mail)

    @property
    def recipients(self) -> list[str]:
        """The addresses of the accepted RCPT TO."""
        return [_path(line) for line in self.rcpts]

    @property
    def content(self) -> bytes:
        """The message itself, dots unstuffed."""
        return undot(self.wire)

    @property
    def body_without_trace(self) -> bytes:
        """The message without its Received and Delivered-To fields: what hops must not change."""
        return without_trace(self.content)


@dataclass
class Script:
    """How a sink behaves: announced keywords, deviating replies, TLS context, whether it offers a login."""

    keywords: tuple[str, ...] = (*KEYWORDS, XFORWARD)
    rules: list[Rule] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    auth: bool = False


class Sink:
    """The server; `address` is where it listens, `messages`, `commands` and `sessions` what it saw."""

    def __init__(
        self,
        address: Address = ("127.0.0.1", 0),
        *,
        rules: Iterable[Rule] = (),
        keywords: tuple[str, ...] = (*KEYWORDS, XFORWARD),
        tls: ssl.SSLContext | None = None,
        auth: bool = False,
        server: socket.socket | None = None,
    ) -> None:
        self.script = Script(keywords, list(rules), tls, auth)
        self.messages: list[Received] = []
        self.commands: list[str] = []
        self.writes: list[bytes] = []  # what each recv() gave while commands were expected
        self.sessions = 0
        self.lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._server = server or _listen(address)
        self.address: Address = address if isinstance(address, str) else self._server.getsockname()[:2]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """The TCP port."""
        assert not isinstance(self.address, str)
        return self.address[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and drop every connection."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        if isinstance(self.address, str):
            Path(self.address).unlink(missing_ok=True)
        self.drop_connections()

    def drop_connections(self) -> None:
        """Close every open connection but go on listening."""
        with self.lock:
            connections, self._open = self._open, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        with self.lock:
            return len(self._open)

    def wait_for(self, count: int, seconds: float = 60.0) -> list[Received]:
        """Return the messages once there are at least `count`."""
        wait_until(lambda: len(self.messages) >= count, f"{count} messages at the sink", seconds)
        return list(self.messages)

    def _accept(self) -> None:
        while True:
            try:
                connection, _peer = self._server.accept()
            except OSError:
                return
            with self.lock:
                self._open.add(connection)
                self.sessions += 1
                session = _Session(self, connection, self.sessions)
            threading.Thread(target=session.run, daemon=True).start()

    def forget(self, connection: socket.socket) -> None:
        """Count a connection as closed."""
        with self.lock:
            self._open.discard(connection)


class _HangupError(Exception):
    """The dialogue is over."""


class _Session:
    """The server's side of one connection."""

    def __init__(self, sink: Sink, connection: socket.socket, number: int) -> None:
        self.sink, self.connection, self.raw, self.number = sink, connection, connection, number
        self.buffer = bytearray()
        self.helo, self.lmtp, self.login, self.tls = "", False, "", False
        self.reset()

    def reset(self) -> None:
        self.mail = ""
        self.rcpts: list[str] = []
        self.xforward: dict[str, str] = {}

    def run(self) -> None:
        try:
            if self.connection.family != socket.AF_UNIX:
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.say("220 sink.test ESMTP", "CONNECT", "")
            while True:
                self.obey(self.line())
        except (_HangupError, OSError):
            pass
        finally:
            self.sink.forget(self.raw)
            self.connection.close()

    # the wire

    def fill(self) -> None:
        chunk = self.connection.recv(1 << 20)
        if not chunk:
            raise _HangupError
        self.buffer += chunk

    def line(self) -> str:
        while (end := self.buffer.find(b"\n")) < 0:
            self.fill()
            with self.sink.lock:
                self.sink.writes.append(bytes(self.buffer))
        line = bytes(self.buffer[: end + 1])
        del self.buffer[: end + 1]
        text = line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
        with self.sink.lock:
            self.sink.commands.append(text)
        return text

    def say(self, normal: str, verb: str, line: str) -> str:
        """Answer by the first rule that fits, else normally; return what was said."""
        rule, reply = self.choose(normal, verb, line)
        self.send(rule, reply)
        return reply

    def choose(self, normal: str, verb: str, line: str) -> tuple[Rule | None, str]:
        with self.sink.lock:
            rule = next((r for r in self.sink.script.rules if r.fits(verb, line)), None)
            if rule:
                rule.used += 1
        return rule, rule.reply if rule else normal

    def send(self, rule: Rule | None, reply: str) -> None:
        if rule and rule.hold:
            rule.hold.wait(120)
        if reply == DROP:
            raise _HangupError
        self.connection.sendall(reply.encode("utf-8", "surrogateescape") + b"\r\n")

    # the dialogue

    def obey(self, line: str) -> None:
        verb = line.split(" ", 1)[0].upper()
        action = getattr(self, f"do_{verb.lower()}", None)
        if action:
            action(line)
        else:
            self.say("250 2.0.0 Ok", verb, line)

    def do_ehlo(self, line: str) -> None:
        self.helo = line.partition(" ")[2]
        self.lmtp = line[:4].upper() == "LHLO"
        self.reset()
        keywords = list(self.sink.script.keywords)
        if self.sink.script.tls and not self.tls:
            keywords.append("STARTTLS")
        if self.sink.script.auth:
            keywords.append("AUTH PLAIN LOGIN")
        lines = ["sink.test", *keywords]
        text = "\r\n".join(f"250{' ' if item is lines[-1] else '-'}{item}" for item in lines)
        self.say(text, line[:4].upper(), line)

    do_lhlo = do_ehlo

    def do_helo(self, line: str) -> None:
        self.helo = line.partition(" ")[2]
        self.say("250 sink.test", "HELO", line)

    def do_starttls(self, line: str) -> None:
        if self.say("220 2.0.0 Ready", "STARTTLS", line).startswith("220") and self.sink.script.tls:
            self.connection = self.sink.script.tls.wrap_socket(self.connection, server_side=True)
            self.tls = True

    def do_auth(self, line: str) -> None:
        words = line.split(" ")
        if words[1].upper() == "PLAIN":
            encoded = words[2] if len(words) > 2 else self.ask("334 ")
            self.login = ":".join(base64.b64decode(encoded).decode().split("\0")[1:])
        else:
            user = words[2] if len(words) > 2 else self.ask("334 VXNlcm5hbWU6")
            password = self.ask("334 UGFzc3dvcmQ6")
            self.login = f"{base64.b64decode(user).decode()}:{base64.b64decode(password).decode()}"
        self.say("235 2.7.0 Ok", "AUTH", line)

    def ask(self, question: str) -> str:
        self.connection.sendall(question.encode() + b"\r\n")
        return self.line()

    def do_xforward(self, line: str) -> None:
        for name, _, value in (item.partition("=") for item in line.split(" ")[1:]):
            self.xforward[name] = value
        self.say("250 2.0.0 Ok", "XFORWARD", line)

    def do_mail(self, line: str) -> None:
        if self.say("250 2.1.0 Ok", "MAIL", line).startswith("2"):
            self.mail = line

    def do_rcpt(self, line: str) -> None:
        if not self.mail:
            self.say("503 5.5.1 MAIL first", "RCPT", line)
        elif self.say("250 2.1.5 Ok", "RCPT", line).startswith("2"):
            self.rcpts.append(line)

    def do_rset(self, line: str) -> None:
        self.reset()
        self.say("250 2.0.0 Ok", "RSET", line)

    def do_quit(self, line: str) -> None:
        self.say("221 2.0.0 Bye", "QUIT", line)
        raise _HangupError

    def do_data(self, line: str) -> None:
        if not self.rcpts:
            self.say("554 5.5.1 no valid recipients", "DATA", line)
            return
        if not self.say("354 go on", "DATA", line).startswith("354"):
            return
        wire = self.body()
        received = Received(
            self.number,
            self.helo,
            self.mail,
            list(self.rcpts),
            wire,
            dict(self.xforward),
            self.login,
            self.tls,
        )
        queue_id = f"SINK{len(self.sink.messages) + 1}S{self.number}"
        asked = self.rcpts if self.lmtp else [self.mail]
        answers = [self.choose(f"250 2.0.0 Ok: queued as {queue_id}", "BODY", line) for line in asked]
        taken = [reply.startswith("2") for _, reply in answers]
        if any(taken):  # recorded before the answer is out: who has read the answer finds the message
            if self.lmtp:
                received.rcpts = [line for line, yes in zip(self.rcpts, taken, strict=True) if yes]
            with self.sink.lock:
                self.sink.messages.append(received)
        for answer in answers:
            self.send(*answer)
        self.reset()

    def body(self) -> bytes:
        if self.buffer.startswith(b".\r\n"):
            del self.buffer[:3]
            return b""
        start = 0
        while (end := self.buffer.find(b"\r\n.\r\n", start)) < 0:
            start = max(0, len(self.buffer) - 4)
            self.fill()
            if self.buffer.startswith(b".\r\n"):
                del self.buffer[:3]
                return b""
        wire = bytes(self.buffer[: end + 2])
        del self.buffer[: end + 5]
        return wire


def without_trace(content: bytes) -> bytes:
    """Remove the Received and Delivered-To fields of the header, continuation lines included."""
    end = content.find(b"\r\n\r\n")
    head, rest = (content, b"") if end < 0 else (content[: end + 2], content[end + 2 :])
    return re.sub(rb"(?im)^(?:received|delivered-to):[^\n]*\n(?:[ \t][^\n]*\n)*", b"", head) + rest


def _path(line: str) -> str:
    match = re.match(r'[^<]*<((?:"(?:[^"\\]|\\.)*"|[^">])*)>', line)
    return match[1] if match else ""


def _listen(address: Address) -> socket.socket:
    server = socket.socket(_family(address))
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(address)
    if isinstance(address, str):
        Path(address).chmod(0o666)
    server.listen(256)
    return server


def _family(address: Address) -> socket.AddressFamily:
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET
