"""History: every revision with author, comment and state; what it changed; the ways back.

Making an earlier revision live again is a job, since it may have to be judged first. Restoring fills the draft, with
one object or with all of a revision, and goes live only by an apply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue, NotFound
from sealgate.model.nouns import NOUNS
from sealgate.model.text_forms import WRITERS
from sealgate.services import applying, changes, object_history, reports
from sealgate.services.actor import Right
from sealgate.services.states import StateName
from sealgate.web import judgements
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.link.messages import Outcome
    from sealgate.services.jobs import Job
    from sealgate.services.wording import Difference
    from sealgate.web.visit import Visit

MOST_SHOWN = 200
MOST_REVISIONS = 200


def show(visit: Visit) -> Response:
    """Show the newest revisions, or those before a number."""
    before = visit.number("before") or None
    history = changes.history(visit.gateway, visit.actor, MOST_REVISIONS, before)
    return visit.page("history.html", history=history, before=before, full=len(history.revisions) == MOST_REVISIONS)


def revision(visit: Visit) -> Response:
    """Show one revision: what it changed against another, by default the one before it."""
    number = _number(visit)
    about, report = changes.about(visit.gateway, visit.actor, number)
    kept = reports.from_json(report, about.at.isoformat())
    judgement = judgements.of_kept(kept)
    base = visit.asked("against") or (str(about.parent) if about.parent else "")
    part: changes.Part[Difference] = changes.Part([], "")
    after = visit.asked("after")
    if base:
        states = StateName.parse(base), StateName("revision", number)
        part = changes.compare_part(visit.gateway, visit.actor, *states, limit=MOST_SHOWN, after=after)
    history = changes.history(visit.gateway, visit.actor, MOST_REVISIONS)
    return visit.page(
        "revision.html",
        about=about,
        findings=judgement.findings if judgement else kept.findings,
        judgement=judgement,
        report=kept,
        against=base,
        part=part,
        after=after,
        history=history,
        exported=[name for name in NOUNS if name in WRITERS],
    )


def rollback(visit: Visit) -> Response:
    """Make an earlier revision live again, in the background; without a number the one before that on watch."""
    site, actor = visit.site, visit.actor
    number, watched = visit.version("to"), visit.version("revision")
    if number is None and watched is None:
        raise InvalidValue.of("It was not said what to undo.", "Choose a revision of the history.", "revision")
    applying.check_rollback(site.gateway, actor, number)

    def work(job: Job) -> Outcome:
        try:
            return applying.rollback(site.gateway, actor, number, job.progress, watched=None if number else watched)
        finally:
            site.standing.forget()
            site.watch.changed()

    return visit.go(f"/jobs/{site.jobs.start('rollback', actor, work).id}")


def restore(visit: Visit) -> Response:
    """Fill the draft with a revision; asked for once more where that discards changes."""
    number = _number(visit)
    if visit.given("sure") != "yes" and changes.summary(visit.gateway, visit.actor).objects:
        return visit.page("restore.html", number=number)
    count = changes.restore(visit.gateway, visit.actor, number)
    visit.changed()
    return visit.go("/changes", done="restored", n=count)


def restore_object(visit: Visit) -> Response:
    """Make one object in the draft what it was in a revision."""
    noun, key = visit.given("noun"), visit.given("key")
    object_history.bring_back(visit.gateway, visit.actor, noun, key, _number(visit))
    visit.changed()
    return visit.go("/changes", done="restored_object")


def _number(visit: Visit) -> int:
    text = visit.request.path_params["number"]
    try:
        state = StateName.parse(text)
    except InvalidValue:
        state = None
    if state is None or not state.number:
        raise NotFound("There is no such revision.")
    return state.number


ROUTES = (
    get("/history", Right.VIEW, show),
    get("/history/{number}", Right.VIEW, revision),
    post("/history/rollback", Right.APPLY, rollback),
    post("/history/{number}/restore", Right.RAW, restore),
    post("/history/{number}/restore-object", Right.EDIT, restore_object),
)
