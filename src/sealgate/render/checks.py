"""Header, MIME header, nested header and body checks as pcre and regexp tables, in the order of the page.

Postfix asks the tables of a list one after the other for each line of a message and takes the first match, so rules of
both types keep their order when they are cut into runs of one type, one table a run (header_checks(5)). A block
`if … endif` cannot leave its table; where one contains a rule of the other type, that is an error and the rule
is left out.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from sealgate.model.findings import Finding, Place, error
from sealgate.render.clients import enabled
from sealgate.render.part import Parameter, Part, named, text_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.model.checks import CheckRule, PatternType
    from sealgate.model.desired import DesiredState
    from sealgate.model.objects import Row
    from sealgate.render.facts import NodeFacts
    from sealgate.render.tree import TableFile

NOUNS = {
    "header-check": "header_checks",
    "mime-header-check": "mime_header_checks",
    "nested-header-check": "nested_header_checks",
    "body-check": "body_checks",
}


def checks(desired: DesiredState, node: NodeFacts) -> Part:
    """Return the checks of all four pages."""
    parameters, tables, findings = [], [], []
    for noun, parameter in NOUNS.items():
        made, bad = _tables(noun, parameter, list(enabled(desired, noun)))
        findings += bad
        tables += made
        if made:
            value = tuple(named(table, node) for table in made)
            parameters.append(Parameter(parameter, value, Place(noun), f"The rows of {noun} are not in force."))
    return Part("Header and body checks", tuple(parameters), tuple(tables), findings=tuple(findings))


def _tables(noun: str, parameter: str, rows: list[Row[CheckRule]]) -> tuple[list[TableFile], list[Finding]]:
    typed, findings = _by_block(noun, rows)
    tables: list[TableFile] = []
    for number, (kind, run) in enumerate(groupby(typed, key=lambda pair: pair[0]), 1):
        name = parameter if number == 1 else f"{parameter}-{number}"
        tables.append(text_table(name, kind.value, (row.value.line for _, row in run), Place(noun)))
    return tables, findings


def _by_block(
    noun: str, rows: Iterable[Row[CheckRule]]
) -> tuple[list[tuple[PatternType, Row[CheckRule]]], list[Finding]]:
    """Return the rules with the type of table each goes to, and an error for each rule that its block cannot hold.

    A block's end goes where the block is, whatever type it was given.
    """
    kept: list[tuple[PatternType, Row[CheckRule]]] = []
    findings: list[Finding] = []
    blocks: list[PatternType] = []
    for row in rows:
        rule = row.value
        if rule.action == "ENDIF":
            kept.append((blocks.pop() if blocks else rule.type, row))
        elif blocks and rule.type is not blocks[-1]:
            findings.append(_foreign(noun, row, blocks[-1]))
        else:
            kept.append((rule.type, row))
        if rule.action == "IF":
            blocks.append(blocks[-1] if blocks else rule.type)
    return kept, findings


def _foreign(noun: str, row: Row[CheckRule], block: PatternType) -> Finding:
    return error(
        "check-block-mixed",
        Place(noun, row.key),
        f"The rule is of type {row.value.type.value} and stands in an if-block of type {block.value}.",
        "Postfix keeps each type in a table of its own, and a block cannot reach over two tables.",
        f"Write the rule as {block.value}, or move it out of the block.",
    )
