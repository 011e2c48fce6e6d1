"""Placing the administrator's own lines of main.cf and master.cf below the generated ones.

Own lines stand last, exactly as typed. What they define is left out above, with a comment that points to them, so
neither file ever defines anything twice; each case becomes an `Override`. An own entry for a generated service takes
its place; the options that Sealgate gives the service, and that the entry does not name, are added below it, so that
an own `-o` changes that option and nothing else. An entry with another program gets none.

The one change ever made to typed text: where the installed Postfix lacks hash or btree, `hash:` before a named look-up
table is written as `lmdb:`, since that is what was built on the same file name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgate.model.master_lines import PORTS, OwnService, parse_master
from sealgate.model.own_text import parse_main
from sealgate.render.lookup import REPLACED
from sealgate.render.master_cf import Service, option_line
from sealgate.render.tree import Override

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealgate.render.facts import NodeFacts

_LIMIT = "message_size_limit"
_NAMED_TABLE = re.compile(
    r"\b(?P<type>hash|btree):(?=\s*(?:\$(?:maps_d_dir|\{maps_d_dir\}|\(maps_d_dir\))|/[^\s,]*/maps\.d)/)", re.ASCII
)


def parameters_set(text: str) -> dict[str, int]:
    """Return the names of the parameters that own lines of main.cf set, with the line where each is set last."""
    definitions, _ = parse_main(text)
    return {one.name: one.line for one in definitions}


def parameter_values(text: str) -> dict[str, str]:
    """Return the parameters that own lines of main.cf set, with their values; the last one counts, as for Postfix."""
    definitions, _ = parse_main(text)
    return {one.name: one.value for one in definitions}


def own_services(text: str) -> tuple[OwnService, ...]:
    """Return the entries of own lines of master.cf."""
    services, _ = parse_master(text)
    return services


def same_service(generated: Service, own: OwnService) -> bool:
    """Tell whether an own entry is for a generated service, however its port is spelled."""
    if generated.type != own.type:
        return False
    if own.type != "inet":
        return generated.name == own.name
    host, _, port = generated.name.rpartition(":")
    return (host.strip("[]"), PORTS.get(port, port)) == (own.host, own.port)


def merged_master(
    generated: Sequence[Service], text: str, node: NodeFacts, limit: tuple[str, str]
) -> tuple[str, tuple[Override, ...]]:
    """Return master.cf as a whole, and what own entries took the place of.

    `limit` is the option with the before filter limit, for own listeners that have none.
    """
    own = own_services(text)
    overrides: list[Override] = []
    lines: list[str] = []
    added = {entry.last: _added((limit,)) for entry in own if _listens_without_limit(entry)}
    for service in generated:
        mine = [entry for entry in own if same_service(service, entry)]
        lines.append(_pointer(service, mine[0]) if mine else service.lines())
        added |= {entry.last: _missing_options(service, entry) for entry in mine}
        overrides += [override for entry in mine for override in _replaced(service, entry)]
    return "".join(lines) + _below(_typed(text, node), added, "master-cf"), tuple(overrides)


def own_part(text: str, node: NodeFacts) -> str:
    """Return the last part of main.cf: the own lines as typed, under a heading."""
    return _below(_typed(text, node), {}, "main-cf")


def _pointer(service: Service, mine: OwnService) -> str:
    return f"# {service.name} {service.type}: see line {mine.line} of the own lines below.\n"


def _below(typed: str, added: dict[int, str], noun: str) -> str:
    if not typed.strip():
        return ""
    lines = typed.removesuffix("\n").split("\n")
    body = "".join(f"{line}\n{added.get(number, '')}" for number, line in enumerate(lines, 1))
    return f"\n# Own lines, as typed (sealgate edit {noun})\n\n{body}"


def _missing_options(generated: Service, own: OwnService) -> str:
    if generated.command != own.command:
        return ""
    names = {option.name for option in own.options}
    return _added([option for option in generated.options if option[0] not in names])


def _added(options: Sequence[tuple[str, str]]) -> str:
    lines = "".join(option_line(*option) for option in options)
    return f"# Options that Sealgate gives this service:\n{lines}" if lines else ""


def _listens_without_limit(own: OwnService) -> bool:
    """Tell whether an own entry takes mail from outside without a size limit or a filter of its own."""
    named = {option.name for option in own.options}
    return own.type in {"inet", "pass"} and own.command == "smtpd" and not named & {_LIMIT, "content_filter"}


def _replaced(generated: Service, mine: OwnService) -> Iterator[Override]:
    name = f"{generated.name}/{generated.type}"
    other = generated.command != mine.command
    loses = f"The options of {generated.command} that Sealgate gives this service are gone." if other else ""
    columns = (mine.private, mine.unprivileged, mine.chroot, mine.wakeup, mine.processes, mine.command)
    if (*columns, *mine.arguments) != (*generated.fields[2:], *generated.arguments):
        yield Override("master.cf", name, mine.line, " ".join((*generated.fields, *generated.arguments)), loses)
    own = {option.name: option for option in mine.options}
    for option, value in generated.options:
        if option in own and own[option].value != value:
            yield Override("master.cf", f"{name}/{option}", own[option].line, value)


def _typed(text: str, node: NodeFacts) -> str:
    def replace(match: re.Match[str]) -> str:
        kind = match["type"]
        return "lmdb:" if kind in REPLACED and kind not in node.map_types else match[0]

    return _NAMED_TABLE.sub(replace, text)
