"""SASL passwords and TLS policies: whether Postfix finds them for a next hop, and passwords stay secret on the way.

Postfix looks a password up by the plain name of the server, then by the next hop exactly as written. It looks a TLS
policy up by the next hop exactly as written, then, for a plain domain, by its parents with a dot before them.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from sealgate.model.checking.routes import destinations, own_routing_tables, parsed
from sealgate.model.findings import Finding, Place, error, note, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.desired import DesiredState
    from sealgate.model.names import Host, NextHop
    from sealgate.model.sasl import SaslPassword
    from sealgate.model.tls import TlsPolicy

ENCRYPTED = frozenset({"encrypt", "verify", "secure", "fingerprint", "dane-only"})


def check_logins(desired: DesiredState) -> Iterator[Finding]:
    """Give the findings about SASL passwords."""
    rows: list[SaslPassword] = [row.value for row in desired.rows.rows("sasl") if row.enabled]
    if not rows:
        return
    found = _Uses({row.next_hop.destination for row in rows}, {row.next_hop.host for row in rows})
    for destination in destinations(desired):
        found.see(destination)
    unseen = own_routing_tables(desired)
    plain = {row.next_hop.host: row for row in rows if row.next_hop.destination == str(row.next_hop.host)}
    for row in rows:
        first = plain.get(row.next_hop.host, row)
        if row.next_hop.destination not in found.used:
            yield _unused(row, sorted(found.spellings.get(row.next_hop.host, ())), unseen=unseen)
        elif first.user != row.user and not row.next_hop.mx:  # with MX records the server has another name
            yield _shadowed(row)
        yield from _clear(row, desired)


class _Uses:
    """Which of the wanted keys are looked up, and how else their hosts are spelled as next hops."""

    def __init__(self, keys: set[str], hosts: set[Host]) -> None:
        self._keys = keys
        self._hosts = hosts
        self.used: set[str] = set()
        self.spellings: dict[Host, set[str]] = {}

    def see(self, destination: str) -> None:
        """Take notice of a next hop."""
        if destination in self._keys:
            self.used.add(destination)
        hop = parsed(destination)
        if hop is None or hop.host not in self._hosts:
            return
        self.spellings.setdefault(hop.host, set()).add(destination)
        if str(hop.host) in self._keys:  # the key is the plain name of the server
            self.used.add(str(hop.host))


def _unused(row: SaslPassword, spellings: list[str], *, unseen: bool) -> Finding:
    key = row.next_hop.destination
    place = Place("sasl", key)
    if spellings:
        return error(
            "sasl-key-other-spelling",
            place,
            f"The login is for {key}, but mail goes to {' and '.join(spellings)}.",
            "Postfix looks it up by the next hop exactly as written, so it would not log in.",
            f"Change the login to {spellings[0]}, or the next hop to {key}.",
        )
    if unseen:
        return note(
            "sasl-key-no-next-hop",
            place,
            f"No relay host and no transport leads to {key}.",
            "Tables in own lines may.",
            "Check that one of them names it exactly so.",
        )
    return warning(
        "sasl-key-no-next-hop",
        place,
        f"The login for {key} is never used: no relay host and no transport leads there.",
        "Postfix looks it up by the next hop exactly as written.",
        "Choose the host from the relay hosts and transports.",
    )


def _shadowed(row: SaslPassword) -> Finding:
    key, plain = row.next_hop.destination, str(row.next_hop.host)
    return error(
        "sasl-key-shadowed",
        Place("sasl", key),
        f"The login for {key} is never used: the one for {plain} is shown to that server instead.",
        "Postfix looks for the plain name of the server first, and only then for the next hop as it is written.",
        f"Remove one of the two, or change the one for {plain} to a next hop without MX records.",
    )


def _clear(row: SaslPassword, desired: DesiredState) -> Iterator[Finding]:
    host = row.next_hop.host
    if isinstance(host, ipaddress.IPv4Address | ipaddress.IPv6Address) and host.is_loopback:
        return
    level = level_for(row.next_hop, desired)
    if level == "none":
        yield error(
            "sasl-in-clear",
            Place("sasl", row.next_hop.destination),
            f"The password for {row.next_hop} would be sent without TLS.",
            "Anybody on the way can read it.",
            f"Add a TLS policy encrypt for {row.next_hop}.",
        )
    elif level not in ENCRYPTED:
        yield warning(
            "sasl-perhaps-in-clear",
            Place("sasl", row.next_hop.destination),
            f"The password for {row.next_hop} is sent without TLS when the server does not offer it.",
            "Somebody on the way can make it look so.",
            f"Add a TLS policy encrypt for {row.next_hop}.",
        )


def level_for(hop: NextHop, desired: DesiredState) -> str:
    """Return the TLS level that holds for a next hop: its policy, or the level for all."""
    for key in policy_keys(hop.destination):
        row = desired.rows.row("tls-policy", key)
        if row is not None and row.enabled:
            return str(row.value.level)
    return desired.settings.tls_outgoing


def policy_keys(destination: str) -> Iterator[str]:
    """Give the keys by which a TLS policy is looked up, in order (smtp_tls_policy_maps in postconf(5))."""
    yield destination
    if "[" not in destination and ":" not in destination:
        labels = destination.split(".")
        for first in range(1, len(labels)):
            yield "." + ".".join(labels[first:])


def check_policies(desired: DesiredState) -> Iterator[Finding]:
    """Give the findings about TLS policies."""
    rows: list[TlsPolicy] = [row.value for row in desired.rows.rows("tls-policy") if row.enabled]
    unused = policies_unused(desired, [row.destination for row in rows])
    for destination, route in unused:
        yield policy_finding(Place("tls-policy", destination), destination, route)
    if desired.settings.tls_outgoing == "fingerprint":
        yield error(
            "tls-outgoing-fingerprint",
            Place("setting", "tls-outgoing"),
            "The level fingerprint for all outgoing mail has no fingerprints, so nothing could be delivered.",
            "",
            "Use fingerprint in TLS policies for single next hops.",
        )
    if desired.settings.tls_outgoing.startswith("dane") or any(row.level.startswith("dane") for row in rows):
        yield note(
            "dane-needs-dnssec",
            Place("setting", "tls-outgoing"),
            "DANE works only with a resolver on this machine that validates DNSSEC.",
            "Otherwise dane means may, and dane-only delivers nothing.",
            "Check that the resolver sets the AD flag.",
        )


def policy_finding(place: Place, destination: str, route: str) -> Finding:
    """Make the finding about a policy that holds for no next hop."""
    return warning(
        "tls-policy-no-next-hop",
        place,
        f"The TLS policy for {destination} has no effect: it is nobody's next hop.",
        f"Mail for it goes to {route}." if route else "Policies are looked up by the next hop exactly as written.",
        f"Make the policy for {route}." if route else "Write it as the relay host or transport is written.",
    )


def policies_unused(desired: DesiredState, keys: list[str]) -> list[tuple[str, str]]:
    """Return the keys of TLS policies that hold for no next hop, each with the route really taken, if there is one."""
    if not keys or own_routing_tables(desired):
        return []
    wanted = set(keys)
    used: set[str] = set()
    hosts: dict[str, str] = {}
    for destination in destinations(desired):
        used.update(key for key in policy_keys(destination) if key in wanted)
        hop = parsed(destination)
        if hop is not None:
            hosts.setdefault(str(hop.host), destination)
    return [(key, route) for key in keys if key not in used and (route := _route(key, desired, hosts)) is not None]


def _route(key: str, desired: DesiredState, hosts: dict[str, str]) -> str | None:
    """Return the next hop that mail for a policy's key takes, "" when unknown, None when the key is its own."""
    if key.startswith("["):
        hop = parsed(key)
        return hosts.get(str(hop.host), "") if hop else ""
    domain = key.removeprefix(".").partition(":")[0]
    if ":" in key:
        return hosts.get(domain, "")
    for pattern in (key if key.startswith(".") else domain, *(f".{parent}" for parent in _parents(domain))):
        row = desired.rows.row("transport", pattern)
        if row is not None and row.enabled:
            return str(row.value.next_hop or row.value.result)
    everything = desired.rows.row("transport", "*")
    if everything is not None and everything.enabled:
        return str(everything.value.result)
    settings = desired.settings
    relay = settings.internal_relay_host if is_relayed(domain, desired) else settings.external_relay_host
    return None if relay is None else relay.destination


def is_relayed(domain: str, desired: DesiredState) -> bool:
    """Tell whether a domain is a relay domain, by itself or as a subdomain of one."""
    parents = _parents(domain) if desired.settings.match_subdomains else ()
    rows = (desired.rows.row("relay-domain", name) for name in (domain, *parents))
    return any(row is not None and row.enabled for row in rows)


def _parents(domain: str) -> tuple[str, ...]:
    labels = domain.split(".")
    return tuple(".".join(labels[first:]) for first in range(1, len(labels) - 1))
