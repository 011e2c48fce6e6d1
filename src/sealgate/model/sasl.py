"""SASL passwords: credentials for next hops that want a login."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealgate.model.names import NextHop
    from sealgate.model.secrets import Sealed


@dataclass(frozen=True, slots=True)
class SaslPassword:
    """The login for a next hop, looked up by `next_hop.destination` exactly as a relay host or transport names it."""

    next_hop: NextHop
    user: str
    password: Sealed
