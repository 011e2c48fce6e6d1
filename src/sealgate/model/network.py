"""Networks and client patterns: who connects, as the pages write it.

`Network` is an entry of My networks or a provider list: an IPv4/IPv6 CIDR or a single address, perhaps negated by `!`
(order matters then, cidr_table(5)). `ClientPattern` is an entry of the static lists, where an IPv4 prefix with the last
octets left out is possible too (`192.168.88` is 192.168.88.0-192.168.88.255).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from sealgate.model.errors import InvalidValue
from sealgate.model.text import shown, token

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
_OCTETS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}\.?", re.ASCII)
LOOPBACK: tuple[IPNetwork, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_MAPPED = ipaddress.ip_network("::ffff:0:0/96")


def parse_network(text: object, what: str = "The network") -> IPNetwork:
    """Read a CIDR network or a single address; host bits that are set are an error that offers the network meant."""
    word = token(text, what, 100)
    bare = word.replace("[", "").replace("]", "") if word.startswith("[") else word
    address, slash, prefix = bare.partition("/")
    if slash and not (prefix.isascii() and prefix.isdigit()):
        raise InvalidValue.of(
            f"{what} {shown(word)!r} has no prefix length after the slash.",
            "Write it as 192.0.2.0/24, not as a mask.",
        )
    if "%" in bare:  # ipaddress takes any text after it, and Postfix would read that text
        raise InvalidValue.of(
            f"{what} {shown(word)!r} has a zone identifier, the part from % on.",
            "It means something on one machine only; leave it out.",
        )
    try:
        found = ipaddress.ip_network(bare, strict=False)
        meant = ipaddress.ip_address(address)
    except ValueError:
        raise InvalidValue.of(
            f"{what} {shown(word)!r} is not an IP address or network.",
            "Enter one such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32.",
        ) from None
    if meant != found.network_address:
        raise InvalidValue.of(
            f"{what} {shown(word)!r} has host bits set.",
            f"Did you mean {found}, or the single address {address}?",
        )
    if found.version == 6 and found.subnet_of(_MAPPED):  # type: ignore[arg-type]
        raise InvalidValue.of(f"{what} {shown(word)!r} is an IPv4-mapped IPv6 range.", "Enter the IPv4 form.")
    return found


@dataclass(frozen=True, slots=True)
class Network:
    """A network of clients, or with `negated` the exclusion of one (`!10.0.0.1`)."""

    network: IPNetwork
    negated: bool = False

    def __str__(self) -> str:
        """Return the network as it is shown and typed: single addresses without prefix length."""
        single = self.network.prefixlen == self.network.max_prefixlen
        text = str(self.network.network_address) if single else str(self.network)
        return f"!{text}" if self.negated else text

    @classmethod
    def parse(cls, text: object, what: str = "The network") -> Network:
        """Read a network with an optional `!` before it."""
        word = token(text, what, 100)
        return cls(parse_network(word.removeprefix("!"), what), word.startswith("!"))


@dataclass(frozen=True, slots=True)
class ClientPattern:
    """Clients of a static list, as a network; kept in the canonical spelling of that network."""

    network: IPNetwork

    def __str__(self) -> str:
        """Return the pattern as it is shown: single addresses without prefix length."""
        return str(Network(self.network))

    @classmethod
    def parse(cls, text: object, what: str = "The client") -> ClientPattern:
        """Read an address, a CIDR network, or an IPv4 prefix with the last octets left out."""
        word = token(text, what, 100)
        if _OCTETS.fullmatch(word):
            octets = word.rstrip(".").split(".")
            filled = ".".join(octets + ["0"] * (4 - len(octets)))
            return cls(parse_network(f"{filled}/{8 * len(octets)}", what))
        return cls(parse_network(word, what))

    @property
    def overlaps_loopback(self) -> bool:
        """Tell whether the pattern touches loopback, which may never be listed."""
        return any(self.network.version == own.version and self.network.overlaps(own) for own in LOOPBACK)
