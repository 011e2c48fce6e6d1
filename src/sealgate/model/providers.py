"""Client access list providers: the networks that a cloud provider sends from, as typed or as last fetched.

What was fetched is part of the row, so that a list is rendered, judged, compared and rolled back like everything else.
A field at its default is left out of the canonical form: a row from before there were sources reads, and counts, as
one that is typed by hand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sealgate.model import list_sources
from sealgate.model.errors import InvalidValue
from sealgate.model.list_sources import TYPED, ListSource, Origin
from sealgate.model.network import Network
from sealgate.model.objects import Column, Kind, Noun, at, choice, known_fields, list_of
from sealgate.model.text import flag, shown, token, whole_number
from sealgate.model.units import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sealgate.model.network import IPNetwork
    from sealgate.model.objects import Fields

__all__ = ["MOST_NETWORKS", "PROVIDER", "WIDEST", "ListSource", "Origin", "Provider", "ProviderSenders", "origin_of"]

MOST_NETWORKS = 20_000
"""Networks of one provider: a row with that many of the longest fits a frame of the link (link/framing.py)."""
WIDEST = {4: 8, 6: 24}
"""The widest network that is believed, and how much all networks of a family may hold together.

That is 1/256 of IPv4, and 256 usual allocations (/32) of IPv6. The lists of Microsoft 365 and of Google hold less than
a tenth of it.
"""
SHORTEST_INTERVAL, USUAL_INTERVAL, LONGEST_INTERVAL = 600, 3600, 30 * 86400
"""Seconds between two fetches."""
USUAL_SHRINK = 50
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)


class ProviderSenders(StrEnum):
    """For which envelope senders a provider's addresses may relay."""

    OWN = "own"
    OWN_AND_NULL = "own-and-null"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Provider:
    """A client access list provider with its stored list of networks; `name` is letters, digits, hyphens.

    `interval` is the time between fetches in seconds. `pin`: the stored list stays, nothing is fetched. `most_shrink`:
    a list that loses more than that many percent of the stored networks is not taken; one that loses all never is.
    """

    name: str
    networks: tuple[Network, ...]
    senders: ProviderSenders = ProviderSenders.OWN
    origin: Origin = TYPED
    interval: int = USUAL_INTERVAL
    pin: bool = False
    most_shrink: int = USUAL_SHRINK


_SENDERS = Column(
    "senders",
    "Relay for senders",
    "own: only our own domains (a cloud's addresses are shared by all its customers); own-and-null: also the null"
    " sender of bounces; any: every sender.",
    Kind.CHOICE,
    default="own",
    choices=tuple(ProviderSenders),
)
_INTERVAL = Column(
    "interval",
    "Fetch every",
    "How often the list is fetched: 10 minutes to 30 days, such as 1h; as a number it is seconds.",
    Kind.NUMBER,
    default=USUAL_INTERVAL,
)
_PIN = Column(
    "pin", "Pin", "Keep the list as it is: nothing is fetched, and no new list goes live.", Kind.FLAG, default=False
)
_MOST_SHRINK = Column(
    "most_shrink",
    "May lose, in percent",
    "A new list that lost more than this of its networks is not believed: the old one stays, and that is reported. One"
    " that lost all is at 100 only.",
    Kind.NUMBER,
    default=USUAL_SHRINK,
)
_COLUMNS = (
    Column("name", "Name", "A short name: letters, digits and hyphens.", required=True, argument=True),
    *list_sources.COLUMNS,
    _SENDERS,
    _INTERVAL,
    _PIN,
    _MOST_SHRINK,
    Column(
        "networks",
        "Networks",
        "The networks that the provider sends from; with a source they are fetched.",
        Kind.LIST,
        default=(),
    ),
)


def parse_provider(fields: Mapping[str, Any]) -> Provider:
    """Read a provider; its networks are sorted and repetitions dropped."""
    given = known_fields(fields, _COLUMNS)
    with at("name"):
        name = token(given["name"], "The name").lower()
        if not _NAME.fullmatch(name):
            raise InvalidValue.of(f"The name {shown(name)!r} is not possible.", "Use letters, digits and hyphens.")
    senders = ProviderSenders(choice(given["senders"], _SENDERS))
    origin = list_sources.parse_origin(given)
    with at("interval"):
        interval = parse_duration(given["interval"], "The interval", SHORTEST_INTERVAL, LONGEST_INTERVAL)
    with at("pin"):
        pin = flag(given["pin"], "Pin")
    with at("most_shrink"):
        most_shrink = whole_number(given["most_shrink"], "The most that a list may lose", 0, 100)
    with at("networks"):
        networks = {_network(item) for item in list_of(given["networks"], "The list of networks", MOST_NETWORKS)}
        if why := too_much(one.network for one in networks):
            raise InvalidValue.of(f"The networks {why}.", "Check the source of the list.")
    ordered = tuple(sorted(networks, key=lambda one: order(one.network)))
    return Provider(name, ordered, senders, origin, interval, pin, most_shrink)


def provider_fields(value: Provider) -> Fields:
    """Return the canonical form of a provider: new fields only where they are not at their default."""
    fields: Fields = {
        "name": value.name,
        "networks": list(map(str, value.networks)),
        "senders": value.senders.value,
        **list_sources.origin_fields(value.origin),
    }
    if value.interval != USUAL_INTERVAL:
        fields["interval"] = value.interval
    if value.pin:
        fields["pin"] = True
    if value.most_shrink != USUAL_SHRINK:
        fields["most_shrink"] = value.most_shrink
    return fields


def origin_of(fields: Mapping[str, Any]) -> Origin:
    """Return where the list of a stored provider comes from, without reading its networks."""
    target = fields.get("domain") or fields.get("address") or ""
    return Origin(
        ListSource(fields.get("source", ListSource.BY_HAND)),
        list_sources.Instance(fields.get("instance", list_sources.Instance.WORLDWIDE)),
        str(target),
        str(fields.get("pointer", "")),
    )


def too_much(networks: Iterable[IPNetwork]) -> str:
    """Return why networks together are more than is believed of a list, or an empty string.

    Addresses that lie in several of the networks count once.
    """
    held = {4: 0, 6: 0}
    end = {4: -1, 6: -1}
    for one in sorted(networks, key=order):
        first = int(one.network_address)
        if first > end[one.version]:  # networks never overlap in part: it begins outside, or lies inside
            size = 1 << (one.max_prefixlen - one.prefixlen)
            held[one.version] += size
            end[one.version] = first + size - 1
    for version, what, length in ((4, "addresses", 32), (6, "networks of /48", 48)):
        count = -(-held[version] >> ((32 if version == 4 else 128) - length))
        most = 1 << (length - WIDEST[version])
        if count > most:
            return (
                f"together hold {count:,} IPv{version} {what}, more than any provider's: at most {most:,} are believed,"
                f" as many as one /{WIDEST[version]} holds"
            )
    return ""


def order(network: IPNetwork) -> tuple[int, int, int]:
    """Return what networks are sorted by: IPv4 first, then by number, the wider one first."""
    return network.version, int(network.network_address), network.prefixlen


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


PROVIDER: Noun[Provider] = Noun(
    name="provider",
    plural="providers",
    title="Client access list providers",
    columns=_COLUMNS,
    parse=parse_provider,
    fields=provider_fields,
    key=lambda value: value.name,
)
