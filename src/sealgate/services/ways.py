"""How Postfix would go to a next hop by the settings of a state: name, TLS level, addresses to connect from, trust.

Read from the main.cf that the state renders to, own lines included, so that a test from the page goes the way that
mail goes. What an own line of master.cf (`-o`) says for the delivery agents is not looked at.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from sealgate.link.live_tests import Way
from sealgate.model.checking.logins import level_for, policy_keys
from sealgate.model.own_text import expand, parse_main, words
from sealgate.render import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgate.model.desired import DesiredState
    from sealgate.model.names import NextHop
    from sealgate.services.node_facts import KnownFacts

_VERSIONS = {"all": (4, 6), "ipv4": (4,), "ipv6": (6,)}


def main_cf(desired: DesiredState, known: KnownFacts) -> dict[str, str]:
    """Return the parameters of the rendered main.cf with their values filled in as far as they are known."""
    definitions, _ = parse_main(str(render(desired, known.node).text("main.cf").text))
    values = dict(known.parameters) | {one.name: one.value for one in definitions}
    return {one.name: expand(one.value, values) or "" for one in definitions}


def way_to(hop: NextHop, desired: DesiredState, known: KnownFacts) -> Way:
    """Return how Postfix would go to a next hop."""
    main = main_cf(desired, known)
    helo = main.get("smtp_helo_name") or main.get("myhostname") or str(known.node.machine_fqdn)
    return Way(
        str(hop.host),
        hop.port,
        hop.mx,
        "".join(helo.split()),
        level_for(hop, desired),
        _match(hop, desired),
        tuple(dict.fromkeys(_sources(main))),
        _versions(main),
        _path(main, "smtp_tls_CAfile"),
        _path(main, "smtp_tls_CApath"),
    )


def _match(hop: NextHop, desired: DesiredState) -> tuple[str, ...]:
    for key in policy_keys(hop.destination):
        row = desired.rows.row("tls-policy", key)
        if row is not None and row.enabled:
            return tuple(row.value.match)
    return ()


def _sources(main: Mapping[str, str]) -> Iterator[str]:
    """Give the addresses to connect from: smtp_bind_address, or the only address of inet_interfaces (postconf(5))."""
    named = [address for name in ("smtp_bind_address", "smtp_bind_address6") for address in _addresses(main, name)]
    yield from map(str, named)
    listening = _addresses(main, "inet_interfaces")
    for version in {4, 6} - {address.version for address in named}:
        only = [address for address in listening if address.version == version]
        if len(only) == 1 and not only[0].is_loopback:
            yield str(only[0])


def _addresses(main: Mapping[str, str], name: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    found = []
    for word in words(main.get(name, "")):
        try:
            found.append(ipaddress.ip_address(word.strip("[]")))
        except ValueError:
            continue
    return found


def _versions(main: Mapping[str, str]) -> tuple[int, ...]:
    named = [version for word in words(main.get("inet_protocols", "all")) for version in _VERSIONS.get(word, ())]
    return tuple(sorted(set(named))) or (4, 6)


def _path(main: Mapping[str, str], name: str) -> str:
    """Return a path, unless something in it is not known here."""
    path = main.get(name, "")
    return "" if "$" in path else path
