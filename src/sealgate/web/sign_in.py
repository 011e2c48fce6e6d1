"""Who asks: from the cookie of a request to the actor of a session, and the cookies that sign-in sets.

All of them are bound to this very host by their names (`__Host-`, RFC 6265bis §4.1.3.2), travel over TLS only, and are
out of reach for scripts. The session's is sent when somebody follows a link to a page here, never with a form of
another site (SameSite=Lax); the mark of a known browser is sent from our own pages only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sealgate.services import sessions
from sealgate.services.origins import Origin
from sealgate.services.signing_in import BROWSER_TIME, Browser

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.signing_in import SignedIn

SESSION = "__Host-session"
BROWSER = "__Host-browser"
TICKET = "__Host-ticket"
_TICKET_LIVES = 600


def identify(gateway: Gateway, request: Request) -> Actor | None:
    """Return who asks, or None for somebody who has not signed in."""
    text = request.cookies.get(SESSION, "")
    return sessions.actor_of(gateway, text, origin_of(request)) if text else None


def origin_of(request: Request) -> Origin:
    """Return where a request comes from."""
    address = request.client.host if request.client else ""
    return Origin("web", address, request.headers.get("user-agent", ""))


def browser_of(request: Request) -> Browser:
    """Return what a browser brings along to a sign-in."""
    cookies = request.cookies
    return Browser(origin_of(request), cookies.get(BROWSER, ""), cookies.get(SESSION, ""))


def let_in(answer: Response, signed_in: SignedIn) -> Response:
    """Give the browser its session, and its mark if it is new."""
    keep(answer, SESSION, signed_in.session)
    if signed_in.browser:
        keep(answer, BROWSER, signed_in.browser, seconds=int(BROWSER_TIME.total_seconds()), site="strict")
    forget(answer, TICKET)
    return answer


def keep(
    answer: Response, name: str, text: str, *, seconds: int | None = None, site: Literal["lax", "strict"] = "lax"
) -> None:
    """Set a cookie; without a time it ends with the browser."""
    answer.set_cookie(name, text, max_age=seconds, path="/", secure=True, httponly=True, samesite=site)


def keep_ticket(answer: Response, text: str) -> None:
    """Keep what binds the next step of a sign-in to this browser, for ten minutes."""
    keep(answer, TICKET, text, seconds=_TICKET_LIVES)


def forget(answer: Response, name: str) -> None:
    """Take a cookie back."""
    answer.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
