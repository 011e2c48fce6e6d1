"""The words of fetching: what to ask, how the outside may be reached, what came.

These are values: nothing here asks anybody. Kinds are the strings of the model's kinds of sources, so that this package
stands on the model's smallest parts only.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgate.model.errors import NotFetched

if TYPE_CHECKING:
    from sealgate.model.network import Network

MOST_BYTES = 10_000_000
"""Bytes of one answer, unpacked."""
SECONDS = 60.0
"""Seconds for one fetch with all its questions."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a list comes from.

    `kind` is `microsoft365`, `microsoft365-spf`, `google`, `spf` or `url`. `instance` is Microsoft's: worldwide, china,
    usgov-dod or usgov-gcchigh. `target` is the domain of `spf` or the address of `url`. `pointer` says where in a JSON
    document the networks stand (pointer.py); empty means text with one network a line.
    """

    kind: str
    instance: str = "worldwide"
    target: str = ""
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source said: the networks, sorted, none inside another.

    `version` names this state and is given back at the next fetch; `remarks` are sentences about what the list does not
    show. `unchanged`: the source itself said that nothing changed since the version known; then there are no networks.
    """

    networks: tuple[Network, ...]
    version: str
    remarks: tuple[str, ...] = ()
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """How the outside is reached, and how far.

    `nameservers` are IP addresses (port 53); none means those of /etc/resolv.conf. `ca_file` is a PEM file that is
    trusted instead of the system's authorities. `proxy` is `http://[user:password@]host:port`; the environment's is
    never used. `allow_private` permits servers at private, loopback and own addresses. `seconds` bounds one fetch,
    `most_bytes` one answer.
    """

    nameservers: tuple[str, ...] = ()
    ca_file: str = ""
    proxy: str = field(default="", repr=False)
    allow_private: bool = False
    seconds: float = SECONDS
    most_bytes: int = MOST_BYTES


class Clock:
    """The time that is left for a fetch."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self, what: str) -> float:
        """Return the seconds that are left; when there are none, `what` was not fetched."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise NotFetched(f"{what}: no whole answer in {self._seconds:g} seconds. Fetch again later.")
        return left
