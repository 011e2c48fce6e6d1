r"""One line for each kind of row: what a postmaster would paste, and what export writes.

    relay-domain   example.com                     (a table's `example.com OK` is read too)
    network        10.0.0.0/8    !10.0.0.1         (a wide one twice, as confirmation)
    provider       cloud own 40.92.0.0/15 52.100.0.0/14
                   m365 own source=microsoft365 interval=7200 40.92.0.0/15
    forwarding     root: admin@example.com, ops@example.com
    …-check        /^Subject:\s+x/ REJECT text    if /^X-/    endif    regexp:/^X/ WARN
    rbl            zen.example.net=127.0.0.2 reply text    sender:dbl.example.net
    black, white   192.168.88 expires=2030-12-31 reason
    transport      example.com smtp:[host]:port    (what is not understood becomes a raw line)
    tls-policy     example.com secure match=nexthop:.example.com
    policy-test    name: from 203.0.113.5 mail a@b.example to c@d.example expect reject 554 (policy_lines.py)

Reading gives fields for `Noun.parse`; writing gives the line that reads back as the same fields. Logins and look-up
tables have no line: passwords are never exported, and a look-up table is a text of its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.policy_lines import read_policy_test, write_policy_test
from sealgate.model.providers import provider_fields
from sealgate.model.text import shown
from sealgate.model.transports import parse_line, transport_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.model.access import MyNetwork
    from sealgate.model.checks import CheckRule
    from sealgate.model.forwarding import Forwarding
    from sealgate.model.objects import Fields
    from sealgate.model.providers import Provider
    from sealgate.model.rbl import Rbl
    from sealgate.model.relay_domains import RelayDomain
    from sealgate.model.static_lists import StaticClient
    from sealgate.model.tls import TlsPolicy
    from sealgate.model.transports import Transport

_RULE = re.compile(r"(regexp:)?\s*(!?\s*/(?:[^/\\]|\\.)*/[A-Za-z]*)(?:\s+(.*))?", re.DOTALL)
_BLOCK = re.compile(r"(regexp:)?\s*if\s*(!?\s*/.*)", re.DOTALL | re.IGNORECASE)
_RBL_KINDS = {
    "reject_rbl_client": "client", "reject_rhsbl_sender": "sender", "reject_rhsbl_helo": "helo",
    "permit_dnswl_client": "white", "client": "client", "sender": "sender", "helo": "helo", "white": "white",
}  # fmt: skip
_ACCEPTED = re.compile(r"(?:ok|relay|permit)\b", re.IGNORECASE)
_VERB = re.compile(r"^(?:REJECT|OK|DUNNO|PERMIT)\b\s*")


def read_relay_domain(line: str) -> Fields:
    """Read `example.com`, with a table's `OK` after it or not."""
    name, _, behind = line.rstrip(",").partition(" ")
    if behind.strip() and not _ACCEPTED.match(behind.strip()):
        raise InvalidValue.of(f"After the domain stands {shown(behind)!r}.", "Write one domain on a line.")
    return {"domain": name}


def write_relay_domain(value: RelayDomain) -> str:
    """Write a relay domain."""
    return value.domain


def read_network(line: str) -> Fields:
    """Read a network; a second one on the line is the confirmation."""
    words = line.rstrip(",").split() or [""]
    if len(words) > 2:
        raise InvalidValue.of(f"After the network stands {shown(words[1])!r}.", "Write one network on a line.")
    return {"network": words[0], "confirm": words[1] if len(words) == 2 else ""}


def write_network(value: MyNetwork) -> str:
    """Write a network, twice when it was confirmed."""
    return f"{value.network} {value.network}" if value.confirmed else str(value.network)


def read_provider(line: str) -> Fields:
    """Read a provider: name, senders, then `field=value` for its other fields, and networks."""
    name, *rest = line.split() or [""]
    fields: Fields = {"name": name, "senders": rest[0] if rest else "own", "networks": []}
    for word in rest[1:]:
        field, sign, value = word.partition("=")
        if not sign:
            fields["networks"].append(word)
        elif field == "pointer" and "pointer" in fields:
            fields["pointer"] += f" {value}"
        elif field in fields:
            raise InvalidValue.of(f"The line says {shown(field)} twice.", "Leave one of the two out.")
        else:
            fields[field] = value
    return fields


def write_provider(value: Provider) -> str:
    """Write a provider; what is at its default is left out."""
    fields = provider_fields(value)
    words = [str(fields.pop("name")), str(fields.pop("senders"))]
    networks = fields.pop("networks")
    pointers = str(fields.pop("pointer", "")).split()
    words += [f"{name}={'yes' if given is True else given}" for name, given in fields.items()]
    return " ".join([*words, *(f"pointer={one}" for one in pointers), *networks])


def read_forwarding(line: str) -> Fields:
    """Read `root: a@example.com, b@example.com` as in aliases(5), the colon may be missing."""
    account, behind = (line.split(":", 1) if ":" in line else (*line.split(None, 1), "", ""))[:2]
    return {"account": account, "addresses": behind.replace(",", " ").split()}


def write_forwarding(value: Forwarding) -> str:
    """Write a forwarding as in aliases(5)."""
    return f"{value.account}: {', '.join(map(str, value.addresses))}"


def read_rule(line: str) -> Fields:
    """Read a rule of header_checks(5)."""
    if block := _BLOCK.fullmatch(line):
        return {"action": "IF", "pattern": block[2], "type": "regexp" if block[1] else "pcre"}
    language, _, bare = line.rpartition("regexp:") if line.lower().startswith("regexp:endif") else ("", "", line)
    if bare.strip().lower() == "endif":
        return {"action": "ENDIF", "type": "regexp" if bare != line or language else "pcre"}
    rule = _RULE.fullmatch(line)
    if not rule:
        raise InvalidValue.of(
            f"The line {shown(line)!r} is no rule.", r"Write /pattern/ ACTION text, and \/ for a slash within it."
        )
    if not rule[3]:
        raise InvalidValue.of("There is no action after the pattern.", "Write /pattern/ ACTION text.")
    action, _, text = rule[3].partition(" ")
    return {"pattern": rule[2], "action": action, "text": text, "type": "regexp" if rule[1] else "pcre"}


def write_rule(value: CheckRule) -> str:
    """Write a rule of header_checks(5), with the language before it where it is not pcre."""
    return f"regexp:{value.line}" if value.type == "regexp" else value.line


def read_rbl(line: str) -> Fields:
    """Read `zone=answers reply`, with `sender:` and the like, or Postfix's restriction, before it."""
    first, _, behind = line.partition(" ")
    kind = "client"
    if first in _RBL_KINDS:
        kind, (first, _, behind) = _RBL_KINDS[first], behind.strip().partition(" ")
    elif ":" in first:
        head, _, first = first.partition(":")
        kind = _RBL_KINDS.get(head, head)
    first = first if behind else first.rstrip(",")  # as pasted from a list of restrictions
    return {"zone": first, "kind": kind, "reply": behind}


def write_rbl(value: Rbl) -> str:
    """Write a DNS list."""
    head = value.query if value.kind == "client" else f"{value.kind.value}:{value.query}"
    return f"{head} {value.reply}".strip()


def read_static(line: str) -> Fields:
    """Read a row of a static list, `client expires=DAY reason`; an access table's REJECT or OK is dropped."""
    client, _, behind = line.partition(" ")
    expires = ""
    if behind.strip().startswith("expires="):
        expires, _, behind = behind.strip().removeprefix("expires=").partition(" ")
    return {"client": client, "expires": expires, "reason": _VERB.sub("", behind.strip(), count=1)}


def write_static(value: StaticClient) -> str:
    """Write a row of a static list; REJECT stands before a reason that would be read as something else."""
    expires = "" if value.expires is None else f"expires={value.expires.isoformat()} "
    verb = "REJECT " if _VERB.match(value.reason) or value.reason.startswith("expires=") else ""
    return f"{value.pattern} {expires}{verb}{value.reason}".rstrip()


def read_transport(line: str) -> Fields:
    """Read a line of transport(5); what is no next hop, no known transport, or no known pattern becomes a raw line."""
    return transport_fields(parse_line(line))


def write_transport(value: Transport) -> str:
    """Write a line of transport(5); `hold:` is written as such."""
    if value.raw:
        return value.raw
    return f"{value.pattern} {value.special or value.result}"


def read_tls_policy(line: str) -> Fields:
    """Read a line of a TLS policy table: destination, level, `match=`."""
    destination, _, behind = line.partition(" ")
    level, *attributes = behind.replace(",", " ").split() or [""]
    match: list[str] = []
    for attribute in attributes:
        name, _, value = attribute.partition("=")
        if name != "match":
            raise InvalidValue.of(
                f"The attribute {shown(name)!r} has no field here.",
                "Use a look-up table with smtp_tls_policy_maps for policies with other attributes than match.",
            )
        match += value.split("|" if level == "fingerprint" else ":")
    return {"destination": destination, "level": level, "match": match}


def write_tls_policy(value: TlsPolicy) -> str:
    """Write a line of a TLS policy table."""
    return f"{value.destination} {value.result}"


READERS: dict[str, Callable[[str], Fields]] = {
    "relay-domain": read_relay_domain,
    "network": read_network,
    "provider": read_provider,
    "forwarding": read_forwarding,
    "header-check": read_rule,
    "mime-header-check": read_rule,
    "nested-header-check": read_rule,
    "body-check": read_rule,
    "rbl": read_rbl,
    "black": read_static,
    "white": read_static,
    "transport": read_transport,
    "tls-policy": read_tls_policy,
    "policy-test": read_policy_test,
}
WRITERS: dict[str, Callable[[Any], str]] = {
    "relay-domain": write_relay_domain,
    "network": write_network,
    "provider": write_provider,
    "forwarding": write_forwarding,
    "header-check": write_rule,
    "mime-header-check": write_rule,
    "nested-header-check": write_rule,
    "body-check": write_rule,
    "rbl": write_rbl,
    "black": write_static,
    "white": write_static,
    "transport": write_transport,
    "tls-policy": write_tls_policy,
    "policy-test": write_policy_test,
}
