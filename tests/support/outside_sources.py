"""The outside that publishes lists of networks: a name server (UDP and TCP) and web servers behind TLS, as data.

    with OutsideSources() as outside:
        outside.dns.records["lists.example", "A"] = [outside.address]
        outside.pages["lists.example", "/all"] = Page(b"192.0.2.0/24")
        fetch(Source("url", target="https://lists.example/all"), outside.reach())

Everything is on one loopback address of its own: the name server on port 53, every web server on port 443, with
certificates of one authority that is trusted by `reach()` only. A page may be a script that gets the connection.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import tempfile
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Self

import dns.flags
import dns.message
import dns.rcode
import trustme
from tests.support.dns_server import DnsServer

from sealgate.providers import Reach

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTS = ("lists.example", "other.example", "xn--bcher-kva.example", "endpoints.office.com", "www.gstatic.com")


_GONE = (OSError, ValueError, IndexError)
"""What it looks like here when a client went away, before or while it asked."""


@dataclass(frozen=True)
class Page:
    """What a web server answers; with `script`, what it does instead."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    script: Callable[[ssl.SSLSocket], None] | None = None


@dataclass(frozen=True)
class Request:
    """What a web server was asked: host, target with its query, header fields with small names."""

    host: str
    target: str
    headers: dict[str, str]


class OutsideDns(DnsServer):
    """The name server; `failing` maps names to codes, `silent` are names without an answer, `cut` cuts over UDP."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: dict[str, dns.rcode.Rcode] = {}
        self.silent: set[str] = set()
        self.cut = False
        self.over_tcp = 0
        self._listener = socket.create_server((self.address, 53))

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        _shut(self._listener)
        super().__exit__(None, None, None)

    def texts(self, name: str, *texts: str) -> None:
        """Give a name TXT records, in strings of 255 characters."""
        pieces = [[text[start : start + 255] for start in range(0, len(text), 255)] for text in texts]
        self.records[name, "TXT"] = [" ".join(f'"{piece}"' for piece in whole) for whole in pieces]

    def _over_udp(self, packet: bytes) -> bytes:
        answer = self._said(packet)
        if answer is None:
            return b""
        if self.cut:
            answer.flags |= dns.flags.TC
            answer.answer = []
        return answer.to_wire()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                wire, _ = self._listener.accept()
                with wire, wire.makefile("rb") as stream, contextlib.suppress(OSError, struct.error):
                    answer = self._said(stream.read(struct.unpack("!H", stream.read(2))[0]))
                    self.over_tcp += 1
                    if answer is not None:
                        sent = answer.to_wire()
                        wire.sendall(struct.pack("!H", len(sent)) + sent)

    def _said(self, packet: bytes) -> dns.message.Message | None:
        answer = dns.message.from_wire(self._answer(packet))
        name = answer.question[0].name.to_text(omit_final_dot=True).lower()
        if name in self.silent:
            return None
        if name in self.failing:
            answer.answer = []
            answer.set_rcode(self.failing[name])
        return answer


class OutsideSources:
    """The whole; lives for many tests, and `forget` makes it empty again."""

    def __init__(self) -> None:
        self.dns = OutsideDns()
        self.pages: dict[tuple[str, str], Page] = {}
        self.asked: list[Request] = []
        self.address = self.dns.address
        self._listener = socket.create_server((self.address, 443), backlog=50)
        self._directory = tempfile.TemporaryDirectory(prefix="sg-outside-")
        authority = trustme.CA()
        self.ca_file = Path(self._directory.name) / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*HOSTS, self.address).configure_cert(self._context)

    def __enter__(self) -> Self:
        self.dns.__enter__()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        _shut(self._listener)
        self.dns.__exit__()
        self._directory.cleanup()

    def forget(self) -> None:
        """Know nothing but the hosts, and answer everything."""
        self.pages.clear()
        self.asked.clear()
        self.dns.records = {(host, "A"): [self.address] for host in HOSTS}
        self.dns.failing, self.dns.silent, self.dns.cut, self.dns.over_tcp = {}, set(), False, 0
        self.dns.asked.clear()

    def reach(self, *, seconds: float = 20.0, most_bytes: int = 10_000_000, allow_private: bool = True) -> Reach:
        """Return how to reach it."""
        return Reach(
            nameservers=(self.address,),
            ca_file=str(self.ca_file),
            allow_private=allow_private,
            seconds=seconds,
            most_bytes=most_bytes,
        )

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                wire, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(wire,), daemon=True).start()

    def _talk(self, wire: socket.socket) -> None:
        with (
            wire,
            contextlib.suppress(OSError, ValueError, IndexError),
            self._context.wrap_socket(wire, server_side=True) as tls,
        ):
            request = _request(tls)
            self.asked.append(request)
            page = self.pages.get((request.host, request.target.partition("?")[0]), Page(status=404))
            if page.script:
                page.script(tls)
            else:
                tls.sendall(answer(page))
            tls.unwrap()


def answer(page: Page) -> bytes:
    """Return a whole answer as it is sent."""
    fields = {"Content-Length": str(len(page.body)), "Connection": "close"} | page.headers
    head = [f"HTTP/1.1 {page.status} {HTTPStatus(page.status).phrase}", *(f"{k}: {v}" for k, v in fields.items())]
    return "\r\n".join([*head, "", ""]).encode() + page.body


def _request(tls: ssl.SSLSocket) -> Request:
    stream = tls.makefile("rb")
    target = stream.readline().decode().split()[1]
    headers: dict[str, str] = {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Request(headers.get("host", ""), target, headers)


def _shut(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
