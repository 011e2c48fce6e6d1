"""Where mail goes next: every next hop that a state names, looked at once.

The transport table may have a million rows but few distinct next hops, which are its tags. So checks ask about next
hops here, and rows are read only to name the places of a finding.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue
from sealgate.model.names import NextHop
from sealgate.model.nouns import NOUNS
from sealgate.model.own_text import parse_main

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.context import CheckContext
    from sealgate.model.desired import DesiredState
    from sealgate.model.names import HostName
    from sealgate.model.objects import Row
    from sealgate.model.transports import Transport

SMTP_SERVICES = frozenset({"smtp", "relay"})
ROUTING_PARAMETERS = ("relayhost", "default_transport", "relay_transport", "virtual_transport", "smtp_fallback_relay")
ROUTING_TABLES = (
    "transport_maps", "relayhost_maps", "sender_dependent_relayhost_maps", "sender_dependent_default_transport_maps",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listening:
    """Where this gateway itself takes mail: its names, addresses and ports."""

    names: frozenset[str]
    addresses: frozenset[ipaddress.IPv4Address | ipaddress.IPv6Address]
    ports: frozenset[int]

    def may_be_target_of(self, destination: str) -> bool:
        """Tell cheaply whether it is worth asking; a no is certain."""
        return (
            "127." in destination
            or destination.count(":") > 1
            or any(
                name in destination
                for name in (*self.names, *map(str, self.addresses), "0.0.0.0")  # noqa: S104
            )
        )

    def is_target_of(self, hop: NextHop) -> bool:
        """Tell whether a next hop leads back to this gateway."""
        if hop.port not in self.ports:
            return False
        if isinstance(hop.host, ipaddress.IPv4Address | ipaddress.IPv6Address):
            return hop.host in self.addresses or hop.host.is_loopback or hop.host.is_unspecified
        return hop.host.ascii in self.names


def host_name(desired: DesiredState, context: CheckContext) -> HostName | None:
    """Return the name of this gateway, set or the machine's."""
    return desired.settings.my_hostname or context.machine_fqdn


def listening(desired: DesiredState, context: CheckContext) -> Listening:
    """Return where the gateway listens, the ports between Postfix and the MPA included."""
    names = {str(name) for name in (desired.settings.my_hostname, context.machine_fqdn) if name} | {"localhost"}
    ports = {listener.port or context.smtp_port for listener in desired.settings.listen_on} or {context.smtp_port}
    inner = {key.rpartition("/")[0].rpartition(":")[2] for key in context.inner_services if key.endswith("/inet")}
    return Listening(
        frozenset(names),
        context.addresses | frozenset(desired.settings.public_addresses),
        frozenset(ports | {int(port) for port in inner if port.isdigit()}),
    )


def destinations(desired: DesiredState) -> Iterator[str]:
    """Give the distinct next hops of the whole state as Postfix writes them: relay hosts, transports, own lines."""
    for hop in (desired.settings.external_relay_host, desired.settings.internal_relay_host):
        if hop is not None:
            yield hop.destination
    for tag in desired.rows.tags("transport"):
        yield from tag_destinations(tag)
    definitions, _ = parse_main(desired.main_cf.text)
    for one in definitions:
        if one.name in ROUTING_PARAMETERS:
            service, colon, rest = one.value.partition(":")
            yield from split_hops(rest if colon and service in SMTP_SERVICES else one.value)


def tag_destinations(tag: str) -> Iterator[str]:
    """Give the next hops by SMTP in a tag of the transport table: a destination, or `service:hops`."""
    service, colon, rest = tag.partition(":")
    if colon and service in SMTP_SERVICES:
        yield from split_hops(rest)
    elif not colon or tag.startswith("[") or rest.isdigit():
        yield tag


def split_hops(text: str) -> Iterator[str]:
    """Give the next hops of a list with commas or blanks between (transport(5), Postfix 3.5 and later)."""
    yield from text.replace(",", " ").split()


def own_routing_tables(desired: DesiredState) -> bool:
    """Tell whether own lines route mail by tables that are not looked into here."""
    definitions, _ = parse_main(desired.main_cf.text)
    return any(one.name in ROUTING_TABLES and one.value for one in definitions)


def parsed(destination: str) -> NextHop | None:
    """Return a next hop as a value, or None when it has another form (a named port)."""
    try:
        return NextHop.from_destination(destination)
    except InvalidValue:
        return None


def transports_with(desired: DesiredState, tags: Iterable[str], most: int) -> Iterator[Row[Transport]]:
    """Give enabled transports whose tag is among `tags`, at most `most`; reads the table only when there are any."""
    wanted, found = frozenset(tags), 0
    if not wanted:
        return
    tag = NOUNS["transport"].tag
    for row in desired.rows.rows("transport"):
        if row.enabled and tag(row.value) in wanted:
            yield row
            found += 1
            if found >= most:
                return
