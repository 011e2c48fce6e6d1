"""Networks from outside, made into a list that can be believed.

A list is sorted, and networks inside another one are left out; neighbours are not joined, so that people find what the
source says. A list that is empty, too long, has a network wider than is believed, or holds more addresses in all than
one such network, is not taken at all. Networks that no client on the Internet can have (loopback, multicast,
link-local) are never in a list.
"""

from __future__ import annotations

import hashlib
import ipaddress
from bisect import bisect_right
from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue, NotFetched
from sealgate.model.network import IPNetwork, Network
from sealgate.model.providers import MOST_NETWORKS, WIDEST, order, too_much
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_NAMED = 10
_NOBODYS = (
    *map(ipaddress.ip_network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")),
    *map(ipaddress.ip_network, ("::/127", "fe80::/10", "ff00::/8")),
)
_INTERNAL = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
    )
)


def read(text: object) -> IPNetwork:
    """Read one network that may be in a list; InvalidValue says what is wrong and what would be right.

    It never quotes what came: an address may lead to a file that is no list, and what it says is nobody's business.
    """
    if not isinstance(text, str):
        raise InvalidValue.of(f"A network must be text, not {type(text).__name__}.")
    try:
        found = Network.parse(text)
    except InvalidValue:
        raise InvalidValue.of(
            "This is no network of a list.",
            "Right would be one such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32: with a prefix length and no mask, no"
            " host bits after it, no zone, and IPv4 in its own form.",
        ) from None
    if found.negated:
        raise InvalidValue.of("The network is negated.", "A provider's list only adds networks.")
    if why := unfit(found.network):
        raise InvalidValue.of(f"The network {why}.", "Take it out of the list.")
    return found.network


def unfit(network: IPNetwork) -> str:
    """Return why a network cannot be in any list, or an empty string."""
    if network.prefixlen < WIDEST[network.version]:
        return f"is wider than any provider's: at most /{WIDEST[network.version]} is believed"
    if any(network.version == one.version and network.overlaps(one) for one in _NOBODYS):
        return "holds addresses that no client on the Internet has"
    return ""


def internal(network: IPNetwork) -> bool:
    """Tell whether a network holds addresses that are used inside organisations only."""
    return any(network.version == one.version and network.overlaps(one) for one in _INTERNAL)


def listed(networks: Iterable[IPNetwork], what: str) -> tuple[Network, ...]:
    """Return the list in its order, without networks inside others; `what` names its source."""
    distinct = set(networks)
    if not distinct:
        raise NotFetched(f"{what}: there is not one network in it. Check the source; an empty list is never taken.")
    if len(distinct) > MOST_NETWORKS:
        raise NotFetched(
            f"{what}: {len(distinct):,} networks came, and at most {MOST_NETWORKS:,} are taken. Ask for a shorter list."
        )
    found = tuple(Network(network) for network in outermost(distinct))
    for one in found:
        if why := unfit(one.network):
            raise NotFetched(f"{what}: the network {shown(str(one))} {why}. Check the source; nothing was taken.")
    if why := too_much(one.network for one in found):
        raise NotFetched(f"{what}: the networks {why}. Check the source; nothing was taken.")
    return found


def outermost(networks: Iterable[IPNetwork]) -> list[IPNetwork]:
    """Return networks sorted, without those that lie inside others."""
    kept: list[IPNetwork] = []
    for network in sorted(set(networks), key=order):
        if not kept or not _inside(network, kept[-1]):
            kept.append(network)
    return kept


def _inside(network: IPNetwork, other: IPNetwork) -> bool:
    return network.version == other.version and network.network_address in other


def fit_for_the_internet(networks: Iterable[IPNetwork]) -> tuple[list[IPNetwork], tuple[str, ...]]:
    """Return the networks that clients on the Internet can have, and remarks on those left out."""
    kept: list[IPNetwork] = []
    left_out: list[str] = []
    for network in outermost(networks):
        if network.prefixlen >= WIDEST[network.version] and (unfit(network) or internal(network)):
            left_out.append(str(Network(network)))
        else:
            kept.append(network)
    if not left_out:
        return kept, ()
    named = f"{', '.join(left_out[:_MOST_NAMED])}{' and more' if len(left_out) > _MOST_NAMED else ''}"
    return kept, (f"Left out, because no client on the Internet has such addresses: {named}.",)


class Ranges:
    """Networks as ranges of addresses, to take them out of others."""

    def __init__(self, networks: Iterable[IPNetwork]) -> None:
        self._ranges: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
        for network in outermost(networks):
            self._ranges[network.version].append((int(network[0]), int(network[-1])))

    def without(self, networks: Iterable[IPNetwork]) -> list[IPNetwork]:
        """Return what is left of networks outside these ranges, each as the networks that it falls into."""
        return list(self.pieces(networks))

    def pieces(self, networks: Iterable[IPNetwork]) -> Iterator[IPNetwork]:
        """Yield the same one by one: a single network may fall into very many."""
        return (piece for network in networks for piece in self._left_of(network))

    def _left_of(self, network: IPNetwork) -> Iterator[IPNetwork]:
        ranges = self._ranges[network.version]
        first, last = int(network[0]), int(network[-1])
        here = bisect_right(ranges, (first, 1 << 128))
        here -= here > 0 and ranges[here - 1][1] >= first
        free = first
        while here < len(ranges) and ranges[here][0] <= last:
            yield from _networks(network, free, ranges[here][0] - 1)
            free = ranges[here][1] + 1
            here += 1
        yield from [network] if free == first else _networks(network, free, last)


def _networks(like: IPNetwork, first: int, last: int) -> Iterable[IPNetwork]:
    if first > last:
        return ()
    kind = type(like.network_address)
    return ipaddress.summarize_address_range(kind(first), kind(last))


def digest(networks: Iterable[Network]) -> str:
    """Return a name for a list that its source gives none."""
    text = "\n".join(map(str, networks))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
