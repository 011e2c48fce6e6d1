"""Placing the administrator's own lines of main.cf and master.cf below the generated ones.

Own lines stand last, exactly as typed. What they define is left out above, with a comment that points to them, so
neither file ever defines anything twice; each case becomes an `Override`. An own entry for a generated service takes
its place; the options that Sealgate gives the service, and that the entry does not name, are added below it, so that
an own `-o` changes that option and nothing else. An entry with another program gets none.

The one change ever made to typed text: where the installed Postfix lacks hash or btree, `hash:` before a named look-up
table is written as `lmdb:`, since that is what was built on the same file name.

Files are read as Postfix reads them (postconf(5), master(5)): a line that starts with a blank continues the one
before, also over comments and empty lines in between.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.render.lookup import REPLACED
from sealgate.render.master_cf import Service, option_line
from sealgate.render.tree import Override

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealgate.render.facts import NodeFacts

_PORTS = {"smtp": "25", "submission": "587", "submissions": "465", "smtps": "465"}
_NAMED_TABLE = re.compile(
    r"\b(?P<type>hash|btree):(?=\s*(?:\$(?:maps_d_dir|\{maps_d_dir\}|\(maps_d_dir\))|/[^\s,]*/maps\.d)/)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """One definition: its text with continuations joined, and its first and last physical line, counted from 1."""

    text: str
    first: int
    last: int


def logical_lines(text: str) -> Iterator[LogicalLine]:
    """Give the definitions of a file in Postfix's syntax, without comments and empty lines."""
    found: LogicalLine | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace() and found:
            found = LogicalLine(f"{found.text} {line.strip()}", found.first, number)
            continue
        if found:
            yield found
        found = LogicalLine(line.strip(), number, number)
    if found:
        yield found


def parameters_set(text: str) -> dict[str, int]:
    """Return the names of the parameters that own lines of main.cf set, with the line where each is set last."""
    found = {}
    for line in logical_lines(text):
        name, equals, _ = line.text.partition("=")
        if equals:
            found[name.strip()] = line.first
    return found


def parameter_values(text: str) -> dict[str, str]:
    """Return the parameters that own lines of main.cf set, with their values; the last one counts, as for Postfix."""
    pairs = (line.text.partition("=") for line in logical_lines(text))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


@dataclass(frozen=True, slots=True)
class OwnService:
    """An own entry of master.cf: its service with the options it names, and the lines it stands on."""

    service: Service
    at: LogicalLine


def own_services(text: str) -> tuple[OwnService, ...]:
    """Return the entries of own lines of master.cf; lines with fewer than eight fields are Postfix's to refuse."""
    return tuple(
        OwnService(Service(tuple(words[:8]), _options(words[8:])), line)
        for line in logical_lines(text)
        if len(words := _words(line.text)) >= 8
    )


def same_service(one: Service, other: Service) -> bool:
    """Tell whether two entries are for the same service, however its port is spelled."""
    return one.type == other.type and _spelled(one) == _spelled(other)


def _spelled(service: Service) -> tuple[str, str]:
    if service.type != "inet":
        return "", service.name
    host, _, port = service.name.rpartition(":")
    return host.strip("[]"), _PORTS.get(port, port)


def merged_master(generated: Sequence[Service], text: str, node: NodeFacts) -> tuple[str, tuple[Override, ...]]:
    """Return master.cf as a whole, and what own entries took the place of."""
    own = own_services(text)
    overrides: list[Override] = []
    lines: list[str] = []
    added: dict[int, str] = {}
    for service in generated:
        mine = next((entry for entry in own if same_service(entry.service, service)), None)
        if mine is None:
            lines.append(service.lines())
            continue
        lines.append(f"# {service.name} {service.type}: see line {mine.at.first} of the own lines below.\n")
        added[mine.at.last] = _missing_options(service, mine.service)
        overrides += _replaced(service, mine)
    return "".join(lines) + _below(_typed(text, node), added, "master-cf"), tuple(overrides)


def _below(typed: str, added: dict[int, str], noun: str) -> str:
    if not typed.strip():
        return ""
    lines = typed.removesuffix("\n").split("\n")
    body = "".join(f"{line}\n{added.get(number, '')}" for number, line in enumerate(lines, 1))
    return f"\n# Own lines, as typed (sealgate edit {noun})\n\n{body}"


def own_part(text: str, node: NodeFacts) -> str:
    """Return the last part of main.cf: the own lines as typed, under a heading."""
    return _below(_typed(text, node), {}, "main-cf")


def _missing_options(generated: Service, own: Service) -> str:
    if generated.command != own.command:
        return ""
    names = {name for name, _ in own.options}
    options = "".join(option_line(*option) for option in generated.options if option[0] not in names)
    return f"# Options that Sealgate gives this service:\n{options}" if options else ""


def _replaced(generated: Service, mine: OwnService) -> Iterator[Override]:
    name, first = f"{generated.name}/{generated.type}", mine.at.first
    other = generated.command != mine.service.command
    loses = f"The options of {generated.command} that Sealgate gives this service are gone." if other else ""
    if generated.fields[2:] != mine.service.fields[2:]:
        yield Override("master.cf", name, first, " ".join(generated.fields), loses)
    own = dict(mine.service.options)
    for option, value in generated.options:
        if option in own and own[option] != value:
            yield Override("master.cf", f"{name}/{option}", first, value)


def _typed(text: str, node: NodeFacts) -> str:
    def replace(match: re.Match[str]) -> str:
        kind = match["type"]
        return "lmdb:" if kind in REPLACED and kind not in node.map_types else match[0]

    return _NAMED_TABLE.sub(replace, text)


def _words(text: str) -> list[str]:
    """Split a line of master.cf at blanks; `{ … }` is one word (master(5))."""
    return re.findall(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\S+", text)


def _options(words: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found = []
    pending = False
    for word in words:
        if pending:
            name, _, value = word.strip("{}").partition("=")
            found.append((name.strip(), value.strip()))
        pending = word == "-o" and not pending
        if word.startswith("-o") and len(word) > 2:
            name, _, value = word[2:].partition("=")
            found.append((name, value))
    return tuple(found)
