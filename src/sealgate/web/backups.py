"""A backup of the whole gateway as a file to keep, sealed to a passphrase that is given twice.

Who asks proves first who they are, on a page that holds nothing else: so no passphrase is ever put into a page again.
It is in no address, no log and no error. Putting a backup back is done in the terminal; the page says why.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

from sealgate.model.errors import InvalidValue, ProofNeeded
from sealgate.services import backups
from sealgate.services.actor import Right
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.web.visit import Visit

_LONGEST = 1000


def show(visit: Visit) -> Response:
    """Show what a backup is, and the form of one, or the way to the proof that it needs."""
    return _page(visit)


def _page(visit: Visit, problem: str = "", status: int = 200) -> Response:
    needs_proof = backups.needs_proof(visit.gateway, visit.actor)
    return visit.page("backup.html", status, needs_proof=needs_proof, problem=problem)


def prove(visit: Visit) -> Response:
    """Ask for a fresh proof, and lead to the form."""
    backups.require_proof(visit.gateway, visit.actor)
    return visit.go("/backup")


def make(visit: Visit) -> Response:
    """Make a backup and send it."""
    phrase = visit.given("passphrase")
    if phrase != visit.given("again"):
        return _page(visit, visit.site.texts("backup.differ"), 422)
    if len(phrase) > _LONGEST:
        return _page(visit, visit.site.texts("backup.too_long", n=_LONGEST), 422)
    try:
        file, written = backups.spooled(visit.gateway, visit.actor, phrase)
    except ProofNeeded:
        return visit.go("/backup")
    except InvalidValue as fault:
        return _page(visit, str(fault.problems[0]), 422)
    headers = {
        "content-disposition": f'attachment; filename="{name()}"',
        "content-length": str(written.size),
        "content-encoding": "identity",
    }
    return StreamingResponse(backups.in_pieces(file), media_type="application/octet-stream", headers=headers)


def name() -> str:
    """Return the name of a backup of today."""
    return f"sealgate-{dt.datetime.now(dt.UTC):%Y-%m-%d}.backup"


ROUTES = (
    get("/backup", Right.BACKUP, show),
    post("/backup", Right.BACKUP, prove),
    post("/backup/make", Right.BACKUP, make),
)
