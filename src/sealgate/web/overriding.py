"""Applying in spite of a failed test: what the form offers, what it sent, and what is wrong with that.

Each failed test of the last rehearsal has a box and a place for the reason. Who may override, and what nobody may, is
decided by the services and by the agent; the page only does not offer what they would refuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.services.applying import LONGEST_REASON
from sealgate.web.judgements import names_of

if TYPE_CHECKING:
    from sealgate.model.verdicts import Verdict
    from sealgate.web.judgements import Judgement
    from sealgate.web.visit import Visit

MOST_OFFERED = 30
"""Failed tests that a form offers to override: with more of them the draft is what should change."""
_BOX, _REASON = "override.", "reason."


@dataclass(frozen=True, slots=True)
class Choice:
    """One failed test in the form: its name as an override names it, and what was typed about it."""

    verdict: Verdict
    name: str
    ticked: bool
    reason: str

    @property
    def possible(self) -> bool:
        """Whether anybody may override it."""
        return self.verdict.may_be_overridden


def choices(visit: Visit, judgement: Judgement) -> list[Choice]:
    """Return the failed tests of a report, with what the form said about them."""
    typed = dict(given(visit))
    named = [(one, names_of(one)[0]) for one in judgement.failed[:MOST_OFFERED]]
    return [Choice(one, name, name in typed, typed.get(name, "")) for one, name in named]


def given(visit: Visit) -> list[tuple[str, str]]:
    """Return the tests whose box was ticked, each with the reason that was typed beside it."""
    boxes = [name.removeprefix(_BOX) for name in visit.form if name.startswith(_BOX)]
    return [(visit.given(_BOX + box), visit.given(_REASON + box).strip()) for box in boxes]


def problems(overrides: list[tuple[str, str]]) -> dict[str, str]:
    """Return what is wrong with overrides, by the name of the test."""
    found = {}
    for name, reason in overrides:
        if not reason:
            found[name] = "An override needs a reason. Say in a sentence why this failure is acceptable."
        elif len(reason) > LONGEST_REASON:
            found[name] = f"The reason has {len(reason):,} characters; at most {LONGEST_REASON:,} are possible."
    return found
