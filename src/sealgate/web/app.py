"""The pages as one ASGI application: each address with its method, the right that it needs, and its function.

A route without a right cannot be made. For each request the form is read, the person found, the right asked for; then
the page's function runs in a thread, since store and agent are waited for. Errors become pages in one place.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Mount, Route

from sealgate.log import logger
from sealgate.model.errors import InvalidValue, NotFound, ProofNeeded, SealgateError
from sealgate.web import entrance, failures, proof
from sealgate.web.entrance import GUEST_ROUTES, Guest, local_path
from sealgate.web.formats import address
from sealgate.web.guard import API, HEADERS, Guard, bounded
from sealgate.web.pages import ROUTES
from sealgate.web.static_files import MOUNTED
from sealgate.web.visit import Visit, asked_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.responses import Response

    from sealgate.web.routing import Page
    from sealgate.web.site import Site

_FIELDS = 20_000
_LARGEST_PART = 64 * 1024 * 1024
_LARGEST_OF_A_GUEST = 64 * 1024
"""What somebody unknown may send: a name and a password, or the answer of a passkey."""
_log = logger("web")


def make_app(site: Site) -> Starlette:
    """Return the application for a site."""

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(site.close)

    if not site.static.has_scripts:
        _log.warning(
            "the scripts of the pages are not built, so pages come without them and work as plain forms and links",
            remedy="run 'make assets' in the source tree, or install Sealgate from its wheel",
        )
    routes: list[Route | Mount] = [Mount(MOUNTED, site.static)]
    routes += [Mount(API, site.api(site))] if site.api is not None else []
    routes += [Route(path, _guest(site, function), methods=[method]) for method, path, function in GUEST_ROUTES]
    routes += [Route(page.path, _endpoint(site, page), methods=[page.method]) for page in ROUTES]
    routes.append(Route("/{rest:path}", _endpoint_of_nothing(site), methods=["GET", "POST", "PUT", "DELETE"]))
    return Starlette(
        routes=routes,
        lifespan=life,
        middleware=[Middleware(Guard), Middleware(GZipMiddleware, minimum_size=1000)],
        exception_handlers={HTTPException: _refused_by_router, Exception: _broken(site)},
    )


def _endpoint(site: Site, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            actor = await run_in_threadpool(site.identify, site.gateway, request)
        except SealgateError as fault:
            return failures.bare(site, *failures.kind_of(fault), str(fault))
        if actor is None:
            return _sign_in(site, request)
        try:
            form, body = await _sent(request)
        except InvalidValue as fault:
            return await run_in_threadpool(failures.page, Visit(site, request, actor), fault)
        async with closing(form):
            return await run_in_threadpool(_answer, Visit(site, request, actor, form, body), page)

    return endpoint


def _guest(site: Site, function: Callable[[Guest], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        request = Request(request.scope, bounded(request.receive, _LARGEST_OF_A_GUEST))
        try:
            form, body = await _sent(request)
        except InvalidValue as fault:
            return failures.bare(site, 422, "invalid", str(fault))
        async with closing(form):
            return await run_in_threadpool(entrance.answer, Guest(site, request, form, body), function)

    return endpoint


def _endpoint_of_nothing(site: Site) -> Callable[[Request], Awaitable[Response]]:
    fault = NotFound("There is no such page. Nothing was changed.")

    async def endpoint(request: Request) -> Response:
        actor = await run_in_threadpool(site.identify, site.gateway, request)
        if actor is None:
            return failures.bare(site, 404, "not_found", str(fault))
        return await run_in_threadpool(failures.page, Visit(site, request, actor), fault)

    return endpoint


def _answer(visit: Visit, page: Page) -> Response:
    return proof.taken(visit, lambda: _answered(visit, page))


def _answered(visit: Visit, page: Page) -> Response:
    try:
        visit.actor.may(page.right)
        return page.function(visit)
    except ProofNeeded as fault:
        return proof.page(visit, fault)
    except SealgateError as fault:
        return failures.page(visit, fault)
    except Exception as fault:  # noqa: BLE001 - logged, and told on a page
        _log.exception("a page ended by a fault of the program", path=visit.path)
        try:
            return failures.page(visit, fault)
        except Exception:  # noqa: BLE001 - the page about the fault has it too
            return failures.bare(visit.site, 500, "fault")


@asynccontextmanager
async def closing(form: FormData) -> AsyncIterator[None]:
    """Close the files that came with a form, whatever happens."""
    try:
        yield
    finally:
        await form.close()


async def _sent(request: Request) -> tuple[FormData, bytes]:
    """Read what a request brings: a form, or JSON as it came. InvalidValue for a form that is none."""
    if request.method != "POST":
        return FormData(), b""
    if request.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
        return FormData(), await request.body()
    try:
        return await request.form(max_files=2, max_fields=_FIELDS, max_part_size=_LARGEST_PART), b""
    except HTTPException as fault:
        raise InvalidValue.of(f"The form cannot be read: {fault.detail}") from None


def _sign_in(site: Site, request: Request) -> Response:
    if request.method == "GET":
        return RedirectResponse(address("/sign-in", next=local_path(asked_for(request))), 303)
    return failures.bare(site, 401, "signed_out")


async def _refused_by_router(_request: Request, fault: Exception) -> Response:
    """Answer for what the router refuses by itself (a wrong method, a missing file)."""
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    return PlainTextResponse("There is no such page, or not by this method. Nothing was changed.\n", status)


def _broken(site: Site) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Answer for a fault that nothing else caught. It is outside of the guard, so it brings the headers itself."""

    async def answer(_request: Request, _fault: Exception) -> Response:
        page = failures.bare(site, 500, "fault")
        page.headers.update(HEADERS)
        return page

    return answer
