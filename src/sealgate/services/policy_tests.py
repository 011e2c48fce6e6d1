"""The administrator's own tests: added as one line, and run by a full rehearsal of the draft or of what is live.

Lists, removal, comments, import and export are those of every list (`rows`, `imports`, `exports`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.errors import NotFound
from sealgate.model.next_steps import Act, Step
from sealgate.model.policy_lines import read_policy_test
from sealgate.model.text import shown
from sealgate.model.verdicts import Ruling, Verdict
from sealgate.services import rows
from sealgate.services.actor import Right
from sealgate.services.judging import rehearse
from sealgate.services.nouns import noun_of
from sealgate.services.saved import all_found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.judging import Judged, OnProgress
    from sealgate.services.saved import Saved

NOUN = "policy-test"
PROMISE = "policy-tests"


@dataclass(frozen=True, slots=True)
class Ran:
    """How tests came out; `judged` is the whole rehearsal that they were part of."""

    verdicts: tuple[Verdict, ...]
    judged: Judged

    @property
    def passed(self) -> bool:
        """Whether no test failed."""
        return not any(verdict.ruling is Ruling.FAILED for verdict in self.verdicts)


def add(gateway: Gateway, actor: Actor, line: str, *, name: str = "", comment: str = "", enabled: bool = True) -> Saved:
    """Add a test from its line; `name` beats one on the line, and without any it gets a number."""
    fields = read_policy_test(line)
    if name:
        fields["name"] = name
    return rows.add(gateway, actor, NOUN, fields, comment=comment, enabled=enabled)


def run(
    gateway: Gateway,
    actor: Actor,
    names: Sequence[str] = (),
    *,
    live: bool = False,
    progress: OnProgress | None = None,
) -> Ran:
    """Run the tests, all or those named, of the draft or of what is live; NotFound names those that are missing."""
    wanted = wanted_tests(gateway, actor, names, live=live)
    judged = rehearse(gateway, actor, Grade.FULL, live=live, progress=progress)
    verdicts = map(Verdict.from_json, judged.report.verdicts if judged.report else ())
    own = tuple(one for one in verdicts if one.promise == PROMISE and (not wanted or one.test in wanted))
    return Ran(own, judged)


def wanted_tests(gateway: Gateway, actor: Actor, names: Sequence[str], *, live: bool) -> frozenset[str]:
    """Return the names of the tests to be run, empty for all; NotFound for none, missing ones and such as are off."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        view = reader.live() if live else reader.draft()
        if not view.count(NOUN):
            raise NotFound("There are no policy tests. Add one first.").then(Step(Act.ADD_TEST))
        found = all_found(view, noun_of(NOUN), names)
    off = [row.key for row in found if not row.enabled]
    if off:
        raise NotFound(f"Policy tests: {shown(off[0])} is switched off. Enable it first.").then(
            Step(Act.ENABLE, NOUN, off[0])
        )
    return frozenset(row.key for row in found)
