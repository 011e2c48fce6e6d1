"""Links, addresses and routes of a network namespace, set by rtnetlink itself: no program is started for it.

A `Netlink` speaks for the network namespace of the thread that made it. Each call is one request to the kernel and
waits for its answer; an OSError says which request was refused. Nothing is read or listed, and nothing outside the
namespace can be reached. Sources: rtnetlink(7), netlink(7), veth(4), linux/if_link.h, linux/rtnetlink.h.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import struct
from typing import Self

_NEW_LINK, _NEW_ADDRESS, _NEW_ROUTE, _DELETE_ROUTE = 16, 20, 24, 25
_REQUEST, _ACKNOWLEDGE, _REPLACE, _CREATE = 1, 4, 0x100, 0x400
_IFF_UP, _IFF_NOARP = 1, 0x80
_LINK_ADDRESS, _LINK_NAME, _LINK_INFO, _LINK_NAMESPACE_OF = 1, 3, 18, 19
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_ADDRESS, _ADDRESS_LOCAL, _ADDRESS_FLAGS = 1, 2, 8
_NO_DUPLICATE_DETECTION = 2
_DESTINATION, _OUT_LINK = 1, 4
_BY_ANYBODY, _BY_ADMINISTRATOR = 0, 4
_EVERYWHERE, _ON_LINK, _ON_HOST, _ANY_SCOPE = 0, 253, 254, 255
MAIN, LOCAL = 254, 255
"""The routing tables: LOCAL is looked at first."""
_TYPES = {"unicast": 1, "local": 2, "unreachable": 7}
_ERROR_MESSAGE = 2

ETHERNET = bytes((2, 0, 0, 0, 0, 1))
"""Both ends of a pair have this hardware address, and no ARP: so neither has to ask for the other's."""


class Netlink:
    """Sets up the network of this thread's namespace; a context manager."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self._socket.bind((0, 0))
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def up(self, link: str) -> None:
        """Bring a link up; one that is no loopback does without ARP."""
        flags = _IFF_UP if link == "lo" else _IFF_UP | _IFF_NOARP
        self._ask(_NEW_LINK, 0, _link(socket.if_nametoindex(link), flags, flags), f"bring up {link}")

    def pair(self, here: str, there: str, thread: int) -> None:
        """Make two connected links, one here and one in the namespace of the thread with this number."""
        peer = _link(0, 0, 0) + _text(_LINK_NAME, there) + _attribute(_LINK_ADDRESS, ETHERNET)
        peer += _attribute(_LINK_NAMESPACE_OF, struct.pack("=I", thread))
        data = _attribute(_INFO_DATA, _attribute(_VETH_PEER, peer))
        body = _link(0, 0, 0) + _text(_LINK_NAME, here) + _attribute(_LINK_ADDRESS, ETHERNET)
        body += _attribute(_LINK_INFO, _text(_INFO_KIND, "veth") + data)
        self._ask(_NEW_LINK, _CREATE, body, f"make the links {here} and {there}")

    def address(self, link: str, address: str) -> None:
        """Give a link an address that is all of its network (/32 or /128)."""
        packed = ipaddress.ip_address(address).packed
        body = struct.pack("=BBBBI", _family(packed), len(packed) * 8, 0, _EVERYWHERE, socket.if_nametoindex(link))
        body += _attribute(_ADDRESS_LOCAL, packed) + _attribute(_ADDRESS, packed)
        body += _attribute(_ADDRESS_FLAGS, struct.pack("=I", _NO_DUPLICATE_DETECTION))
        self._ask(_NEW_ADDRESS, _CREATE | _REPLACE, body, f"give {link} the address {address}")

    def route(self, kind: str, network: str, link: str = "lo", table: int = MAIN) -> None:
        """Route a network: `unicast` to a link, `local` to ourselves, `unreachable` to nowhere."""
        scope = {"unicast": _ON_LINK, "local": _ON_HOST}.get(kind, _EVERYWHERE)
        body = _route(network, table, scope, _TYPES[kind])
        if kind != "unreachable":
            body += _attribute(_OUT_LINK, struct.pack("=I", socket.if_nametoindex(link)))
        self._ask(_NEW_ROUTE, _CREATE | _REPLACE, body, f"route {network}")

    def unroute(self, kind: str, network: str, table: int = MAIN) -> None:
        """Take a route away; one that does not exist is no fault."""
        with contextlib.suppress(ProcessLookupError):  # ESRCH
            self._ask(
                _DELETE_ROUTE,
                0,
                _route(network, table, _ANY_SCOPE, _TYPES[kind], _BY_ANYBODY),
                f"end the route {network}",
            )

    def _ask(self, kind: int, flags: int, body: bytes, what: str) -> None:
        self._number += 1
        head = struct.pack("=IHHII", 16 + len(body), kind, _REQUEST | _ACKNOWLEDGE | flags, self._number, 0)
        self._socket.send(head + body)
        answer = self._socket.recv(1 << 16)
        said, number, code = struct.unpack_from("=4xHxxI4xi", answer)
        if said != _ERROR_MESSAGE or number != self._number:
            raise OSError(errno.EPROTO, f"the kernel gave no answer when asked to {what}")
        if code:
            raise OSError(-code, f"{os.strerror(-code)} when asked to {what}")


def _link(index: int, flags: int, change: int) -> bytes:
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, change)


def _route(network: str, table: int, scope: int, kind: int, by: int = _BY_ADMINISTRATOR) -> bytes:
    where = ipaddress.ip_network(network)
    packed = where.network_address.packed
    body = struct.pack(
        "=BBBBBBBBI", _family(packed), where.prefixlen, 0, 0, table, by, scope, kind, 0
    )  # fmt: skip
    return body + _attribute(_DESTINATION, packed) if where.prefixlen else body


def _family(packed: bytes) -> int:
    return socket.AF_INET if len(packed) == 4 else socket.AF_INET6


def _text(kind: int, text: str) -> bytes:
    return _attribute(kind, text.encode() + b"\0")


def _attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)
