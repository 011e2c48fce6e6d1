"""The audit trail: read, verified, exported; nobody changes it."""

from __future__ import annotations

import datetime as dt
import json
from itertools import chain
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import StreamingResponse

from sealgate.api.call import Asked, decode_cursor
from sealgate.api.examples import example
from sealgate.api.operations import Group
from sealgate.api.revisions import whole
from sealgate.api.shapes import After, Limit, Told
from sealgate.services import auditing
from sealgate.services.actor import Right

GROUP = Group("audit", "Who did what, when, from where: hash-chained and append-only.")
_ENTRY = {
    "number": 17,
    "at": "2026-03-02T09:15:00Z",
    "actor": "alice",
    "origin": "api 192.0.2.20",
    "verb": "save",
    "object": "relay-domain example.com",
    "detail": {"comment": "head office", "enabled": True, "fields": '{"domain":"example.com"}', "version": 17},
    "hash": "32d40ff9e31efc6b1b74cc01095409cc080cb1fb07a30bbbbbf8559b4c2c4869",
}


class Entry(Told):
    """One line of the audit; with these members and the hash before it anybody can compute its hash."""

    model_config = example(**_ENTRY)

    number: int
    at: dt.datetime
    actor: str
    origin: str
    verb: str
    object: str
    detail: dict[str, Any]
    hash: str


class Entries(Told):
    """One page of the audit, newest first."""

    model_config = example(next=None)

    items: list[Entry]
    next: str | None


class Verification(Told):
    """Whether the chain holds; else the first line that is not what was written, and why."""

    model_config = example(holds=True, number=None, why="")

    holds: bool
    number: int | None
    why: str


@GROUP.get("/audit", Right.AUDIT, response_model=Entries)
def list_audit(call: Asked, limit: Limit = 100, after: After = "") -> Any:
    """List the audit, newest first."""
    found = auditing.newest(call.gateway, call.actor, limit + 1, whole(decode_cursor(after)))
    cursor = str(found[limit - 1].number) if len(found) > limit else ""
    return {"items": found[:limit], "next": call.next_page(cursor)}


@GROUP.get("/audit/verification", Right.AUDIT, response_model=Verification)
def verify_audit(call: Asked) -> Any:
    """Verify the chain from its beginning."""
    broken = auditing.verify(call.gateway, call.actor)
    return {
        "holds": broken is None,
        "number": broken.number if broken else None,
        "why": broken.why if broken else "",
    }


@GROUP.get(
    "/audit/export",
    Right.AUDIT,
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "NDJSON",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}, "example": f"{json.dumps(_ENTRY)}\n"}},
        }
    },
)
def export_audit(
    call: Asked, number: Annotated[int, Query(description="Only lines after this one.", ge=0, le=2**62)] = 0
) -> Any:
    """Export the audit as NDJSON, oldest first; that it was exported is a line of it too."""
    lines = auditing.export(call.gateway, call.actor, number)
    first = next(lines, b"")
    return StreamingResponse(chain([first], lines), media_type="application/x-ndjson")
