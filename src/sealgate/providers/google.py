"""Google Workspace: the SPF record of _spf.google.com, compared with the ranges that Google publishes.

Only the SPF record makes the list. The published ranges (goog.json) hold all of Google, and much of that is no mail
server; cloud.json names what Google rents to customers, where anybody can be. So both only check: an SPF network that
lies outside what is Google's, or among what customers rent, is a remark, and where nothing can be compared a remark
says so. Where DNS fails there is no list (docs/providers.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.errors import NotFetched
from sealgate.providers.networks import Ranges
from sealgate.providers.pointer import networks_at, read_json
from sealgate.providers.source import Clock, Fetched
from sealgate.providers.spf import fetch_spf
from sealgate.providers.web import Web

if TYPE_CHECKING:
    from sealgate.model.network import IPNetwork
    from sealgate.providers.names import Names
    from sealgate.providers.source import Reach

SENDERS = "_spf.google.com"
OWN = "https://www.gstatic.com/ipranges/goog.json"
RENTED = "https://www.gstatic.com/ipranges/cloud.json"
_POINTERS = "/prefixes/*/ipv4Prefix /prefixes/*/ipv6Prefix"
_PATIENCE = 15.0
_MOST_NAMED = 10


def fetch_google(reach: Reach, clock: Clock, names: Names) -> Fetched:
    """Return the networks that mail of Google Workspace comes from."""
    found = fetch_spf(SENDERS, names)
    patience = Clock(min(_PATIENCE, clock.left("The ranges that Google publishes")))
    remarks = _compared([one.network for one in found.networks], Web(reach, patience, names))
    return Fetched(found.networks, found.version, found.remarks + remarks)


def _compared(senders: list[IPNetwork], web: Web) -> tuple[str, ...]:
    try:
        own, rented = (Ranges(_published(address, web)) for address in (OWN, RENTED))
    except NotFetched as fault:
        return (f"The list was not compared with the ranges that Google publishes. {fault}",)
    strange = [one for one in senders if next(own.pieces([one]), None)]
    shared = [one for one in senders if next(rented.pieces([one]), None) != one]
    return tuple(
        f"{', '.join(map(str, those[:_MOST_NAMED]))}{' and more' if len(those) > _MOST_NAMED else ''}: {what}"
        for those, what in (
            (strange, "in Google's SPF record, but not among the ranges that Google publishes as its own."),
            (shared, "in Google's SPF record, but also among the ranges that Google rents to its customers."),
        )
        if those
    )


def _published(address: str, web: Web) -> list[IPNetwork]:
    return networks_at(read_json(web.get(address).body, address), _POINTERS, address, web.clock)[0]
