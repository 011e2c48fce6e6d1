"""What every request and every answer passes: size, origin, and the headers that keep a browser from harm.

A request that would change something must come from our own pages: the browser says so in Sec-Fetch-Site, older ones
in Origin (Fetch Standard §2.2.7; both are set by the browser and by no page). A request without either is no browser's
navigation and is refused too, except below `/api/v1` with a token of its own: no page elsewhere can send one, and with
it no cookie counts. Bodies are bounded while they arrive, whatever length was announced. Answers carry a
content security policy without exceptions: no inline script, no inline style, nothing from elsewhere, no frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 64 * 1024 * 1024
"""A look-up table or an import of a million rows fits; more is refused with 413."""
LARGEST_HEAD = 32 * 1024
"""More than any browser of people sends; refused with 431."""
LARGEST_UNFINISHED = 2 * LARGEST_HEAD
"""What is kept of a head that has no end yet; more is no head at all, refused with 400."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ASSETS = "/static/"
API = "/api/v1"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
POLICY_OF_DATA = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "strict-transport-security": "max-age=31536000",
}


class BodyTooLarge(Exception):  # noqa: N818 - a fact about a request
    """More came than may come: more than `most` bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class Guard:
    """The outermost layer around the pages."""

    def __init__(self, app: ASGIApp, *, largest_body: int = LARGEST_BODY) -> None:
        self._app = app
        self._largest = largest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        data = is_for_programs(scope["path"])
        guarded = _with_headers(send, cached=scope["path"].startswith(_ASSETS), data=data)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEAD:
            await _too_long(data=data)(scope, receive, guarded)
        elif scope["method"] not in _SAFE and not comes_from_here(headers) and not (data and brings_a_token(headers)):
            await _elsewhere(data=data)(scope, receive, guarded)
        elif data and "\n" in scope["path"]:  # a router does not see past a line end
            await _problem(404, "not-found", "The API has no such address.")(scope, receive, guarded)
        elif _announced(headers) > self._largest:
            await _too_large(self._largest, data=data)(scope, receive, guarded)
        else:
            try:
                await self._app(scope, bounded(receive, self._largest), guarded)
            except BodyTooLarge as fault:
                await _too_large(fault.most, data=data)(scope, receive, guarded)
            except ClientDisconnect:
                return  # nobody is there to be answered


def comes_from_here(headers: Headers) -> bool:
    """Tell whether a browser says that a request was made by a page of this very origin, or by hand."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = urlsplit(headers.get("origin", ""))
    return origin.scheme == "https" and bool(origin.netloc) and origin.netloc == headers.get("host")


def is_for_programs(path: str) -> bool:
    """Tell whether a path is one of the API."""
    return path == API or path.startswith(f"{API}/")


def brings_a_token(headers: Headers) -> bool:
    """Tell whether a request says by a token who asks; whether the token is one is not known here."""
    return headers.get("authorization", "").lower().startswith("bearer ")


def _elsewhere(*, data: bool) -> Response:
    text = "This request did not come from a page of this gateway. Nothing was changed."
    return _problem(403, "from-elsewhere", text) if data else PlainTextResponse(f"{text}\n", 403)


def _problem(status: int, kind: str, text: str) -> Response:
    said = {"type": f"urn:sealgate:problem:{kind}", "title": "It was refused", "status": status, "detail": text}
    return JSONResponse(said, status, media_type="application/problem+json")


def _announced(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def _too_long(*, data: bool) -> Response:
    text = "The head of this request is too long. Nothing was changed."
    return _problem(431, "head-too-long", text) if data else PlainTextResponse(f"{text}\n", 431)


def _too_large(most: int, *, data: bool) -> Response:
    size = f"{most >> 20} MiB" if most >= 1 << 20 else f"{most >> 10} KiB"
    text = f"More than {size} were sent. Nothing was changed."
    return _problem(413, "too-large", text) if data else PlainTextResponse(f"{text}\n", 413)


def bounded(receive: Receive, most: int) -> Receive:
    """Return what receives at most so many bytes of a body; BodyTooLarge for more."""
    came = 0

    async def receiving() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > most:
            raise BodyTooLarge(most)
        return message

    return receiving


def _with_headers(send: Send, *, cached: bool, data: bool) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            if data:
                headers["content-security-policy"] = POLICY_OF_DATA
            if not cached:
                headers.setdefault("cache-control", "no-store")
        await send(message)

    return guarded
