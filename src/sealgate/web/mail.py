"""Queue, log and audit: what Postfix has in hand, what it said, and who did what.

Nothing here works on the draft. An act on messages of the queue says first how many it is about, and then does it to
exactly the filter that was shown. Lines of the log and names of mail come from strangers: they are text, never markup.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse

from sealgate.link.upkeep import QueueFilter, QueueVerb
from sealgate.model.errors import InvalidValue
from sealgate.services import auditing, mail_log, queue
from sealgate.services.actor import Right
from sealgate.web import asking
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.web.visit import Visit

MOST_MESSAGES = 500
_MOST_BYTES = 256 * 1024
_LINES = 200
_AUDIT = 100


def show_queue(visit: Visit) -> Response:
    """Show the messages that a filter finds."""
    which = _filter(visit.asked)
    listed = replace(which, limit=MOST_MESSAGES + 1)
    found = list(islice(queue.listing(visit.gateway, visit.actor, listed), MOST_MESSAGES))
    return visit.page(
        "queue.html",
        messages=found,
        explain={message.id: asking.about_message(message) for message in found},
        which=which,
        most=MOST_MESSAGES,
        verbs=list(QueueVerb),
        asked_for=_given(visit),
    )


def _given(visit: Visit) -> dict[str, str]:
    return {name: visit.asked(name) for name in ("sender", "recipient", "reason")}


def show_message(visit: Visit) -> Response:
    """Show the beginning of one queued message."""
    name = visit.request.path_params["id"]
    text, whole = b"", True
    for piece in queue.view(visit.gateway, visit.actor, name):
        text += piece
        if len(text) > _MOST_BYTES:
            text, whole = text[:_MOST_BYTES], False
            break
    return visit.page("message.html", id=name, text=text.decode("utf-8", "backslashreplace"), whole=whole)


def act_on_queue(visit: Visit) -> Response:
    """Count what an act is about and ask; asked for once more, do it."""
    try:
        verb = QueueVerb(visit.given("do"))
    except ValueError:
        raise InvalidValue.of("It was not said what to do.", "Choose one of the buttons.", "do") from None
    ids = tuple(visit.all_given("id"))
    which = QueueFilter(ids=ids) if ids else _filter(visit.given)
    if visit.given("sure") != "yes":
        count = queue.count(visit.gateway, visit.actor, verb, which)
        return visit.page("queue_sure.html", verb=verb, which=which, count=count)
    done = queue.act(visit.gateway, visit.actor, verb, which, everything=visit.given("everything") == "yes")
    return visit.go("/queue", done=f"queue_{verb.value}", n=done.count)


def _filter(value: Any) -> QueueFilter:
    parts = {name: value(name).strip()[:300] for name in ("sender", "recipient", "reason")}
    return QueueFilter(**parts)


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
    get("/queue", Right.OPERATE, show_queue),
    post("/queue/act", Right.OPERATE, act_on_queue),
    get("/queue/{id}", Right.CONTENT, show_message),
    get("/log", Right.OPERATE, show_log),
    get("/audit", Right.AUDIT, show_audit),
    post("/audit/verify", Right.AUDIT, verify_audit),
    post("/audit/export", Right.AUDIT, export_audit),
)
