"""Errors that cross the link: Sealgate's own exceptions as JSON, and the same exceptions again on the other side.

Only the exceptions of `model/errors.py` cross with their text. Anything else is a fault of the agent: it is logged
there, and what crosses is one sentence without details.
"""

from __future__ import annotations

from typing import Any

from sealgate.model import next_steps
from sealgate.model.errors import (
    Conflict,
    InvalidValue,
    NodeFailed,
    NodeUnreachable,
    NotFound,
    NotPermitted,
    Problem,
    Refused,
    SealgateError,
    StoreFailed,
)
from sealgate.model.findings import Finding

_KINDS: dict[str, type[SealgateError]] = {
    "not-found": NotFound,
    "conflict": Conflict,
    "not-permitted": NotPermitted,
    "store-failed": StoreFailed,
    "node-unreachable": NodeUnreachable,
    "node-failed": NodeFailed,
}
_UNPLANNED = "The agent met a fault it was not made for; its log has the details. Nothing more was changed."


def failure_to_json(error: BaseException) -> dict[str, Any]:
    """Return an exception as JSON."""
    steps = next_steps.to_json(error.steps) if isinstance(error, SealgateError) else []
    return _to_json(error) | ({"steps": steps} if steps else {})


def _to_json(error: BaseException) -> dict[str, Any]:
    if isinstance(error, InvalidValue):
        problems = [{"field": p.field, "what": p.what, "remedy": p.remedy} for p in error.problems]
        return {"kind": "invalid-value", "text": str(error), "problems": problems}
    if isinstance(error, Refused):
        return {"kind": "refused", "text": str(error), "findings": [f.to_json() for f in error.findings]}
    for kind, cls in _KINDS.items():
        if isinstance(error, cls):
            return {"kind": kind, "text": str(error)}
    return {"kind": "node-failed", "text": _UNPLANNED}


def failure_from_json(data: dict[str, Any]) -> SealgateError:
    """Make the exception again; what cannot be read becomes `NodeFailed`."""
    return _from_json(data).then(*next_steps.from_json(data.get("steps")))


def _from_json(data: dict[str, Any]) -> SealgateError:
    kind, text = data.get("kind"), str(data.get("text", ""))
    try:
        if kind == "invalid-value":
            return InvalidValue(*(Problem(p["field"], p["what"], p["remedy"]) for p in data["problems"]))
        if kind == "refused":
            return Refused(text, tuple(Finding.from_json(finding) for finding in data["findings"]))
    except (KeyError, TypeError, ValueError):
        return NodeFailed(text or "The agent's answer cannot be read.")
    return _KINDS.get(str(kind), NodeFailed)(text)
