"""Check, rehearse, apply, keep, go back; policy tests; and the reports of all that. Long work is a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from sealgate.api.call import Asked
from sealgate.api.examples import example
from sealgate.api.jobs import job_json
from sealgate.api.operations import Group
from sealgate.api.preconditions import Optional
from sealgate.api.shapes import Finding, Given, Job, Number, Told, findings_of
from sealgate.link.messages import Grade
from sealgate.model.errors import NotFound
from sealgate.model.verdicts import Ruling, Verdict
from sealgate.services import applying, judging, policy_tests, reports
from sealgate.services.actor import Right
from sealgate.store import ANY

if TYPE_CHECKING:
    from sealgate.services import jobs
    from sealgate.services.reports import Kept

GROUP = Group("judging", "The way of a change: check, rehearsal, apply, keep, rollback.")
_LONGEST_MINUTES = applying.LONGEST_WATCH // 60
_NAMES = {"for": "keep_minutes", "watch": "watch_minutes", "override": "overrides"}
_VERDICT = Verdict(
    "mail-reaches-its-next-hop",
    "mail to someone@example.com",
    Ruling.NOT_JUDGED,
    tried="A trusted client sends a message to someone@example.com",
    expected="it arrives at 127.0.0.1:2525",
    came="the next hop is on this machine, outside the rehearsal",
).to_json()


class Nothing(Given):
    """Nothing has to be said."""


class Rehearsal(Given):
    """What is rehearsed: the draft or what is live; `probe` delivers nothing, `full` sends mail through."""

    grade: Grade = Field(Grade.FULL, strict=False)
    live: bool = False


class Override(Given):
    """A failed test that shall not stop this apply, and why."""

    test: str = Field(min_length=1, max_length=applying.LONGEST_TEST)
    reason: str = Field(min_length=1, max_length=applying.LONGEST_REASON)


class Application(Given):
    """An apply: why, for how long unless it is kept, and how long mail is watched after it."""

    comment: str = Field(min_length=1, max_length=1000, examples=["one more domain"])
    keep_minutes: int | None = Field(
        None, ge=1, le=_LONGEST_MINUTES, description="Undone by itself after so many minutes, unless it is kept."
    )
    watch_minutes: int = Field(
        10, ge=0, le=_LONGEST_MINUTES, description="Undone by itself if mail suffers until then."
    )
    overrides: list[Override] = Field([], max_length=100)


class Which(Given):
    """A revision; None: the one on watch, or the one confirmed before."""

    revision: int | None = Field(None, ge=1, le=2**31 - 1)


class Run(Given):
    """Which policy tests run, all without names, and on what."""

    names: list[str] = Field([], max_length=1000)
    live: bool = False


class Outcome(Told):
    """How a confirm ended: what is in force now, and a sentence for people."""

    model_config = example(
        state="confirmed",
        revision=12,
        release="9f2b6c1de07a4583",
        text="Revision 12 is confirmed.",
        evidence=[],
        watch_until=None,
        seconds=0.2,
    )

    state: str
    revision: int | None
    release: str
    text: str
    evidence: list[str]
    watch_until: float | None
    seconds: float


class Count(Told):
    """How the tests of one promise came out."""

    model_config = example(promise="strangers-cannot-relay", passed=14, failed=0, not_judged=0)

    promise: str
    passed: int
    failed: int
    not_judged: int


class Try(Told):
    """What was tried in a test that passed, and what came."""

    model_config = example(
        tried="A stranger (203.113.7.9) sends to someone@elsewhere.example, with the null sender",
        came="554 5.7.1 Relay access denied",
    )

    tried: str
    came: str


class Report(Told):
    """A report of a rehearsal as it is kept: failures and what was not judged in full, what passed in short."""

    model_config = example(
        digest="9f2b6c1de07a4583b1c44f0d5e6a7b8c90d1e2f3a4b5c6d7e8f90123456789ab",
        grade="full",
        seconds=21.4,
        at="2026-03-02T09:15:22+00:00",
        findings=[],
        verdicts=[_VERDICT],
        passed=["strangers-cannot-relay: with the null sender on 192.0.2.1:25"],
        judged=["Who may relay, over every listener."],
        not_judged=["A milter at inet:127.0.0.1:8891 was replaced by one without an opinion."],
        overridden=[],
        widened=["mail for example.com is accepted"],
    )

    digest: str
    grade: str
    seconds: float
    at: str
    findings: list[Finding]
    counts: list[Count]
    verdicts: list[dict[str, Any]]
    passed: list[str]
    tries: list[Try] = Field(description="Of the first of `passed`, in the same order.")
    judged: list[str]
    not_judged: list[str]
    overridden: list[dict[str, Any]]
    widened: list[str]


@GROUP.post("/checks", Right.VIEW, response_model=Job, status_code=202, example={"kind": "check", "detail": ""})
def start_check(call: Asked, body: Nothing | None = None) -> Any:
    """Check the draft, as a job: the whole-state check, and the real Postfix at the probe grade."""
    del body
    gateway, actor = call.gateway, call.actor
    return job_json(call.job("check", lambda job: judging.check(gateway, actor, job.progress)))


@GROUP.post("/rehearsals", Right.VIEW, response_model=Job, status_code=202)
def start_rehearsal(call: Asked, body: Rehearsal) -> Any:
    """Rehearse the draft, or what is live, on a real Postfix in a sealed network, as a job; the report is kept."""
    gateway, actor = call.gateway, call.actor

    def work(job: jobs.Job) -> Any:
        return judging.rehearse(gateway, actor, body.grade, live=body.live, progress=job.progress)

    return job_json(call.job("rehearse", work, body.grade.value))


@GROUP.post(
    "/applications",
    Right.APPLY,
    response_model=Job,
    status_code=202,
    names=_NAMES,
    conditional=True,
    example={"kind": "apply", "detail": "one more domain"},
)
def start_apply(call: Asked, body: Application, match: Optional) -> Any:
    """Make the draft live, as a job: judged in full first, watched afterwards.

    With If-Match, the ETag of `GET /changes`, a draft that went on since is not applied (412; in the job 409).

    Overrides need the right `override` besides, and never reach tests without which mail would stop or relay openly.
    """
    if body.overrides:
        call.actor.may(Right.OVERRIDE)
    gateway, actor = call.gateway, call.actor
    seen = None if match.base is ANY else match.base or 0
    with match.holding():
        applying.check_seen(gateway, actor, seen)
    keep_for = body.keep_minutes * 60 if body.keep_minutes else None
    overrides = [(one.test, one.reason) for one in body.overrides]

    def work(job: jobs.Job) -> Any:
        return applying.apply(
            gateway,
            actor,
            body.comment,
            keep_for=keep_for,
            watch_for=body.watch_minutes * 60,
            overrides=overrides,
            seen=seen,
            progress=job.progress,
        )

    return job_json(call.job("apply", work, body.comment))


@GROUP.post("/confirmations", Right.APPLY, response_model=Outcome)
def confirm(call: Asked, body: Which) -> Any:
    """Keep the revision that is on watch."""
    return applying.confirm(call.gateway, call.actor, body.revision)


@GROUP.post("/rollbacks", Right.APPLY, response_model=Job, status_code=202, example={"kind": "rollback", "detail": ""})
def start_rollback(call: Asked, body: Which) -> Any:
    """Make an earlier revision live again, as a job; the draft and the history stay as they are."""
    gateway, actor = call.gateway, call.actor
    applying.check_rollback(gateway, actor, body.revision)
    return job_json(call.job("rollback", lambda job: applying.rollback(gateway, actor, body.revision, job.progress)))


@GROUP.post(
    "/policy-test-runs", Right.VIEW, response_model=Job, status_code=202, example={"kind": "policy-tests", "detail": ""}
)
def start_policy_tests(call: Asked, body: Run) -> Any:
    """Run the administrators' own tests, as a job, by a full rehearsal.

    The tests are rows of the kind `policy-test`.
    """
    gateway, actor = call.gateway, call.actor
    policy_tests.wanted_tests(gateway, actor, body.names, live=body.live)

    def work(job: jobs.Job) -> Any:
        return policy_tests.run(gateway, actor, body.names, live=body.live, progress=job.progress)

    return job_json(call.job("policy-tests", work))


@GROUP.get("/reports/draft", Right.VIEW, response_model=Report)
def show_report_of_draft(call: Asked) -> Any:
    """Show the best report on the draft as it is now."""
    found = reports.of_draft(call.gateway, call.actor)
    if found is None:
        raise NotFound("The draft as it is now was not judged yet. Rehearse it: POST /rehearsals.")
    return _report(found)


@GROUP.get("/revisions/{number}/report", Right.VIEW, response_model=Report)
def show_report_of_revision(call: Asked, number: Number) -> Any:
    """Show the report that a revision was made with."""
    return _report(reports.of_revision(call.gateway, call.actor, number))


def _report(kept: Kept) -> dict[str, Any]:
    return reports.to_json(kept) | {"at": kept.at, "findings": findings_of(kept.findings)}
