"""Where lists begin and end: the addresses of the internet cut into stretches that all lists treat alike.

Each network cuts before its first and after its last address. Between two cuts no list says anything new, so what is
true of a stretch's first and last address is taken to be true of it. The first and the last are the edges of networks
and the addresses beside them, which is where mistakes in masks show. Of very many stretches those at changed networks
come first, then a spread of the others that is the same each time.

Pure arithmetic; addresses are numbers here. Addresses that no client from outside can have (loopback, multicast, this
network) are stretches of their own that are never tried. Sources: RFC 6890, RFC 5771, RFC 4291.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from sealgate.model.access import opens_public_relay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.network import IPNetwork

_BITS = {4: 32, 6: 128}
_NOBODY = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/96", "::ffff:0:0/96", "fe80::/10", "ff00::/8",
    )
)  # fmt: skip
"""Nobody outside has such an address (224.0.0.0/3 has multicast and what is reserved; ::/96 has the loopback)."""


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """The addresses from `first` to `last` of IP version 4 or 6.

    `listed`: some list has them, in a network no wider than an organisation's. `changed`: a change of a list begins
    or ends here, or covers it.
    """

    version: int
    first: int
    last: int
    listed: bool = False
    changed: bool = False

    @property
    def size(self) -> int:
        """The number of addresses."""
        return self.last - self.first + 1

    @property
    def edges(self) -> tuple[str, ...]:
        """The first address, and the last one when it is another."""
        return tuple(dict.fromkeys((address(self.version, self.first), address(self.version, self.last))))

    def at(self, edge: str) -> Stretch:
        """Return the part that is one address."""
        number = int(ipaddress.ip_address(edge))
        return Stretch(self.version, number, number, self.listed, self.changed)

    def within(self, networks: Iterable[IPNetwork]) -> bool:
        """Tell whether one of the networks has all of it."""
        return any(
            network.version == self.version
            and int(network.network_address) <= self.first
            and self.last <= int(network.broadcast_address)
            for network in networks
        )


def address(version: int, number: int) -> str:
    """Return an address as it is written."""
    return str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number))


def stretches(networks: Iterable[IPNetwork], changed: Iterable[IPNetwork] = ()) -> tuple[Stretch, ...]:
    """Return the stretches that clients can come from, IPv4 first, in the order of their addresses.

    `changed` are networks that the one state lists and the other does not, or otherwise.
    """
    fresh = set(changed)
    every = set(networks) | fresh
    return tuple(part for version in _BITS for part in _of_version(version, every, fresh))


def _of_version(version: int, every: set[IPNetwork], fresh: set[IPNetwork]) -> Iterator[Stretch]:
    begins: Counter[int] = Counter()
    changes: Counter[int] = Counter()
    nobody: Counter[int] = Counter()
    touched: set[int] = set()
    for counted, networks in ((begins, every), (changes, fresh), (nobody, set(_NOBODY))):
        for network in networks:
            if network.version == version:
                first, after = int(network.network_address), int(network.broadcast_address) + 1
                weight = 0 if counted is begins and opens_public_relay(network) else 1
                counted[first] += weight
                counted[after] -= weight
                if counted is changes:
                    touched |= {first, after}
    cuts = sorted({0, 1 << _BITS[version], *begins, *nobody})
    inside = renewed = excluded = 0
    for first, after in pairwise(cuts):
        inside, renewed = inside + begins[first], renewed + changes[first]
        excluded += nobody[first]
        if not excluded:
            beside = first in touched or after in touched
            yield Stretch(version, first, after - 1, inside > 0, renewed > 0 or beside)


def sample(found: Iterable[Stretch], most: int) -> tuple[Stretch, ...]:
    """Return at most `most` stretches in their order: the changed ones first, the widest unlisted ones, a spread."""
    every = list(found)
    chosen = set(islice(_spread([one for one in every if one.changed], most), most))
    strangers = sorted((one for one in every if not one.listed), key=lambda one: (-one.size, one))
    for one in _alternating(strangers):
        if len(chosen) >= max(most, 2) or len(chosen & set(strangers)) >= 4:
            break
        chosen.add(one)
    rest = [one for one in every if one not in chosen]
    chosen |= set(_spread(rest, most - len(chosen)))
    return tuple(sorted(chosen))


def _alternating(strangers: list[Stretch]) -> Iterator[Stretch]:
    """Give stretches of both families in turn."""
    by_version = [[one for one in strangers if one.version == version] for version in _BITS]
    for at in range(max(map(len, by_version), default=0)):
        yield from (part[at] for part in by_version if at < len(part))


def _spread(listed: list[Stretch], count: int) -> list[Stretch]:
    if count <= 0:
        return []
    if len(listed) <= count:
        return listed
    return [listed[at * len(listed) // count] for at in range(count)]


def merged(parts: Iterable[Stretch]) -> tuple[IPNetwork, ...]:
    """Return the networks that the stretches are together, as few as possible, IPv4 first."""
    runs: list[list[int]] = []
    for one in sorted(parts):
        if runs and runs[-1][0] == one.version and runs[-1][2] + 1 == one.first:
            runs[-1][2] = one.last
        else:
            runs.append([one.version, one.first, one.last])
    found: list[IPNetwork] = []
    for version, first, last in runs:
        if version == 4:
            found += ipaddress.summarize_address_range(ipaddress.IPv4Address(first), ipaddress.IPv4Address(last))
        else:
            found += ipaddress.summarize_address_range(ipaddress.IPv6Address(first), ipaddress.IPv6Address(last))
    return tuple(found)
