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
from sealgate.model.errors import NodeUnreachable, NotFound
from sealgate.model.findings import Finding, Place, errors_in, note, warning
from sealgate.model.next_steps import Act, Step
from sealgate.services import reports
from sealgate.services.actor import Right
from sealgate.services.bundles import bundle_of
from sealgate.services.check_context import context
from sealgate.services.desired import desired_state
from sealgate.services.node_facts import facts
from sealgate.store import Candidate

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.link.messages import Override, Progress, Report
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Reader, View

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


def rehearse(
    gateway: Gateway, actor: Actor, grade: Grade, *, live: bool = False, progress: OnProgress | None = None
) -> Judged:
    """Rehearse the draft, or what is live, and keep the report; NodeUnreachable when the agent does not answer.

    The draft is judged once for each state of it; what is live is run again each time.
    """
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        if live and not reader.in_force:
            raise NotFound("No revision is in force, so there is nothing live to rehearse.").then(Step(Act.APPLY))
        view = reader.live() if live else reader.candidate()
        report = gateway.node(actor).judge(bundle_of(reader, view), grade, progress, fresh=live)
        candidate = Candidate(reader.in_force, 0, view.digest()) if live else view.candidate
    judged = Judged(candidate, findings_of(report), report)
    keep(gateway, actor, judged)
    return judged


def keep(gateway: Gateway, actor: Actor, judged: Judged) -> None:
    """Keep the report on a candidate, by its digest and grade."""
    if judged.report is None:
        return
    shape = reports.to_json(reports.kept(judged.report, judged.findings))
    with gateway.writing(actor) as writer:
        writer.put_judgement(judged.candidate.digest, judged.report.grade.value, shape)


def judge(
    gateway: Gateway,
    actor: Actor,
    reader: Reader,
    view: View,
    grade: Grade,
    *,
    overrides: tuple[Override, ...] = (),
    progress: OnProgress | None = None,
) -> Judged:
    """Have the agent judge a view of a candidate; NodeUnreachable when it cannot."""
    report = gateway.node(actor).judge(bundle_of(reader, view), grade, progress, overrides=overrides)
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
        "not-judged",
        Place(),
        "Not judged by Postfix.",
        why,
        "It is judged as soon as the gateway runs.",
    ).then(Step(Act.START))
