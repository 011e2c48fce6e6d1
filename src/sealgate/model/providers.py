"""Client access list providers: the networks a cloud provider sends from, as last fetched and stored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.network import Network
from sealgate.model.objects import Column, Kind, Noun, at, choice, known_fields, list_of
from sealgate.model.text import shown, token

if TYPE_CHECKING:
    from collections.abc import Mapping


MOST_NETWORKS = 100_000
# The widest networks believed of a list: 1/256 of IPv4, and no more than the largest allocations of IPv6.
WIDEST = {4: 8, 6: 19}
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)


class ProviderSenders(StrEnum):
    """For which envelope senders a provider's addresses may relay."""

    OWN = "own"
    OWN_AND_NULL = "own-and-null"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Provider:
    """A client access list provider with its stored list of networks; `name` is letters, digits, hyphens."""

    name: str
    networks: tuple[Network, ...]
    senders: ProviderSenders = ProviderSenders.OWN


_SENDERS = Column(
    "senders",
    "Relay for senders",
    "own: only our own domains (a cloud's addresses are shared by all its customers); own-and-null: also the null"
    " sender of bounces; any: every sender.",
    Kind.CHOICE,
    default="own",
    choices=tuple(ProviderSenders),
)
_COLUMNS = (
    Column("name", "Name", "A short name: letters, digits and hyphens.", required=True, argument=True),
    Column("networks", "Networks", "The networks that the provider sends from.", Kind.LIST, default=()),
    _SENDERS,
)


def parse_provider(fields: Mapping[str, Any]) -> Provider:
    """Read a provider; its networks are sorted and repetitions dropped."""
    given = known_fields(fields, _COLUMNS)
    with at("name"):
        name = token(given["name"], "The name").lower()
        if not _NAME.fullmatch(name):
            raise InvalidValue.of(f"The name {shown(name)!r} is not possible.", "Use letters, digits and hyphens.")
    with at("networks"):
        networks = {_network(item) for item in list_of(given["networks"], "The list of networks", MOST_NETWORKS)}
    return Provider(name, tuple(sorted(networks, key=_order)), ProviderSenders(choice(given["senders"], _SENDERS)))


def _network(item: object) -> Network:
    found = Network.parse(item)
    if found.negated:
        raise InvalidValue.of(f"The network {found} is negated.", "A provider's list only adds networks.")
    if found.network.prefixlen < WIDEST[found.network.version]:
        raise InvalidValue.of(
            f"The network {found} is wider than any provider's.",
            f"At most /{WIDEST[found.network.version]} is believed; check the source of the list.",
        )
    return found


def _order(network: Network) -> tuple[int, int, int]:
    found = network.network
    return found.version, int(found.network_address), found.prefixlen


PROVIDER: Noun[Provider] = Noun(
    name="provider",
    plural="providers",
    title="Client access list providers",
    columns=_COLUMNS,
    parse=parse_provider,
    fields=lambda value: {
        "name": value.name,
        "networks": list(map(str, value.networks)),
        "senders": value.senders.value,
    },
    key=lambda value: value.name,
)
