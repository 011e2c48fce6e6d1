"""TLS levels (postconf(5) smtp_tls_security_level, smtpd_tls_security_level) and the policy per destination.

A policy is looked up by the next hop in full, brackets and port included, or for a plain domain by its parents with a
dot before them (smtp_tls_policy_maps). The destination here is therefore written as Postfix writes next hops.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.names import NextHop, domain_ascii
from sealgate.model.objects import Column, Kind, Noun, at, choice, known_fields, list_of
from sealgate.model.text import shown, token

if TYPE_CHECKING:
    from collections.abc import Mapping

INCOMING_LEVELS = ("none", "may", "encrypt")
OUTGOING_LEVELS = ("none", "may", "encrypt", "dane", "dane-only", "verify", "secure", "fingerprint")
MATCHING_LEVELS = ("verify", "secure", "fingerprint")
_STRATEGIES = ("nexthop", "hostname", "dot-nexthop")
# SHA-1 (20 octets), SHA-256 (32), SHA-384 (48), SHA-512 (64), also MD5 (16), as openssl prints them.
_FINGERPRINT = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){15}(?:(?::[0-9A-F]{2}){4}|(?::[0-9A-F]{2}){16}|"
                          r"(?::[0-9A-F]{2}){32}|(?::[0-9A-F]{2}){48})?", re.ASCII)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """TLS towards one next hop: `destination` in Postfix's spelling (`example.com`, `.example.com`, `[mx.example]:25`).

    `match` are the names or fingerprints that the server's certificate must show, for verify, secure, fingerprint.
    """

    destination: str
    level: str
    match: tuple[str, ...] = ()

    @property
    def result(self) -> str:
        """The policy as Postfix gets it: the level, and what must match."""
        separator = "|" if self.level == "fingerprint" else ":"
        return f"{self.level} match={separator.join(self.match)}" if self.match else self.level


_LEVEL = Column(
    "level",
    "Level",
    "none, may (used where offered), encrypt (required), dane, dane-only, verify, secure, or fingerprint.",
    Kind.CHOICE,
    default="encrypt",
    choices=OUTGOING_LEVELS,
    argument=True,
)
_COLUMNS = (
    Column(
        "destination",
        "Next hop",
        "The next hop as transports write it: a domain (or .domain for its subdomains), host:port, or [host]:port.",
        required=True,
        argument=True,
    ),
    _LEVEL,
    Column(
        "match",
        "Certificate must show",
        "For verify and secure: names, .domain, nexthop, dot-nexthop or hostname; for fingerprint: fingerprints.",
        Kind.LIST,
        default=(),
    ),
)


def parse_tls_policy(fields: Mapping[str, Any]) -> TlsPolicy:
    """Read a TLS policy."""
    given = known_fields(fields, _COLUMNS)
    with at("destination"):
        destination = parse_destination(given["destination"])
    level = choice(given["level"], _LEVEL)
    with at("match"):
        items = list_of(given["match"], "The list of names", 50)
        match = tuple(dict.fromkeys(_match(item, level) for item in items))
        if match and level not in MATCHING_LEVELS:
            raise InvalidValue.of(f"The level {level} does not look at names.", "Choose verify, secure or fingerprint.")
        if level == "fingerprint" and not match:
            raise InvalidValue.of("The level fingerprint has no fingerprint.", "Enter at least one.")
    return TlsPolicy(destination, level, match)


def parse_destination(text: object) -> str:
    """Read a key of TLS policies: a next hop in Postfix's spelling (port 25 left out), or `.domain`."""
    word = token(text, "The next hop")
    if word.startswith("."):
        return f".{domain_ascii(word[1:], 'The next hop')}"
    if not word.startswith("[") and ":" not in word and "_" in word:
        return domain_ascii(word, "The next hop")
    return NextHop.from_destination(word).destination


def _match(item: object, level: str) -> str:
    word = token(item, "The name", 300)
    if level == "fingerprint":
        if not _FINGERPRINT.fullmatch(word.upper()):
            raise InvalidValue.of(
                f"{shown(word)!r} is no fingerprint.", "Write it as openssl does: 3D:95:…, of 16 to 64 octets."
            )
        return word.upper()
    if word.lower() in _STRATEGIES:
        return word.lower()
    dot = "." if word.startswith(".") else ""
    return dot + domain_ascii(word.removeprefix("."), "The name")


TLS_POLICY: Noun[TlsPolicy] = Noun(
    name="tls-policy",
    plural="tls-policies",
    title="TLS policies",
    columns=_COLUMNS,
    parse=parse_tls_policy,
    fields=lambda value: {"destination": value.destination, "level": value.level, "match": list(value.match)},
    key=lambda value: value.destination,
    tag=lambda value: value.destination,
)
