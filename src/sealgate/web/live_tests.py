"""Live tests from the pages: each button starts a job, whose page shows step by step what the world answered.

What is tested is what the draft says, never what stands unsaved in a form. A report is read again from what the job
kept, so it is there after a restart too, for whom the job is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.link.codec import from_json
from sealgate.link.live_tests import LiveReport
from sealgate.model.errors import InvalidValue, NotFound
from sealgate.model.findings import Finding
from sealgate.services import live_tests
from sealgate.services.actor import Right
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.responses import Response

    from sealgate.services.jobs import Job
    from sealgate.services.judging import OnProgress
    from sealgate.web.visit import Visit

PREFIX = "test-"
BACK = {
    "test-relay-host": "/mta/config",
    "test-dns": "/mta/config",
    "test-transport": "/mta/transport",
    "test-sasl": "/mta/sasl",
    "test-rbl": "/mta/rbl",
}
"""Each kind of job with the page that it is started from."""
NEEDED = {
    "transport": frozenset({Right.EDIT}),
    "sasl": frozenset({Right.EDIT, Right.SECRETS}),
    "rbl": frozenset({Right.EDIT}),
}
"""The lists whose rows can be tested, with the rights that it needs."""
_NEWEST = 20


@dataclass(frozen=True, slots=True)
class Told:
    """A report as the page of its job shows it."""

    report: LiveReport
    findings: tuple[Finding, ...]
    back: str


@dataclass(frozen=True, slots=True)
class Last:
    """The newest look at DNS: its job, when it was, and what it said in one sentence."""

    job: str
    at: datetime
    text: str
    running: bool


def relay_host(visit: Visit) -> Response:
    """Test a relay host of the draft."""
    name, recipient = visit.given("which"), visit.given("recipient").strip()
    if name not in live_tests.RELAY_HOSTS:
        raise NotFound("There is no such relay host. Nothing was tested.")
    words = visit.site.texts(f"live.{name}")
    site, actor = visit.site, visit.actor
    return _started(
        visit,
        "relay-host",
        words,
        lambda step: live_tests.relay_host(site.gateway, actor, name, recipient=recipient, progress=step),
    )


def row(visit: Visit) -> Response:
    """Test what a row says: the server of a transport, a login, a DNS list."""
    noun, key = visit.request.path_params["noun"], visit.given("key")
    test: dict[str, Callable[..., LiveReport]] = {
        "transport": live_tests.transport,
        "sasl": live_tests.login,
        "rbl": live_tests.dns_list,
    }
    if noun not in test:
        raise NotFound("Rows of this list cannot be tested.")
    if not key:
        raise InvalidValue.of("It was not said which row to test.", "Use the button of a row.", "key")
    site, actor = visit.site, visit.actor
    return _started(visit, noun, key, lambda step: test[noun](site.gateway, actor, key, progress=step))


def dns(visit: Visit) -> Response:
    """Look at what DNS says of the gateway's names."""
    search = visit.given("search").strip()[:200]
    site, actor = visit.site, visit.actor
    return _started(
        visit, "dns", search, lambda step: live_tests.dns_picture(site.gateway, actor, search, progress=step)
    )


def _started(visit: Visit, kind: str, detail: str, ask: Callable[[OnProgress], LiveReport]) -> Response:
    def work(job: Job) -> LiveReport:
        return ask(job.progress)

    return visit.go(f"/jobs/{visit.site.jobs.start(f'{PREFIX}{kind}', visit.actor, work, detail).id}")


def told(job: Job) -> Told | None:
    """Return the report of an ended live test; None for other jobs, for an error, and for an unknown shape."""
    result: Any = job.outcome.get("result")
    if job.kind not in BACK or not isinstance(result, dict):
        return None
    try:
        report = from_json(LiveReport, result, "result")
        return Told(report, tuple(map(Finding.from_json, report.findings)), BACK[job.kind])
    except (InvalidValue, KeyError, TypeError, ValueError):
        return None


def last_look(visit: Visit) -> Last | None:
    """Return this person's newest look at DNS."""
    for job in visit.site.jobs.listing(visit.actor, _NEWEST):
        if job.kind == "test-dns" and "fault" not in job.outcome:
            return Last(job.id, job.at, job.text, not job.ended.is_set())
    return None


def may_test(visit: Visit, noun: str) -> bool:
    """Tell whether this person may test rows of a list; services decide, this is for the button."""
    return noun in NEEDED and NEEDED[noun] <= visit.actor.rights and visit.may_edit(noun)


def away(visit: Visit) -> Response:
    """Lead somebody who opened the address of a button to the page with the button."""
    return visit.go(BACK.get(f"{PREFIX}{visit.request.path_params['noun']}", "/"))


ROUTES = (
    post("/mta/test/relay-host", Right.EDIT, relay_host),
    post("/mta/test/dns", Right.VIEW, dns),
    post("/mta/test/{noun}", Right.EDIT, row),
    get("/mta/test/{noun}", Right.VIEW, away),
)
