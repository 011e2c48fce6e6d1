"""How a job ended, as its page shows it.

Read from what is kept of the job, so the page is the same after a restart, on another machine, and for a job that a
program started over the API. What is kept in a shape that is not known (of an older version) is None; the page then
says that it ended, and its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.link.codec import from_json
from sealgate.link.messages import Outcome
from sealgate.link.rehearsals import DrillReport, Explained, Replayed
from sealgate.model import next_steps
from sealgate.model.errors import InvalidValue
from sealgate.model.findings import Finding
from sealgate.model.verdicts import Verdict
from sealgate.services import reports
from sealgate.web import judgements
from sealgate.web.explaining import Answered

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.model.next_steps import Step
    from sealgate.services.jobs import Job
    from sealgate.web.judgements import Judgement
    from sealgate.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of a job. `fault` is set where it failed; else what its kind ends with.

    `findings` are those that no failed test of `judgement` tells.
    """

    fault: str = ""
    steps: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()
    judgement: Judgement | None = None
    passed: bool = False
    outcome: Outcome | None = None
    verdicts: tuple[Verdict, ...] = ()
    answers: tuple[Answered, ...] = ()
    replayed: Replayed | None = None
    drilled: DrillReport | None = None


def of(visit: Visit, job: Job) -> Ending | None:
    """Return how a job ended; None while it runs, and where nothing of its result can be shown."""
    if not job.ended.is_set():
        return None
    try:
        if "fault" in job.outcome:
            return _failed(visit, job, job.outcome["fault"])
        return _ENDINGS[job.kind](job, job.outcome["result"])
    except (InvalidValue, KeyError, TypeError, ValueError):
        return None


def _failed(visit: Visit, job: Job, said: dict[str, Any]) -> Ending:
    findings = _findings(said)
    judgement = _refused_by(visit, findings) if job.kind == "apply" and said["kind"] == "Refused" else None
    if judgement is not None:
        findings = judgements.untold(findings, judgement.failed)
    steps = next_steps.from_json(said.get("steps"))
    return Ending(fault=str(said["text"]), steps=steps, findings=findings, judgement=judgement)


def _refused_by(visit: Visit, findings: tuple[Finding, ...]) -> Judgement | None:
    """Return the report that refused an apply; None where the draft went on, or something else refused it."""
    found = judgements.of_kept(reports.of_draft(visit.gateway, visit.actor))
    return found if found is not None and set(found.report.findings) == set(findings) else None


def _judged(_job: Job, result: dict[str, Any]) -> Ending:
    findings = _findings(result)
    judgement = judgements.of_kept(reports.from_json(result["report"] or {}))
    news = judgements.untold(findings, judgement.failed if judgement else ())
    return Ending(findings=news, judgement=judgement, passed=bool(result["passed"]))


def _ran(_job: Job, result: dict[str, Any]) -> Ending:
    verdicts = tuple(map(Verdict.from_json, result["verdicts"]))
    return Ending(findings=_findings(result["rehearsal"]), verdicts=verdicts, passed=bool(result["passed"]))


def _explained(job: Job, result: Any) -> Ending:
    if isinstance(result, dict):  # asked over the API: the question is not kept
        return Ending(answers=(Answered(None, live=False, answer=from_json(Explained, result), about=job.detail),))
    return Ending(answers=tuple(from_json(Answered, one) for one in result))


def _findings(result: dict[str, Any]) -> tuple[Finding, ...]:
    return tuple(map(Finding.from_json, result.get("findings", ())))


_ENDINGS: dict[str, Callable[[Job, Any], Ending]] = {
    "check": _judged,
    "rehearse": _judged,
    "policy-tests": _ran,
    "explain": _explained,
    "replay": lambda _job, result: Ending(replayed=from_json(Replayed, result)),
    "drill": lambda _job, result: Ending(drilled=from_json(DrillReport, result)),
    "apply": lambda _job, result: Ending(
        findings=_findings(result), outcome=from_json(Outcome, result["outcome"], "outcome")
    ),
    "rollback": lambda _job, result: Ending(outcome=from_json(Outcome, result, "outcome")),
}
