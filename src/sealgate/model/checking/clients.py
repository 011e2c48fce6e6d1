"""Who may connect and relay: My networks, providers, DNS lists, static lists, and how they act on each other."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from sealgate.model.access import opens_public_relay
from sealgate.model.checking.routing import MOST, limited
from sealgate.model.findings import Finding, Place, error, note, warning
from sealgate.model.providers import ProviderSenders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.access import MyNetwork, Provider, Rbl, StaticClient
    from sealgate.model.context import CheckContext
    from sealgate.model.desired import DesiredState
    from sealgate.model.network import IPNetwork
    from sealgate.model.objects import Row


class Prefixes:
    """A set of networks that tells quickly which of them covers another one."""

    def __init__(self) -> None:
        self._names: dict[tuple[int, int, int], str] = {}
        self._lengths: dict[int, set[int]] = {4: set(), 6: set()}

    def add(self, network: IPNetwork, name: str) -> None:
        """Add a network under a name; the first name of a network stays."""
        self._names.setdefault((network.version, network.prefixlen, int(network.network_address)), name)
        self._lengths[network.version].add(network.prefixlen)

    def covering(self, network: IPNetwork) -> str | None:
        """Return the name of a network that covers this one wholly, or None."""
        address, most = int(network.network_address), network.max_prefixlen
        for length in self._lengths[network.version]:
            masked = address >> (most - length) << (most - length)
            if length <= network.prefixlen and (network.version, length, masked) in self._names:
                return self._names[network.version, length, masked]
        return None


def check_networks(desired: DesiredState) -> Iterator[Finding]:
    """Give the findings about My networks."""
    rows: list[Row[MyNetwork]] = [row for row in desired.rows.rows("network") if row.enabled]
    yield from limited(_shadowed(rows), MOST)
    wide = [row for row in rows if not row.value.network.negated and opens_public_relay(row.value.network.network)]
    for row in wide:
        yield warning(
            "network-opens-relay",
            Place("network", row.key),
            f"Everybody in {row.key} may relay through this gateway to anywhere.",
            "It was confirmed as meant.",
            "Remove it as soon as it is not needed.",
        )
    if not wide:
        yield from _together(rows)


def _shadowed(rows: Iterable[Row[MyNetwork]]) -> Iterator[Finding]:
    before = Prefixes()
    for row in rows:
        network = row.value.network
        cover = before.covering(network.network)
        if cover is not None:
            yield warning(
                "network-covered",
                Place("network", row.key),
                f"{row.key} has no effect, since {cover} before it already decides.",
                "The first entry that covers a client counts.",
                f"Move it before {cover}, or remove it.",
            )
        before.add(network.network, row.key)


def _together(rows: Iterable[Row[MyNetwork]]) -> Iterator[Finding]:
    for version in (4, 6):
        networks = [
            row.value.network.network
            for row in rows
            if not row.value.network.negated and row.value.network.network.version == version
        ]
        for network in ipaddress.collapse_addresses(networks):  # type: ignore[type-var]
            if opens_public_relay(network):
                yield error(
                    "networks-open-relay",
                    Place("network"),
                    f"My networks together cover all of {network}.",
                    "That lets the public relay through this gateway to anywhere.",
                    f"If that is meant, enter {network} as one network and confirm it.",
                )


def check_providers(desired: DesiredState) -> Iterator[Finding]:
    """Give the findings about client access list providers."""
    own_domains: bool | None = None
    for row in desired.rows.rows("provider"):
        value: Provider = row.value
        place = Place("provider", row.key)
        if not row.enabled:
            continue
        if not value.networks:
            yield _without_networks(row, place)
        if value.senders is ProviderSenders.ANY:
            yield warning(
                "provider-any-sender",
                place,
                f"Every customer of {row.key} may relay through this gateway with any sender.",
                "A cloud's addresses are shared by all its customers.",
                "Choose the senders “own”.",
            )
        if value.senders is ProviderSenders.OWN_AND_NULL:
            yield warning(
                "provider-null-sender",
                place,
                f"Every customer of {row.key} may relay with the null sender.",
                "Bounces and automatic replies need it, and anybody there can use it.",
                "Choose the senders “own” if you can do without.",
            )
        if own_domains is None:
            own_domains = any(domain.enabled for domain in desired.rows.rows("relay-domain"))
        if value.senders is not ProviderSenders.ANY and not own_domains:
            yield warning(
                "provider-without-domains",
                place,
                f"{row.key} may relay for senders of relay domains only, and there are none.",
                "",
                "Add the relay domains.",
            )


def _without_networks(row: Row[Provider], place: Place) -> Finding:
    if not row.value.origin.fetched:
        return warning("provider-empty", place, f"{row.key} has no networks yet, so nobody may relay by it.")
    why = "Its list is pinned." if row.value.pin else "Its list is fetched by itself, and goes live when it came."
    return note(
        "provider-not-fetched",
        place,
        f"The list of {row.key} was never fetched yet, so nobody may relay by it.",
        why,
        "Fetch it now, or look whether fetching it fails.",
    )


def check_rbls(desired: DesiredState) -> Iterator[Finding]:
    """Give the findings about DNS lists."""
    whole: dict[tuple[str, str], str] = {}
    for row in desired.rows.rows("rbl"):
        value: Rbl = row.value
        place = Place("rbl", row.key)
        if not row.enabled:
            continue
        zone = (value.kind.value, str(value.zone))
        if zone in whole:
            yield warning(
                "rbl-covered",
                place,
                f"{row.key} has no effect, since {whole[zone]} before it counts every answer.",
                "",
                "Remove one of the two.",
            )
        if not value.answers:
            whole.setdefault(zone, row.key)
            yield note(
                "rbl-every-answer",
                place,
                f"Every answer of {value.zone} counts as listed, also one that only says “you ask too often”.",
                "Such answers (127.255.255.x) would refuse all mail.",
                f"Name the answers that count, such as {value.zone}=127.0.0.2.",
            )
        elif not value.answers.startswith(("127.", "[127].")):
            yield warning(
                "rbl-odd-answer",
                place,
                f"The answers {value.answers} are not in 127.0.0.0/8.",
                "DNS lists answer from there (RFC 5782), so this list would never match.",
                "Check the list's documentation.",
            )


def check_static_lists(desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    """Give the findings about the static lists: expired rows, black behind white, black before My networks."""
    white = Prefixes()
    for noun in ("white", "black"):
        expired = 0
        for row in desired.rows.rows(noun):
            value: StaticClient = row.value
            if row.enabled and not value.in_force(context.today):
                expired += 1
                if expired <= MOST:
                    yield note(
                        "client-expired",
                        Place(noun, row.key, "expires"),
                        f"{row.key} has expired on {value.expires} and has no effect.",
                        "",
                        "Remove it, or give it a later last day.",
                    )
            elif row.enabled and noun == "white":
                white.add(value.pattern.network, row.key)
    yield from limited(_behind_white(desired, context, white), MOST)
    yield from limited(_before_networks(desired, context), MOST)


def _behind_white(desired: DesiredState, context: CheckContext, white: Prefixes) -> Iterator[Finding]:
    for row in desired.rows.rows("black"):
        cover = white.covering(row.value.pattern.network) if row.enabled and row.value.in_force(context.today) else None
        if cover is not None:
            yield warning(
                "black-behind-white",
                Place("black", row.key),
                f"{row.key} is on the black list without effect: {cover} on the white list covers it.",
                "The white list comes first.",
                "Remove one of the two.",
            )


def _before_networks(desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    black, single = Prefixes(), Prefixes()
    for row in desired.rows.rows("network"):
        if row.enabled and not row.value.network.negated:
            single.add(row.value.network.network, row.key)
    for row in desired.rows.rows("black"):
        if not row.enabled or not row.value.in_force(context.today):
            continue
        black.add(row.value.pattern.network, row.key)
        cover = single.covering(row.value.pattern.network)
        if cover is not None:
            yield note(
                "black-in-network",
                Place("black", row.key),
                f"{row.key} is refused although it belongs to {cover} of My networks.",
                "The black list comes before My networks.",
            )
    for row in desired.rows.rows("network"):
        cover = black.covering(row.value.network.network) if row.enabled and not row.value.network.negated else None
        if cover is not None:
            yield warning(
                "network-behind-black",
                Place("network", row.key),
                f"Nobody in {row.key} can connect: {cover} on the black list covers it.",
                "The black list comes before My networks.",
                "Remove one of the two.",
            )
