"""Questions to the real Postfix from a page: a key in a look-up table, a header against the header checks.

The draft is asked, and what is live, side by side: so one sees what an apply would change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.services import check_trials
from sealgate.services.actor import Right
from sealgate.services.check_trials import CHECKS
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.web.visit import Visit


def table_query(visit: Visit) -> Response:
    """Look a key up in a look-up table."""
    table, key = visit.asked("table"), visit.asked("key")
    tried = check_trials.key_in_both(visit.gateway, visit.actor, table, key) if table and key else None
    return visit.page("query.html", table=table, key=key, tried=tried)


def show_tester(visit: Visit) -> Response:
    """Show the tester of header checks."""
    return visit.page("tester.html", noun_name="header-check", text="", tried=None, checks=CHECKS, cut=False)


def test_headers(visit: Visit) -> Response:
    """Look up each header of a text in the checks."""
    noun, text = visit.given("checks"), visit.given("text")
    trial = check_trials.trial(visit.gateway, visit.actor, noun, text)
    return visit.page("tester.html", noun_name=noun, text=text, tried=trial.lines, checks=CHECKS, cut=trial.cut)


ROUTES = (
    get("/mta/table-query", Right.VIEW, table_query),
    get("/mta/check-tester", Right.VIEW, show_tester),
    post("/mta/check-tester", Right.VIEW, test_headers),
)
