r"""Names of the mail world: domain names, host names, mail addresses, ports and next hops.

Domain names are stored as A-labels in lower case (RFC 5890, RFC 1035 §2.3.4: labels of 1-63 octets, 253 octets in all)
and shown in both forms. Single labels are refused where a domain is wanted: `test` as a relay domain would mean a whole
top-level domain. What is valid here contains none of the characters that mean something to Postfix in a list, a table
or a value (`$ , : / ! { } " \ #` and blanks), by construction.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

import idna

from sealgate.model.errors import InvalidValue
from sealgate.model.text import flag, shown, token, whole_number

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST_LABELS = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}", re.ASCII)
_DNS_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DNS_LABELS = re.compile(rf"(?:{_DNS_LABEL}\.)+{_DNS_LABEL}", re.ASCII)
_ALL_DIGITS = re.compile(r"[0-9.]+", re.ASCII)
# RFC 5322 dot-atom, without the characters that are routing (`%`, `!`) or expansion to an MTA.
_LOCAL = re.compile(r"[A-Za-z0-9&'*+/=?^_`{|}~#$-]+(?:\.[A-Za-z0-9&'*+/=?^_`{|}~#$-]+)*", re.ASCII)
_LOCAL_REFUSED = frozenset("$`|{}#/")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, order=True)
class DomainName:
    """A fully qualified domain name of at least two labels, as A-labels in lower case, without the final dot."""

    ascii: str

    @property
    def unicode(self) -> str:
        """The name as people read it (U-labels), or the A-labels where they do not decode."""
        if "xn--" not in self.ascii:
            return self.ascii
        try:
            return idna.decode(self.ascii)
        except (idna.IDNAError, UnicodeError):
            return self.ascii

    def __str__(self) -> str:
        """Return the A-label form, which is what Postfix gets."""
        return self.ascii

    def is_subdomain_of(self, other: DomainName) -> bool:
        """Tell whether this name lies strictly below `other`."""
        return self.ascii.endswith("." + other.ascii)

    @classmethod
    def parse(cls, text: object, what: str = "The domain name") -> DomainName:
        """Read a domain name; Unicode is converted by IDNA 2008, one final dot is dropped.

        Underscores are taken (DNS has such names), addresses and single labels are not.
        """
        return cls(_domain(text, what, _DNS_LABELS))


def domain_ascii(text: object, what: str = "The domain name") -> str:
    """Read a domain name as `DomainName.parse` does, and return only its stored form; cheap for a million of them."""
    return _domain(text, what, _DNS_LABELS)


@dataclass(frozen=True, slots=True, order=True)
class HostName(DomainName):
    """A domain name that is a host's name: letters, digits and hyphens only (RFC 952, RFC 1123 §2.1)."""

    @classmethod
    def parse(cls, text: object, what: str = "The host name") -> HostName:
        """Read a fully qualified host name."""
        return cls(_domain(text, what, _HOST_LABELS))


def _domain(text: object, what: str, shape: re.Pattern[str]) -> str:
    if isinstance(text, str) and len(text) <= 253 and shape.fullmatch(text):
        name = text  # the common case of long imports: already in stored form
    else:
        name = _to_ascii(token(text, what, 1000), what)
    if len(name) > 253:
        raise InvalidValue.of(f"{what} is {len(name)} characters long.", "At most 253 are possible (RFC 1035).")
    if not shape.fullmatch(name):
        raise InvalidValue.of(f"{what} {shown(name)!r} is not a valid name.", _why(name))
    if _ALL_DIGITS.fullmatch(name):
        raise InvalidValue.of(f"{what} {shown(name)!r} is an address.", "A name is wanted here.")
    if name.rpartition(".")[2].isdigit():
        raise InvalidValue.of(f"{what} {shown(name)!r} ends in a number.", "No top-level domain is a number.")
    return name


@lru_cache(maxsize=4096)
def _to_ascii(word: str, what: str) -> str:
    name = word.removesuffix(".").lower()
    if name.isascii():  # A-labels are taken as typed: DNS has names from before IDNA 2008
        return name
    try:
        labels = idna.uts46_remap(name, std3_rules=False, transitional=False).split(".")
        return ".".join(part if part.isascii() else idna.alabel(part).decode() for part in labels).lower()
    except (idna.IDNAError, UnicodeError) as refusal:
        raise InvalidValue.of(
            f"{what} {shown(word)!r} is not a valid international name: {refusal}.",
            "Check the spelling, or enter its A-label form (xn--…).",
        ) from None


def _why(name: str) -> str:
    if "." not in name:
        return f"It needs at least two labels, such as {name if name.isalnum() else 'example'}.com."
    if any(not label for label in name.split(".")):
        return "Two dots stand together, or it begins with a dot."
    if any(len(label) > 63 for label in name.split(".")):
        return "A label (the part between dots) has at most 63 characters."
    if any(label[0] == "-" or label[-1] == "-" for label in name.split(".")):
        return "A label does not begin or end with a hyphen."
    return "Letters, digits, hyphens and dots are possible."


def parse_address(text: object, what: str = "The address") -> Address:
    """Read one IPv4 or IPv6 address (brackets and Postfix's `IPv6:` prefix allowed, zone identifiers not)."""
    word = token(text, what, 100)
    bare = word[1:-1] if word.startswith("[") and word.endswith("]") else word
    bare = bare[5:] if bare.lower().startswith("ipv6:") else bare
    try:
        if "%" in bare:  # a zone identifier: an address of one machine only
            bare = ""
        return ipaddress.ip_address(bare)
    except ValueError:
        raise InvalidValue.of(
            f"{what} {shown(word)!r} is not an IP address.", "Enter one such as 192.0.2.1 or 2001:db8::1."
        ) from None


Host = HostName | ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_host(text: object, what: str = "The host") -> Host:
    """Read a host: a fully qualified name, or an IPv4/IPv6 address with or without brackets."""
    word = token(text, what, 1000)
    looks_numeric = _ALL_DIGITS.fullmatch(word) or ":" in word or word.startswith("[")
    if looks_numeric and not (word.startswith("[") and word.endswith("]") and _HOST_LABELS.fullmatch(word[1:-1])):
        return parse_address(word, what)
    if word.startswith("["):
        raise InvalidValue.of(
            f"{what} {shown(word)!r} is a name in brackets.",
            f"Enter {word[1:-1]} and choose whether to use MX records; the brackets are Postfix's way to say no.",
        )
    return HostName.parse(word, what)


def parse_port(value: object, what: str = "The port") -> int:
    """Read a TCP port, 1 to 65535."""
    return whole_number(value, what, 1, 65535)


@dataclass(frozen=True, slots=True)
class NextHop:
    """Where mail goes next: host, port, and whether the MX records of the name are used instead of its address."""

    host: Host
    port: int = 25
    mx: bool = False

    def __post_init__(self) -> None:
        """Refuse MX for an address, which has none."""
        if self.mx and not isinstance(self.host, HostName):
            raise InvalidValue.of(
                f"{self.host} is an address and has no MX records.", "Switch “use MX records” off.", "mx"
            )

    @property
    def destination(self) -> str:
        """The next hop as Postfix writes it: `[host]:port` without MX, `host:port` with (transport(5)).

        Port 25 is left out, so that there is one spelling for each next hop: the key of SASL and TLS policy look-ups.
        """
        name = str(self.host) if self.mx else f"[{self.host}]"
        return name if self.port == 25 else f"{name}:{self.port}"

    def __str__(self) -> str:
        """Return the next hop as Postfix writes it."""
        return self.destination

    @classmethod
    def parse(cls, host: object, port: object, mx: object, what: str = "The next hop") -> NextHop:
        """Read the parts of a next hop as a form or command line gives them."""
        unset = port is None or port == ""
        return cls(parse_host(host, what), 25 if unset else parse_port(port), flag(mx, "Use MX records"))

    @staticmethod
    def part_at_fault(port: object) -> str:
        """Return which part of a next hop that was refused is to blame when the refusal names none."""
        try:
            parse_port("25" if port is None or port == "" else port)
        except InvalidValue:
            return "port"
        return "host"

    @classmethod
    def from_destination(cls, text: object, what: str = "The next hop") -> NextHop:
        """Read a next hop in Postfix's spelling: `[host]:port` without MX, `host:port` with; an address is never MX."""
        word = token(text, what)
        host, colon, port = word.rpartition(":") if ":" in word and not word.endswith("]") else (word, "", "25")
        if not colon:
            host = word
        if host.startswith("[") and host.endswith("]") and "[" not in host[1:]:
            return cls(parse_host(host[1:-1], what), parse_port(port))
        found = parse_host(host, what)
        return cls(found, parse_port(port), isinstance(found, HostName))


@dataclass(frozen=True, slots=True, order=True)
class MailAddress:
    """A mail address `local@domain` (RFC 5321 §4.1.2) without quoting, comments or routing characters.

    The local part keeps its case (RFC 5321 §2.4); 64 octets at most, 254 for the whole.
    """

    local: str
    domain: DomainName

    def __str__(self) -> str:
        """Return the address as it stands in an SMTP command, domain in A-labels."""
        return f"{self.local}@{self.domain.ascii}"

    @classmethod
    def parse(cls, text: object, what: str = "The address") -> MailAddress:
        """Read an address; quoted local parts, `%` and `!` routing are refused."""
        word = token(text, what, 1000)
        local, at, domain = word.rpartition("@")
        if not at or not local:
            raise InvalidValue.of(f"{what} {shown(word)!r} has no @ with a name before it.", "Enter name@example.com.")
        if not _LOCAL.fullmatch(local) or len(local) > 64 or _LOCAL_REFUSED & set(local):
            raise InvalidValue.of(
                f"{what}: {shown(local)!r} before the @ is not possible here.",
                "Use letters, digits and . - _ + = & ' * ? ^ ~, at most 64.",
            )
        name = DomainName.parse(domain, f"{what}: the domain")
        if len(local) + 1 + len(name.ascii) > 254:
            raise InvalidValue.of(f"{what} is longer than 254 characters.", "RFC 5321 allows no more.")
        return cls(local, name)
