"""Bad news as RFC 9457 problem details: each error of `model/errors.py` with its status, fields and findings.

`type` is stable and names the kind of problem; texts are for people and may change. A fault in what was sent is named
by a JSON pointer (RFC 6901) into the body, by the parameter, or by the line of a list. A fault of the program is logged
and told without its inside. Nothing here decides anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import JSONResponse

from sealgate.api import next_steps
from sealgate.model.errors import (
    Conflict,
    InvalidValue,
    NodeFailed,
    NodeUnreachable,
    NotFetched,
    NotFound,
    NotPermitted,
    ProofNeeded,
    ProviderFailed,
    Refused,
    SealgateError,
    StoreFailed,
)
from sealgate.services.job_outcomes import fault_told

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA = "application/problem+json"
PREFIX = "/api/v1"
_KINDS: dict[str, tuple[int, str, str]] = {
    InvalidValue.__name__: (422, "invalid-value", "A value is not possible"),
    NotFound.__name__: (404, "not-found", "There is no such thing"),
    Conflict.__name__: (409, "conflict", "Somebody else changed it meanwhile"),
    NotPermitted.__name__: (403, "not-permitted", "You may not do this"),
    ProofNeeded.__name__: (403, "proof-needed", "Show again that it is you"),
    Refused.__name__: (409, "refused", "It was refused"),
    ProviderFailed.__name__: (502, "provider-failed", "An outside provider did not answer as it should"),
    NotFetched.__name__: (502, "not-fetched", "A list was not fetched"),
    StoreFailed.__name__: (503, "store-failed", "The database cannot be used now"),
    NodeUnreachable.__name__: (502, "node-unreachable", "The agent does not answer"),
    NodeFailed.__name__: (502, "node-failed", "The agent could not do it"),
    "Fault": (500, "fault", "The program failed"),
}
_BESIDE_FIELDS = frozenset({"comment", "enabled", "everything", "place", "position"})


class HttpProblem(Exception):  # noqa: N818 - a fact about a request
    """A problem that only HTTP knows: no credentials, a missing or stale precondition, too large, too often."""

    def __init__(
        self, status: int, kind: str, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.title, self.detail = status, kind, title, detail
        self.headers, self.more = dict(headers or {}), more

    def answer(self) -> JSONResponse:
        """Return the answer."""
        return answer(self.status, self.kind, self.title, self.detail, headers=self.headers, **self.more)


def answer(
    status: int, kind: str, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Return a problem as an answer; members without a value are left out."""
    said = {"type": f"urn:sealgate:problem:{kind}", "title": title, "status": status, "detail": detail}
    given = {name: value for name, value in more.items() if value}
    return JSONResponse(said | given, status, headers=dict(headers or {}), media_type=MEDIA)


def of_error(fault: Exception, at: str = "", names: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer to an error; `at` is the pointer to the fields in the body, `names` how the body calls them."""
    said = fault_told(fault)
    status, kind, title = _kind(type(fault))
    return answer(status, kind, title, said["text"], **_details(said, at, names or {}))


def of_parameters(fault: SealgateError, places: Mapping[str, str]) -> JSONResponse:
    """Return the answer to an error of a request without a body; `places` says where each parameter is."""
    said = fault_told(fault)
    status, kind, title = _kind(type(fault))
    details = _details(said, "", {})
    for problem, error in zip(said.get("problems", ()), details["errors"], strict=True):
        error.pop("pointer", None)
        if problem["field"] in places:
            error |= {"parameter": problem["field"], "in": places[problem["field"]]}
    return answer(status, kind, title, said["text"], **details)


def not_possible(detail: str, *errors: Mapping[str, str]) -> HttpProblem:
    """Return the problem of values that are not possible, each with its place."""
    return HttpProblem(422, "invalid-value", "A value is not possible", detail, errors=list(errors))


def of_told(said: Mapping[str, Any], at: str = "", names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the problem of a job that failed, as JSON, from what was kept of its error; `at`, `names` as above."""
    status, kind, title = _KINDS.get(str(said.get("kind")), _KINDS["Fault"])
    problem = {"type": f"urn:sealgate:problem:{kind}", "title": title, "status": status, "detail": said.get("text", "")}
    return problem | {name: value for name, value in _details(said, at, names or {}).items() if value}


def pointer_of(field: str, at: str, names: Mapping[str, str]) -> str:
    """Return the JSON pointer of a field in the body; empty where the fault is not at one place."""
    name = names.get(field, field)
    if not name or name.startswith("line "):
        return ""
    escaped = name.replace("~", "~0").replace("/", "~1")
    return f"/{escaped}" if name in _BESIDE_FIELDS or not at else f"{at}/{escaped}"


def address_of(noun: str, key: str) -> str:
    """Return where the API has an object; empty for what is none."""
    if not noun or not key:
        return ""
    base = {"setting": "settings", "own-lines": "own-lines"}.get(noun, f"rows/{noun}")
    return f"{PREFIX}/{base}/{quote(key, safe='')}"


def finding_json(finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding with the address of the object that it is about."""
    place = finding["place"]
    pointer = f"/fields/{place['field']}" if place["field"] else ""
    told = {name: value for name, value in finding.items() if name != "steps"}
    next_ = next_steps.told(finding)
    told |= {"next": next_} if next_ else {}
    return told | {"pointer": pointer, "address": address_of(place["noun"], place["key"])}


def _kind(cls: type[BaseException]) -> tuple[int, str, str]:
    known = (_KINDS.get(base.__name__) for base in cls.__mro__ if issubclass(cls, SealgateError))
    return next((found for found in known if found), _KINDS["Fault"])


def _details(said: Mapping[str, Any], at: str, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "errors": [_error(problem, at, names) for problem in said.get("problems", ())],
        "findings": [finding_json(finding) for finding in said.get("findings", ())],
        "next": next_steps.told(said),
    }


def _error(problem: Mapping[str, Any], at: str, names: Mapping[str, str]) -> dict[str, Any]:
    field = str(problem["field"])
    said = {"detail": problem["what"], "remedy": problem["remedy"], "field": names.get(field, field)}
    pointer = pointer_of(field, at, names)
    number = field.removeprefix("line ").partition(",")[0] if field.startswith("line ") else ""
    line = {"line": int(number)} if number.isdigit() else {}
    return said | ({"pointer": pointer} if pointer else {}) | line
