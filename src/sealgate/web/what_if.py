"""What if: recent mail tried on the draft, parts that fail, and what is live rehearsed anew. Each is a job.

Nothing live is touched by any of them; the answers are the pages of the jobs.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sealgate.link.rehearsals import MOST_ENVELOPES, Fault
from sealgate.model.errors import InvalidValue
from sealgate.model.units import parse_duration
from sealgate.services import drilling, replaying
from sealgate.services.actor import Right
from sealgate.web.routing import get, post
from sealgate.web.visit import whole

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.link.rehearsals import DrillReport, Replayed
    from sealgate.services.jobs import Job
    from sealgate.web.visit import Visit

USUAL_COUNT = 200
_LONGEST_AGE = 365 * 86400


def show(visit: Visit) -> Response:
    """Show what can be tried."""
    return _page(visit)


def _page(visit: Visit, problems: dict[str, str] | None = None, status: int = 200) -> Response:
    return visit.page(
        "what_if.html",
        status,
        faults=[(fault.name.lower(), fault) for fault in Fault],
        count=visit.given("count", str(USUAL_COUNT)),
        since=visit.given("since"),
        most=MOST_ENVELOPES,
        problems=problems or {},
    )


def replay(visit: Visit) -> Response:
    """Try recent mail on the draft and on what is live, in the background."""
    site, actor = visit.site, visit.actor
    try:
        count, age = _count(visit.given("count")), _age(visit.given("since"))
    except InvalidValue as fault:
        return _page(visit, {p.field: f"{p.what} {p.remedy}".strip() for p in fault.problems}, 422)
    since = time.time() - age if age else 0.0

    def work(job: Job) -> Replayed:
        return replaying.replay(site.gateway, actor, count=count, since=since, progress=job.progress)

    return visit.go(f"/jobs/{site.jobs.start('replay', actor, work).id}")


def _count(text: str) -> int:
    count = whole(text.strip(), "count", USUAL_COUNT)
    if not 1 <= count <= MOST_ENVELOPES:
        raise InvalidValue.of("So many cannot be tried.", f"Enter 1 to {MOST_ENVELOPES:,}.", "count")
    return count


def _age(text: str) -> int:
    try:
        return parse_duration(text, "The time", 1, _LONGEST_AGE) if text.strip() else 0
    except InvalidValue as fault:
        raise fault.at("since") from None


def drill(visit: Visit) -> Response:
    """Let parts fail in a sealed copy, in the background; all of them when none is ticked."""
    site, actor, live = visit.site, visit.actor, visit.given("of") == "live"
    wanted = visit.all_given("fault")
    faults = [fault for fault in Fault if fault.name.lower() in wanted]
    if len(faults) != len(set(wanted)):
        raise InvalidValue.of("There is no such part to fail.", "Tick the boxes of the form.", "fault")

    def work(job: Job) -> DrillReport:
        return drilling.drill(site.gateway, actor, faults, live=live, progress=job.progress)

    what = site.texts("what_if.of_live" if live else "what_if.of_draft")
    return visit.go(f"/jobs/{site.jobs.start('drill', actor, work, what).id}")


ROUTES = (
    get("/what-if", Right.VIEW, show),
    post("/what-if/replay", Right.OPERATE, replay),
    post("/what-if/drill", Right.VIEW, drill),
)
