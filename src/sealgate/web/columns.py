"""How the rows of each list are shown: which columns, under which title, in which words.

Most lists show the columns of their description; where one row is better said as a whole (a transport's destination, a
rule as it stands in the table) it is said so here. Secrets and long texts are never in a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.list_sources import Instance, ListSource
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Kind
from sealgate.model.policy_lines import expectation_words, mail_words
from sealgate.model.policy_tests import POLICY_TEST
from sealgate.model.providers import origin_of
from sealgate.web.formats import name, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sealgate.store import Stored

    Fields = Mapping[str, Any]

_FEW = 3
SOURCES = {
    ListSource.BY_HAND: "typed by hand",
    ListSource.MICROSOFT365: "Microsoft 365",
    ListSource.MICROSOFT365_SPF: "Microsoft 365, SPF",
    ListSource.GOOGLE: "Google Workspace",
    ListSource.SPF: "SPF of",
    ListSource.URL: "",
}
"""Each source of a list as it is called on pages; what it asks follows."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One column of a list: its title, how to say it, and whether it is code (a pattern, a name, an address)."""

    title: str
    say: Callable[[Fields], str]
    code: bool = True


def columns_of(noun: str) -> tuple[Shown, ...]:
    """Return the columns of a list; the first one names the row."""
    if noun in _SPECIAL:
        return _SPECIAL[noun]
    kind = NOUNS[noun]
    return tuple(
        _plain_column(column.name, column.title)
        for column in kind.columns
        if column.kind not in {Kind.SECRET, Kind.LONG_TEXT}
    )


def name_of(row: Stored) -> str:
    """Return how a row is called where it stands alone."""
    if row.noun in _RULES:
        return _rule(row.fields)
    return name(row.key)


def _plain_column(name: str, title: str) -> Shown:
    return Shown(title, lambda fields: plain(fields.get(name)))


def _destination(fields: Fields) -> str:
    if fields["raw"]:
        return str(fields["raw"]).partition(" ")[2].strip()
    if fields["special"]:
        return str(fields["special"])
    return _host(fields)


def _host(fields: Fields) -> str:
    host = f"[{fields['host']}]" if ":" in str(fields["host"]) else fields["host"]
    return f"{host}:{fields['port']}"


def _route(fields: Fields) -> str:
    if fields["raw"]:
        return "raw line, kept as typed"
    if fields["special"]:
        return "special transport"
    return "MX records of this name" if fields["mx"] else "this host"


def _rule(fields: Fields) -> str:
    sign = "" if fields["action"] == "ENDIF" else str(fields["pattern"])
    text = f" {fields['text']}" if fields["text"] else ""
    if fields["action"] == "IF":
        return f"if {sign}"
    return "endif" if fields["action"] == "ENDIF" else f"{sign} {fields['action']}{text}"


def _networks(fields: Fields) -> str:
    found = list(fields["networks"])
    if origin_of(fields).fetched:
        return f"{len(found):,}"
    more = f" and {len(found) - _FEW:,} more" if len(found) > _FEW else ""
    return f"{', '.join(found[:_FEW])}{more}" if found else plain(None)


def _source(fields: Fields) -> str:
    origin = origin_of(fields)
    if origin.instance is not Instance.WORLDWIDE:
        return f"{SOURCES[origin.kind]} ({origin.instance})"
    return f"{SOURCES[origin.kind]} {origin.target}".strip()


def _mail(fields: Fields) -> str:
    return mail_words(POLICY_TEST.parse(fields))


def _expected(fields: Fields) -> str:
    return expectation_words(POLICY_TEST.parse(fields))


_RULES = frozenset({"header-check", "mime-header-check", "nested-header-check", "body-check"})
_RULE_COLUMNS = (
    Shown("Pattern", lambda fields: str(fields["pattern"]) or plain(None)),
    Shown("Action", lambda fields: str(fields["action"])),
    Shown("Text", lambda fields: plain(fields["text"]), code=False),
    Shown("Language", lambda fields: str(fields["type"]), code=False),
)
_SPECIAL: dict[str, tuple[Shown, ...]] = {
    **dict.fromkeys(_RULES, _RULE_COLUMNS),
    "relay-domain": (Shown("Relay domain", lambda fields: name(fields["domain"])),),
    "network": (Shown("Network", lambda fields: str(fields["network"])),),
    "transport": (
        Shown("Domain or address", lambda fields: name(fields["pattern"])),
        Shown("Where to", _destination),
        Shown("How", _route, code=False),
    ),
    "sasl": (
        Shown("Host", _host),
        Shown("User", lambda fields: str(fields["user"])),
        Shown("Use MX records", lambda fields: plain(fields["mx"]), code=False),
    ),
    "provider": (
        Shown("Name", lambda fields: str(fields["name"])),
        Shown("Source", _source, code=False),
        Shown("Networks", _networks),
        Shown("Relay for senders", lambda fields: str(fields["senders"]), code=False),
    ),
    "policy-test": (
        Shown("Name", lambda fields: str(fields["name"])),
        Shown("This mail", _mail),
        Shown("Expected", _expected),
    ),
}
