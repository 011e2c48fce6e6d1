"""What to do next, as links: how the pages say the steps that errors and findings carry.

A step that no page has (the agent is started on its machine) has no link; the text says enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.next_steps import Act
from sealgate.model.nouns import NOUNS
from sealgate.web.formats import address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.model.next_steps import Step

PATHS: dict[Act, str | None] = {
    Act.LIST: "/mta/{noun}",
    Act.ENABLE: "/mta/{noun}/row",
    Act.ADD_TEST: "/mta/policy-test/add",
    Act.COMPARE: "/changes",
    Act.DISCARD: "/changes",
    Act.APPLY: "/changes",
    Act.CONFIRM: "/changes",
    Act.ROLL_BACK: "/changes",
    Act.REHEARSE: "/changes",
    Act.REHEARSE_LIVE: None,
    Act.HISTORY: "/history",
    Act.DRIFT: "/drift",
    Act.OVERWRITE: "/drift",
    Act.STATUS: "/",
    Act.START: None,
    Act.PEOPLE: "/people",
    Act.RESET: "/people",
    Act.INVITE_OWNER: "/people",
    Act.PUT_BACK: None,
}
"""Each act with the page that has it, None where only the machine does."""
_NAMES = {
    "/changes": "nav.review",
    "/history": "nav.history",
    "/drift": "nav.drift",
    "/": "nav.overview",
    "/people": "nav.people",
    "/mta/policy-test/add": "next.add_test",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A link: where to, and the name of its text, or the text of a row itself."""

    path: str
    name: str = ""
    text: str = ""


def links(steps: Iterable[Step]) -> list[Link]:
    """Return the links for steps, each page once."""
    found = {}
    for step in steps:
        path = PATHS[step.act]
        if path is not None and ("{noun}" not in path or step.noun in NOUNS):
            link = _link(path, step)
            found[link.path] = link
    return list(found.values())


def _link(path: str, step: Step) -> Link:
    if "{noun}" not in path:
        return Link(path, _NAMES[path])
    where = path.format(noun=step.noun)
    return Link(address(where, key=step.key), text=step.key) if step.key else Link(where, f"list.title.{step.noun}")
