"""Who connects, as the pages say it: trusted clients, provider ranges, listed clients, and strangers.

A stranger is an address that no page trusts, and that no own line names in a network narrow enough to be somebody's
own. Strangers are taken from all over the address space; and one from within each network of own lines that is wider
than any organisation has, since trusting it trusts the public. Postfix is not asked here: this is what is expected of
it.
"""

from __future__ import annotations

import ipaddress
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sealgate.model.access import opens_public_relay
from sealgate.model.findings import Place
from sealgate.model.network import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.names import Address
    from sealgate.model.network import IPNetwork
    from sealgate.model.objects import Row
    from sealgate.rehearsal.subject import Subject

_FOUR = tuple(
    ipaddress.ip_address(f"{first}.113.7.9")
    for first in (203, 8, 23, 45, 62, 77, 93, 109, 131, 144, 157, 166, 178, 186, 199, 212, 220)
)
_SIX = tuple(
    ipaddress.ip_address(text)
    for text in ("2a0d:7e57::77", "2001:7e57::77", "2400:7e57::77", "2600:7e57::77", "2800:7e57::77", "2c0f:7e57::77")
)
_NETWORK = re.compile(r"\[?[0-9A-Fa-f:.]*[.:][0-9A-Fa-f:.]*\]?(?:/[0-9]{1,3})?(?![0-9A-Za-z.-])", re.ASCII)
_MOST_LINES = 2000
_MOST_WIDE = 8
_A_FEW = 5
"""Strangers from anywhere that a probe tries, besides those from within wide networks."""


class Clients:
    """The clients of a subject."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    # -- who is trusted

    @cached_property
    def _network_rows(self) -> tuple[Row[Any], ...]:
        return self._subject.all_rows("network") or self._subject.rows("network")

    @cached_property
    def _my_networks(self) -> tuple[tuple[bool, IPNetwork], ...]:
        listed = ((row.value.network.negated, row.value.network.network) for row in self._network_rows)
        return (*((False, network) for network in LOOPBACK), *listed)

    @cached_property
    def providers(self) -> tuple[Row[Any], ...]:
        """The rows of providers that have networks."""
        return tuple(row for row in self._subject.desired.rows.rows("provider") if row.enabled and row.value.networks)

    def trusted(self, address: Address) -> bool:
        """Tell whether My networks has the address; the first network that knows it decides."""
        for excluded, network in self._my_networks:
            if address in network:
                return not excluded
        return False

    def provider(self, address: Address) -> Row[Any] | None:
        """Return the first provider whose ranges have the address."""
        return next((row for row in self.providers if any(address in one.network for one in row.value.networks)), None)

    def everybody(self, version: int) -> tuple[Place, ...]:
        """Return the rows by which all of an address family (4 or 6) is trusted; none as long as somebody is not.

        All are those from all over the address space: a hole left in a network is no stranger who could be tried.
        """
        found: dict[Place, None] = {}
        for address in _FOUR if version == 4 else _SIX:
            place = self._trusting(address)
            if place is None:
                return ()
            found[place] = None
        return tuple(found)

    def _trusting(self, address: Address) -> Place | None:
        """Return the row that trusts an address."""
        row = next((one for one in self._network_rows if address in one.value.network.network), None)
        if row is not None and not row.value.network.negated:
            return Place("network", row.key)
        provider = self.provider(address)
        return Place("provider", provider.key) if provider is not None else None

    # -- who is listed

    def listed(self, noun: str, address: Address) -> Row[Any] | None:
        """Return the row of the black or white list that decides about an address."""
        return next((row for row in self._lists[noun] if address in row.value.pattern.network), None)

    @cached_property
    def _lists(self) -> dict[str, tuple[Row[Any], ...]]:
        today = self._subject.facts.today
        found = {}
        for noun in ("black", "white"):
            rows = self._subject.all_rows(noun)
            found[noun] = tuple(r for r in rows or self._subject.rows(noun) if r.value.in_force(today))
        return found

    @property
    def lists_are_whole(self) -> bool:
        """Whether both static lists are short enough to know what they say of any address."""
        return all(self._subject.all_rows(noun) is not None for noun in ("black", "white"))

    def refused(self, address: Address) -> Row[Any] | None:
        """Return the row of the black list by which an address may not connect, None when it may."""
        return None if self.listed("white", address) else self.listed("black", address)

    # -- strangers

    def strangers(self, version: int) -> tuple[Address, ...]:
        """Return strangers of an address family (4 or 6), the plainest first; none when everybody is trusted."""
        most = None if self._subject.full else _A_FEW
        pool = [one for one in (_FOUR if version == 4 else _SIX) if self._is_stranger(one)][:most]
        wide = (self._inside(network) for network in self._wide if network.version == version)
        return tuple(dict.fromkeys([*pool, *(one for one in wide if one is not None)]))

    def neighbours(self, address: Address, count: int) -> Iterator[str]:
        """Give addresses beside a stranger's, so that limits for one client are never reached."""
        for number in range(count):
            yield str(address + number)

    def _is_stranger(self, address: Address) -> bool:
        near = (address, address + 60)
        return not any(
            self.trusted(one)
            or self.provider(one)
            or self.listed("black", one)
            or any(one in network for network in self._narrow)
            for one in near
        )

    def _inside(self, network: IPNetwork) -> Address | None:
        step = max(1, network.num_addresses // 5)
        candidates = (network.network_address + step * number + 7 for number in range(5))
        return next((one for one in candidates if one in network and usable(one) and self._is_stranger(one)), None)

    @cached_property
    def _own_networks(self) -> tuple[IPNetwork, ...]:
        return tuple(dict.fromkeys(network for text in _own_texts(self._subject) for network in networks_in(text)))

    @property
    def _narrow(self) -> tuple[IPNetwork, ...]:
        return tuple(network for network in self._own_networks if not opens_public_relay(network))

    @property
    def _wide(self) -> tuple[IPNetwork, ...]:
        return tuple(network for network in self._own_networks if opens_public_relay(network))[:_MOST_WIDE]


def _own_texts(subject: Subject) -> Iterator[str]:
    yield subject.desired.main_cf.text
    yield subject.desired.master_cf.text
    for row in subject.desired.rows.rows("lookup-table"):
        if row.enabled and row.value.type == "cidr":
            lines = b"".join(subject.desired.rows.chunks(row.value.content)).decode().split("\n")
            yield "\n".join(lines[:_MOST_LINES])


def networks_in(text: str) -> Iterator[IPNetwork]:
    """Give the networks and addresses that a text names."""
    for word in _NETWORK.findall(text):
        try:
            yield ipaddress.ip_network(word.replace("[", "").replace("]", ""), strict=False)
        except ValueError:
            continue


def usable(address: Address) -> bool:
    """Tell whether a client can have the address in the sealed world."""
    if address.is_multicast or address.is_unspecified or address.is_link_local or address.is_loopback:
        return False
    return address.version == 6 or 0 < address.packed[0] < 240
