"""Comparing a provider's list that came with the one that is stored.

How much was lost is counted in stored networks that the new list does not wholly cover. A source that joins or cuts its
networks otherwise has lost nothing.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import TYPE_CHECKING, Any

from sealgate.model.providers import USUAL_SHRINK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sealgate.store import Stored


def came_and_went(old: Collection[str], new: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the networks that a new list has more, and those that it has no more, each in its order."""
    had, has = set(old), set(new)
    return tuple(name for name in new if name not in had), tuple(name for name in old if name not in has)


def list_digest(networks: Iterable[str]) -> str:
    """Return a name for a list of networks."""
    return hashlib.sha256("\n".join(networks).encode()).hexdigest()


def digest_of(row: Stored) -> str:
    """Return a name for the networks of a row."""
    return list_digest(row.fields["networks"])


def too_much_lost(row: Stored, names: Collection[str], largest: Collection[str] = ()) -> str:
    """Return why a list is not believed, because too much is not in it; empty if it is.

    It is compared with the stored one, and with the `largest` that was in force lately.
    """
    most = int(row.fields.get("most_shrink", USUAL_SHRINK))
    return _lost(row.fields["networks"], names, most) or _lost(largest, names, most, " of the last 7 days")


def _lost(old: Collection[str], names: Collection[str], most: int, when: str = "") -> str:
    if not old:
        return ""
    lost = len(not_covered(old, names))
    if lost * 100 <= most * len(old):
        return ""
    much = f"all its networks{when}" if lost == len(old) else f"{lost:,} of its {len(old):,} networks{when}"
    return (
        f"The list lost {much} ({lost * 100 // len(old)} percent), more than is believed. The old one stays. If it is "
        "right, allow it to lose more (100 percent takes any list), and fetch it again."
    )


def too_wide(old: Collection[str], names: Collection[str]) -> str:
    """Return why a list does not go live unattended, because it is much wider than an old one; empty if it is not.

    Much wider is more than twice as wide, and wider by more than a /16 of IPv4 or a /32 of IPv6.
    """
    for version, unit, much in ((4, "IPv4 addresses", 2**16), (6, "IPv6 networks /64", 2**32)):
        before, after = _width(old, version), _width(names, version)
        if old and after > 2 * before and after - before > much:
            return (
                f"The list grew from {before:,} to {after:,} {unit}, more than goes live by itself. The old one stays. "
                "If it is right, fetch it now."
            )
    return ""


def _width(networks: Collection[str], version: int) -> int:
    """Return how many addresses (of IPv6: networks /64) a list has; no network of a list is inside another."""
    bits, sign = (32, ".") if version == 4 else (64, ":")
    mine = (name for name in networks if (":" in name) == (sign == ":"))
    return sum(2 ** max(0, bits - int(name.partition("/")[2] or bits)) for name in mine)


def not_covered(old: Iterable[str], new: Iterable[str]) -> list[str]:
    """Return the networks of a list that another one does not wholly cover, joined or cut otherwise as it may be."""
    known: dict[tuple[int, int], set[int]] = {}
    parsed = list(map(ipaddress.ip_network, new))
    for version in (4, 6):
        for one in ipaddress.collapse_addresses([net for net in parsed if net.version == version]):  # type: ignore[type-var]
            known.setdefault((version, one.prefixlen), set()).add(int(one.network_address))
    return [name for name in old if not _covered(ipaddress.ip_network(name), known)]


def _covered(network: Any, known: Mapping[tuple[int, int], set[int]]) -> bool:
    address, most = int(network.network_address), network.max_prefixlen
    return any(
        address >> (most - length) << (most - length) in addresses
        for (version, length), addresses in known.items()
        if version == network.version and length <= network.prefixlen
    )
