"""Named look-up tables: faults of their lines, and where they are used.

Postfix's tools only warn of a line that they cannot use, or say nothing at all, and the line is missing at run time. So
lines are read here as postmap(1), cidr_table(5) and pcre_table(5) read them, and each fault has its line. Tables are
streamed chunk by chunk.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgate.model.backtracking import is_slow
from sealgate.model.checking.actions import action_fault, is_access_table, is_checks_table
from sealgate.model.checking.logins import policies_unused, policy_finding
from sealgate.model.checking.routing import MOST, limited
from sealgate.model.errors import InvalidValue
from sealgate.model.findings import Finding, Place, error, note, warning
from sealgate.model.master_lines import parse_master
from sealgate.model.network import parse_network
from sealgate.model.own_text import parse_main, words
from sealgate.model.pattern_rules import BLOCK, parse_rule
from sealgate.model.text import shown
from sealgate.model.tls import parse_destination

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.context import CheckContext
    from sealgate.model.desired import DesiredState
    from sealgate.model.parameters import OwnLines
    from sealgate.model.tables import LookupTable

INDEXED = frozenset({"btree", "cdb", "hash", "lmdb", "texthash"})
REPLACED = frozenset({"btree", "hash"})
USE = re.compile(
    r"\b([a-z]+):\s*(?:\$maps_d_dir|\$\{maps_d_dir\}|\$\(maps_d_dir\)|/[^\s,{}]*/maps\.d)/([a-z]+)-([A-Za-z0-9_-]+)\.map"
)


def check_tables(desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    """Give the findings about look-up tables and about own lines that name them."""
    used = table_uses(desired.main_cf, desired.master_cf)
    for row in desired.rows.rows("lookup-table"):
        if row.enabled:
            places = used.get((row.value.type, row.value.name), ())
            yield from table_findings(row.value, desired, context, places)
    yield from missing_tables(desired)


def table_findings(
    table: LookupTable, desired: DesiredState, context: CheckContext, places: tuple[Place, ...]
) -> Iterator[Finding]:
    """Give the findings about one table that is used at these places."""
    yield from limited(line_findings(table, desired), MOST)
    yield from _type(table, context)
    if not places:
        yield note(
            "table-not-used",
            Place("lookup-table", table.name),
            f"The table {table.name} is used nowhere.",
            "",
            f"Name it in your lines of main.cf as {table.type}:$maps_d_dir/{table.file_name}.",
        )
    if any(place.field.rpartition("/")[2] == "smtp_tls_policy_maps" for place in places):
        yield from limited(_policies(table, desired), MOST)
    if is_access_table(places) or is_checks_table(places):
        yield from limited(_actions(table, desired, context, access=is_access_table(places)), MOST)


def missing_tables(desired: DesiredState) -> Iterator[Finding]:
    """Give the places where own lines name tables that are not there."""
    rows = desired.rows.rows("lookup-table")
    enabled = {(row.value.type, row.value.name) for row in rows if row.enabled}
    yield from _missing(table_uses(desired.main_cf, desired.master_cf), enabled)


def table_uses(main: OwnLines, master: OwnLines) -> dict[tuple[str, str], tuple[Place, ...]]:
    """Return where own lines use look-up tables, by type and name; the place has the parameter as its field."""
    found: dict[tuple[str, str], list[Place]] = {}
    definitions, _ = parse_main(main.text)
    for one in definitions:
        for use in USE.finditer(one.value):
            place = Place("own-lines", "main-cf", one.name, one.line)
            found.setdefault((use[2], use[3]), []).append(place)
    services, _ = parse_master(master.text)
    for service in services:
        for option in service.options:
            for use in USE.finditer(option.value):
                place = Place("own-lines", "master-cf", f"{service.key}/{option.name}", option.line)
                found.setdefault((use[2], use[3]), []).append(place)
    return {key: tuple(places) for key, places in found.items()}


def uses_of(table: LookupTable, main: OwnLines, master: OwnLines) -> tuple[Place, ...]:
    """Return where a table is used; it must not be deleted while there is a place."""
    return table_uses(main, master).get((table.type, table.name), ())


def _missing(used: dict[tuple[str, str], tuple[Place, ...]], enabled: set[tuple[str, str]]) -> Iterator[Finding]:
    for (kind, name), places in used.items():
        if (kind, name) in enabled:
            continue
        other = next((t for t, n in enabled if n == name), "")
        for place in places:
            yield error(
                "table-missing",
                place,
                f"There is no look-up table {name} of type {kind}.",
                f"There is one of type {other}." if other else "Postfix answers 451 for what needs it.",
                f"Write {other}-{name}.map." if other else "Add the table, or change the line.",
            )


def _type(table: LookupTable, context: CheckContext) -> Iterator[Finding]:
    if not context.map_types or table.type in context.map_types:
        return
    place = Place("lookup-table", table.name, "type")
    if table.type in REPLACED:
        yield note(
            "table-type-replaced",
            place,
            f"The installed Postfix has no {table.type} tables; {table.name} is built as lmdb on the same file name.",
            f"Own lines that say {table.type}: are written as lmdb: for it.",
        )
    else:
        yield error(
            "table-type-missing",
            place,
            f"The installed Postfix has no {table.type} tables.",
            f"It has: {', '.join(sorted(context.map_types))}.",
            "Use lmdb, or install the package for this type.",
        )


def _policies(table: LookupTable, desired: DesiredState) -> Iterator[Finding]:
    keys: dict[str, int] = {}
    for number, line in logical_table_lines(_text_lines(table, desired)):
        try:
            keys.setdefault(parse_destination(line.split(None, 1)[0]), number)
        except InvalidValue:
            continue
    for destination, route in policies_unused(desired, list(keys)):
        yield policy_finding(Place("lookup-table", table.name, line=keys[destination]), destination, route)


def _actions(table: LookupTable, desired: DesiredState, context: CheckContext, *, access: bool) -> Iterator[Finding]:
    definitions, _ = parse_main(desired.main_cf.text)
    own = {one.name: one.value for one in definitions}
    classes = frozenset(words(own.get("smtpd_restriction_classes", "")))
    filters = frozenset(key.partition("/")[0] for key in context.inner_services if key.endswith("/unix"))
    for number, line in logical_table_lines(_text_lines(table, desired)):
        value = _value_of(line, table.type)
        fault = action_fault(value, access=access, classes=classes, filters=filters) if value else None
        if fault is not None:
            code, what = fault
            remedy = "Let the filter be mpa." if code == "table-bypasses-mpa" else "See the manual for the names."
            yield error(code, Place("lookup-table", table.name, line=number), what, _WHY[code], remedy)


def _value_of(line: str, kind: str) -> str:
    """Return the right-hand side of a line; empty for a block's begin and end, and for what is no line of the table."""
    if kind not in INDEXED and BLOCK.fullmatch(line):
        return ""
    if kind in INDEXED or kind == "cidr":
        return line.replace("\t", " ").partition(" ")[2].strip()
    rule = parse_rule(line)
    return rule.result if rule else ""


def _text_lines(table: LookupTable, desired: DesiredState) -> Iterator[str]:
    """Give the lines of a table's text; chunks end with whole lines."""
    for chunk in desired.rows.chunks(table.content):
        yield from chunk.decode("utf-8", "replace").split("\n")[:-1]


def logical_table_lines(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Give (number, text) of each definition as Postfix reads a table; text that continues nothing keeps its blank."""
    start, text = 0, ""
    for number, line in enumerate(lines, 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        if line[0].isspace() and text:
            text = f"{text} {bare}"
            continue
        if text:
            yield start, text
        start, text = number, line.rstrip()
    if text:
        yield start, text


def line_findings(table: LookupTable, desired: DesiredState) -> Iterator[Finding]:
    """Give the findings about the lines of a table."""
    lines = logical_table_lines(_text_lines(table, desired))
    place = Place("lookup-table", table.name)
    for number, code, what, remedy in _faults(lines, table.type):
        make = warning if code in _DOUBTFUL else error
        yield make(code, Place(place.noun, place.key, line=number), what, _WHY[code], remedy)


def _faults(lines: Iterator[tuple[int, str]], kind: str) -> Iterator[_Fault]:
    if kind in INDEXED:
        return _indexed(lines)
    return _cidr(lines) if kind == "cidr" else _patterns(lines, kind)


_DOUBTFUL = frozenset({"table-key-twice", "table-slow-pattern", "table-line-alias", "table-key-network"})
_WHY = {
    "table-line-starts-blank": "Postfix would read it as the rest of a line before it, and there is none.",
    "table-line-without-value": "Postfix leaves the line out.",
    "table-key-twice": "The first one counts.",
    "table-line-alias": "That is the form of aliases(5); here the colon becomes part of the key.",
    "table-key-network": "Only whole addresses and prefixes by octets are looked up, so it never matches.",
    "table-cidr-pattern": "Postfix leaves the line out.",
    "table-pattern-line": "Postfix leaves the line out.",
    "table-block-not-ended": "It would swallow every line after it.",
    "table-block-not-begun": "Postfix leaves the line out.",
    "table-action-unknown": "Postfix answers 451 to whoever matches, or only logs.",
    "table-bypasses-mpa": "It would be neither encrypted nor signed nor checked.",
    "table-slow-pattern": "Postfix gives up on it, and then the line does not match.",
}
_CLIENTS = "Write whole addresses or octets without a last dot, or use a table of type cidr."
_Fault = tuple[int, str, str, str]


def _indexed(lines: Iterator[tuple[int, str]]) -> Iterator[_Fault]:
    seen: set[int] = set()
    for number, line in lines:
        key, _, value = line.partition(" ") if "\t" not in line else line.replace("\t", " ").partition(" ")
        mark = hash(key.lower())
        if line[0].isspace():
            yield number, "table-line-starts-blank", "The first line begins with a blank.", "Begin it at the margin."
        elif not value.strip():
            yield number, "table-line-without-value", f"The key {shown(key)} has no value.", "Write key, blank, value."
        elif key.endswith(":") and key.count(":") == 1:
            yield number, "table-line-alias", f"The key {shown(key)} ends with a colon.", "Leave the colon out."
        elif mark in seen:
            yield number, "table-key-twice", f"The key {shown(key)} comes twice.", "Remove one of the two."
        elif _never_matches(key):
            yield (
                number,
                "table-key-network",
                f"The key {shown(key)} is no form of a client that is looked up.",
                _CLIENTS,
            )
        seen.add(mark)


def _never_matches(key: str) -> bool:
    """Tell whether a key looks like clients, but in a form that access(5) never looks up."""
    if re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}\.", key):
        return True
    if "/" not in key and ":" not in key:
        return False
    try:
        found = parse_network(key)
    except InvalidValue as refusal:
        return "host bits" in str(refusal)
    return "/" in key or (key.lower() != str(found.network_address) or key.endswith("::"))


def _cidr(lines: Iterator[tuple[int, str]]) -> Iterator[_Fault]:
    blocks: list[int] = []
    for number, line in lines:
        block = BLOCK.fullmatch(line)
        if block:
            yield from _block(blocks, number, ends=bool(block[3]))
        pattern, _, value = (block[2] if block and block[1] else line).replace("\t", " ").lstrip("! ").partition(" ")
        if block and block[3]:
            continue
        if not block and not value.strip():
            yield number, "table-line-without-value", f"{shown(pattern)} has no value.", "Write network, blank, value."
            continue
        try:
            parse_network(pattern)
        except InvalidValue as refusal:
            yield number, "table-cidr-pattern", str(refusal), ""
    for number in blocks:
        yield number, "table-block-not-ended", "The if has no endif.", "Add one."


def _block(blocks: list[int], number: int, *, ends: bool) -> Iterator[_Fault]:
    if not ends:
        blocks.append(number)
    elif blocks:
        blocks.pop()
    else:
        yield number, "table-block-not-begun", "The endif has no if before it.", "Remove it."


def _patterns(lines: Iterator[tuple[int, str]], kind: str) -> Iterator[_Fault]:
    blocks: list[int] = []
    for number, line in lines:
        block = BLOCK.fullmatch(line)
        if block:
            yield from _block(blocks, number, ends=bool(block[3]))
            if block[3]:
                continue
        rule = parse_rule(block[2] if block else line)
        if rule is None:
            yield number, "table-pattern-line", f"The line {shown(line)!r} is no pattern.", "Write /pattern/ value."
        elif not block and not rule.result:
            yield number, "table-line-without-value", "The pattern has no value.", "Write /pattern/ value."
        elif set(rule.flags) - set("imsxAEUX" if kind == "pcre" else "imx"):
            yield number, "table-pattern-line", f"The flags {rule.flags} are not all known.", "See pcre_table(5)."
        elif is_slow(rule.pattern, extended=kind == "pcre" and "x" in rule.flags):
            yield number, "table-slow-pattern", f"The pattern {shown(rule.pattern)!r} can take very long.", ""
    for number in blocks:
        yield number, "table-block-not-ended", "The if has no endif.", "Add one."
