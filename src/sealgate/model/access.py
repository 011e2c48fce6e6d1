"""My networks: the clients that may relay to anywhere.

A network so wide that it opens a relay to the public is refused unless it is typed again as confirmation. The values of
the other pages that say who may connect (providers, RBL, static lists) are named here too, for those who need all.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.network import Network
from sealgate.model.objects import Column, Noun, at, known_fields
from sealgate.model.providers import Provider, ProviderSenders
from sealgate.model.rbl import Rbl, RblKind
from sealgate.model.static_lists import StaticClient
from sealgate.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.model.network import IPNetwork
    from sealgate.model.objects import Fields

__all__ = [
    "NETWORK",
    "MyNetwork",
    "Provider",
    "ProviderSenders",
    "Rbl",
    "RblKind",
    "StaticClient",
    "opens_public_relay",
]

# Shorter prefixes of public space are more than one organisation has: a class B in IPv4, an ISP's allocation in IPv6.
NARROWEST_PUBLIC = {4: 16, 6: 32}
# RFC 1918, RFC 6598, RFC 3927, loopback; RFC 4193, RFC 4291: addresses that the public cannot come from.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
        "fc00::/7", "fe80::/10", "::1/128",
    )
)  # fmt: skip


def opens_public_relay(network: IPNetwork) -> bool:
    """Tell whether letting this network relay lets the public relay."""
    if network.prefixlen >= NARROWEST_PUBLIC[network.version]:
        return False
    return not any(
        network.version == private.version and network.subnet_of(private)  # type: ignore[arg-type]
        for private in _NOT_PUBLIC
    )


@dataclass(frozen=True, slots=True)
class MyNetwork:
    """A row of My networks. `confirmed`: the network was typed again, because it is so wide that it opens a relay."""

    network: Network
    confirmed: bool = False


_COLUMNS = (
    Column(
        "network",
        "Network",
        "An address or network whose clients may relay anywhere: 192.0.2.1, 10.0.0.0/8, 2001:db8::/32; with ! before it"
        " an exception from a network that follows.",
        required=True,
        argument=True,
    ),
    Column("confirm", "Confirm", "The same network again, for one so wide that it opens the relay to the public."),
)


def parse_network_row(fields: Mapping[str, Any]) -> MyNetwork:
    """Read a row of My networks."""
    given = known_fields(fields, _COLUMNS)
    with at("network"):
        network = Network.parse(given["network"])
    with at("confirm"):
        confirmed = bool(one_line(given["confirm"], "The confirmation", 100))
        if confirmed and Network.parse(given["confirm"], "The confirmation") != network:
            raise InvalidValue.of("The confirmation is another network.", f"Type {network} again, or leave it empty.")
    if not confirmed and not network.negated and opens_public_relay(network.network):
        raise InvalidValue.of(
            f"{network} would let the public relay through this gateway to anywhere.",
            "If that is really meant, type the same network again as confirmation.",
            "confirm",
        )
    return MyNetwork(network, confirmed)


def network_fields(value: MyNetwork) -> Fields:
    """Return the canonical form of a row of My networks."""
    return {"network": str(value.network), "confirm": str(value.network) if value.confirmed else ""}


NETWORK: Noun[MyNetwork] = Noun(
    name="network",
    plural="networks",
    title="My networks",
    columns=_COLUMNS,
    parse=parse_network_row,
    fields=network_fields,
    key=lambda value: str(value.network),
    ordered=True,
)
