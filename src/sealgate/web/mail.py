"""Log and audit: what Postfix said, and who did what. Lines of the log come from strangers: text, never markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

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
    """Show the last lines of Postfix's log, or those of one message."""
    message = visit.asked("message").strip()[:40]
    last = min(max(visit.number("lines", _LINES), 1), 5000)
    lines = list(mail_log.lines(visit.gateway, visit.actor, last=last, message=message))
    return visit.page(
        "log.html",
        lines=[(line, asking.about_line(line)) for line in lines],
        explain=asking.about_lines(lines) if message else "",
        message=message,
        last=last,
    )


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
    get("/audit", Right.AUDIT, show_audit),
    post("/audit/verify", Right.AUDIT, verify_audit),
    post("/audit/export", Right.AUDIT, export_audit),
)
