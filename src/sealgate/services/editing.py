"""What an editor asks while somebody types: what is wrong with a text that is not saved, and what parameters there are.

Nothing is written. A text is judged by the checks of the model on the draft with that text in it, without Postfix;
what only the agent knows (which files and peers root permits) is a doubt here, and the check of the saved draft
decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgate.model.checking.own_lines import check_own_lines
from sealgate.model.checking.own_values import kind_of
from sealgate.model.checking.tables import missing_tables, table_findings, table_uses
from sealgate.model.deny_list import is_never
from sealgate.model.errors import InvalidValue
from sealgate.model.findings import Finding, Place, Severity, error
from sealgate.model.master_lines import parse_master
from sealgate.model.own_text import parse_main, parse_text
from sealgate.model.parameters import OwnLines
from sealgate.model.tables import table_of
from sealgate.render import render
from sealgate.services import imports
from sealgate.services.actor import Right
from sealgate.services.check_context import context
from sealgate.services.desired import ViewRows, desired_state
from sealgate.services.node_facts import facts
from sealgate.services.nouns import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sealgate.render import ConfigTree
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway

LONGEST = 2_000_000
"""A longer text is not judged while it is typed; it is when it is saved."""
_AGENT_KNOWS = frozenset({"own-line-path", "own-line-needs-proof", "own-service-program", "own-service-user"})
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_FILES = {"main-cf": "main.cf", "master-cf": "master.cf"}


def check_own_text(gateway: Gateway, actor: Actor, name: str, text: str) -> list[Finding]:
    """Return what is wrong with own lines of `main-cf` or `master-cf`, each with its line."""
    actor.may(Right.VIEW)
    key = text_of(name)
    try:
        lines = OwnLines(parse_text(text))
    except InvalidValue as fault:
        return [_of_line(problem.field, f"{problem.what} {problem.remedy}") for problem in fault.problems]
    known = facts(gateway, actor)
    with gateway.store.reading() as reader:
        saved = desired_state(reader.draft())
        typed = replace(saved, main_cf=lines) if key == "main-cf" else replace(saved, master_cf=lines)
        found = [*check_own_lines(typed, context(known, typed)), *missing_tables(typed)]
    own = [finding for finding in found if (finding.place.noun, finding.place.key) == ("own-lines", key)]
    return sorted(map(_doubted, dict.fromkeys(own)), key=lambda finding: (_RANK[finding.severity], finding.place.line))


def check_table_text(gateway: Gateway, actor: Actor, name: str, kind: str, text: str) -> list[Finding]:
    """Return what is wrong with the text of a look-up table; a name or type that is none is told as such."""
    actor.may(Right.VIEW)
    try:
        table, chunks = table_of(name or "new", kind, text)
    except InvalidValue as fault:
        return [_of_line(problem.field, f"{problem.what} {problem.remedy}") for problem in fault.problems]
    known = facts(gateway, actor)
    with gateway.store.reading() as reader:
        view = reader.draft()
        saved = desired_state(view)
        typed = replace(saved, rows=_WithTable(view, dict(chunks)))
        places = table_uses(saved.main_cf, saved.master_cf).get((table.type, table.name), ())
        return [
            finding
            for finding in table_findings(table, typed, context(known, saved), places)
            if finding.place.line or finding.code != "table-not-used"
        ]


def check_rows_text(gateway: Gateway, actor: Actor, noun: str, text: str) -> list[Finding]:
    """Return what is wrong with a list as text, as its import would say it."""
    try:
        imports.import_rows(gateway, actor, noun, text.splitlines(), replace=True, dry_run=True)
    except InvalidValue as fault:
        return [_of_line(problem.field, f"{problem.what} {problem.remedy}") for problem in fault.problems]
    return []


@dataclass(frozen=True, slots=True)
class _WithTable(ViewRows):
    """The rows of the draft, and the pieces of a table's text that is not stored."""

    pieces: Mapping[str, bytes]

    def chunks(self, digests: Iterable[str]) -> Iterator[bytes]:
        """See `RowSource`."""
        for digest in digests:
            piece = self.pieces.get(digest)
            yield piece if piece is not None else self.view.content(digest)


def _of_line(field: str, what: str) -> Finding:
    number = "".join(char for char in field.partition(",")[0] if char.isdigit())
    return error("text-line", Place(line=int(number or 0)), what.strip())


def _doubted(finding: Finding) -> Finding:
    if finding.code not in _AGENT_KNOWS:
        return finding
    why = f"{finding.why} Root may have permitted it: the check after saving knows.".strip()
    return replace(finding, severity=Severity.WARNING, why=why)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the installed Postfix, as the draft has it.

    `kind` is what it takes (`switch`, `number`, `time`, `restrictions`, `tables`, `text`), `value` what main.cf says
    (None: nothing, the default holds), `place` where that comes from, `generated` what Sealgate would say without the
    own line, `services` the services of master.cf that set it for themselves, with their value.
    """

    name: str
    kind: str
    default: str
    forbidden: bool
    value: str | None = None
    place: Place | None = None
    generated: str | None = None
    services: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """What can be written in main.cf and master.cf: parameters, services, tables, types of tables."""

    parameters: tuple[Parameter, ...]
    services: tuple[str, ...]
    tables: tuple[str, ...]
    map_types: tuple[str, ...]


def words(gateway: Gateway, actor: Actor) -> Words:
    """Return what an editor of own lines offers and explains."""
    actor.may(Right.VIEW)
    known = facts(gateway, actor)
    with gateway.store.reading() as reader:
        desired = desired_state(reader.draft())
        tree = render(desired, known.node)
        tables = tuple(
            f"{row.value.type}:$maps_d_dir/{row.value.file_name}"
            for row in desired.rows.rows("lookup-table")
            if row.enabled
        )
    services, _ = parse_master(_text(tree, "master-cf"))
    by_name: dict[str, list[tuple[str, str]]] = {}
    for service in services:
        for option in service.options:
            by_name.setdefault(option.name, []).append((service.key, option.value))
    return Words(
        tuple(_parameters(known.parameters, tree, by_name)),
        tuple(service.key for service in services),
        tables,
        tuple(sorted(known.node.map_types)),
    )


def _parameters(
    defaults: Mapping[str, str], tree: ConfigTree, by_name: Mapping[str, list[tuple[str, str]]]
) -> Iterator[Parameter]:
    definitions, _ = parse_main(_text(tree, "main-cf"))
    values = {one.name: one.value for one in definitions}
    replaced = {one.name: one.generated for one in tree.overrides if one.file == "main.cf"}
    for name in sorted({*defaults, *values}):
        default = defaults.get(name, "")
        yield Parameter(
            name,
            kind_of(name, default),
            default,
            is_never(name),
            values.get(name),
            tree.origin_of(name),
            replaced.get(name),
            tuple(by_name.get(name, ())),
        )


def _text(tree: ConfigTree, key: str) -> str:
    return tree.text(_FILES[key]).shown
