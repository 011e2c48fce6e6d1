"""The artificial internet of one run: its names, its mail servers, and its clients, from the plan's data.

It stands on `network` (where the sockets are), `dns_answers` and `name_server` (what names mean), `addresses` (which
address a name has) and `mail_servers` (who takes mail). Probe grade has names and clients only: there nothing can be
delivered. It uses the standard library alone, for nothing else is in the sealed world.

`Clients.connect` gives a connection from any address: from the internet, or from inside when the address is loopback
or the gateway's own. Sources: `trials.Internet`, postfix.md §9.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from sealgate.rehearsal.addresses import Book, plain
from sealgate.rehearsal.dns_answers import Names
from sealgate.rehearsal.name_server import serve_names
from sealgate.rehearsal.trials import Certificate, Manner, Server

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from sealgate.rehearsal.mail_servers import MailServers
    from sealgate.rehearsal.network import Place
    from sealgate.rehearsal.trials import Arrival, Internet, Plan

LOOPBACK = ("127.0.0.1", "::1")
_IP_FREEBIND = 15


class Clients:
    """Clients of any address. `inner` are the addresses that are the gateway's own."""

    def __init__(self, internet: Place, inner: frozenset[str] = frozenset()) -> None:
        self._internet = internet
        self._inner = inner

    def connect(self, source: str, host: str, port: int, timeout: float) -> socket.socket:
        """Return a connection from an address to a listener of the gateway. Raises OSError when there is none."""
        address = ipaddress.ip_address(source)
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        if address.is_loopback or str(address) in self._inner:
            found = socket.socket(family)
        else:
            found = self._internet.call(lambda: socket.socket(family))
        try:
            found.settimeout(timeout)
            found.setsockopt(socket.SOL_IP, _IP_FREEBIND, 1)
            found.bind((source, 0))
            found.connect((host, port))
        except OSError:
            found.close()
            raise
        return found


class ArtificialInternet:
    """Names and mail servers at work."""

    def __init__(self, plan: Plan, place: Place) -> None:
        self._data = plan.internet
        self._place = place
        self._book = _book(plan.internet)
        self._names = Names(plan.internet, (trial.client for trial in plan.trials), self._book)
        self._servers = {_key(name): server for name, server in plan.internet.servers.items()}
        self._mail: MailServers | None = None

    def serve_names(self) -> None:
        """Answer queries from now on."""
        serve_names(self._names, self._place)

    def serve_mail(self, chains: Mapping[str, str], *, ipv6: bool) -> None:
        """Take mail from now on; `chains` are files with certificate and key, by kind of certificate."""
        from sealgate.rehearsal.mail_servers import MailServers, listeners

        contexts = {Certificate(kind): _context(path) for kind, path in chains.items()}
        self._mail = MailServers(self._server_at, contexts)
        everywhere = ("0.0.0.0", "::") if ipv6 else ("0.0.0.0",)  # noqa: S104 - in a network of our own
        for listener in self._place.call(lambda: listeners(_ports(self._data), everywhere)):
            self._mail.listen(listener)

    def serve_loopback(self) -> None:
        """Be the next hops on the gateway's own loopback, on the plan's ports where no service of Postfix is."""
        from sealgate.rehearsal.mail_servers import listeners

        if self._mail is None:
            return
        named = dict.fromkeys((*LOOPBACK, *filter(_is_loopback, self._servers)))
        for name in named:
            if name in self._servers and self._servers[name].manner is Manner.DOWN:
                continue
            for port in self._data.ports:
                with contextlib.suppress(OSError):
                    self._mail.listen(*listeners((port,), (name,)))

    def repair(self) -> None:
        """Answer for every name, and take all mail, from now on; what is down cannot be reached all the same."""
        self._names.dead = False
        self._servers = {name: replace(server, manner=Manner.ACCEPT) for name, server in self._servers.items()}

    def arrivals(self) -> tuple[Arrival, ...]:
        """Return the mail that came so far."""
        return self._mail.arrivals() if self._mail else ()

    def _server_at(self, address: str) -> tuple[str, Server]:
        name = self._book.name_at(address)
        server = self._servers.get(_key(address)) or self._servers.get(name)
        return name, server or Server()


def down(internet: Internet) -> tuple[str, ...]:
    """Return the addresses of servers that are down."""
    book, found = _book(internet), []
    for name, server in internet.servers.items():
        if server.manner is Manner.DOWN:
            found += _addresses(_key(name), internet, book)
    return tuple(dict.fromkeys(found))


def _book(internet: Internet) -> Book:
    """Return a book in which the servers of the plan come first, so that they have the addresses of the rule."""
    book, listed = Book(), {plain(name) for name in internet.records}
    for name in map(_key, internet.servers):
        if not _is_address(name) and name not in listed:
            book.address(name)
            book.address(name, 6)
    return book


def _addresses(name: str, internet: Internet, book: Book) -> list[str]:
    if _is_address(name):
        return [name]
    records = next((types for key, types in internet.records.items() if plain(key) == name), None)
    if records is None:
        return [book.address(name), book.address(name, 6)]
    return [*records.get("A", ()), *records.get("AAAA", ())]


def _is_address(text: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(text))
    return False


def _ports(internet: Internet) -> tuple[int, ...]:
    return tuple(dict.fromkeys((25, *internet.ports)))


def _key(name: str) -> str:
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(name))
    return plain(name)


def _is_loopback(name: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(name).is_loopback
    return False


def _context(chain: str) -> ssl.SSLContext:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context
