"""What a candidate names and the sealed world does not have: milters, policy services, logins, look-ups, filters.

`outsiders` reads them from a release as Postfix reads it, values expanded: `smtpd_milters` and its like,
`check_policy_service` wherever restrictions stand, the Dovecot socket of `smtpd_sasl_path`, tables that are asked over
a socket (socketmap, tcp) or of another program (ldap, mysql, pgsql, sqlite, memcache), `smtpd_proxy_filter` and content
filters, in main.cf and in `-o` of a service. What master.cf itself serves at such an address is not outside, nor is the
mail filter of Sealgate.

It only reads: `standins` answers in their place in the sealed world, `preflight` asks whether the real ones live.
Not read: what a table answers (FILTER, or a restriction on its right side). Sources: postconf(5), MILTER_README,
SMTPD_POLICY_README, SASL_README, socketmap_table(5), tcp_table(5), SMTPD_PROXY_README.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.postfix.parameters import ReadBack


class Kind(StrEnum):
    """What an outsider is; the value is what reports call it."""

    MILTER = "milter"
    POLICY = "policy service"
    LOGIN = "login server"
    SOCKETMAP = "table"
    TCP = "look-up table"
    PROGRAM = "database table"
    PROXY = "proxy filter"
    FILTER = "content filter"


@dataclass(frozen=True, slots=True)
class Where:
    """An address: a Unix socket's path (as written, perhaps relative to the queue directory), or host and port."""

    path: str = ""
    host: str = ""
    port: str = ""

    def __str__(self) -> str:
        """Return the address as people write it."""
        return f"unix:{self.path}" if self.path else f"inet:{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Outsider:
    """One service outside. `named` is what the configuration calls it; `parameter`, of `service` (empty: main.cf).

    `lmtp` tells whether a content filter is spoken to by LMTP. Without an address (`where` empty) nothing can be asked.
    """

    kind: Kind
    named: str
    where: Where
    parameter: str
    service: str = ""
    lmtp: bool = False

    def __str__(self) -> str:
        """Return what reports call it."""
        return f"{self.kind.value} {self.named}"


PROGRAMS = ("ldap", "mysql", "pgsql", "sqlite", "memcache")
"""Types of tables that another program answers, by a protocol of its own; their tables are settings, not contents."""
_WORD = r"(?:\$\{[^}]*\}|[^\s,{}])+"
PROGRAM_TABLE = re.compile(rf"(?:(?<=^)|(?<=[\s,{{=:]))(?P<type>{'|'.join(PROGRAMS)}):(?P<name>{_WORD})", re.MULTILINE)
_TABLE = re.compile(rf"(?:^|(?<=[\s,{{=:]))(?P<type>socketmap|tcp|{'|'.join(PROGRAMS)}):(?P<name>[^\s,{{}}]+)")
_MILTERS = re.compile(r"(?:non_)?smtpd_milters")
_MILTER = re.compile(r"(?:^|(?<=[\s,{]))(?:inet6?|unix|local):[^\s,{}]+")
_POLICY = re.compile(r"(?:^|(?<=[\s,{]))check_policy_service[\s,]+\{?\s*((?:inet|unix):[^\s,{}]+)")
_SERVED = {"inet", "unix", "unix-dgram", "pass"}


def outsiders(read: ReadBack, own: Iterable[str] = ()) -> tuple[Outsider, ...]:
    """Return every outsider that a release names, each address once; `own` are addresses of Sealgate's own services.

    `read` has its values expanded.
    """
    known = {*own, *_served(read)}
    found: dict[tuple[Kind, Where, str], Outsider] = {}
    for one in (*_named(read), *_logins(read)):
        place = (one.kind, one.where, "" if one.where != Where() else one.named)
        if _key(one.where) not in known:
            found.setdefault(place, one)
    return tuple(found.values())


def _key(where: Where) -> str:
    """Return an address in the form in which it can be compared with what master.cf serves."""
    return where.path or f"{'127.0.0.1' if where.host in {'', 'localhost'} else where.host}:{where.port}"


def _served(read: ReadBack) -> Iterator[str]:
    """Give the addresses that services of master.cf listen on."""
    for service in read.services:
        if service.kind == "unix":
            yield f"{'public' if service.private == 'n' else 'private'}/{service.name}"
        elif service.kind == "inet":
            host, _, port = service.name.rpartition(":")
            hosts = [host.strip("[]")] if host else ["127.0.0.1", "::1"]
            yield from (f"{'127.0.0.1' if one == 'localhost' else one}:{port}" for one in hosts)


def _named(read: ReadBack) -> Iterator[Outsider]:
    commands = {service.name: service.command for service in read.services if service.kind == "unix"}
    for service, name, value in _values(read):
        if _MILTERS.fullmatch(name):
            for word in _MILTER.findall(value):
                yield Outsider(Kind.MILTER, word, _endpoint(word), name, service)
        for word in _POLICY.findall(value):
            yield Outsider(Kind.POLICY, word, _endpoint(word), name, service)
        for table in _TABLE.finditer(value):
            yield _table(table["type"], table["name"], name, service)
        if name == "smtpd_proxy_filter" and value.strip():
            yield Outsider(Kind.PROXY, value.strip(), _endpoint(value.strip()), name, service)
        if name == "content_filter" and value.strip():
            yield from _filter(commands, value.strip(), name, service)


def _values(read: ReadBack) -> Iterator[tuple[str, str, str]]:
    """Give service (empty for main.cf), parameter and value of everything that is set."""
    yield from (("", name, value) for name, value in read.main.items())
    for service, overrides in read.overrides.items():
        yield from ((service, name, value) for name, value in overrides.items())


def _endpoint(text: str) -> Where:
    """Read `inet:host:port`, `unix:path`, or host and port without a word before them."""
    kind, colon, rest = text.partition(":")
    if colon and kind in {"unix", "local"}:
        return Where(path=rest)
    if not colon or kind not in {"inet", "inet6"}:
        rest = text
    host, _, port = rest.rpartition(":")
    return Where(host=host.strip("[]") or "127.0.0.1", port=port)


def _table(kind: str, name: str, parameter: str, service: str) -> Outsider:
    named = f"{kind}:{name}"
    if kind == "socketmap":
        return Outsider(Kind.SOCKETMAP, named, _endpoint(name.rpartition(":")[0]), parameter, service)
    if kind == "tcp":
        return Outsider(Kind.TCP, named, _endpoint(name), parameter, service)
    return Outsider(Kind.PROGRAM, named, Where(), parameter, service)


def _filter(commands: dict[str, str], value: str, name: str, service: str) -> Iterator[Outsider]:
    """Give the content filter when SMTP or LMTP leads to an address of this machine; others are next hops."""
    transport, _, nexthop = value.partition(":")
    if commands.get(transport) not in {"smtp", "lmtp"} or not nexthop:
        return
    where = _endpoint(nexthop if nexthop.startswith(("inet:", "unix:")) or _has_port(nexthop) else f"{nexthop}:25")
    local = where.path or where.host in {"localhost", "::1"} or where.host.startswith("127.")
    if local:
        yield Outsider(Kind.FILTER, value, where, name, service, lmtp=commands[transport] == "lmtp")


def _has_port(nexthop: str) -> bool:
    return bool(re.search(r"(?:^|[^:\]]|\]):[0-9A-Za-z-]+$", nexthop)) and not nexthop.endswith("]")


def _logins(read: ReadBack) -> Iterator[Outsider]:
    """Give the Dovecot sockets of listeners on which clients may log in; Cyrus has no socket of its own."""
    servers = (service.key for service in read.services if service.command == "smtpd")
    for service in servers:
        if (
            read.value(service, "smtpd_sasl_auth_enable") == "yes"
            and read.value(service, "smtpd_sasl_type") == "dovecot"
        ):
            path = read.value(service, "smtpd_sasl_path") or "smtpd"
            own = service if "smtpd_sasl_path" in read.overrides.get(service, {}) else ""
            where = _endpoint(path) if path.startswith(("inet:", "unix:")) else Where(path=path)
            yield Outsider(Kind.LOGIN, path, where, "smtpd_sasl_path", own)
