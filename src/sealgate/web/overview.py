"""Overview: is mail flowing, is anything wrong, what changed last and by whom, what runs.

Each part that cannot be had says so in its place; the page itself always comes.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.responses import JSONResponse
from starlette.routing import compile_path

from sealgate.model.errors import SealgateError
from sealgate.services import changes, provider_lists, rehearsals, traffic
from sealgate.services.actor import Right
from sealgate.web.charts import stacked_bars
from sealgate.web.entrance import local_path
from sealgate.web.routing import get, post
from sealgate.web.search import found, hits
from sealgate.web.visit import THEME_COOKIE, THEMES

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.services.traffic import Traffic
    from sealgate.web.visit import Visit

_LAST = 5
_SERIES = ("delivered", "delayed", "refused")
_YEAR = 365 * 86400


def show(visit: Visit) -> Response:
    """Show how the gateway stands."""
    mail, reason = _traffic(visit)
    words = visit.site.texts
    titles = [words(f"traffic.{name}") for name in _SERIES]
    return visit.page(
        "overview.html",
        mail=mail,
        mail_reason=reason,
        series=list(zip(_SERIES, titles, strict=True)),
        chart=stacked_bars(mail.slots, _SERIES, titles, words("traffic.chart")) if mail else "",
        history=changes.history(visit.gateway, visit.actor, _LAST),
        known=rehearsals.known(visit.gateway, visit.actor),
        troubles=provider_lists.troubles(visit.gateway, visit.actor, dt.datetime.now(dt.UTC)),
        nightly_at=visit.gateway.settings.nightly_at,
    )


def _traffic(visit: Visit) -> tuple[Traffic | None, str]:
    if Right.OPERATE not in visit.actor.rights:
        return None, ""
    try:
        return traffic.recent(visit.gateway, visit.actor, dt.datetime.now(dt.UTC)), ""
    except SealgateError as fault:
        return None, str(fault)


def search_hits(visit: Visit) -> Response:
    """Give the palette what it shows for a text."""
    found_now = hits(visit, visit.asked("q").strip()[:200])
    return JSONResponse({"hits": [{"name": hit.name, "kind": hit.kind, "path": hit.path} for hit in found_now]})


def search(visit: Visit) -> Response:
    """Find pages, settings and objects by a piece of text."""
    text = visit.asked("q").strip()[:200]
    return visit.page("search.html", text=text, found=found(visit, text) if text else [])


def theme(visit: Visit) -> Response:
    """Keep the colours that the person likes, in a cookie of this browser."""
    wanted, back = visit.given("theme"), local_path(visit.given("back"))
    answer = visit.go(back if _is_shown(unquote(back.partition("?")[0])) else "/")
    if wanted in THEMES:
        answer.set_cookie(THEME_COOKIE, wanted, max_age=_YEAR, path="/", secure=True, httponly=True, samesite="strict")
    return answer


def _is_shown(path: str) -> bool:
    """Tell whether a page can be asked for at a path of this site."""
    from sealgate.web.pages import ROUTES as PAGES

    return any(page.method == "GET" and compile_path(page.path)[0].match(path) for page in PAGES)


ROUTES = (
    get("/", Right.VIEW, show),
    get("/search", Right.VIEW, search),
    get("/search/hits", Right.VIEW, search_hits),
    post("/theme", Right.VIEW, theme),
)
