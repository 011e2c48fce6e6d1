"""From what Postfix used to what a person wrote: the line of a table, the rule of a check, the row of a page.

A table entry that Postfix found is looked for in the table's text as people see it. Which rule of a header or body
check met a line is found by experiment, since Postfix does not say: the table is cut off after each half of its lines
until the shortest beginning that still answers is known; its last line is the rule (the first match wins, so what
comes later cannot matter). Sources: cidr_table(5), header_checks(5).
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from typing import TYPE_CHECKING, Any

from sealgate.rehearsal.explain import Entry, Finder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sealgate.model.desired import DesiredState
    from sealgate.postfix.parameters import ReadBack
    from sealgate.postfix.tables import Tables
    from sealgate.postfix.trace import Lookup
    from sealgate.render import ConfigTree

_CHECKS = {
    "header": ("header_checks", "mime_header_checks", "nested_header_checks"),
    "body": ("body_checks",),
}
_READABLE = {"cidr", "pcre", "regexp", "texthash"}
_LARGEST = 4 << 20


class Origins:
    """Finds where things come from, for one release in the directory `release`; `scratch` may be written."""

    def __init__(
        self, release: Path, desired: DesiredState, tree: ConfigTree, read: ReadBack, *, tables: Tables, scratch: Path
    ) -> None:
        self._release = release
        self._desired = desired
        self._tree = tree
        self._read = read
        self._tables = tables
        self._scratch = scratch

    def finder(self) -> Finder:
        """Return the three ways of finding, as an explanation wants them."""
        return Finder(self.entry, self.rule, self.parameter)

    def parameter(self, name: str) -> Entry:
        """Return the setting, page or own line that a parameter of main.cf comes from."""
        origin = self._tree.origin_of(name)
        return Entry(origin.line, origin.noun, origin.key) if origin else Entry()

    def entry(self, lookup: Lookup) -> Entry:
        """Return line, page and row of the table entry that a look-up found."""
        kind, _, name = lookup.table.partition(":")
        path = name.partition(f"{self._release}/")[2]
        place = next((table.place for table in self._tree.tables if table.path == path), None)
        if not path or place is None:
            return self._zone(lookup)
        line, first = (0, "")
        if kind in _READABLE:
            line, first = self._line(path, kind, lookup)
        row = place.key or self._row(place.noun, (lookup.key, first))
        return Entry(line, place.noun, row)

    def rule(self, kind: str, text: str) -> tuple[str, str, Entry] | None:
        """Return parameter, rule and place of the check that a header or body line meets first; None: none does."""
        for parameter in _CHECKS[kind]:
            for table_kind, path in re.findall(r"(pcre|regexp):(/[^\s,]+)", self._read.main.get(parameter, "")):
                found = self._met(table_kind, path, text)
                if found is None:
                    continue
                line, rule = found
                relative = path.partition(f"{self._release}/")[2]
                place = next((table.place for table in self._tree.tables if table.path == relative), None)
                row = self._row(place.noun, (rule,)) if place and not place.key else (place.key if place else "")
                return parameter, rule, Entry(line, place.noun if place else "", row)
        return None

    # -- pieces

    def _zone(self, lookup: Lookup) -> Entry:
        """Return the row of the block list that a name asked of DNS belongs to."""
        if lookup.table != "dns":
            return Entry()
        name = lookup.key.partition(" ")[0]
        zones = [row.key for row in self._desired.rows.rows("rbl") if name.endswith(f".{row.value.zone}")]
        return Entry(0, "rbl", max(zones, key=len)) if zones else Entry()

    def _line(self, path: str, kind: str, lookup: Lookup) -> tuple[int, str]:
        """Return the number and first word of the first line that gives the look-up's result for its key."""
        for number, text in enumerate(self._text(path), 1):
            first, _, result = text.strip().partition(" ")
            if kind == "cidr" and result.strip() == lookup.result and _covers(first, lookup.key):
                return number, first
            if kind != "cidr" and first == lookup.key:
                return number, first
        return 0, ""

    def _row(self, noun: str, words: Iterable[str]) -> str:
        """Return the key of the row that any of these words stands for."""
        wanted = [word for word in words if word]
        for word in wanted:
            if self._desired.rows.row(noun, word) is not None:
                return word
        if self._desired.rows.count(noun) > 5000:
            return ""
        for row in self._desired.rows.rows(noun):
            if any(_means(row.value, word) for word in wanted):
                return row.key
        return ""

    def _text(self, path: str) -> list[str]:
        file = self._release / path
        with contextlib.suppress(OSError):
            if file.stat().st_size <= _LARGEST:
                return file.read_text("utf-8", "replace").split("\n")
        return []

    def _met(self, kind: str, path: str, text: str) -> tuple[int, str] | None:
        """Find the first rule that a line meets: the last line of the shortest beginning that answers."""
        lines = self._text(path.partition(f"{self._release}/")[2])
        rules = list(_rules(lines))
        if not rules or not self._answers(kind, lines, text):
            return None
        low, high = 0, len(rules) - 1
        while low < high:
            middle = (low + high) // 2
            if self._answers(kind, lines[: rules[middle][1]], text):
                high = middle
            else:
                low = middle + 1
        begin, end = rules[low]
        return begin + 1, " ".join(line.strip() for line in lines[begin:end])

    def _answers(self, kind: str, lines: list[str], text: str) -> bool:
        self._scratch.mkdir(parents=True, exist_ok=True)
        file = self._scratch / f"rules.{kind}"
        file.write_text("".join(f"{line}\n" for line in lines))
        answer, _ = self._tables.query(file, kind, text)
        return answer is not None


def _rules(lines: list[str]) -> Iterable[tuple[int, int]]:
    """Give begin and end of each rule: a line and those after it that begin with a blank."""
    begin = None
    for number, line in enumerate(lines):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace() and begin is not None:
            continue
        if begin is not None:
            yield begin, number
        begin = number
    if begin is not None:
        yield begin, len(lines)


def _covers(network: str, key: str) -> bool:
    try:
        return ipaddress.ip_address(key) in ipaddress.ip_network(network.lstrip("!"), strict=False)
    except ValueError:
        return network == key


def _means(value: Any, word: str) -> bool:
    """Whether a row's value is what a word of a table stands for: its network, or its whole line."""
    if getattr(value, "line", None) == word:
        return True
    network = getattr(getattr(value, "pattern", value), "network", None)
    while network is not None and not isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network):
        network = getattr(network, "network", None)
    if network is None:
        return False
    return _covers(str(network), word) or str(network) == word
