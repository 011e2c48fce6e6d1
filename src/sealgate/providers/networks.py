"""Networks from outside, made into a list that can be believed.

A list is sorted, and networks inside another one are left out; neighbours are not joined, so that people find what the
source says. A list that is empty, too long, or opens the relay to much of the Internet is not taken at all. Networks
that no client on the Internet can have (loopback, multicast, link-local) are never in a list.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue, NotFetched
from sealgate.model.network import IPNetwork, Network
from sealgate.model.providers import MOST_NETWORKS, WIDEST
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOBODYS = (
    *map(ipaddress.ip_network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")),
    *map(ipaddress.ip_network, ("::/127", "fe80::/10", "ff00::/8")),
)
_INTERNAL = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)


def read(text: object) -> IPNetwork:
    """Read one network that may be in a list; InvalidValue says what is wrong and what would be right."""
    found = Network.parse(text)
    if found.negated:
        raise InvalidValue.of(f"The network {found} is negated.", "A provider's list only adds networks.")
    if why := unfit(found.network):
        raise InvalidValue.of(f"The network {found} {why}.", "Take it out of the list.")
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
    found = tuple(Network(network) for network in outermost(networks))
    if not found:
        raise NotFetched(f"{what}: there is not one network in it. Check the source; an empty list is never taken.")
    if len(found) > MOST_NETWORKS:
        raise NotFetched(
            f"{what}: {len(found):,} networks came, and at most {MOST_NETWORKS:,} are taken. Ask for a shorter list."
        )
    for one in found:
        if why := unfit(one.network):
            raise NotFetched(f"{what}: the network {shown(str(one))} {why}. Check the source; nothing was taken.")
    return found


def outermost(networks: Iterable[IPNetwork]) -> list[IPNetwork]:
    """Return networks sorted, without those that lie inside others."""
    kept: list[IPNetwork] = []
    for network in sorted(set(networks), key=_order):
        if not kept or not _inside(network, kept[-1]):
            kept.append(network)
    return kept


def _inside(network: IPNetwork, other: IPNetwork) -> bool:
    return network.version == other.version and network.network_address in other


def _order(network: IPNetwork) -> tuple[int, int, int]:
    return network.version, int(network.network_address), network.prefixlen
