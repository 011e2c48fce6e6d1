"""Is the draft good? The model's own checks, then the judgement of the real Postfix on the agent.

`check` says all that is known: findings of the model, and the agent's at the probe grade. When the agent is down that
is a finding as well ("not judged by Postfix"): saving and looking go on, applying has to wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.checking import check as model_check
from sealgate.model.errors import NodeUnreachable
from sealgate.model.findings import Finding, Place, errors_in, warning
from sealgate.services.actor import Right
from sealgate.services.bundles import bundle
from sealgate.services.check_context import context
from sealgate.services.desired import desired_state
from sealgate.services.node_facts import facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.link.messages import Progress, Report
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Candidate, Reader, View

    OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of a candidate. `report` is the agent's, None while it has not judged it."""

    candidate: Candidate
    findings: tuple[Finding, ...]
    report: Report | None

    @property
    def passed(self) -> bool:
        """Whether nothing stops an apply."""
        return self.report is not None and self.report.passed and not errors_in(self.findings)


def check(gateway: Gateway, actor: Actor, progress: OnProgress | None = None) -> Judged:
    """Return everything that is known about the draft, without changing anything."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        view = reader.candidate()
        candidate, own = view.candidate, model_findings(gateway, actor, view)
        try:
            report = judge(gateway, actor, reader, view, Grade.PROBE, progress)
        except NodeUnreachable as fault:
            return Judged(candidate, (*own, not_judged(str(fault))), None)
    return together(candidate, own, report)


def model_findings(gateway: Gateway, actor: Actor, view: View) -> tuple[Finding, ...]:
    """Return what the model finds in a whole state."""
    desired = desired_state(view)
    return tuple(model_check(desired, context(facts(gateway, actor), desired)))


def judge(
    gateway: Gateway, actor: Actor, reader: Reader, view: View, grade: Grade, progress: OnProgress | None
) -> Report:
    """Have the agent judge a view; NodeUnreachable when it cannot."""
    return gateway.node(actor).judge(bundle(reader, view, (reader.live(),)), grade, progress)


def together(candidate: Candidate, own: tuple[Finding, ...], report: Report) -> Judged:
    """Return both halves' findings as one list, each finding once."""
    findings = dict.fromkeys((*own, *(Finding.from_json(data) for data in report.findings)))
    return Judged(candidate, tuple(findings), report)


def not_judged(why: str) -> Finding:
    """Return the finding that says that the real Postfix has not seen the draft."""
    return warning(
        "not-judged", Place(), "Not judged by Postfix.", why, "It is judged as soon as the gateway runs: sealgate up"
    )
