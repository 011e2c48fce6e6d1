"""Who may connect and relay: My networks, client access list providers, RBL, static black and white list."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from sealgate.model.names import DomainName
    from sealgate.model.network import ClientPattern, Network


@dataclass(frozen=True, slots=True)
class MyNetwork:
    """A row of My networks. `confirmed` holds the network typed again, for one so wide that it opens a public relay."""

    network: Network
    confirmed: bool = False


class ProviderSenders(StrEnum):
    """For which envelope senders a provider's addresses may relay."""

    OWN = "own"
    OWN_AND_NULL = "own-and-null"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Provider:
    """A client access list provider with its stored list of networks; `name` is letters, digits, hyphens."""

    name: str
    networks: tuple[Network, ...]
    senders: ProviderSenders = ProviderSenders.OWN


class RblKind(StrEnum):
    """What is looked up in the list: the client's address, or the domain of sender or HELO; or a DNS white list."""

    CLIENT = "client"
    SENDER = "sender"
    HELO = "helo"
    WHITE = "white"


@dataclass(frozen=True, slots=True)
class Rbl:
    """A DNS list: `zone`, the answers that count (`127.0.0.2`, `127.0.0.[1..4;6]`, empty: all), kind, reply text."""

    zone: DomainName
    answers: str = ""
    kind: RblKind = RblKind.CLIENT
    reply: str = ""


@dataclass(frozen=True, slots=True)
class StaticClient:
    """A row of the static black or white list: `expires` is its last day in force (UTC), `reason` the reply text."""

    pattern: ClientPattern
    reason: str = ""
    expires: dt.date | None = None
