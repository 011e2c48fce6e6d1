"""Values of single parameters in own lines: what Postfix takes without a word, or dies of when mail comes.

The kind of a value (switch, number, time) is taken from the default of the installed Postfix. Lists of clients, next
hops and restrictions are read as the manual describes them, because there Postfix is silent, or says 451 to everybody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgate.model.access import opens_public_relay
from sealgate.model.checking.restrictions import restriction_faults
from sealgate.model.errors import InvalidValue
from sealgate.model.master_lines import PORTS
from sealgate.model.names import HostName, NextHop
from sealgate.model.network import parse_network
from sealgate.model.own_text import words
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Fault = tuple[str, str, str]
"""Code, what, remedy."""

_SWITCH = frozenset({"yes", "no"})
_TIME = re.compile(r"[0-9]{1,9}[smhdw]?", re.ASCII)
_BY_STRESS = re.compile(r"\$\{stress\?\{[0-9]+\}:\{([0-9]+)\}\}", re.ASCII)
_TIME_DEFAULT = re.compile(r"[0-9]+[smhdw]", re.ASCII)
_CODE_DEFAULT = re.compile(r"[245][0-9]{2}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_LEVEL = re.compile(r"[0-9](?:\.[0-9]{1,2}){0,2}|9999", re.ASCII)
MORE_WORDS = {
    "smtpd_forbid_bare_newline": frozenset({"normalize", "reject", "note"}),
    "compatibility_level": frozenset[str](),
}
_TABLES = re.compile(r".*(?:_maps?|_checks|_database)")
_NOT_BY_DEFAULT = frozenset({"compatibility_level", "mail_version", "mail_release_date"})
PARENTS = frozenset(
    {
        "debug_peer_list", "fast_flush_domains", "mynetworks", "permit_mx_backup_networks", "qmqpd_authorized_clients",
        "relay_domains", "smtpd_access_maps", "transport_maps",
    }
)  # fmt: skip


def kind_fault(name: str, value: str, default: str) -> Iterator[Fault]:
    """Give the fault of a value that is no switch, number or time where the default is one."""
    default = _BY_STRESS.sub(r"\1", default)
    if "$" in value or name in _NOT_BY_DEFAULT or (name in MORE_WORDS and value in MORE_WORDS[name]):
        return
    if default in _SWITCH and value not in _SWITCH:
        yield "own-line-value", f"{name} is {shown(value)!r}, which is neither yes nor no.", "Write yes or no."
    elif _TIME_DEFAULT.fullmatch(default) and not _TIME.fullmatch(value):
        yield "own-line-value", f"{name} is {shown(value)!r}, which is no time.", "Write one such as 300s, 5m or 1d."
    elif _NUMBER.fullmatch(default) and not _NUMBER.fullmatch(value):
        yield "own-line-value", f"{name} is {shown(value)!r}, which is no whole number.", "Write digits without a unit."
    elif _CODE_DEFAULT.fullmatch(default) and name.endswith("_code") and not 200 <= int(value) <= 599:
        yield "own-line-value", f"{name} is {value}, which is no SMTP code.", "Write three digits from 200 to 599."


def kind_of(name: str, default: str) -> str:
    """Return what a parameter takes: `switch`, `number`, `time`, `restrictions`, `tables` or `text`."""
    default = _BY_STRESS.sub(r"\1", default)
    if name.startswith("smtpd_") and name.endswith("_restrictions"):
        return "restrictions"
    if _TABLES.fullmatch(name):
        return "tables"
    if default in _SWITCH:
        return "switch"
    if _TIME_DEFAULT.fullmatch(default):
        return "time"
    return "number" if _NUMBER.fullmatch(default) else "text"


def _of(name: str, refusal: InvalidValue) -> tuple[str, str]:
    problem = refusal.problems[0]
    return f"{name}: {problem.what}", problem.remedy or "See postconf(5)."


def _clients(name: str, value: str) -> Iterator[Fault]:
    for word in words(value):
        bare = word.removeprefix("!")
        if bare.startswith("static:"):
            yield "own-line-opens-relay", f"{name} holds {word}, which is everybody.", "Name the networks."
        elif ":" in bare and not bare.startswith("[") and not re.match(r"[a-z]+:", bare):
            yield (
                "own-line-client",
                f"{name} holds the IPv6 address {shown(bare)} without [ ].",
                "Write [2001:db8::]/32.",
            )
        elif "$" not in bare and not re.match(r"[a-z]+:|/", bare):
            yield from _network(name, word)


def _network(name: str, word: str) -> Iterator[Fault]:
    try:
        network = parse_network(word.removeprefix("!"))
    except InvalidValue as refusal:
        yield "own-line-client", *_of(name, refusal)
        return
    if opens_public_relay(network) and not word.startswith("!"):
        yield (
            "own-line-opens-relay",
            f"{name} holds {word}, so the public could relay through this gateway.",
            "Use the page My networks, which asks for confirmation.",
        )


def _relay_domains(name: str, value: str) -> Iterator[Fault]:
    for word in words(value):
        if word.startswith("static:"):
            yield "own-line-opens-relay", f"{name} holds {word}, which is every domain.", "Name the domains."
        elif re.fullmatch(r"[A-Za-z0-9-]+|\.[A-Za-z0-9-]+", word):
            yield "own-line-opens-relay", f"{name} holds {word}, a whole top-level domain.", "Name the domains."


def _next_hop(name: str, value: str) -> Iterator[Fault]:
    for hop in [value] if name == "relayhost" else words(value):
        if not hop or "$" in hop:
            continue
        head, _, port = hop.rpartition(":")
        try:
            NextHop.from_destination(f"{head}:{PORTS[port]}" if port in PORTS else hop)
        except InvalidValue as refusal:
            yield "own-line-next-hop", *_of(name, refusal)


def _transport(name: str, value: str) -> Iterator[Fault]:
    service, colon, rest = value.partition(":")
    if not value:
        yield "own-line-next-hop", f"{name} is empty; no mail could be routed.", "Write a transport such as smtp."
    elif colon and service in {"smtp", "relay"} and rest:
        yield from _next_hop("relayhost", rest)


def _host_name(name: str, value: str) -> Iterator[Fault]:
    if "$" in value:
        return
    try:
        HostName.parse(value)
    except InvalidValue as refusal:
        yield "own-line-host-name", *_of(name, refusal)


def _parents(name: str, value: str) -> Iterator[Fault]:
    for word in words(value):
        if word not in PARENTS and "$" not in word:
            yield (
                "own-line-value",
                f"{name} holds {shown(word)}, which is no feature.",
                f"See: {', '.join(sorted(PARENTS))}.",
            )


def _verify_map(name: str, value: str) -> Iterator[Fault]:
    if value and value.partition(":")[0] not in {"btree", "hash", "lmdb", "proxy"}:
        yield "own-line-value", f"{name} cannot be written as {shown(value)}.", "Use btree, hash or lmdb."


def _protocols(name: str, value: str) -> Iterator[Fault]:
    for word in words(value):
        if word not in {"all", "ipv4", "ipv6"}:
            yield "own-line-value", f"{name} holds {shown(word)}.", "Write all, ipv4 or ipv6."


def _level(name: str, value: str) -> Iterator[Fault]:
    if not _LEVEL.fullmatch(value):
        yield "own-line-value", f"{name} is {shown(value)!r}.", "Write a Postfix version such as 3.6."


_BY_NAME: dict[str, Callable[[str, str], Iterator[Fault]]] = {
    "mynetworks": _clients,
    "relay_domains": _relay_domains,
    "relayhost": _next_hop,
    "smtp_fallback_relay": _next_hop,
    "default_transport": _transport,
    "relay_transport": _transport,
    "local_transport": _transport,
    "myhostname": _host_name,
    "smtp_helo_name": _host_name,
    "lmtp_lhlo_name": _host_name,
    "parent_domain_matches_subdomains": _parents,
    "address_verify_map": _verify_map,
    "inet_protocols": _protocols,
    "compatibility_level": _level,
}


def value_faults(name: str, value: str, classes: frozenset[str]) -> Iterator[Fault]:
    """Give the faults of a value of one parameter, expanded by own names; `classes` are own restriction classes."""
    judge = _BY_NAME.get(name)
    if judge is not None:
        yield from judge(name, value)
    if (name.startswith("smtpd_") and name.endswith("_restrictions")) or name in classes:
        yield from restriction_faults(name, value, classes)
