"""Who connects: My networks, provider ranges and the static lists, as cidr tables (cidr_table(5)).

My networks is a match list, where any result of a table means "yes"; an excluded network (`!10.0.0.1`) is therefore
not an entry with another result but a table of its own with `!` before it. The rows keep their order: they are cut
into runs of listed and excluded networks, one table a run, and the first table that knows the client decides
(postconf(5), mynetworks). Loopback comes first and cannot be excluded.

The static lists and the providers are access maps (access(5)): the result is a verb that is written here, never by
the administrator. The reason has the enhanced code before it, because Postfix takes away the first word of a text
that looks like such a code.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from sealgate.model.findings import Place
from sealgate.model.network import LOOPBACK, IPNetwork, Network
from sealgate.model.providers import Provider, ProviderSenders
from sealgate.render.part import Parameter, named, text_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.access import MyNetwork
    from sealgate.model.desired import DesiredState
    from sealgate.model.objects import Row
    from sealgate.model.static_lists import StaticClient
    from sealgate.render.facts import NodeFacts
    from sealgate.render.tree import TableFile

ALWAYS = tuple(Network(network) for network in LOOPBACK)


def enabled(desired: DesiredState, noun: str) -> Iterator[Row[Any]]:
    """Give the rows of a noun that are switched on, in their order."""
    return (row for row in desired.rows.rows(noun) if row.enabled)


def my_networks(desired: DesiredState) -> tuple[tuple[bool, TableFile], ...]:
    """Return the tables of My networks in order, each with whether it excludes."""
    rows: Iterator[Row[MyNetwork]] = enabled(desired, "network")
    listed = [*ALWAYS, *(row.value.network for row in rows)]
    place = Place("network")
    tables = []
    for number, (excluded, run) in enumerate(groupby(listed, key=lambda network: network.negated), 1):
        name = "mynetworks" if number == 1 else f"mynetworks-{number}"
        lines = [f"{pattern(network.network)} {'excluded' if excluded else 'OK'}" for network in run]
        tables.append((excluded, text_table(name, "cidr", lines, place)))
    return tuple(tables)


def my_networks_list(tables: tuple[tuple[bool, TableFile], ...], node: NodeFacts) -> tuple[str, ...]:
    """Return the value of mynetworks: the tables by name, the excluding ones with `!`."""
    return tuple(f"{'!' if excluded else ''}{named(table, node)}" for excluded, table in tables)


def class_name(provider: Provider) -> str:
    """Return the name of a provider's restriction class, a parameter name of its own."""
    return "provider_" + provider.name.replace("-", "_")


def provider_class(provider: Provider, own_domains: str, place: Place) -> Parameter:
    """Return the restriction class that decides for which senders a provider's addresses may relay."""
    value = {
        ProviderSenders.OWN: (f"check_sender_access {own_domains}",),
        ProviderSenders.OWN_AND_NULL: (
            f"check_sender_access {own_domains}",
            "check_sender_access inline:{{<> = OK}}",
        ),
        ProviderSenders.ANY: ("permit",),
    }[provider.senders]
    return Parameter(class_name(provider), value, place)


def provider_table(provider: Provider, place: Place) -> TableFile:
    """Return a provider's ranges; each leads to the provider's class."""
    verb = class_name(provider)
    lines = [f"{pattern(one.network)} {verb}" for one in provider.networks]
    return text_table(f"client_{verb}", "cidr", lines, place)


def static_list(desired: DesiredState, node: NodeFacts, noun: str) -> TableFile | None:
    """Return the black or white list, or None when nothing is on it; expired rows are not."""
    rows: Iterator[Row[StaticClient]] = enabled(desired, noun)
    lines = [
        f"{pattern(row.value.pattern.network)} {_verdict(noun, row.value.reason)}"
        for row in rows
        if row.value.in_force(node.today)
    ]
    return text_table(f"client_{noun}", "cidr", lines, Place(noun)) if lines else None


def pattern(network: IPNetwork) -> str:
    """Return a network as cidr_table(5) writes it; a single address has no prefix length."""
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if single else str(network)


def _verdict(noun: str, reason: str) -> str:
    if noun == "white":
        return "OK"
    return f"REJECT 5.7.1 {reason}" if reason else "REJECT"
