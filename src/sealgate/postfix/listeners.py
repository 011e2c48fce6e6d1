"""The addresses on which a Postfix instance listens, and whether something answers there.

A service whose daemon cannot start still has a listening socket: master(8) owns it. Connections are accepted by the
kernel and nothing ever speaks. So a listener counts as answering only when it sent a 220 banner and a 250 to EHLO
(for smtpd), a banner (postscreen), or was accepted and stayed open (anything else). Sources: master(5) service names,
postconf(5) inet_interfaces and inet_protocols, RFC 5321 §4.2.
"""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sealgate.postfix.parameters import ReadBack, Service

_SPEAKS_FIRST = frozenset({"smtpd", "postscreen"})
_TURN = 0.02
"""Seconds between two looks at whether waiting still makes sense."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One TCP address of one inet service.

    `tls_wrapped`: TLS begins with the first byte (smtpd_tls_wrappermode). `wildcard`: the service listens on every
    address of the machine, and `host` is the one to ask it on.
    """

    service: str
    program: str
    host: str
    port: int
    tls_wrapped: bool = False
    wildcard: bool = False

    @property
    def takes_mail(self) -> bool:
        """Whether its program holds SMTP sessions with clients."""
        return self.program in _SPEAKS_FIRST

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine itself can connect to it."""
        return self.host == "::1" or self.host.startswith("127.")

    def __str__(self) -> str:
        """Return the address as people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Greeting:
    """What came of connecting to a listener; `fault` is empty when it answers as it should."""

    listener: Listener
    banner: str = ""
    fault: str = ""
    seconds: float = 0.0

    @property
    def answers(self) -> bool:
        """Whether the service behind the listener is alive."""
        return not self.fault


def listeners(read: ReadBack, main: Mapping[str, str]) -> tuple[Listener, ...]:
    """Return every address to connect to. `main` has inet_interfaces and inet_protocols in force, expanded."""
    return tuple(
        Listener(service.key, service.command, host, port, _wrapped(read, service), everywhere)
        for service in read.services
        if service.kind == "inet"
        for host, port, everywhere in _addresses(service.name, main)
    )


def greet(listener: Listener, timeout: float, give_up: Callable[[], bool] = lambda: False) -> Greeting:
    """Connect and wait for a proper answer, at most `timeout` seconds or until `give_up()` says it is hopeless.

    A reset connection is tried again: a daemon of a master that was killed shares the port with the new one
    (SO_REUSEPORT) until it notices, and resets what waits in its queue when it ends.
    """
    started = time.monotonic()
    deadline = started + timeout
    while True:
        try:
            return _greeted(listener, started, deadline, give_up)
        except ConnectionResetError as reset:
            if time.monotonic() > deadline or give_up():
                return Greeting(listener, "", f"{reset.strerror or reset}", time.monotonic() - started)
            time.sleep(0.02)


def _greeted(listener: Listener, started: float, deadline: float, give_up: Callable[[], bool]) -> Greeting:
    """Do it once; ConnectionResetError for a connection that was reset."""
    banner = ""
    try:
        with _connected(listener, deadline, give_up) as connection:
            lines = _Lines(connection, deadline, give_up)
            fault = ""
            if listener.program in _SPEAKS_FIRST:
                banner, fault = _dialogue(lines, ehlo=listener.program == "smtpd")
            return Greeting(listener, banner, fault, time.monotonic() - started)
    except ConnectionResetError:
        raise
    except OSError as failure:
        fault = str(failure) if isinstance(failure, TimeoutError) else f"{failure.strerror or failure}"
        return Greeting(listener, banner, fault, time.monotonic() - started)


class _Lines:
    """Reads SMTP replies from a socket in small waits, so that waiting can be given up."""

    def __init__(self, connection: socket.socket, deadline: float, give_up: Callable[[], bool]) -> None:
        self._connection = connection
        self._deadline = deadline
        self._give_up = give_up
        self._buffer = b""

    def reply(self, *, whole: bool = True) -> str:
        """Return the last line of the next reply (its first when not `whole`)."""
        while True:
            while b"\n" not in self._buffer:
                self._buffer += self._more()
            line, _, self._buffer = self._buffer.partition(b"\n")
            if line[3:4] != b"-" or not whole:
                return line.decode("utf-8", "replace").rstrip("\r")

    def send(self, line: str) -> None:
        self._connection.settimeout(5)
        self._connection.sendall(f"{line}\r\n".encode())

    def _more(self) -> bytes:
        while True:
            if time.monotonic() > self._deadline or self._give_up():
                raise TimeoutError("connected, but nothing answers")
            self._connection.settimeout(_TURN)
            with contextlib.suppress(TimeoutError):
                received = self._connection.recv(4096)
                if not received:
                    raise ConnectionError("connected, and the connection was closed without an answer")
                return received


def _dialogue(lines: _Lines, *, ehlo: bool) -> tuple[str, str]:
    banner = lines.reply(whole=ehlo)
    if not banner.startswith("220"):
        return banner, f"it answers {banner!r} instead of 220"
    if ehlo:
        lines.send("EHLO probe.invalid")
        answer = lines.reply()
        with contextlib.suppress(OSError):  # it has answered; that it closes before our farewell is its right
            lines.send("QUIT")
        if not answer.startswith("250"):
            return banner, f"it answers EHLO with {answer!r} instead of 250"
    return banner, ""


@contextlib.contextmanager
def _connected(listener: Listener, deadline: float, give_up: Callable[[], bool]) -> Iterator[socket.socket]:
    """Connect; while nobody listens yet, try again until the deadline."""
    while True:
        try:
            plain = socket.create_connection((listener.host, listener.port), max(0.1, deadline - time.monotonic()))
            break
        except ConnectionRefusedError:
            if time.monotonic() > deadline or give_up():
                raise
            time.sleep(0.005)
    with plain:
        if not listener.tls_wrapped:
            yield plain
            return
        with _in_tls(plain) as wrapped:
            yield wrapped


def _in_tls(plain: socket.socket) -> socket.socket:
    """Begin TLS with any certificate: the question is whether the service lives, not who it is."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain)


def _wrapped(read: ReadBack, service: Service) -> bool:
    return read.value(service.key, "smtpd_tls_wrappermode") == "yes"


def _addresses(name: str, main: Mapping[str, str]) -> Iterator[tuple[str, int, bool]]:
    """Resolve the service name of master(5): `port`, `host:port`, `[host]:port`."""
    host, colon, port = name.rpartition(":")
    hosts = [(host.strip("[]"), False)] if colon and host else _own_hosts(main)
    for one, everywhere in hosts:
        for family in _families(main):
            with contextlib.suppress(OSError):
                for _, _, _, _, address in socket.getaddrinfo(one, port, family, socket.SOCK_STREAM):
                    yield str(address[0]), int(address[1]), everywhere


def _own_hosts(main: Mapping[str, str]) -> list[tuple[str, bool]]:
    found = []
    for interface in main.get("inet_interfaces", "all").replace(",", " ").split():
        if interface in {"all", "loopback-only"}:
            found += [("127.0.0.1", interface == "all"), ("::1", interface == "all")]
        else:
            found.append((interface.strip("[]"), False))
    return found


def _families(main: Mapping[str, str]) -> tuple[socket.AddressFamily, ...]:
    protocols = main.get("inet_protocols", "all").replace(",", " ").split()
    wanted = []
    if {"all", "ipv4"} & set(protocols):
        wanted.append(socket.AF_INET)
    if {"all", "ipv6"} & set(protocols) and _has_ipv6():
        wanted.append(socket.AF_INET6)
    return tuple(wanted)


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
