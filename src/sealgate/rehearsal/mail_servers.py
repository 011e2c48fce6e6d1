"""The mail servers of the artificial internet: every address, port 25 and the ports a plan names, one dialogue.

How a server behaves is data (`trials.Server`), found by the address that was connected to. It offers PIPELINING, SIZE,
8BITMIME, DSN, SMTPUTF8, STARTTLS and AUTH as told, and notes every transaction that named a recipient as an `Arrival`:
taken, refused, or broken off. Defer and refuse answer RCPT, so does a reply for one recipient; drop closes the
connection in the middle of a message's end, which is the hardest case for a sender; slow greets late. A server that is
down cannot be connected to at all (`network`).

Never: a reply that Postfix could take for a queue id. Sources: RFC 5321, 1870, 2920, 3207, 4954, 6152, 6531, 3461.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgate.rehearsal.trials import TRIAL_HEADER, Arrival, Certificate, Manner, Server

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from io import BufferedReader

PATIENCE = 60.0
"""Seconds that a client may be silent."""
KEPT = 1 << 16
_LONGEST_LINE = 1 << 16
_NAME = "server.sealgate.invalid"
_PATH = re.compile(r"^(?:FROM|TO):\s*<(?P<path>[^>]*(?:\"[^\"]*\"[^>]*)?)>(?P<parameters>.*)$", re.IGNORECASE)
_TRIAL = re.compile(rf"^{TRIAL_HEADER}:[ \t]*([A-Za-z0-9-]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Connection:
    """What a server knows of one connection; `server` is the name that led to the address."""

    socket: socket.socket
    behaviour: Server
    server: str
    address: str
    port: int
    client: str


@dataclass(slots=True)
class _Transaction:
    sender: str = ""
    begun: bool = False
    recipients: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class MailSession:
    """One SMTP session of a server; `run` holds it to its end. Nothing a client sends raises."""

    def __init__(
        self, connection: Connection, contexts: Mapping[Certificate, ssl.SSLContext], note: Callable[[Arrival], None]
    ) -> None:
        self._c = connection
        self._contexts = contexts
        self._note = note
        self._socket = connection.socket
        self._file: BufferedReader = self._socket.makefile("rb")
        self._helo = self._tls = self._login = self._password = ""
        self._mail = _Transaction()
        self._over = False

    def run(self) -> None:
        """Greet and answer until the client leaves."""
        with contextlib.suppress(OSError, ValueError):
            self._socket.settimeout(PATIENCE)
            if self._c.behaviour.manner is Manner.SLOW:
                time.sleep(self._c.behaviour.slowness)
            self._say(f"220 {_NAME} ESMTP")
            while not self._over and (line := self._file.readline(_LONGEST_LINE)):
                verb, _, rest = line.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
                self._answer(verb.upper(), rest.strip())
        self._broken_off()
        with contextlib.suppress(OSError):
            self._socket.close()

    def _answer(self, verb: str, rest: str) -> None:
        known: dict[str, Callable[[str], None]] = {
            "EHLO": self._ehlo, "HELO": self._greeted, "STARTTLS": self._start_tls, "AUTH": self._auth,
            "MAIL": self._mail_from, "RCPT": self._rcpt, "DATA": self._data, "RSET": self._reset, "QUIT": self._quit,
        }  # fmt: skip
        if verb in known:
            known[verb](rest)
        elif verb in {"NOOP", "VRFY"}:
            self._say("252 2.1.5 Send some mail" if verb == "VRFY" else "250 2.0.0 Ok")
        else:
            self._say("502 5.5.2 Not known here")

    # -- greeting, TLS, login

    def _ehlo(self, name: str) -> None:
        self._helo = name
        self._broken_off()
        server = self._c.behaviour
        words = ["PIPELINING", f"SIZE {server.max_size}" if server.max_size else "SIZE", "8BITMIME", "DSN", "SMTPUTF8"]
        words += ["ENHANCEDSTATUSCODES"]
        if self._context() is not None and not self._tls:
            words.append("STARTTLS")
        if server.logins:
            words.append("AUTH PLAIN LOGIN")
        self._say("\r\n".join([f"250-{_NAME}", *(f"250-{word}" for word in words[:-1]), f"250 {words[-1]}"]))

    def _greeted(self, name: str) -> None:
        self._helo = name
        self._broken_off()
        self._say(f"250 {_NAME}")

    def _context(self) -> ssl.SSLContext | None:
        return self._contexts.get(self._c.behaviour.certificate)

    def _start_tls(self, _: str) -> None:
        context = self._context()
        if context is None or self._tls:
            self._say("502 5.5.1 No TLS here")
            return
        self._say("220 2.0.0 Go ahead")
        wrapped = context.wrap_socket(self._socket, server_side=True)
        self._socket, self._file = wrapped, wrapped.makefile("rb")
        self._tls = wrapped.version() or "TLS"
        self._helo, self._mail = "", _Transaction()

    def _auth(self, rest: str) -> None:
        method, _, first = rest.partition(" ")
        if not self._c.behaviour.logins or method.upper() not in {"PLAIN", "LOGIN"}:
            self._say("504 5.5.4 Not offered")
            return
        try:
            if method.upper() == "PLAIN":
                _, self._login, self._password = _decoded(first or self._asked("")).split("\0")
            else:
                self._login = _decoded(first or self._asked("VXNlcm5hbWU6"))
                self._password = _decoded(self._asked("UGFzc3dvcmQ6"))
        except (ValueError, binascii.Error):
            self._say("501 5.5.2 Not understood")
            return
        self._say("235 2.7.0 Welcome")

    def _asked(self, question: str) -> str:
        self._say(f"334 {question}")
        return self._file.readline(_LONGEST_LINE).decode("ascii", "replace").strip()

    # -- a transaction

    def _mail_from(self, rest: str) -> None:
        self._broken_off()
        path, parameters = _path(rest)
        size = re.search(r"\bSIZE=(\d+)", parameters, re.IGNORECASE)
        if self._c.behaviour.max_size and size and int(size[1]) > self._c.behaviour.max_size:
            self._say("552 5.3.4 Too large")
            return
        self._mail = _Transaction(path, begun=True)
        self._say("250 2.1.0 Ok")

    def _rcpt(self, rest: str) -> None:
        if not self._mail.begun:
            self._say("503 5.5.1 MAIL first")
            return
        path, _ = _path(rest)
        answer = _verdict(self._c.behaviour, path)
        (self._mail.recipients if answer.startswith("2") else self._mail.refused).append(path)
        self._say(answer)

    def _data(self, _: str) -> None:
        if not self._mail.recipients:
            self._say("554 5.5.1 No valid recipients")
            return
        self._say("354 Go on")
        size, kept, digest = 0, bytearray(), hashlib.sha256()
        for line in iter(lambda: self._file.readline(_LONGEST_LINE), b".\r\n"):
            if not line:
                return
            content = line[1:] if line.startswith(b".") else line
            size += len(content)
            digest.update(content)
            kept += content[: KEPT - len(kept)]
        dropped = self._c.behaviour.manner is Manner.DROP
        too_large = 0 < self._c.behaviour.max_size < size
        self._noted(bytes(kept).decode("latin-1"), size, digest.hexdigest(), accepted=not (dropped or too_large))
        if dropped:
            self._over = True
        else:
            self._say("552 5.3.4 Too large" if too_large else "250 2.0.0 Taken")

    def _reset(self, _: str) -> None:
        self._broken_off()
        self._say("250 2.0.0 Ok")

    def _quit(self, _: str) -> None:
        self._broken_off()
        self._say("221 2.0.0 Bye")
        self._over = True

    # -- notes

    def _broken_off(self) -> None:
        """Note a transaction that ends without a message, as address verification leaves one."""
        if self._mail.recipients or self._mail.refused:
            self._noted("", 0, "", accepted=False)
        self._mail = _Transaction()

    def _noted(self, message: str, size: int, digest: str, *, accepted: bool) -> None:
        c, mail = self._c, self._mail
        self._mail = _Transaction()
        self._note(
            Arrival(
                trial_of(message), c.server, c.address, c.port, c.client, self._helo, self._tls, self._login,
                self._password, mail.sender, tuple(mail.recipients), message, size, digest, accepted,
                tuple(mail.refused),
            )
        )  # fmt: skip

    def _say(self, reply: str) -> None:
        self._socket.sendall(reply.encode() + b"\r\n")


class MailServers:
    """Listens for mail and holds the sessions; `look_up` gives the name and behaviour of an address."""

    def __init__(
        self, look_up: Callable[[str], tuple[str, Server]], contexts: Mapping[Certificate, ssl.SSLContext]
    ) -> None:
        self._look_up = look_up
        self._contexts = contexts
        self._arrivals: list[Arrival] = []
        self._changed = threading.Condition()

    def listen(self, listener: socket.socket) -> None:
        """Serve a listening socket until the world ends."""
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def arrivals(self) -> tuple[Arrival, ...]:
        """Return what has arrived so far, in the order of arrival."""
        with self._changed:
            return tuple(self._arrivals)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, client = listener.accept()
            threading.Thread(target=self._serve, args=(connection, client), daemon=True).start()

    def _serve(self, connection: socket.socket, client: tuple[str, int]) -> None:
        try:
            address, port = connection.getsockname()[:2]
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            connection.close()
            return
        name, behaviour = self._look_up(address)
        MailSession(
            Connection(connection, behaviour, name, address, port, client[0]), self._contexts, self._noted
        ).run()

    def _noted(self, arrival: Arrival) -> None:
        with self._changed:
            self._arrivals.append(arrival)


def listeners(ports: tuple[int, ...], addresses: tuple[str, ...]) -> list[socket.socket]:
    """Open listening sockets in the network of this thread. Raises OSError when an address cannot be had."""
    return [_listener(address, port) for address in addresses for port in ports]


def _listener(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = socket.socket(family)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        found.bind((address, port))
        found.listen(128)
    except OSError:
        found.close()
        raise
    return found


def trial_of(message: str) -> str:
    """Return the trial that a message says it belongs to, in its header; a bounce of one belongs to none."""
    header = re.split(r"\r?\n\r?\n", message, maxsplit=1)[0]
    found = _TRIAL.search(header)
    return found[1] if found else ""


def _verdict(server: Server, recipient: str) -> str:
    """Return the reply to a recipient: its own, that of its domain, or what the manner says."""
    lowered = {key.lower(): reply for key, reply in server.replies.items()}
    own = lowered.get(recipient.lower()) or lowered.get(f"@{recipient.lower().rpartition('@')[2]}")
    if own:
        return own
    if server.manner is Manner.DEFER:
        return "451 4.3.0 Try again later"
    if server.manner is Manner.REFUSE:
        return "550 5.1.1 Not wanted here"
    return "250 2.1.5 Ok"


def _path(rest: str) -> tuple[str, str]:
    found = _PATH.match(rest)
    return (found["path"], found["parameters"]) if found else (rest, "")


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode("utf-8", "replace")
