"""Is the draft good? The judgement of the agent: the model's whole-state check, then the real Postfix.

The agent runs the model's check itself, and knows more of the node than control does; so when it answers, its word is
all there is to say. When it is down control runs the check with what it knows, and that Postfix has not judged is a
finding as well: saving and looking go on, applying has to wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.checking import check as model_check
from sealgate.model.errors import NodeUnreachable
from sealgate.model.findings import Finding, Place, errors_in, note, warning
from sealgate.services.actor import Right
from sealgate.services.bundles import bundle_of
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
        try:
            return judge(gateway, actor, reader, view, Grade.PROBE, progress=progress)
        except NodeUnreachable as fault:
            return Judged(view.candidate, (*model_findings(gateway, actor, view), not_judged(str(fault))), None)


def judge(
    gateway: Gateway,
    actor: Actor,
    reader: Reader,
    view: View,
    grade: Grade,
    *,
    progress: OnProgress | None = None,
) -> Judged:
    """Have the agent judge a view of a candidate; NodeUnreachable when it cannot."""
    report = gateway.node(actor).judge(bundle_of(reader, view), grade, progress)
    return Judged(view.candidate, findings_of(report), report)


def findings_of(report: Report) -> tuple[Finding, ...]:
    """Return the findings of a report as values."""
    found = tuple(Finding.from_json(data) for data in report.findings)
    if not report.omitted_findings:
        return found
    more = note("more-findings", Place(), f"{report.omitted_findings:,} more findings are not shown.")
    return (*found, more)


def model_findings(gateway: Gateway, actor: Actor, view: View) -> tuple[Finding, ...]:
    """Return what the model finds in a whole state, with what control knows of the node."""
    desired = desired_state(view)
    return tuple(model_check(desired, context(facts(gateway, actor), desired)))


def not_judged(why: str) -> Finding:
    """Return the finding that says that the real Postfix has not seen the draft."""
    return warning(
        "not-judged", Place(), "Not judged by Postfix.", why, "It is judged as soon as the gateway runs: sealgate up"
    )
