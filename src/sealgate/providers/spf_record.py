"""One SPF record, read as RFC 7208 (section 12) writes it: mechanisms in order, and where to go on.

A record with one fault anywhere is no record (section 4.6), and InvalidValue names the term. Nothing is looked up here,
and macros are only checked and marked: what they stand for depends on each message. Bytes, terms and each term are
bounded, far above what records have.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue
from sealgate.model.text import shown

if TYPE_CHECKING:
    from sealgate.model.network import IPNetwork

_MODIFIER = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9._-]*)=(?P<value>.*)", re.ASCII)
_DIRECTIVE = re.compile(r"(?P<qualifier>[-+~?]?)(?P<name>[A-Za-z0-9]+)(?P<rest>[:/].*)?", re.ASCII)
_LENGTHS = re.compile(r"(?P<before>.*?)(?:/(?P<v4>0|[1-9][0-9]?))?(?://(?P<v6>0|[1-9][0-9]{0,2}))?", re.ASCII)
_NETWORK = re.compile(r"(?P<address>[0-9a-f.:]+)(?:/(?P<length>0|[1-9][0-9]{0,2}))?", re.ASCII | re.IGNORECASE)
_MACRO = re.compile(r"%(?:[%_-]|\{[slodiphcrtv][0-9]*r?[-.+,/_=]*\})", re.ASCII | re.IGNORECASE)
_END = re.compile(r"\.(?:[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])\.?\Z", re.ASCII | re.IGNORECASE)
MOST_BYTES = 16_384
MOST_TERMS = 1000
_LONGEST_TERM = 500
_KNOWN = {"redirect", "exp"}
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One mechanism: what it is, which result a match has (`+`, `-`, `~`, `?`), and what it names.

    `domain` is empty where the record's own domain is meant; with `macro` nobody knows it before a message comes. `v4`
    and `v6` are prefix lengths for the addresses found.
    """

    name: str
    qualifier: str
    text: str
    domain: str = ""
    macro: bool = False
    network: IPNetwork | None = None
    v4: int = 32
    v6: int = 128

    @property
    def passes(self) -> bool:
        """Whether a match lets mail pass."""
        return self.qualifier == "+"


@dataclass(frozen=True, slots=True)
class Record:
    """A record: its mechanisms up to `all` (which is the last), and the domain to go on with where none matches.

    `unknown` are modifiers that SPF does not know and passes over (section 6), such as a misspelt `ip4=192.0.2.1`.
    """

    mechanisms: tuple[Mechanism, ...] = ()
    redirect: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def redirect_is_macro(self) -> bool:
        """Whether nobody knows where the record goes on before a message comes."""
        return "%" in self.redirect


def is_record(text: str) -> bool:
    """Tell whether a TXT record is meant to be an SPF record (section 4.5)."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def parse_record(text: str) -> Record:
    """Read a text that `is_record` accepts."""
    if len(text) > MOST_BYTES:
        raise InvalidValue.of(f"The record has {len(text):,} bytes, and at most {MOST_BYTES:,} are read.")
    terms = list(filter(None, text.split(" ")[1:]))
    if len(terms) > MOST_TERMS:
        raise InvalidValue.of(f"The record has {len(terms):,} terms, and at most {MOST_TERMS:,} are read.")
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in terms:
        if len(term) > _LONGEST_TERM:
            raise _fault(term, f"is longer than {_LONGEST_TERM} characters")
        if modifier := _MODIFIER.fullmatch(term):
            _modify(modifiers, term, modifier["name"].lower(), modifier["value"])
        else:
            mechanisms.append(_mechanism(term))
    unknown = tuple(f"{name}={value}" for name, value in modifiers.items() if name not in _KNOWN)
    for number, one in enumerate(mechanisms):
        if one.name == "all":
            return Record(tuple(mechanisms[: number + 1]), unknown=unknown)
    return Record(tuple(mechanisms), modifiers.get("redirect", ""), unknown)


def _modify(modifiers: dict[str, str], term: str, name: str, value: str) -> None:
    if name in _KNOWN:
        if name in modifiers:
            raise _fault(term, "stands there twice")
        modifiers[name] = _domain(term, value)
    elif not _printed(_MACRO.sub("", value)):
        raise _fault(term, "is written in a way that SPF does not know")
    else:
        modifiers[name] = value


def _mechanism(term: str) -> Mechanism:
    found = _DIRECTIVE.fullmatch(term)
    if not found:
        raise _fault(term, "is no term of SPF")
    name, qualifier, rest = found["name"].lower(), found["qualifier"] or "+", found["rest"] or ""
    if name == "all" and not rest:
        return Mechanism(name, qualifier, term)
    if name in {"ip4", "ip6"} and rest.startswith(":"):
        return Mechanism(name, qualifier, term, network=_network(term, name, rest[1:]))
    if name in {"include", "exists"} and rest.startswith(":"):
        domain = _domain(term, rest[1:])
        return Mechanism(name, qualifier, term, domain, "%" in domain)
    if name == "ptr" and not rest.startswith("/"):
        domain = _domain(term, rest[1:]) if rest else ""
        return Mechanism(name, qualifier, term, domain, "%" in domain)
    if name in {"a", "mx"}:
        return _addresses(term, name, qualifier, rest)
    raise _fault(term, "is no term of SPF")


def _addresses(term: str, name: str, qualifier: str, rest: str) -> Mechanism:
    lengths = _LENGTHS.fullmatch(rest)
    v4, v6 = (int(lengths["v4"] or 32), int(lengths["v6"] or 128)) if lengths else (33, 0)
    if not lengths or v4 > 32 or v6 > 128 or lengths["before"].startswith("/"):
        raise _fault(term, "has a prefix length that cannot be")
    before = lengths["before"]
    domain = _domain(term, before[1:]) if before else ""
    return Mechanism(name, qualifier, term, domain, "%" in domain, v4=v4, v6=v6)


def _network(term: str, name: str, text: str) -> IPNetwork:
    """Return the network of ip4 or ip6; bits beyond the prefix are not looked at (section 5.6)."""
    found = _NETWORK.fullmatch(text)
    if not found:
        raise _fault(term, "holds no network")
    address, length = found["address"], found["length"]
    try:
        if name == "ip4":
            return ipaddress.IPv4Network((ipaddress.IPv4Address(address).packed, int(length or 32)), strict=False)
        wide = ipaddress.IPv6Network((ipaddress.IPv6Address(address).packed, int(length or 128)), strict=False)
    except ValueError:
        raise _fault(term, "holds no network") from None
    if not wide.subnet_of(_MAPPED):
        return wide
    plain = int(wide.network_address) & 0xFFFFFFFF
    return ipaddress.IPv4Network((plain, wide.prefixlen - 96))


def _domain(term: str, text: str) -> str:
    """Return a domain-spec (section 7.1): printed characters, macros in their form, a real last part or a macro."""
    plain = _MACRO.sub("", text)
    if not text or "%" in plain or not _printed(plain):
        raise _fault(term, "holds no domain and no macro of SPF")
    if not _END.search(text) and not re.search(rf"{_MACRO.pattern}\Z", text, re.ASCII | re.IGNORECASE):
        raise _fault(term, "holds no whole domain")
    return text if "%" in text else text.lower().removesuffix(".")


def _printed(text: str) -> bool:
    return all("!" <= char <= "~" for char in text) and "%" not in text


def _fault(term: str, what: str) -> InvalidValue:
    return InvalidValue.of(f"The term {shown(term)!r} {what}.")
