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
from starlette.responses import Response
from starlette.routing import Match

from sealgate.api import access, idempotency, problems
from sealgate.api.document import document, documented
from sealgate.api.groups import GROUPS
from sealgate.api.operations import Operation
from sealgate.api.problems import HttpProblem
from sealgate.log import logger
from sealgate.model.errors import SealgateError
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.routing import BaseRoute
    from starlette.types import Message, Receive, Scope, Send

    from sealgate.api.access import Context

_log = logger("api")
_HEAD = "sealgate.head"
"""In the scope of a request that is answered like GET, without its body."""


def make_api(context: Context) -> FastAPI:
    """Return the application."""
    app = FastAPI(title="Sealgate", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.context = context
    app.router.routes = list(_routes())
    app.add_exception_handler(HttpProblem, _http_problem)
    app.add_exception_handler(SealgateError, _error)
    app.add_exception_handler(RequestValidationError, _not_as_described)
    app.add_exception_handler(HTTPException, _refused_by_router)
    described = _description()
    app.openapi = lambda: described  # type: ignore[method-assign]
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


@cache
def _description() -> dict[str, Any]:
    """Return the description of the routes; it is made with the application, so that no request can find it faulty."""
    return document(_routes())


class _Guarded(APIRoute):
    """A route that lets nobody through who may not, and that reads no more than it may."""

    operation: Operation

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether an address and a method are this route's; HEAD is where GET is (RFC 9110 §9.1)."""
        match, more = super().matches(scope)
        if match is Match.PARTIAL and scope["method"] == "HEAD" and self.operation.method == "GET":
            return Match.FULL, more
        return match, more

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; one by HEAD as one by GET, whose body is left out."""
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET", _HEAD: True}
        await super().handle(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()
        operation = self.operation
        known = {one.alias for one in self.dependant.query_params}
        places = {one.alias: "path" for one in self.dependant.path_params} | dict.fromkeys(known, "query")

        async def handle(request: Request) -> Response:
            context: Context = request.app.state.context
            request.state.operation, request.state.places = operation, places
            request.state.actor = await run_in_threadpool(access.actor_of, context, request)
            request.state.actor.may(operation.right)
            _only(known, request)
            if self.body_field is not None:
                _json_only(request)
            bounded = Request(request.scope, _bounded(request.receive, operation.largest))
            try:
                if request.scope.get(_HEAD):
                    return _without_body(await inner(bounded))
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


def _without_body(answer: Response) -> Response:
    """Return the head of an answer; what would have been streamed is never begun."""
    head = Response(status_code=answer.status_code)
    head.raw_headers = answer.raw_headers
    return head


def _only(known: set[str], request: Request) -> None:
    """Refuse parameters that the operation does not have: a word that was mistyped must not be passed over."""
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        possible = f"Possible are: {', '.join(sorted(known))}." if known else "There are none."
        said = {"detail": "There is no such parameter.", "remedy": possible, "in": "query"}
        detail = f"There is no such parameter: {', '.join(shown(name) for name in unknown[:20])}. Nothing was changed."
        raise problems.not_possible(detail, *(said | {"parameter": shown(name)} for name in unknown[:20]))


def _json_only(request: Request) -> None:
    """Refuse a body that is said to be something else than JSON."""
    headers = request.headers
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    sent = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if sent and media and media != "application/json" and not (media.startswith("application/") and "+json" in media):
        detail = "The body of this operation is JSON (Content-Type: application/json). Nothing was changed."
        raise HttpProblem(415, "unsupported-media-type", "Not in this form", detail)


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
    if operation.method in {"GET", "DELETE"}:
        return problems.of_parameters(cast("SealgateError", fault), request.state.places)
    return problems.of_error(fault, operation.fields_at, operation.names)


async def _not_as_described(_request: Request, fault: Exception) -> Response:
    """Answer to what does not fit the description: the place of each fault, never what was sent."""
    found = cast("RequestValidationError", fault).errors()
    if any(error["type"] == "json_invalid" for error in found):
        detail = "The body is no JSON, or was cut off. Nothing was changed."
        return problems.answer(400, "unreadable", "The body cannot be read", detail)
    errors = [_place(error["loc"]) | {"detail": f"{error['msg']}."} for error in found[:100]]
    detail = "What was sent is not as the operation describes it. Nothing was changed."
    return problems.answer(422, "invalid-value", "A value is not possible", detail, errors=errors)


def _place(loc: tuple[int | str, ...]) -> dict[str, str]:
    where, path = str(loc[0]) if loc else "body", [str(part) for part in loc[1:]]
    if where != "body":
        return {"parameter": "/".join(path), "in": where}
    return {"pointer": "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path)}


async def _refused_by_router(request: Request, fault: Exception) -> Response:
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
    headers = {"allow": _allowed(request)} if status == 405 else refusal.headers
    return problems.answer(
        status,
        names.get(status, "refused"),
        titles.get(status, "It was refused"),
        detail,
        headers=headers or {},
    )


def _allowed(request: Request) -> str:
    """Return all methods that an address takes, whichever operations they are of (RFC 9110 §10.2.1)."""
    routes = [route for route in request.app.router.routes if isinstance(route, _Guarded)]
    methods = {route.operation.method for route in routes if route.matches(request.scope)[0] is not Match.NONE}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
