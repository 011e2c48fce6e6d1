"""Right-hand sides of tables that decide about mail: an action that Postfix does not know is found before it is met.

Postfix reads an access table or a table of checks rule by rule, when a client or a header comes that the rule is for:
an unknown action answers 451 to that client alone, or is only logged. So every rule of the text tables that a release
names is looked at; indexed tables are judged where their text is (`model/checking/tables.py`). Nor does Postfix say
anything of a DNS list whose name can be none and that never answers. It reads files, never the tables' results.
Sources: access(5), header_checks(5).
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from sealgate.model.checking.actions import action_fault
from sealgate.model.checking.tables import logical_table_lines
from sealgate.model.errors import InvalidValue
from sealgate.model.findings import Finding, Place, error
from sealgate.model.names import DomainName
from sealgate.model.pattern_rules import parse_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sealgate.postfix.parameters import ReadBack

UNKNOWN_ACTION = "table-action-unknown"
UNUSABLE_LIST = "dns-list-unusable"
_MOST_LINES = 20_000
_ACCESS = re.compile(r"(?:.*/)?smtpd_[a-z_]*restrictions")
_CHECKS = re.compile(r"(?:.*/)?(?:[a-z]+_)*(?:header|body)_checks")
_LISTS = re.compile(
    r"\b((?:reject_rbl|reject_rbl_client|reject_rhsbl_(?:client|reverse_client|helo|sender|recipient)"
    r"|permit_(?:dnswl|rhswl)_client))\s+([^\s,=]+)"
)
_TEXTS = frozenset({"cidr", "pcre", "regexp", "texthash"})


def unknown_actions(tables: Iterable[tuple[str, Path, str]], read: ReadBack, release: Path) -> Iterator[Finding]:
    """Give a finding for each rule whose action is none; `tables` are type, file and parameter."""
    classes = frozenset(read.main.get("smtpd_restriction_classes", "").replace(",", " ").split())
    services = frozenset(service.name for service in read.services)
    for kind, path, parameter in tables:
        access = bool(_ACCESS.fullmatch(parameter)) or parameter in classes
        if kind not in _TEXTS or not (access or _CHECKS.fullmatch(parameter)):
            continue
        for number, value in _values(kind, path):
            fault = action_fault(value, access=access, classes=classes, filters=services)
            if fault is not None and fault[0] == UNKNOWN_ACTION:
                yield _finding(fault[1], path, number, parameter, release)


def _values(kind: str, path: Path) -> Iterator[tuple[int, str]]:
    """Give line numbers and right-hand sides."""
    try:
        lines = path.read_text("utf-8", "surrogateescape").split("\n")
    except OSError:
        return
    for number, line in logical_table_lines(islice(lines, _MOST_LINES)):
        result = _result(kind, line)
        if result:
            yield number, result


def _result(kind: str, line: str) -> str:
    if kind in {"pcre", "regexp"}:
        rule = parse_rule(line)
        return rule.result if rule else ""
    key, *result = line.split(None, 1)
    return result[0].strip() if result and not line[0].isspace() and key.lower() not in {"if", "endif"} else ""


def _finding(what: str, path: Path, number: int, parameter: str, release: Path) -> Finding:
    file = str(path.relative_to(release)) if path.is_relative_to(release) else str(path)
    return error(
        UNKNOWN_ACTION,
        Place(field=parameter, line=number, file=file),
        what,
        "Whoever the rule is for would be answered 451, or the rule would do nothing.",
        "Write one of the actions of the manual page.",
    )


def unusable_lists(read: ReadBack) -> Iterator[Finding]:
    """Give a finding for each DNS list whose name can be no zone: Postfix asks it in vain and lets everybody in."""
    values = [("", name, value) for name, value in read.main.items()]
    values += [(service, name, value) for service, own in read.overrides.items() for name, value in own.items()]
    for service, name, value in values:
        for restriction, zone in _LISTS.findall(value) if _ACCESS.fullmatch(name) else ():
            try:
                DomainName.parse(zone)
            except InvalidValue as refusal:
                place = Place(key=service, field=name, file="master.cf" if service else "main.cf")
                why = "Postfix asks such a list in vain and refuses nobody by it."
                yield error(UNUSABLE_LIST, place, f"{restriction} {zone}: {refusal}", why, "Correct the list's name.")
