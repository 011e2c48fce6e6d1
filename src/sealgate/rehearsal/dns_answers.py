"""What the artificial internet says of a name: records by data and by rule, as DNS messages.

`Names` knows the records (see `trials.Internet` for the rules). A name that exists without the type that was asked for
gives NODATA, another one NXDOMAIN, both with a SOA record; aliases are followed. Answers have the AD bit when the query
asks for it, for in here every name is signed. `reply` turns a query into a reply, None when there is to be silence;
nothing that is sent raises. Sources: RFC 1035 §3 and §4, RFC 2308, RFC 3596, RFC 6698, RFC 6891.
"""

from __future__ import annotations

import contextlib
import ipaddress
import struct
from typing import TYPE_CHECKING

from sealgate.rehearsal.addresses import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sealgate.rehearsal.addresses import Book
    from sealgate.rehearsal.trials import Client, Internet

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "TLSA": 52}
_NAME_OF = {number: name for name, number in TYPES.items()}
_OPT, _ANY = 41, 255
_NO_ERROR, _FORMAT_ERROR, _NO_SUCH_NAME, _NOT_IMPLEMENTED = 0, 1, 3, 4
_TTL = 60
_PLAIN_UDP = 512
_LONGEST_CHAIN = 8
_QUESTION = b"\xc0\x0c"
_RESPONSE, _AUTHORITATIVE, _TRUNCATED, _RECURSION, _AUTHENTIC = 0x8000, 0x400, 0x200, 0x80, 0x20
_SOA = "ns.sealgate.invalid hostmaster.sealgate.invalid 1 3600 600 86400 60"
_REVERSE = (".in-addr.arpa", ".ip6.arpa")

Records = list[tuple[str, str, str]]


class Names:
    """All names of one run. `clients` have the names and reverse names that they say they have."""

    def __init__(self, internet: Internet, clients: Iterable[Client], book: Book) -> None:
        self._book = book
        self.dead = internet.dead
        self._silent = tuple(map(plain, internet.silent))
        self._missing = tuple(map(plain, internet.missing))
        self._empty = tuple(map(plain, internet.empty_zones))
        self._records = {plain(name): _upper(types) for name, types in internet.records.items()}
        self._clients: dict[str, dict[str, list[str]]] = {}
        for client in clients:
            if client.name:
                self._add_client(plain(client.name), ipaddress.ip_address(client.address))

    def _add_client(self, name: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
        kind = "A" if address.version == 4 else "AAAA"
        for owner, type_, value in ((name, kind, str(address)), (address.reverse_pointer, "PTR", f"{name}.")):
            values = self._clients.setdefault(owner, {}).setdefault(type_, [])
            if value not in values:
                values.append(value)

    def is_silent(self, name: str) -> bool:
        """Tell whether a query for this name stays without an answer."""
        return self.dead or _within(plain(name), self._silent)

    def look_up(self, name: str, kind: str) -> tuple[bool, Records]:
        """Return whether the name exists, and its records of a type (owner, type, value), aliases followed."""
        found: Records = []
        owner = plain(name)
        for _ in range(_LONGEST_CHAIN):
            types = self._types(owner, kind)
            if types is None:
                return bool(found), found
            if kind != "CNAME" and "CNAME" in types:
                found.append((owner, "CNAME", types["CNAME"][0]))
                owner = plain(types["CNAME"][0])
                continue
            found += [(owner, kind, value) for value in types.get(kind, ())]
            self._remember(owner, kind, types.get(kind, ()))
            return True, found
        return True, []

    def _types(self, name: str, kind: str) -> Mapping[str, tuple[str, ...]] | None:
        """Return what is known of a name, enough to answer for `kind`; None when it does not exist."""
        if name in self._records:
            return self._records[name]
        own = {type_: tuple(values) for type_, values in self._clients.get(name, {}).items()}
        if name.endswith(_REVERSE):
            return own or None
        if _within(name, self._missing) or any(name.endswith(f".{zone}") for zone in self._empty):
            return own or None
        if name in self._empty:
            return own
        return {**own, **({} if kind in own or (own and kind in {"A", "AAAA"}) else self._by_rule(name, kind))}

    def _by_rule(self, name: str, kind: str) -> dict[str, tuple[str, ...]]:
        if kind in {"A", "AAAA"} and name:
            return {kind: (self._book.address(name, 4 if kind == "A" else 6),)}
        if kind == "MX" and name and not name.startswith("mx."):
            return {kind: (f"10 mx.{name}",)}
        return {"NS": ("ns.sealgate.invalid",), "SOA": (_SOA,)}

    def _remember(self, name: str, kind: str, values: Iterable[str]) -> None:
        if kind in {"A", "AAAA"}:
            for value in values:
                with contextlib.suppress(ValueError):
                    self._book.learn(name, value)


def reply(query: bytes, names: Names, *, stream: bool = False) -> bytes | None:
    """Return the reply to a query; None when there is to be none. Over a `stream` nothing is cut off."""
    if len(query) < 12 or query[2] & 0x80:
        return None
    number, flags, questions = struct.unpack_from("!HHH", query)
    head = _RESPONSE | _AUTHORITATIVE | _RECURSION | (flags & 0x0100)
    question = _question(query) if questions == 1 else None
    if question is None:
        return struct.pack("!HHHHHH", number, head | _FORMAT_ERROR, 0, 0, 0, 0)
    name, kind, end = question
    if names.is_silent(name):
        return None
    limit, wants_security = _extension(query, end)
    head |= _AUTHENTIC if wants_security or flags & _AUTHENTIC else 0
    if flags & 0x7800:
        return struct.pack("!HHHHHH", number, head | _NOT_IMPLEMENTED, 1, 0, 0, 0) + query[12:end]
    exists, answers, authority = _sections(name, kind, names)
    head |= _NO_ERROR if exists else _NO_SUCH_NAME
    body = b"".join([*answers, *authority])
    if not stream and end + len(body) > limit:
        return struct.pack("!HHHHHH", number, head | _TRUNCATED, 1, 0, 0, 0) + query[12:end]
    return struct.pack("!HHHHHH", number, head, 1, len(answers), len(authority), 0) + query[12:end] + body


def _sections(name: str, kind: int, names: Names) -> tuple[bool, list[bytes], list[bytes]]:
    wanted = _NAME_OF.get(kind, "A" if kind == _ANY else "")
    exists, records = names.look_up(name, wanted)
    answers = []
    for owner, type_, value in records:
        with contextlib.suppress(ValueError, UnicodeError, struct.error):
            answers.append(_record(owner, type_, value, asked=plain(name)))
    told = any(type_ == wanted for _, type_, _ in records)
    return exists, answers, [] if told else [_record("", "SOA", _SOA)]


def _question(query: bytes) -> tuple[str, int, int] | None:
    """Read the only question: its name, its type, and where it ends."""
    labels, at = [], 12
    try:
        while length := query[at]:
            if length > 63:
                return None
            labels.append(query[at + 1 : at + 1 + length].decode("latin-1"))
            at += 1 + length
        kind, _ = struct.unpack_from("!HH", query, at + 1)
    except (IndexError, struct.error):
        return None
    return ".".join(labels), kind, at + 5


def _extension(query: bytes, at: int) -> tuple[int, bool]:
    """Return how long a UDP reply may be, and whether DNSSEC is asked for: EDNS, when it comes right after."""
    try:
        root, kind, size, ttl = struct.unpack_from("!BHHI", query, at)
    except struct.error:
        return _PLAIN_UDP, False
    if root or kind != _OPT:
        return _PLAIN_UDP, False
    return max(_PLAIN_UDP, size), bool(ttl & 0x8000)


def _record(owner: str, kind: str, value: str, *, asked: str = "") -> bytes:
    """Return a record; the name that was asked for is a pointer to the question."""
    data = _data(kind, value)
    name = _QUESTION if owner and owner == asked else wire_name(owner)
    return name + struct.pack("!HHIH", TYPES[kind], 1, _TTL, len(data)) + data


def _data(kind: str, value: str) -> bytes:
    if kind in {"A", "AAAA"}:
        return ipaddress.ip_address(value).packed
    if kind == "MX":
        preference, host = value.split()
        return struct.pack("!H", int(preference)) + wire_name(host)
    if kind == "TXT":
        text = value.encode()
        return b"".join(bytes([len(part)]) + part for part in _parts(text))
    if kind == "SOA":
        server, person, *numbers = value.split()
        return wire_name(server) + wire_name(person) + struct.pack("!IIIII", *map(int, numbers))
    if kind == "TLSA":
        usage, selector, matching, digest = value.split(None, 3)
        return bytes([int(usage), int(selector), int(matching)]) + bytes.fromhex(digest)
    return wire_name(value)


def wire_name(name: str) -> bytes:
    """Return a domain name as it stands in a message. Raises ValueError when it cannot."""
    labels = [label.encode("latin-1") for label in name.removesuffix(".").split(".")] if name.strip(".") else []
    if not all(0 < len(label) < 64 for label in labels):
        raise ValueError(f"{name!r} is no domain name")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _parts(text: bytes) -> list[bytes]:
    return [text[at : at + 255] for at in range(0, len(text), 255)] or [b""]


def _upper(types: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {kind.upper(): tuple(values) for kind, values in types.items()}


def _within(name: str, zones: Iterable[str]) -> bool:
    return any(name == zone or name.endswith(f".{zone}") for zone in zones)
