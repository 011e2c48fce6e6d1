"""Drift: live files that were edited by hand, shown line by line; taken into the draft, or made again as they were.

Nothing is settled without being asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.services import drifting
from sealgate.services.actor import Right
from sealgate.web.diffs import side_by_side
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.web.visit import Visit


def show(visit: Visit) -> Response:
    """Show which live files are not as the revision in force has them."""
    found = drifting.show(visit.gateway, visit.actor)
    items = [(item, list(side_by_side(_body(item.diff)))) for item in found.items]
    return visit.page("drift.html", drift=found, items=items)


def adopt(visit: Visit) -> Response:
    """Take hand edits into the draft."""
    done = drifting.adopt(visit.gateway, visit.actor, tuple(visit.all_given("file")))
    visit.changed()
    visit.site.standing.forget()
    if done.findings:
        return visit.page("adopted.html", 409, adopted=done)
    return visit.go("/drift", done="adopted", n=len(done.files))


def overwrite(visit: Visit) -> Response:
    """Make live files again as the revision in force has them; asked for once more, since the hand edit is lost."""
    files = tuple(visit.all_given("file"))
    if visit.given("sure") != "yes":
        return visit.page("drift_sure.html", files=files)
    drifting.overwrite(visit.gateway, visit.actor, files)
    visit.site.standing.forget()
    return visit.go("/drift", done="overwritten", n=max(1, len(files)))


def _body(diff: str) -> list[str]:
    return [line for line in diff.splitlines() if not line.startswith(("--- ", "+++ "))]


ROUTES = (
    get("/drift", Right.VIEW, show),
    post("/drift/adopt", Right.RAW, adopt),
    post("/drift/overwrite", Right.APPLY, overwrite),
)
