"""The OpenAPI 3.1 description of the API, made from the operations themselves.

Every operation says its right, the problems that it may answer with, and the headers that it reads. The description is
served at `/api/v1/openapi.json` to whoever may look; no page that shows it is served, since such pages load programs
from elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from sealgate.api import idempotency, refusals
from sealgate.api.examples import Examples, NoExample
from sealgate.api.groups import GROUPS
from sealgate.api.problems import PREFIX
from sealgate.log import logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute

    from sealgate.api.operations import Operation

_log = logger("api")
ABOUT = """
Everything that the pages and the terminal do, by the same services: edit the draft, check it, rehearse it on a real
Postfix, apply it, go back; look after mail, people and nodes. Nothing that is edited is live before it is applied.

Sign in with `Authorization: Bearer TOKEN`; tokens are made on the page of one's own account. Errors are RFC 9457
problem details. Replacing, changing and removing one object needs `If-Match`. Long work is answered with 202 and a job.
"""
_HEADERS = {
    "ETag": "The version of the object, for If-Match.",
    "Location": "Where the object or the job is that was made.",
    "Link": 'Where the list goes on (RFC 8288, rel="next"); without it this was the last page.',
    "Idempotency-Replayed": "`true`: this was done before, under the same key.",
}
_TAGGED = {operation.path for group in GROUPS for operation in group.operations if operation.conditional}
"""Addresses of objects that have a version."""
_OPERATIONS = {operation.function.__name__: operation for group in GROUPS for operation in group.operations}


def documented(operation: Operation) -> dict[str, Any]:
    """Return what the framework needs to describe an operation."""
    options = dict(operation.options)
    responses: dict[int, Any] = {
        status: {"description": refusals.meaning(status)} for status in refusals.statuses(operation)
    }
    extra: dict[str, Any] = {"x-right": operation.right.value} | options.pop("openapi_extra", {})
    if operation.method == "POST":
        extra["parameters"] = [*extra.get("parameters", ()), _key_parameter()]
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


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """Return the description of these routes."""
    made = get_openapi(
        title="Sealgate",
        version="1",
        openapi_version="3.1.0",
        description=ABOUT.strip(),
        routes=routes,
        servers=[{"url": PREFIX}],
        tags=[{"name": group.tag, "description": group.about} for group in GROUPS],
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    examples = Examples(schemas)
    for operation in (one for path in made["paths"].values() for one in path.values()):
        _complete(operation, examples)
    components["examples"] = examples.components()
    components["responses"], more = refusals.components()
    schemas |= more
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"token": []}]
    return made


def _complete(operation: dict[str, Any], examples: Examples) -> None:
    """Give the description of an operation what the framework does not know."""
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "if-match" and str(refusals.REQUIRED) in operation["responses"]:
            parameter["required"] = True
    for status, answer in operation["responses"].items():
        if not status.startswith("2"):
            operation["responses"][status] = refusals.reference(int(status))
        elif "application/json" in answer.get("content", {}):
            changed = _OPERATIONS[operation["operationId"]].example
            try:
                examples.add_to(answer["content"]["application/json"], changed)
            except NoExample as fault:
                _log.warning("an answer is described without an example", reason=str(fault))
