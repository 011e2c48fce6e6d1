"""The network of a sealed world: the gateway alone, or the gateway and an artificial internet around it.

Alone (probe grade): `lo` is the only link, and every address of the internet is local to it, so a client may come from
anywhere and nothing can be sent anywhere. With an internet (full grade): a thread of the stage's process moves into a
network namespace of its own, joined to the gateway's by a pair of links that lead nowhere else. In the internet every
address is local; so whatever the gateway connects to ends at a server there, which sees the address that was meant,
and a client there may have any address. The gateway has the machine's own addresses and a default route.

A `Place` is one of the two networks; sockets are made there by `Place.call`, whoever uses them afterwards. Clients of
loopback listeners come from the internet too (route_localnet); only for `::1` the kernel forbids it, so their
addresses are made the gateway's own (`inner`). Sources: network_namespaces(7), ip-sysctl (route_localnet,
ip_nonlocal_bind, rp_filter), postfix.md §9 and §11.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import queue
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sealgate.rehearsal import kernel
from sealgate.rehearsal.addresses import RESOLVER
from sealgate.rehearsal.netlink import LOCAL, Netlink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    _Answer = queue.SimpleQueue[tuple[Any, BaseException | None]]

T = TypeVar("T")

FALLBACKS = ("192.0.2.1", "2001:db8:ffff::1")
"""The gateway's addresses in the sealed world when the machine has none of that family."""
_GATEWAY_LINK, _INTERNET_LINK = "gw0", "inet0"
_ACTIVATION = 10.0
_TURN = 0.005
_SYSCTL = Path("/proc/sys/net")


class Place:
    """A network to make sockets in: that of this thread, or that of a thread which serves calls."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], _Answer]] | None = None

    def call(self, make: Callable[[], T]) -> T:
        """Call `make` in this network and return its result; what it raises is raised here."""
        if self._calls is None:
            return make()
        answer: _Answer = queue.SimpleQueue()
        self._calls.put((make, answer))
        result, failure = answer.get()
        if failure is not None:
            raise failure
        return cast("T", result)

    @classmethod
    def apart(cls) -> tuple[Place, int]:
        """Start a thread with a network namespace of its own; return it and the thread's number."""
        place = cls()
        place._calls = queue.SimpleQueue()
        threading.Thread(target=place._serve, daemon=True).start()
        place.call(kernel.leave_network)
        return place, place.call(threading.get_native_id)

    def _serve(self) -> None:
        assert self._calls is not None  # noqa: S101 - made by `apart`
        while True:
            make, answer = self._calls.get()
            try:
                answer.put((make(), None))
            except BaseException as failure:  # noqa: BLE001 - raised in the thread that asked
                answer.put((None, failure))


def alone(addresses: Iterable[str], *, ipv6: bool) -> Place:
    """Bring up `lo` with the machine's addresses and make every address of both families local to it."""
    with Netlink() as network:
        network.up("lo")
        network.route("local", "0.0.0.0/0", table=LOCAL)
        if ipv6:
            network.route("local", "::/0", table=LOCAL)
            _set("ipv6/ip_nonlocal_bind", "1")
        for address in _of_families(addresses, ipv6=ipv6):
            network.address("lo", address)
    return Place()


def with_internet(addresses: Iterable[str], inner: Iterable[str], down: Iterable[str], *, ipv6: bool) -> Place:
    """Set up both networks; return the internet. `down` are its addresses that nobody can connect to."""
    own = _of_families(addresses, ipv6=ipv6)
    own += [one for one in _of_families(FALLBACKS, ipv6=ipv6) if not any((":" in one) == (":" in has) for has in own)]
    internet, thread = Place.apart()
    with Netlink() as network:
        network.up("lo")
        network.pair(_GATEWAY_LINK, _INTERNET_LINK, thread)
        if not ipv6:
            _set("ipv6/conf/all/disable_ipv6", "1")
        _open(_GATEWAY_LINK)
        for address in own:
            network.address(_GATEWAY_LINK, address)
        network.up(_GATEWAY_LINK)
        network.route("unicast", "0.0.0.0/0", _GATEWAY_LINK)
        if ipv6:
            network.route("unicast", "::/0", _GATEWAY_LINK)
            _set("ipv6/ip_nonlocal_bind", "1")
        for address in _of_families(down, ipv6=ipv6):
            network.route("unreachable", _host(address))
        for address in _of_families(inner, ipv6=ipv6):
            network.route("local", _host(address), table=LOCAL)
    internet.call(lambda: _internet(own, ipv6=ipv6))
    _await_link(internet)
    return internet


def _await_link(internet: Place) -> None:
    """Wait until a datagram has gone both ways: a new link drops what is sent before the kernel has activated it."""
    deadline = time.monotonic() + _ACTIVATION
    far = internet.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with far, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near:
        far.bind((RESOLVER, 0))
        for end in (far, near):
            end.settimeout(_TURN)
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                near.sendto(b"?", far.getsockname())
                far.sendto(b"!", far.recvfrom(1)[1])
                near.recv(1)
                return
    raise OSError(errno.ETIMEDOUT, "the link between the gateway and the internet does not come up")


def _internet(gateway: Iterable[str], *, ipv6: bool) -> None:
    """Set up the internet's network; runs in its thread."""
    with Netlink() as network:
        network.up("lo")
        _open(_INTERNET_LINK)
        network.up(_INTERNET_LINK)
        network.unroute("local", "127.0.0.1/32", LOCAL)
        network.unroute("local", "127.0.0.0/8", LOCAL)
        network.route("unicast", "127.0.0.0/8", _INTERNET_LINK, LOCAL)
        network.route("local", "0.0.0.0/0", table=LOCAL)
        if ipv6:
            network.route("local", "::/0", table=LOCAL)
            _set("ipv6/ip_nonlocal_bind", "1")
        for address in gateway:
            network.route("unicast", _host(address), _INTERNET_LINK, LOCAL)
    kernel.drop_capabilities()


def own_addresses() -> tuple[str, ...]:
    """Return this machine's addresses other than loopback and link-local, without asking a program."""
    found = []
    with contextlib.suppress(OSError):
        last = ""
        for line in Path("/proc/net/fib_trie").read_text().splitlines():
            if "|--" in line:
                last = line.rpartition(" ")[2]
            elif "/32 host LOCAL" in line and not last.startswith("127."):
                found.append(last)
    with contextlib.suppress(OSError):
        for line in Path("/proc/net/if_inet6").read_text().splitlines():
            digits, _, _, scope = line.split()[:4]
            if scope == "00":
                found.append(":".join(digits[at : at + 4] for at in range(0, 32, 4)))
    return tuple(dict.fromkeys(found))


def has_ipv6() -> bool:
    """Tell whether this machine has IPv6 at all: then the sealed world has it, with or without addresses outside."""
    try:
        return bool(Path("/proc/net/if_inet6").read_text().strip())
    except OSError:
        return False


def _of_families(addresses: Iterable[str], *, ipv6: bool) -> list[str]:
    found = (ipaddress.ip_address(one) for one in addresses)
    return [str(one) for one in dict.fromkeys(found) if one.version == 4 or ipv6]


def _host(address: str) -> str:
    return f"{address}/{ipaddress.ip_address(address).max_prefixlen}"


def _open(link: str) -> None:
    """Let a link carry packets from and to any address, loopback too: what comes is from the other end."""
    for name in ("all", link):
        _set(f"ipv4/conf/{name}/rp_filter", "0")
    _set(f"ipv4/conf/{link}/route_localnet", "1")


def _set(name: str, value: str) -> None:
    path = _SYSCTL / name
    if path.exists():
        path.write_text(value)
