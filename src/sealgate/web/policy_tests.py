"""Policy tests: the list with how each test ended last, and running them, all or some, as a job.

Adding, changing, ordering, switching and removing them is as in every list (`lists`, `rows`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.nouns import NOUNS
from sealgate.services import policy_tests, rehearsals
from sealgate.services.actor import Right
from sealgate.web import lists
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.services.jobs import Job
    from sealgate.services.policy_tests import Ran
    from sealgate.web.visit import Visit

PATH = f"/mta/{policy_tests.NOUN}"


def show(visit: Visit) -> Response:
    """Show the tests, each with how it ended last; a result of what is live is none of a test that was changed."""
    values = lists.shown(visit, NOUNS[policy_tests.NOUN])
    known = rehearsals.known(visit.gateway, visit.actor)
    marks = values["marks"]
    results = {name: result for name, result in known.tests.items() if not (result.live and name in marks)}
    return visit.page("policy_tests.html", **values, results=results, in_force=known.in_force)


def run(visit: Visit) -> Response:
    """Run the tests in the background: the one whose button was pressed, those that are ticked, or all."""
    site, actor = visit.site, visit.actor
    live = visit.given("of") == "live"
    names = [visit.given("only")] if visit.given("only") else visit.all_given("key")

    def work(job: Job) -> Ran:
        return policy_tests.run(site.gateway, actor, names, live=live, progress=job.progress)

    of = site.texts("what_if.of_live" if live else "what_if.of_draft")
    detail = f"{of}: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}" if names else of
    return visit.go(f"/jobs/{site.jobs.start('policy-tests', actor, work, detail).id}")


ROUTES = (
    get(PATH, Right.VIEW, show),
    post(f"{PATH}/run", Right.VIEW, run),
)
