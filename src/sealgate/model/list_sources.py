"""Where the list of a client access list provider comes from: the fields that say so, read and checked.

A list is typed by hand, or fetched: from Microsoft's web service, from a tree of SPF records (RFC 7208), or from any
address with one network a line or JSON. An address is HTTPS, since whoever can change the answer on its way says who
may relay; it has no name and password in it, since addresses are shown to everybody who may look.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from sealgate.model.errors import InvalidValue, Problem
from sealgate.model.names import DomainName, HostName
from sealgate.model.objects import Column, Kind, at, choice
from sealgate.model.text import one_line, shown, token

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_ADDRESS = 1000
LONGEST_POINTER = 500
HTTPS_PORT = 443
_STEPS = re.compile(r"/(?:[^~]|~[01])*")
_VISIBLE = re.compile(r"[!-~]+")


class ListSource(StrEnum):
    """Where the networks of a provider come from."""

    BY_HAND = "by-hand"
    MICROSOFT365 = "microsoft365"
    MICROSOFT365_SPF = "microsoft365-spf"
    GOOGLE = "google"
    SPF = "spf"
    URL = "url"


class Instance(StrEnum):
    """The clouds that Microsoft 365 is offered in."""

    WORLDWIDE = "worldwide"
    CHINA = "china"
    USGOV_DOD = "usgov-dod"
    USGOV_GCCHIGH = "usgov-gcchigh"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a list comes from; `target` is the domain of `spf` or the address of `url`."""

    kind: ListSource = ListSource.BY_HAND
    instance: Instance = Instance.WORLDWIDE
    target: str = ""
    pointer: str = ""

    @property
    def fetched(self) -> bool:
        """Whether the list is fetched, and not typed."""
        return self.kind is not ListSource.BY_HAND

    def __str__(self) -> str:
        """Return the origin in a few words that differ for every other origin."""
        instance = self.instance.value if self.instance is not Instance.WORLDWIDE else ""
        return " ".join(filter(None, [self.kind.value, instance, self.target, self.pointer]))


TYPED = Origin()

SOURCE = Column(
    "source",
    "Source",
    "Where the networks come from. by-hand: typed here. microsoft365: Microsoft's list of the addresses of Exchange"
    " Online. microsoft365-spf: its SPF record. google: Google Workspace. spf: the SPF record of any domain. url: a"
    " list at any address.",
    Kind.CHOICE,
    default=ListSource.BY_HAND.value,
    choices=tuple(ListSource),
)
INSTANCE = Column(
    "instance",
    "Microsoft cloud",
    "For Microsoft 365: the cloud that your tenant is in; nearly all are in worldwide.",
    Kind.CHOICE,
    default=Instance.WORLDWIDE.value,
    choices=tuple(Instance),
)
DOMAIN = Column(
    "domain", "Domain of the SPF record", "For spf: the domain whose SPF record names the senders, as mail.example.com."
)
ADDRESS = Column(
    "address",
    "Address of the list",
    "For url: an https:// address with one network a line, or with JSON.",
)
POINTER = Column(
    "pointer",
    "Place in JSON",
    "For url with JSON: where the networks stand, as a JSON pointer; * is every entry: /prefixes/*/ipv4Prefix. Several"
    " with blanks between. Empty: the list is text.",
)
COLUMNS = (SOURCE, INSTANCE, DOMAIN, ADDRESS, POINTER)


def parse_origin(given: Mapping[str, Any]) -> Origin:
    """Read the fields of `COLUMNS`, all of them there; one that belongs to another source is refused by its name."""
    kind = ListSource(choice(given["source"], SOURCE))
    instance = Instance(choice(given["instance"], INSTANCE))
    with at("domain"):
        domain = one_line(given["domain"], "The domain", 1000)
    with at("address"):
        address = one_line(given["address"], "The address", LONGEST_ADDRESS)
    with at("pointer"):
        pointer = _pointer(given["pointer"])
    _refuse_others(kind, instance, domain=domain, address=address, pointer=pointer)
    if kind is ListSource.SPF:
        with at("domain"):
            return Origin(kind, instance, _domain(domain))
    if kind is ListSource.URL:
        with at("address"):
            return Origin(kind, instance, parse_list_address(address), pointer)
    return Origin(kind, instance)


def origin_fields(origin: Origin) -> dict[str, str]:
    """Return the fields of an origin that are not at their default."""
    target = {ListSource.SPF: DOMAIN.name, ListSource.URL: ADDRESS.name}.get(origin.kind)
    found = {SOURCE.name: origin.kind.value, INSTANCE.name: origin.instance.value, POINTER.name: origin.pointer}
    if target:
        found[target] = origin.target
    defaults = {column.name: column.default for column in COLUMNS}
    return {name: value for name, value in found.items() if value != defaults[name]}


def _refuse_others(kind: ListSource, instance: Instance, *, domain: str, address: str, pointer: str) -> None:
    """Refuse what belongs to another source than the one chosen: somebody would believe that it counts."""
    elsewhere = instance is not Instance.WORLDWIDE and kind is not ListSource.MICROSOFT365_SPF
    wrong = [
        Problem(field, f"{what} belongs to the source {owner}, and the source is {kind}.", remedy)
        for field, there, owner, what, remedy in (
            ("instance", elsewhere, ListSource.MICROSOFT365, "This cloud", _WORLDWIDE),
            ("domain", bool(domain), ListSource.SPF, "A domain", _EMPTY),
            ("address", bool(address), ListSource.URL, "An address", _EMPTY),
            ("pointer", bool(pointer), ListSource.URL, "A place in JSON", _EMPTY),
        )
        if there and kind is not owner
    ]
    if wrong:
        raise InvalidValue(*wrong)


_WORLDWIDE = "Choose worldwide, or the other source."
_EMPTY = "Empty it, or choose the other source."


def _domain(domain: str) -> str:
    if not domain:
        raise InvalidValue.of("The domain is missing.", "Name the domain whose SPF record is read.")
    if "$" in domain:
        raise InvalidValue.of("The domain has a $ in it.", "Enter the name itself.")
    return DomainName.parse(domain, "The domain").ascii


def parse_list_address(text: str) -> str:
    """Read the address of a list: HTTPS, a full host name or an IP address, nothing secret, no fragment."""
    if not text:
        raise InvalidValue.of(
            "The address is missing.", "Enter where the list is, as https://example.com/networks.txt."
        )
    word = token(text, "The address", LONGEST_ADDRESS)
    for sign in "$\\\"'<>`{}|^":
        if sign in word:
            raise InvalidValue.of(f"The address has a {sign} in it.", f"Write it as %{ord(sign):02X}.")
    try:
        parts = urlsplit(word)
        port = parts.port
    except ValueError:
        raise InvalidValue.of(f"{shown(word)!r} is no address.", "Write https://example.com/networks.txt.") from None
    if parts.scheme.lower() != "https":
        raise InvalidValue.of(
            f"{shown(word)!r} does not begin with https://.",
            "Only HTTPS is fetched: whoever changed the list on its way could relay here.",
        )
    if "@" in parts.netloc:
        raise InvalidValue.of(
            "The address has a name or password in it.", "Everybody who may look would see it; use a list without."
        )
    if parts.fragment:
        raise InvalidValue.of(
            "The address has a # in it.", "What stands behind it never reaches a server; leave it out."
        )
    host = _host(parts)
    rest = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    if not _VISIBLE.fullmatch(rest):
        raise InvalidValue.of("The address has letters outside ASCII behind its host.", "Write them as %XX.")
    if port == 0:
        raise InvalidValue.of("The address has the port 0.", "Leave the port out, or name another.")
    return f"https://{host}{'' if port in {None, HTTPS_PORT} else f':{port}'}{rest}"


def _host(parts: SplitResult) -> str:
    name = parts.hostname or ""
    if name == "localhost" or name.endswith((".localhost", ".localhost.")):
        raise _loopback(name)
    try:
        literal = ipaddress.ip_address(name)
    except ValueError:
        return HostName.parse(name, "The host of the address").ascii
    mapped = getattr(literal, "ipv4_mapped", None) or literal
    if mapped.is_loopback or mapped.is_unspecified:
        raise _loopback(name)
    return f"[{literal}]" if literal.version == 6 else str(literal)


def _loopback(name: str) -> InvalidValue:
    return InvalidValue.of(f"{shown(name)} is this machine itself.", "Enter a list that stands on another machine.")


def _pointer(text: object) -> str:
    pointers = one_line(text, "The place in JSON", LONGEST_POINTER).split()
    for one in pointers:
        if not one.startswith("/"):
            raise InvalidValue.of(
                f"The pointer {shown(one)!r} does not begin with a slash.", "Write it like /prefixes/*/ipv4Prefix."
            )
        if not _STEPS.fullmatch(one):
            raise InvalidValue.of(
                f"The pointer {shown(one)!r} has a lonely ~.", "Write ~0 for a ~ and ~1 for a / in a name (RFC 6901)."
            )
    return " ".join(pointers)
