"""main.cf: the parts of all pages in their order, then the administrator's own lines.

A parameter that an own line sets is left out, with a comment in its place that points there. Comments name no time and
no person: the same state gives the same bytes. That the first own line does not continue the last generated value is
the model's to refuse (`own-lines-continue-generated`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.findings import Place
from sealgate.render.own_lines import own_part, parameters_set
from sealgate.render.tree import Override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgate.render.facts import NodeFacts
    from sealgate.render.part import Parameter, Part

HEAD = """\
# Made by Sealgate. A change by hand is noticed as drift, to be adopted or overwritten (sealgate drift).
# To change a value: sealgate set, sealgate add. For lines of your own: sealgate edit main-cf.
"""


def main_cf(parts: Sequence[Part], own: str, node: NodeFacts) -> tuple[str, tuple[Override, ...]]:
    """Return main.cf and what own lines replaced."""
    mine = parameters_set(own)
    text = HEAD + "".join(_section(part, mine) for part in parts if part.parameters) + own_part(own, node)
    overrides = tuple(
        Override("main.cf", one.name, mine[one.name], one.text, one.loses)
        for part in parts
        for one in part.parameters
        if one.name in mine
    )
    return text, overrides


def origins(parts: Sequence[Part], own: str) -> dict[str, Place]:
    """Return for each parameter of main.cf the place that it comes from; an own line beats a page."""
    found = {one.name: one.origin for part in parts for one in part.parameters}
    found |= {name: Place("own-lines", "main-cf", line=line) for name, line in parameters_set(own).items()}
    return dict(sorted(found.items()))


def _section(part: Part, mine: dict[str, int]) -> str:
    return f"\n# {part.title}\n" + "".join(_definition(one, mine) for one in part.parameters)


def _definition(parameter: Parameter, mine: dict[str, int]) -> str:
    line = mine.get(parameter.name)
    return parameter.lines() if line is None else f"# {parameter.name}: see line {line} of the own lines below.\n"
