"""One of the two states that are compared: a release as it lies on disk, and what it was made from.

A `Side` is facts only and never changes; who compares two of them runs each in a sealed world of its own. What is
expensive to know is found out when it is first asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from sealgate.postfix.command import Programs
from sealgate.postfix.listeners import listeners
from sealgate.postfix.parameters import in_force, read_back
from sealgate.rehearsal.zones import zones_asked
from sealgate.render import render

if TYPE_CHECKING:
    from pathlib import Path

    from sealgate.model.desired import DesiredState
    from sealgate.postfix.listeners import Listener
    from sealgate.postfix.parameters import ReadBack
    from sealgate.render import ConfigTree, NodeFacts

_PORT = re.compile(r":(\d{1,5})$")
_MOST_HOPS, _MOST_PORTS = 20_000, 100


@dataclass(frozen=True)
class Side:
    """A release in the directory `release`, the state it was made from, and the facts it was rendered for."""

    release: Path
    desired: DesiredState
    facts: NodeFacts

    @cached_property
    def read(self) -> ReadBack:
        """What Postfix reads, with values expanded."""
        return read_back(Programs(self.release), expanded=True)

    @cached_property
    def tree(self) -> ConfigTree:
        """What was rendered."""
        return render(self.desired, self.facts)

    @cached_property
    def listeners(self) -> tuple[Listener, ...]:
        """Every address on which it listens."""
        main = in_force(Programs(self.release), self.read, "inet_interfaces", "inet_protocols")
        return listeners(self.read, main)

    @cached_property
    def servers(self) -> tuple[Listener, ...]:
        """The listeners for SMTP, but for the one that takes mail back from the MPA."""
        inner = (self.facts.reinject.host, self.facts.reinject.port)
        return tuple(one for one in self.listeners if one.takes_mail and (one.host, one.port) != inner)

    @cached_property
    def public(self) -> tuple[Listener, ...]:
        """The listeners for SMTP that somebody outside can connect to; where there are none, those on loopback."""
        return tuple(one for one in self.servers if one.wildcard or not one.on_loopback) or self.servers

    @cached_property
    def ports(self) -> tuple[int, ...]:
        """The ports other than 25 of the next hops on its pages."""
        settings = self.desired.settings
        hops = (settings.internal_relay_host, settings.external_relay_host)
        named = {hop.port for hop in hops if hop is not None}
        tags = (_PORT.search(tag) for tag in islice(self.desired.rows.tags("transport"), _MOST_HOPS))
        named |= {int(found[1]) for found in tags if found}
        return tuple(sorted(port for port in named if port != 25 and 0 < port < 1 << 16)[:_MOST_PORTS])

    @cached_property
    def zones(self) -> tuple[str, ...]:
        """The DNS lists that restrictions ask."""
        return zones_asked(self.read)

    def plain(self, text: str) -> str:
        """Return a value with the release's directory taken out."""
        return text.replace(str(self.release), "")
