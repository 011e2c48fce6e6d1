"""SMTP transports: which next hop a domain, a subdomain pattern or an address takes (transport(5)).

A transport is, in this order of preference, a next hop by SMTP with host, port and "use MX"; a special transport as
typed (`error:text`, `lmtp:[host]:24`, `hold`); or a raw line, kept as typed for what the parser does not know. A raw
line is still one line of visible text with a key and a value, so it can never become two.

There may be a million rows: reading one costs a few microseconds, and next hops are shared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.names import MailAddress, NextHop, domain_ascii
from sealgate.model.objects import Column, Kind, Noun, at, known_fields, refuse
from sealgate.model.relay_domains import RelayDomain
from sealgate.model.text import one_line, shown, token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.model.objects import Fields

__all__ = ["TRANSPORT", "RelayDomain", "Transport"]

HOLD = "hold:"
HELD = f"{HOLD}4.3.2 mail for this destination is held back by the administrator"
TEXT_SERVICES = ("error", "retry", "discard")
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_NEXT_HOPS = re.compile(r"[A-Za-z0-9_.:/@\[\], -]*", re.ASCII)
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Transport:
    """A row of the transport table.

    `pattern` is a domain, `.domain` (all its subdomains), an address, or `*` (everything), in Postfix's spelling and
    lower case. Exactly one of these says where to: `next_hop` (SMTP), or `special` (`error:text`, `discard:`,
    `lmtp:host:port`, as typed). `raw` is a line that the parser does not know, kept as typed and in its place (then
    `pattern` is its first word).
    """

    pattern: str
    next_hop: NextHop | None = None
    special: str = ""
    raw: str = ""

    @property
    def result(self) -> str:
        """The right-hand side as Postfix gets it; `hold:` with a text defers all mail until the row is changed."""
        if self.next_hop is not None:
            return f"smtp:{self.next_hop.destination}"
        if self.raw:
            return self.raw[len(self.raw.split(None, 1)[0]) :].strip()
        return HELD if self.special == HOLD else self.special


_TRANSPORT_COLUMNS = (
    Column(
        "pattern",
        "Domain or address",
        "A domain, .domain for all its subdomains, an address, or * for everything.",
        required=True,
        argument=True,
    ),
    Column("host", "Relay host", "The name or address of the server that takes this mail.", argument=True),
    Column("port", "Port", "The server's port.", Kind.NUMBER, default=25),
    Column("mx", "Use MX records", "Yes: mail goes to the MX records of the name.", Kind.FLAG, default=False),
    Column(
        "special",
        "Special transport",
        "Instead of a relay host: error:TEXT refuses, discard: drops, hold keeps in the queue, lmtp:[HOST]:PORT or"
        " another service delivers.",
    ),
    Column("raw", "Raw line", "A whole line of the transport table, kept as typed."),
)


def parse_transport(fields: Mapping[str, Any]) -> Transport:
    """Read a transport: pattern and exactly one of relay host, special transport or raw line."""
    given = fields if _is_plain(fields) else known_fields(fields, _TRANSPORT_COLUMNS)
    host, special, raw = given["host"], given["special"], given["raw"]
    if host and not special and not raw:
        hop: NextHop | None = None
        try:
            hop = _next_hop(host, given["port"], given["mx"])
        except InvalidValue as refusal:
            refuse(refusal.at(NextHop.part_at_fault(given["port"])))
        except TypeError:
            raise InvalidValue.of("The relay host must be text.", field="host") from None
        return Transport(_checked_pattern(given["pattern"]), hop)
    if sum(bool(part) for part in (host, special, raw)) != 1:
        raise InvalidValue.of(
            f"The transport names {'more than one destination' if host or special or raw else 'no destination'}.",
            "Enter either a relay host or a special transport such as error:text.",
            "host",
        )
    if raw:
        return _raw(raw, given["pattern"])
    with at("special"):
        result = one_line(special, "The special transport", _LONGEST)
    return _special(_checked_pattern(given["pattern"]), result)


def _is_plain(fields: object) -> bool:
    return type(fields) is dict and fields.keys() == _PLAIN


_PLAIN = frozenset(column.name for column in _TRANSPORT_COLUMNS)


@lru_cache(maxsize=16384)
def _next_hop(host: object, port: object, mx: object) -> NextHop:
    return NextHop.parse(host, port, mx, "The relay host")


def _special(pattern: str, result: str) -> Transport:
    with at("special"):
        return _from_result(pattern, result)


def _checked_pattern(text: object) -> str:
    try:
        return parse_pattern(text)
    except InvalidValue as refusal:
        raise refusal.at("pattern") from None


def parse_pattern(text: object) -> str:
    """Read what a transport is for: a domain, `.domain`, an address (folded to lower case, as Postfix does), or `*`."""
    if not isinstance(text, str):
        raise InvalidValue.of(f"The pattern must be text, not {type(text).__name__}.")
    word = text.strip(" \t")
    if "@" in word:
        return str(MailAddress.parse(word, "The pattern")).lower()
    if word.startswith("."):
        return f".{domain_ascii(word[1:], 'The subdomain pattern')}"
    return word if word == "*" else domain_ascii(word, "The domain")


def parse_special(text: object) -> str:
    """Read a special transport, `service:next hop`; `error:`, `retry:`, `discard:` take words, `hold` nothing."""
    line = one_line(text, "The special transport", _LONGEST)
    service, colon, rest = line.partition(":")
    if line in {"hold", HOLD}:
        return HOLD
    if not colon or (service and not _SERVICE.fullmatch(service)):
        raise InvalidValue.of(
            f"The special transport {shown(line)!r} has no service name with a colon after it.",
            "Enter one such as error:no such domain, discard:, hold, or lmtp:[192.0.2.1]:24.",
        )
    if service.lower() in TEXT_SERVICES:
        if not rest.isascii():
            raise InvalidValue.of("The text has letters outside ASCII.", "SMTP replies are ASCII (RFC 5321 §4.2).")
        return f"{service.lower()}:{rest.strip()}"
    if service == "hold" or not _NEXT_HOPS.fullmatch(rest):
        raise InvalidValue.of(
            f"The next hop {shown(rest)!r} after {service}: is not possible.",
            "Write host, host:port, [host]:port, or several of them with commas between.",
        )
    return f"{service}:{rest.strip()}"


def parse_line(text: object) -> Transport:
    """Read a line of transport(5); what is no next hop, no known transport, or no known pattern becomes a raw line."""
    line = one_line(text.replace("\t", " ") if isinstance(text, str) else text, "The line", _LONGEST)
    key, _, result = line.partition(" ")
    try:
        return _from_result(parse_pattern(key), result.strip())
    except InvalidValue:
        pass
    if not result.strip() or key[:1] in {"#", '"'}:
        raise InvalidValue.of(
            f"The line {shown(line)!r} has no key with a value after it.",
            "Write it as in transport(5): the pattern, a blank, and transport:nexthop.",
        )
    return Transport(key.lower(), raw=line)


def _from_result(pattern: str, result: str) -> Transport:
    service, _, hop = result.partition(":")
    if service == "smtp":
        try:
            return Transport(pattern, _from_destination(hop))
        except InvalidValue:
            pass
    return Transport(pattern, special=parse_special(result))


@lru_cache(maxsize=16384)
def _from_destination(text: str) -> NextHop:
    return NextHop.from_destination(text)


def _raw(text: object, pattern: object) -> Transport:
    with at("raw"):
        value = parse_line(text)
    with at("pattern"):
        if token(pattern, "The pattern").lower() != value.pattern:
            raise InvalidValue.of("The pattern is not the first word of the raw line.", f"It is {value.pattern}.")
    return value


def transport_fields(value: Transport) -> Fields:
    """Return the canonical form of a transport."""
    hop = value.next_hop
    if hop is None:
        return {
            "pattern": value.pattern,
            "host": "",
            "port": 25,
            "mx": False,
            "special": value.special,
            "raw": value.raw,
        }
    return {
        "pattern": value.pattern,
        "host": str(hop.host),
        "port": hop.port,
        "mx": hop.mx,
        "special": "",
        "raw": "",
    }


def transport_tag(value: Transport) -> str:
    """Return what transports are looked up by: their next hop, the head of a special one, or `raw`."""
    if value.next_hop is not None:
        return value.next_hop.destination
    if value.raw:
        return RAW_TAG
    service = value.special.partition(":")[0]
    return f"{service}:" if service in TEXT_SERVICES else value.special


RAW_TAG = "raw"

TRANSPORT: Noun[Transport] = Noun(
    name="transport",
    plural="transports",
    title="SMTP transports",
    columns=_TRANSPORT_COLUMNS,
    parse=parse_transport,
    fields=transport_fields,
    key=lambda value: value.pattern,
    tag=transport_tag,
    ordered=True,
    big=True,
)
