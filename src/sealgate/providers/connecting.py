"""Connections to servers outside: which addresses may be reached, and an end in time for everything on them.

A name is resolved here, and the connection goes to the very address that was looked at: a name that changes its address
in between (DNS rebinding) gains nothing. Private, loopback, link-local and other special addresses, those that carry
such an IPv4 address inside, and the machine's own ones are refused unless `Reach.allow_private` permits them. Behind a
proxy the proxy resolves names, and its own rules say what may be reached.

Every read, write and handshake ends with the clock of the fetch, however slowly a server sends. A connection that ends
without TLS's own goodbye is an error: the list that it carried may lack its end.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from typing import TYPE_CHECKING, Any

import httpcore

from sealgate.model.errors import NotFetched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.providers.names import Names
    from sealgate.providers.source import Clock

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_CONNECT = 10.0
# Not of the public Internet either, whatever the table of the Python here says: IANA's registries of special addresses,
# where site-local, the anycast of 6to4 and the ranges for one's own NAT64, Teredo and examples stand.
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            *("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15"),
            *("64:ff9b:1::/48", "2001::/23", "3fff::/20", "5f00::/16", "fec0::/10"),
        ),
    )
)
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


class Dialler(httpcore.NetworkBackend):
    """Connects; with `guarded` only to addresses of the Internet."""

    def __init__(self, names: Names, clock: Clock, *, guarded: bool) -> None:
        self._names = names
        self._clock = clock
        self._guarded = guarded

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the clock of the fetch rules
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that may be reached and answers."""
        fault = "it has no address in DNS"
        for address in self._addresses(host):
            if self._guarded and (why := forbidden(address)):
                fault = f"its address {address} is {why}, and such servers are not asked"
                continue
            try:
                wire = socket.create_connection((str(address), port), min(_CONNECT, self._clock.left(host)))
            except OSError as failure:
                fault = f"{address} port {port} does not answer ({failure.strerror or 'no connection in time'})"
                continue
            return _Stream(wire, self._clock, host)
        raise NotFetched(f"The server {host} cannot be reached: {fault}. Check the address and the network.")

    def _addresses(self, host: str) -> list[IPAddress]:
        literal = address_of(host)
        if literal is not None:
            return [literal]
        try:
            return [ipaddress.ip_address(text) for text in self._names.addresses(host)]
        except ValueError:
            return []


class _Stream(httpcore.NetworkStream):
    """A connection on which everything ends with the clock."""

    def __init__(self, wire: socket.socket, clock: Clock, host: str) -> None:
        self._wire = wire
        self._clock = clock
        self._host = host

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        try:
            self._wire.settimeout(self._clock.left(self._host))
            return self._wire.recv(max_bytes)
        except OSError as failure:
            raise httpcore.ReadError(_words(failure)) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        try:
            self._wire.settimeout(self._clock.left(self._host))
            self._wire.sendall(buffer)
        except OSError as failure:
            raise httpcore.WriteError(_words(failure)) from None

    def close(self) -> None:
        self._wire.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        try:
            self._wire.settimeout(self._clock.left(self._host))
            wire = ssl_context.wrap_socket(self._wire, server_hostname=server_hostname, suppress_ragged_eofs=False)
        except OSError as failure:
            self.close()
            raise httpcore.ConnectError(_words(failure)) from None
        return _Stream(wire, self._clock, self._host)

    def get_extra_info(self, info: str) -> Any:
        """Return what the pool asks for: the state of TLS, and whether an idle connection was closed."""
        if info == "ssl_object" and isinstance(self._wire, ssl.SSLSocket):
            return self._wire
        return None


def address_of(host: str) -> IPAddress | None:
    """Return the address when a host is one, with or without brackets."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def forbidden(address: IPAddress) -> str:
    """Return why an address is not asked for lists, or an empty string."""
    inside = _carried(address)
    if inside.is_loopback or inside.is_unspecified:
        return "this machine's"
    if inside.is_link_local:
        return "link-local"
    special = any(inside.version == one.version and inside in one for one in _SPECIAL)
    if special or not inside.is_global or inside.is_multicast or inside.is_reserved:
        return "private or reserved"
    return "this machine's" if _own(address) else ""


def _carried(address: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv6 address stands for (mapped, 6to4, NAT64), or the address itself.

    Teredo and ISATAP need none of this: the one is special as a whole, the other is reached through its own network.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _own(address: IPAddress) -> bool:
    """Tell whether the machine itself has the address: then the kernel chooses it as its source. Nothing is sent."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as wire:
            wire.connect((str(address), 9))
            return ipaddress.ip_address(wire.getsockname()[0].partition("%")[0]) == address
    except OSError:
        return False


def _words(failure: OSError) -> str:
    if isinstance(failure, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({failure.verify_message})"
    if isinstance(failure, ssl.SSLEOFError):
        return "the connection was cut off before the end"
    if isinstance(failure, ssl.SSLError):
        return f"TLS failed ({failure.reason or 'no reason given'})"
    if isinstance(failure, TimeoutError):
        return "no whole answer came in time"
    return failure.strerror or "the connection broke"
