"""Bad news as pages: each error of `model/errors.py` with its status, what stands now, and what to do next.

A fault of the program is logged and told without its inside. Nothing here decides anything; a page that can say more
about an error (a form that shows it at the field) does so itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from sealgate.model.errors import (
    Conflict,
    InvalidValue,
    NodeFailed,
    NodeUnreachable,
    NotFound,
    NotPermitted,
    ProviderFailed,
    Refused,
    SealgateError,
    StoreFailed,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.web.site import Site
    from sealgate.web.visit import Visit

STATUS: tuple[tuple[type[SealgateError], int, str], ...] = (
    (InvalidValue, 422, "invalid"),
    (NotFound, 404, "not_found"),
    (Conflict, 409, "conflict"),
    (NotPermitted, 403, "not_permitted"),
    (Refused, 409, "refused"),
    (ProviderFailed, 502, "refused"),
    (StoreFailed, 503, "store"),
    (NodeUnreachable, 502, "unreachable"),
    (NodeFailed, 502, "node"),
)


def kind_of(fault: Exception) -> tuple[int, str]:
    """Return the status and the name of the text for an error."""
    return next(((status, name) for kind, status, name in STATUS if isinstance(fault, kind)), (500, "fault"))


def page(visit: Visit, fault: Exception) -> Response:
    """Return the page for an error."""
    status, name = kind_of(fault)
    if isinstance(fault, StoreFailed):
        return bare(visit.site, status, name, str(fault))
    known: dict[str, Any] = {
        "name": name,
        "text": str(fault) if isinstance(fault, SealgateError) else "",
        "findings": getattr(fault, "findings", ()),
        "problems": getattr(fault, "problems", ()),
        "steps": fault.steps if isinstance(fault, SealgateError) else (),
    }
    return visit.page("error.html", status, **known)


def bare(site: Site, status: int, name: str, text: str = "") -> Response:
    """Return a page that needs neither the store nor a person: for when there is none."""
    made = site.templates.get_template("bare.html")
    return HTMLResponse(made.render(name=name, text=text, theme="auto"), status)
