"""The API as one ASGI application: each operation with its right, its bounds, and its way to say that something failed.

It is mounted below `/api/v1` in the process that serves the pages, which sets the headers that every answer carries.
First the person is found and the operation's right asked for; only then is the body read, up to what the operation may
take. The functions run in threads, since store and agent are waited for.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from sealgate.api import access, idempotency, problems
from sealgate.api.document import document, documented
from sealgate.api.groups import GROUPS
from sealgate.api.operations import Operation
from sealgate.api.problems import HttpProblem
from sealgate.log import logger
from sealgate.model.errors import InvalidValue, Problem, SealgateError
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import Message, Receive

    from sealgate.api.access import Context

_log = logger("api")


def make_api(context: Context) -> FastAPI:
    """Return the application."""
    app = FastAPI(title="Sealgate", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.context = context
    app.router.routes = list(_routes())
    app.add_exception_handler(HttpProblem, _http_problem)
    app.add_exception_handler(SealgateError, _error)
    app.add_exception_handler(RequestValidationError, _not_as_described)
    app.add_exception_handler(HTTPException, _refused_by_router)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Return the routes, which know nothing of a gateway and are made once."""
    router = APIRouter()
    for group in GROUPS:
        for operation in group.operations:
            guarded = type("Guarded", (_Guarded,), {"operation": operation})
            router.add_api_route(
                operation.path,
                operation.function,
                methods=[operation.method],
                tags=[group.tag],
                summary=operation.summary,
                description=operation.description,
                operation_id=operation.function.__name__,
                route_class_override=guarded,
                **documented(operation),
            )
    return tuple(router.routes)


class _Guarded(APIRoute):
    """A route that lets nobody through who may not, and that reads no more than it may."""

    operation: Operation

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()
        operation = self.operation
        known = {one.alias for one in self.dependant.query_params}

        async def handle(request: Request) -> Response:
            context: Context = request.app.state.context
            request.state.operation = operation
            request.state.actor = await run_in_threadpool(access.actor_of, context, request)
            request.state.actor.may(operation.right)
            _only(known, request)
            bounded = Request(request.scope, _bounded(request.receive, operation.largest))
            try:
                if operation.method != "POST" or idempotency.HEADER not in request.headers:
                    return await inner(bounded)
                act = (context.gateway, request.state.actor, bounded, inner)
                return await idempotency.once(*act, secret=operation.once)
            except (SealgateError, HttpProblem, HTTPException, RequestValidationError):
                raise
            except Exception as fault:  # noqa: BLE001 - logged, and told without its inside
                _log.exception("an operation ended by a fault of the program", operation=operation.function.__name__)
                return problems.of_error(fault)

        return handle


def _only(known: set[str], request: Request) -> None:
    """Refuse parameters that the operation does not have: a word that was mistyped must not be passed over."""
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        possible = f"Possible are: {', '.join(sorted(known))}." if known else "There are none."
        raise InvalidValue(*(Problem(shown(name), "There is no such parameter.", possible) for name in unknown[:20]))


def _bounded(receive: Receive, most: int) -> Receive:
    came = 0

    async def bounded() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > most:
            raise HTTPException(413, f"More than {most >> 20} MiB were sent. Nothing was changed.")
        return message

    return bounded


async def _http_problem(_request: Request, fault: Exception) -> Response:
    return cast("HttpProblem", fault).answer()


async def _error(request: Request, fault: Exception) -> Response:
    operation: Operation | None = getattr(request.state, "operation", None)
    if operation is None:
        return problems.of_error(fault)
    return problems.of_error(fault, operation.fields_at, operation.names)


async def _not_as_described(_request: Request, fault: Exception) -> Response:
    """Answer to what does not fit the description: the place of each fault, never what was sent."""
    found = cast("RequestValidationError", fault).errors()
    errors = [_place(error["loc"]) | {"detail": f"{error['msg']}."} for error in found[:100]]
    detail = "What was sent is not as the operation describes it. Nothing was changed."
    return problems.answer(422, "invalid-value", "A value is not possible", detail, errors=errors)


def _place(loc: tuple[int | str, ...]) -> dict[str, str]:
    where, path = str(loc[0]) if loc else "body", [str(part) for part in loc[1:]]
    if where != "body":
        return {"parameter": "/".join(path), "in": where}
    return {"pointer": "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path)}


async def _refused_by_router(_request: Request, fault: Exception) -> Response:
    """Answer for what the framework refuses by itself: no such address, another method, a body that cannot be read."""
    refusal = cast("HTTPException", fault)
    names = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 400: "unreadable"}
    titles = {
        404: "There is no such thing",
        405: "Not by this method",
        413: "Too much was sent",
        400: "The body cannot be read",
    }
    details = {404: "The API has no such address.", 405: "This address does not take this method."}
    status = refusal.status_code
    detail = details.get(status, str(refusal.detail))
    return problems.answer(
        status,
        names.get(status, "refused"),
        titles.get(status, "It was refused"),
        detail,
        headers=refusal.headers or {},
    )
