"""The answers that say what went wrong, as they are described: each with an example, told once for all operations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from sealgate.api import problems
from sealgate.api.problems import MEDIA, HttpProblem
from sealgate.api.shapes import Next
from sealgate.model.errors import Conflict, InvalidValue, NodeUnreachable, NotFound, NotPermitted, StoreFailed
from sealgate.model.next_steps import Act, Step

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.api.operations import Operation

_ALWAYS = {401, 403, 429, 503}
_USUAL = {404, 409, 422}
_WORK = {500, 502}
_BODY = {400, 413, 415}
_CONDITIONAL = 412
REQUIRED = 428
_AGAIN = "Seconds until the next try is looked at."
_NOTHING = "Nothing was changed."


class Fault(BaseModel):
    """One thing that is wrong with what was sent."""

    detail: str
    remedy: str = ""
    field: str = ""
    pointer: str = Field("", description="Where in the body (RFC 6901).", examples=["/fields/domain"])
    parameter: str = Field("", description="Instead of a pointer, where it is none of the body's.")
    where: str = Field("", alias="in", description="Where the parameter is.", examples=["query", "path", "header"])
    line: int = Field(0, description="In a list that was imported.")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["urn:sealgate:problem:conflict"])
    title: str
    status: int
    detail: str = Field(description="What happened, what stands now, what to do next.")
    errors: list[Fault] = []
    findings: list[dict[str, Any]] = []
    next: list[Next] = Field([], description="What can be done next, each as an operation where it is one.")


_MEANT = {
    400: "The body cannot be read",
    401: "Nobody is signed in",
    403: "Not permitted",
    404: "There is no such thing",
    409: "Refused, or in conflict",
    412: "It is not what you saw",
    413: "Too much was sent",
    415: "The body is not JSON",
    422: "A value is not possible",
    428: "If-Match is missing",
    429: "Too many wrong tokens",
    500: "A fault of the program",
    502: "The agent does not answer, or could not do it",
    503: "No database",
}


def statuses(operation: Operation) -> set[int]:
    """Return the status codes of the problems that an operation may answer with."""
    found = _ALWAYS | _USUAL | _WORK | (_BODY if operation.method != "GET" else set())
    found |= {_CONDITIONAL} if operation.conditional else set()
    return found | ({REQUIRED} if operation.function.__annotations__.get("match") == "Required" else set())


def meaning(status: int) -> str:
    """Return what a status code of a problem means, in a few words."""
    return _MEANT[status]


def reference(status: int) -> dict[str, str]:
    """Return the reference to the answer with this status code."""
    return {"$ref": f"#/components/responses/problem-{status}"}


def components() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what operations refer to: the answers by name, and the schemas that these need."""
    described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = described.pop("$defs", {}) | {"Problem": described}
    return {f"problem-{status}": _answer(status) for status in _MEANT}, schemas


def _answer(status: int) -> dict[str, Any]:
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": json.loads(bytes(_example(status).body))}
    told: dict[str, Any] = {"description": _MEANT[status], "content": {MEDIA: content}}
    if status == 429:
        told["headers"] = {"Retry-After": {"description": _AGAIN, "schema": {"type": "string"}}}
    return told


def _example(status: int) -> Response:
    """Return an answer as the program makes it."""
    errors: dict[int, Exception] = {
        403: NotPermitted(
            f"alice/nightly-export may not do this: it needs the right “edit”. {_NOTHING} "
            "Ask an administrator of this gateway."
        ),
        404: NotFound(f"Relay domains: there is no example.org. {_NOTHING}").then(Step(Act.LIST, "relay-domain")),
        409: Conflict(
            f"Relay domains: example.com is there already. {_NOTHING} Change the row that is there, or remove it first."
        ),
        422: InvalidValue.of(
            "The network '192.168.1.1/24' has host bits set.",
            "Did you mean 192.168.1.0/24, or the single address 192.168.1.1?",
            "network",
        ),
        500: RuntimeError(),
        502: NodeUnreachable("The agent of this machine does not answer. Nothing was done.").then(Step(Act.START)),
        503: StoreFailed(f"The database cannot be written: the disk is full. {_NOTHING} Make room, and try again."),
    }
    if status in errors:
        return problems.of_error(errors[status], "/fields")
    kind, title, detail = _OF_HTTP[status]
    return HttpProblem(status, kind, title, detail).answer()


_OF_HTTP = {
    400: ("unreadable", "The body cannot be read", f"The body is no JSON, or was cut off. {_NOTHING}"),
    401: (
        "not-signed-in",
        "Nobody is signed in",
        "The token is not, or no longer, one of this gateway's. Nothing was done.",
    ),
    412: (
        "precondition-failed",
        "It is not what you saw",
        (
            f"The relay-domain 'example.com' was changed by somebody else meanwhile. {_NOTHING} "
            "Compare with what stands now and edit again."
        ),
    ),
    413: ("too-large", "Too much was sent", f"More than 1 MiB were sent. {_NOTHING}"),
    415: (
        "unsupported-media-type",
        "Not in this form",
        f"The body of this operation is JSON (Content-Type: application/json). {_NOTHING}",
    ),
    428: (
        "precondition-required",
        "Say what you saw",
        (
            "Send If-Match with the ETag of the object that you read, or `*` to overwrite whatever stands there. "
            f"{_NOTHING}"
        ),
    ),
    429: (
        "too-many-tries",
        "Too many wrong tokens",
        "This one was not looked at twice. Try again in 30 seconds.",
    ),
}
"""Problems that only HTTP knows: kind, title, detail."""
