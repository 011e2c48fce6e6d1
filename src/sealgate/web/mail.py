"""Log and audit: what Postfix said, and who did what. Lines of the log come from strangers: text, never markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, StreamingResponse

from sealgate.model.errors import InvalidValue
from sealgate.services import auditing, mail_log
from sealgate.services.actor import Right
from sealgate.web import asking
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.web.visit import Visit

_LINES = 200
_AUDIT = 100


def show_log(visit: Visit) -> Response:
    """Show the last lines of Postfix's log, those of one message, or those behind a place."""
    message, after = _message(visit), visit.asked("after")
    last = min(max(visit.number("lines", _LINES), 1), 5000)
    part = mail_log.part(visit.gateway, visit.actor, after, last=last, message=message)
    return visit.page(
        "log.html",
        lines=[(line, asking.about_line(line)) for line in part.lines],
        explain=asking.about_lines(part.lines) if message else "",
        message=message,
        last=last,
        after=after,
        part=part,
    )


def newer(visit: Visit) -> Response:
    """Give the lines behind a place to the script that follows the log: texts, and the questions about them."""
    if not visit.asked("after"):
        raise InvalidValue.of("It was not said from where on.", "Begin with the last lines of the log.", "after")
    part = mail_log.part(visit.gateway, visit.actor, visit.asked("after"), message=_message(visit))
    lines = [{"text": line, "explain": asking.about_line(line)} for line in part.lines]
    return JSONResponse({"lines": lines, "after": part.place, "more": part.more})


def _message(visit: Visit) -> str:
    return visit.asked("message").strip()[:40]


def show_audit(visit: Visit) -> Response:
    """Show the newest entries of the audit."""
    before = visit.number("before") or None
    entries = auditing.newest(visit.gateway, visit.actor, _AUDIT, before)
    return visit.page("audit.html", entries=entries, before=before, full=len(entries) == _AUDIT)


def verify_audit(visit: Visit) -> Response:
    """Check that the audit is what was written."""
    broken = auditing.verify(visit.gateway, visit.actor)
    return visit.page("audit_verified.html", broken=broken)


def export_audit(visit: Visit) -> Response:
    """Send the whole audit, one JSON object a line."""
    headers = {"content-disposition": 'attachment; filename="audit.ndjson"'}
    visit.actor.may(Right.AUDIT)
    return StreamingResponse(
        auditing.export(visit.gateway, visit.actor), media_type="application/x-ndjson", headers=headers
    )


ROUTES = (
    get("/log", Right.OPERATE, show_log),
    get("/log/newer", Right.OPERATE, newer),
    get("/audit", Right.AUDIT, show_audit),
    post("/audit/verify", Right.AUDIT, verify_audit),
    post("/audit/export", Right.AUDIT, export_audit),
)
