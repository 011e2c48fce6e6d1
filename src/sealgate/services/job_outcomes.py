"""What came of a job as plain JSON: for the store, and for whoever asks later or elsewhere.

Each kind of value that long work ends with has its shape here, once, so that a job says the same whoever started it.
Shapes are stable: names are added, never changed. No shape holds a secret.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from sealgate.link.codec import to_json
from sealgate.model import next_steps
from sealgate.model.errors import InvalidValue, Refused, SealgateError
from sealgate.services import reports
from sealgate.services.applying import Applied
from sealgate.services.imports import Imported
from sealgate.services.judging import Judged
from sealgate.services.policy_tests import Ran

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgate.model.findings import Finding

MOST_FINDINGS = 1000
FAULT = "The program failed. What it did so far is in the history and in the audit; the log has the fault."


@singledispatch
def told(value: Any) -> Any:
    """Return a value as JSON."""
    return to_json(value)


@told.register
def _(value: Judged) -> Any:
    kept = reports.to_json(reports.kept(value.report, value.findings)) if value.report is not None else None
    if kept is not None:
        del kept["findings"]
    return {
        "passed": value.passed,
        "digest": value.candidate.digest,
        "findings": _findings(value.findings),
        "report": kept,
    }


@told.register
def _(value: Applied) -> Any:
    return {
        "revision": value.revision,
        "in_force": value.in_force,
        "outcome": to_json(value.outcome),
        "findings": _findings(value.findings),
        "widened": list(value.widened),
    }


@told.register
def _(value: Ran) -> Any:
    verdicts = [verdict.to_json() for verdict in value.verdicts[: reports.MOST_NAMED]]
    return {"passed": value.passed, "verdicts": verdicts, "rehearsal": told(value.judged)}


@told.register
def _(value: Imported) -> Any:
    return asdict(value) | {"same": value.same}


def fault_told(fault: Exception) -> dict[str, Any]:
    """Return what went wrong: the kind of error, its text, and each problem or finding that it names."""
    if not isinstance(fault, SealgateError):
        return {"kind": "Fault", "text": FAULT}
    said: dict[str, Any] = {"kind": type(fault).__name__, "text": str(fault)}
    if isinstance(fault, InvalidValue):
        said["problems"] = [asdict(problem) for problem in fault.problems]
    if isinstance(fault, Refused):
        said["findings"] = _findings(fault.findings)
    if fault.steps:
        said["steps"] = next_steps.to_json(fault.steps)
    return said


def _findings(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [finding.to_json() for finding in findings[:MOST_FINDINGS]]
