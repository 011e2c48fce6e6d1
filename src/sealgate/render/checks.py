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
    from collections.abc import Iterable, Iterator

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
# Tried in this order; `!` and letters mean something to Postfix, a blank ends a pattern of other tables.
_DELIMITERS = "/|,;%@~=&:_"


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
    kept, findings = _whole_blocks(noun, rows)
    tables: list[TableFile] = []
    for number, (kind, run) in enumerate(groupby(kept, key=lambda row: row.value.type), 1):
        name = parameter if number == 1 else f"{parameter}-{number}"
        tables.append(text_table(name, kind.value, (rule_line(row.value) for row in run), Place(noun)))
    return tables, findings


def _whole_blocks(noun: str, rows: Iterable[Row[CheckRule]]) -> tuple[list[Row[CheckRule]], list[Finding]]:
    """Return the rules without those that stand in a block of the other type, and an error for each of these."""
    kept: list[Row[CheckRule]] = []
    findings: list[Finding] = []
    open_blocks: list[PatternType] = []
    for row in rows:
        if open_blocks and row.value.type is not open_blocks[-1]:
            findings.append(_foreign(noun, row, open_blocks[-1]))
            continue
        if row.value.action in {"IF", "IF!"}:
            open_blocks.append(row.value.type)
        elif row.value.action == "ENDIF" and open_blocks:
            open_blocks.pop()
        kept.append(row)
    return kept, findings


def _foreign(noun: str, row: Row[CheckRule], block: PatternType) -> Finding:
    return error(
        "check-block-of-two-types",
        Place(noun, row.key),
        f"The rule is of type {row.value.type.value} and stands in an if-block of type {block.value}.",
        "Postfix keeps each type in a table of its own, and a block cannot reach over two tables.",
        f"Write the rule as {block.value}, or move it out of the block.",
    )


def rule_line(rule: CheckRule) -> str:
    """Return a rule as pcre_table(5) and regexp_table(5) write it."""
    if rule.action == "ENDIF":
        return "endif"
    delimiter = delimiter_for(rule.pattern)
    pattern = _escaped(rule.pattern, delimiter)
    if rule.action in {"IF", "IF!"}:
        return f"if {'!' if rule.action == 'IF!' or rule.negated else ''}{delimiter}{pattern}{delimiter}{rule.flags}"
    head = f"{'!' if rule.negated else ''}{delimiter}{pattern}{delimiter}{rule.flags}"
    return f"{head} {rule.action} {rule.text}".rstrip()


def delimiter_for(pattern: str) -> str:
    """Return a character to stand around a pattern that does not occur bare in it; `/` where that is possible."""
    bare = set(_bare(pattern))
    return next((char for char in _DELIMITERS if char not in bare), "/")


def _bare(pattern: str) -> Iterator[str]:
    """Give the characters of a pattern that no backslash stands before."""
    characters = iter(pattern)
    for char in characters:
        if char == "\\":
            next(characters, None)
        else:
            yield char


def _escaped(pattern: str, delimiter: str) -> str:
    result, characters = "", iter(pattern)
    for char in characters:
        if char == "\\":
            result += char + next(characters, "")
        else:
            result += f"\\{char}" if char == delimiter else char
    return result
