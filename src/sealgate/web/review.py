"""Changes: what is not applied, in words and as files; checking, discarding, and making it live.

Checking and applying are jobs: the page that started one goes to a page that shows its progress, and never waits. What
an apply would do is on the same page as its button.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import Grade
from sealgate.model.errors import Conflict, NotFound
from sealgate.services import applying, changes, judging, rendering, reports
from sealgate.services.actor import Right
from sealgate.services.states import DRAFT, LIVE
from sealgate.store import ANY
from sealgate.web import endings, judgements, live_tests, overriding, providers, watching
from sealgate.web.diffs import side_by_side
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.model.findings import Finding
    from sealgate.services.applying import Applied
    from sealgate.services.jobs import Job
    from sealgate.services.judging import Judged
    from sealgate.web.judgements import Judgement
    from sealgate.web.visit import Visit
    from sealgate.web.watching import Checked

MOST_SHOWN = 200
_MOST_FILES = 50
_MOST_LINES = 500


def show(visit: Visit) -> Response:
    """Show everything that is not applied; of many changes a part, and behind the first nothing but changes."""
    after = visit.asked("after")
    if after:
        part = changes.pending_part(visit.gateway, visit.actor, MOST_SHOWN, after)
        return visit.page("changes_more.html", part=part, after=after)
    return _page(visit)


def _page(visit: Visit, problems: dict[str, str] | None = None, status: int = 200, clash: str = "") -> Response:
    seen = changes.last_edit(visit.gateway, visit.actor)  # before what is shown: never newer than that
    part = changes.pending_part(visit.gateway, visit.actor, MOST_SHOWN)
    pending = part.items
    checked = visit.site.standing.bar(visit.actor).checked
    judgement = _judgement(visit, checked)
    return visit.page(
        "changes.html",
        status,
        seen=seen,
        clash=clash,
        pending=pending,
        may_discard_all=visit.may_edit_all() and changes.allows_all(visit.gateway, visit.actor),
        part=part,
        after="",
        files=_files(visit) if pending else [],
        findings=_news(checked, judgement),
        judgement=judgement,
        overrides=overriding.choices(visit, judgement) if judgement and pending else (),
        may_override=Right.OVERRIDE in visit.actor.rights,
        problems=problems or {},
        comment=visit.given("comment"),
        minutes=visit.given("minutes"),
        watch=visit.given("watch"),
        usual_watch=applying.USUAL_WATCH // 60,
    )


def _judgement(visit: Visit, checked: Checked | None) -> Judgement | None:
    """Return what is known of the draft from running it: of its last rehearsal, else of the check in the background."""
    found = judgements.of_kept(reports.of_draft(visit.gateway, visit.actor))
    if found is not None and found.full:
        return found
    return judgements.of_judged(checked.judged if checked is not None else None) or found


def _news(checked: Checked | None, judgement: Judgement | None) -> tuple[Finding, ...]:
    """Return the findings of rehearsal and check, each once, without those that a failed test tells."""
    found = judgement.findings if judgement is not None else ()
    newer = checked.judged.findings if checked is not None else ()
    return tuple(dict.fromkeys([*found, *judgements.untold(newer, judgement.failed if judgement else ())]))


def _files(visit: Visit) -> list[dict[str, Any]]:
    """Return the rendered files that differ, line beside line, as far as a person reads."""
    with rendering.file_differences(visit.gateway, visit.actor, LIVE, DRAFT, _MOST_LINES) as found:
        return [
            {
                "file": item.file,
                "what": item.what.value,
                "rows": list(side_by_side(item.lines[:_MOST_LINES])),
                "more": _MOST_LINES if len(item.lines) > _MOST_LINES else 0,
            }
            for item in islice(found, _MOST_FILES)
        ]


def check(visit: Visit) -> Response:
    """Check the draft, in the background."""
    site, actor = visit.site, visit.actor

    def work(job: Job) -> Judged:
        judged = judging.check(site.gateway, actor, job.progress)
        site.watch.keep(watching.Checked(judged.candidate.limit, judged.candidate.parent, judged))
        return judged

    return visit.go(f"/jobs/{site.jobs.start('check', actor, work).id}")


def rehearse(visit: Visit) -> Response:
    """Rehearse the draft in full, or what is live, in the background."""
    site, actor, live = visit.site, visit.actor, visit.given("of") == "live"

    def work(job: Job) -> Judged:
        judged = judging.rehearse(site.gateway, actor, Grade.FULL, live=live, progress=job.progress)
        if not live:
            site.watch.keep(watching.Checked(judged.candidate.limit, judged.candidate.parent, judged))
        return judged

    what = visit.site.texts("what_if.of_live" if live else "what_if.of_draft")
    return visit.go(f"/jobs/{site.jobs.start('rehearse', actor, work, what).id}")


def apply(visit: Visit) -> Response:
    """Make the draft live, in the background."""
    comment = visit.given("comment")
    overrides = overriding.given(visit)
    if overrides:
        visit.actor.may(Right.OVERRIDE)
    keep_for, watch_for = _seconds(visit, "minutes", 1), _seconds(visit, "watch", 0)
    problems = overriding.problems(overrides) | _problems(comment, keep_for, watch_for)
    if problems:
        return _page(visit, problems, 422)
    site, actor, seen = visit.site, visit.actor, visit.version("seen")
    try:
        applying.check_seen(site.gateway, actor, seen)
    except Conflict as clash:
        return _page(visit, status=409, clash=str(clash))

    def work(job: Job) -> Applied:
        try:
            return applying.apply(
                site.gateway,
                actor,
                comment,
                keep_for=keep_for,
                watch_for=applying.USUAL_WATCH if watch_for is None else watch_for,
                overrides=overrides,
                seen=seen,
                progress=job.progress,
            )
        finally:
            site.standing.forget()
            site.watch.changed()

    return visit.go(f"/jobs/{site.jobs.start('apply', actor, work, comment).id}")


def keep(visit: Visit) -> Response:
    """Keep the revision that is on watch."""
    applying.confirm(visit.gateway, visit.actor, visit.version("revision"))
    visit.site.standing.forget()
    return visit.go("/", done="kept")


def discard(visit: Visit) -> Response:
    """Forget one change of the draft; asked for once more before, since nothing brings it back."""
    noun, key = visit.given("noun"), visit.given("key")
    base = visit.version() if "base" in visit.form else ANY
    if visit.given("sure") != "yes":
        change = changes.change_of(visit.gateway, visit.actor, noun, key, base=base)
        seen = visit.given("base") if base is not ANY else None
        return visit.page("discard_one.html", change=change, base=seen, after=visit.given("after"))
    changes.discard(visit.gateway, visit.actor, noun, key, base=base)
    visit.changed()
    return visit.go("/changes", done="discarded", after=visit.given("after"))


def discard_all(visit: Visit) -> Response:
    """Forget all changes of the draft; asked for once more before."""
    if visit.given("sure") != "yes":
        return visit.page("discard_all.html")
    changes.discard_all(visit.gateway, visit.actor)
    visit.changed()
    return visit.go("/changes", done="discarded_all")


def job(visit: Visit) -> Response:
    """Show how a job goes, or how it ended."""
    found = visit.site.jobs.find(visit.request.path_params["id"], visit.actor)
    if f"job.{found.kind}" not in visit.site.texts.entries:
        raise NotFound("This job was started by a program and has no page.")
    running = not found.ended.is_set()
    return visit.page(
        "job.html",
        job=found,
        running=running,
        end=endings.of(visit, found),
        live=None if running else live_tests.told(found),
        typed=providers.typed_before(visit) if found.kind == "try-provider" else {},
    )


def bar(visit: Visit) -> Response:
    """Give the bar alone, for the script that waits for a check."""
    return visit.page("bar.html")


def _seconds(visit: Visit, name: str, least: int) -> int | None:
    """Return a field of minutes in seconds: None where it is empty, -1 where it is not possible."""
    text = visit.given(name).strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or not least <= int(text[:9]) <= applying.LONGEST_WATCH // 60:
        return -1
    return int(text) * 60


def _problems(comment: str, keep_for: int | None, watch_for: int | None) -> dict[str, str]:
    """Return what is wrong with the form of an apply, by the name of the field."""
    found = {}
    if keep_for == -1:
        found["minutes"] = "The time to keep it is out of range. Give 1 minute to 7 days (10080)."
    if watch_for == -1:
        found["watch"] = "The time to watch is out of range. Give 0 to 10080 minutes (7 days)."
    if not comment.strip():
        found["comment"] = "An apply needs a comment. Say in a few words what it is for."
    return found


ROUTES = (
    get("/changes", Right.VIEW, show),
    get("/changes/bar", Right.VIEW, bar),
    post("/changes/check", Right.VIEW, check),
    post("/changes/rehearse", Right.VIEW, rehearse),
    post("/changes/apply", Right.APPLY, apply),
    post("/changes/keep", Right.APPLY, keep),
    post("/changes/discard", Right.EDIT, discard),
    post("/changes/discard-all", Right.EDIT, discard_all),
    get("/jobs/{id}", Right.VIEW, job),
)
