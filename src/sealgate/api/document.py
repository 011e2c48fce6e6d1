"""The OpenAPI 3.1 description of the API, made from the operations themselves.

Every operation says its right, the problems that it may answer with, and the headers that it reads. The description is
served at `/api/v1/openapi.json` to whoever may look; no page that shows it is served, since such pages load programs
from elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field

from sealgate.api import idempotency
from sealgate.api.groups import GROUPS
from sealgate.api.problems import MEDIA, PREFIX

if TYPE_CHECKING:
    from fastapi import FastAPI

    from sealgate.api.operations import Operation

ABOUT = """
Everything that the pages and the terminal do, by the same services: edit the draft, check it, rehearse it on a real
Postfix, apply it, go back; look after mail, people and nodes. Nothing that is edited is live before it is applied.

Sign in with `Authorization: Bearer TOKEN`; tokens are made on the page of one's own account. Errors are RFC 9457
problem details. Replacing, changing and removing one object needs `If-Match`. Long work is answered with 202 and a job.
"""
_ALWAYS = {401: "Nobody is signed in", 403: "Not permitted", 429: "Too many wrong tokens", 503: "No database"}
_USUAL = {404: "There is no such thing", 409: "Refused, or in conflict", 422: "A value is not possible"}
_WORK = {500: "A fault of the program", 502: "The agent does not answer, or could not do it"}
_BODY = {400: "The body cannot be read", 413: "Too much was sent", 415: "The body is not JSON"}
_CONDITIONAL = {412: "It is not what you saw"}
_REQUIRED = {428: "If-Match is missing"}
_HEADERS = {
    "ETag": "The version of the object, for If-Match.",
    "Location": "Where the object or the job is that was made.",
    "Link": 'Where the list goes on (RFC 8288, rel="next"); without it this was the last page.',
    "Retry-After": "Seconds until the next try is looked at.",
    "Idempotency-Replayed": "`true`: this was done before, under the same key.",
}


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


_TAGGED = {operation.path for group in GROUPS for operation in group.operations if operation.conditional}
"""Addresses of objects that have a version."""


def documented(operation: Operation) -> dict[str, Any]:
    """Return what the framework needs to describe an operation."""
    options = dict(operation.options)
    unsafe = operation.method != "GET"
    known = _ALWAYS | _USUAL | _WORK | (_BODY if unsafe else {}) | (_CONDITIONAL if operation.conditional else {})
    known |= _REQUIRED if operation.function.__annotations__.get("match") == "Required" else {}
    content = {"content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    responses = {status: {"description": text, **content} for status, text in known.items()}
    extra: dict[str, Any] = {"x-right": operation.right.value} | options.pop("openapi_extra", {})
    if operation.method == "POST":
        extra["parameters"] = [*extra.get("parameters", ()), _key_parameter()]
    responses[429] |= _headers("Retry-After")
    done = options.get("status_code", 200)
    given = options.get("responses", {})
    responses |= given | {done: given.get(done, {}) | _headers(*_told(operation, done))}
    return options | {"responses": responses, "openapi_extra": extra}


def _told(operation: Operation, status: int) -> list[str]:
    """Return the headers that a success has, or may have."""
    tagged = operation.path in _TAGGED and operation.method != "DELETE"
    having = {
        "ETag": tagged or (operation.path, status) == ("/rows/{noun}", 201),
        "Location": status in {201, 202},
        "Link": "after" in operation.function.__annotations__,
        "Idempotency-Replayed": operation.method == "POST",
    }
    return [name for name, has in having.items() if has]


def _headers(*names: str) -> dict[str, Any]:
    return {"headers": {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in names}}


def _key_parameter() -> dict[str, Any]:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "With the same key the same request is done once, for a day.",
        "schema": {"type": "string", "minLength": 1, "maxLength": idempotency.LONGEST, "pattern": "^[!-~]+$"},
    }


def document(app: FastAPI) -> dict[str, Any]:
    """Return the description, made once."""
    if app.openapi_schema:
        return app.openapi_schema
    made = get_openapi(
        title="Sealgate",
        version="1",
        openapi_version="3.1.0",
        description=ABOUT.strip(),
        routes=app.routes,
        servers=[{"url": PREFIX}],
        tags=[{"name": group.tag, "description": group.about} for group in GROUPS],
    )
    for operation in (one for path in made["paths"].values() for one in path.values()):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "if-match" and "428" in operation["responses"]:
                parameter["required"] = True
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= described.pop("$defs", {}) | {"Problem": described}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"token": []}]
    app.openapi_schema = made
    return made
