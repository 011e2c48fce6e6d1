"""Long work: how it goes, what came of it, and its steps as they happen (Server-Sent Events)."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Header, Path
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from sealgate.api import access, problems
from sealgate.api.call import Asked
from sealgate.api.examples import example_of
from sealgate.api.operations import Group
from sealgate.api.shapes import Job, Limit
from sealgate.model.errors import NotFound
from sealgate.services.actor import Right
from sealgate.services.jobs import WorkState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sealgate.api.call import Call
    from sealgate.services import jobs
    from sealgate.services.jobs import Jobs

GROUP = Group("jobs", "Long work, by its owner and by who may apply; kept for a week.")

JobId = Annotated[str, Path(description="The job's id.", max_length=100)]
_LONGEST = 600
"""Seconds of one stream of events; whoever watches comes back with Last-Event-ID."""
_LOOK = 0.2
_SILENCE = 15.0
_ASK_AGAIN = 5.0
"""Seconds after which it is asked again who watches; before the result it is asked always."""
ENDED: dict[str, Any] = {
    "id": "eKlE6qPKr49B7sPRhghWxFJF",
    "kind": "apply",
    "state": "done",
    "detail": "one more domain",
    "ended": "2026-03-02T09:15:31Z",
    "progress": [
        {"number": 2, "text": "Building the candidate", "done": 2, "total": 2},
        {"number": 9, "text": "Rehearsing", "done": 0, "total": 0},
    ],
    "result": {
        "revision": 12,
        "in_force": True,
        "outcome": {
            "state": "confirmed",
            "revision": 12,
            "release": "9f2b6c1de07a4583",
            "text": "Applied.",
            "evidence": [],
            "watch_until": None,
            "seconds": 0.4,
        },
        "findings": [],
        "widened": ["mail for example.com is accepted"],
    },
    "address": f"{problems.PREFIX}/jobs/eKlE6qPKr49B7sPRhghWxFJF",
    "events": f"{problems.PREFIX}/jobs/eKlE6qPKr49B7sPRhghWxFJF/events",
}
"""The example of a job that ended, as far as it is not that of one that runs."""


def _event(number: int, name: str, data: Any) -> str:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"


_STREAM = f"retry: 2000\n\n{_event(9, 'progress', ENDED['progress'][1])}{_event(10, 'ended', example_of(Job) | ENDED)}"
_EVENTS: dict[int | str, Any] = {
    200: {
        "description": "The events",
        "content": {"text/event-stream": {"schema": {}, "example": _STREAM}},
    }
}


@GROUP.get("/jobs", Right.VIEW, response_model=list[Job], example=[{}, ENDED])
def list_jobs(call: Asked, limit: Limit = 100) -> Any:
    """List the newest jobs that one may see, newest first."""
    return [job_json(job) for job in call.context.jobs.listing(call.actor, limit)]


@GROUP.get("/jobs/{id}", Right.VIEW, response_model=Job, example=ENDED)
def show_job(call: Asked, id: JobId) -> Any:  # noqa: A002 - the word that the address has
    """Show how a job goes, or how it ended."""
    return job_json(call.context.jobs.find(id, call.actor))


@GROUP.get("/jobs/{id}/events", Right.VIEW, response_class=StreamingResponse, responses=_EVENTS)
def watch_job(
    call: Asked,
    id: JobId,  # noqa: A002
    last_event_id: Annotated[str, Header(description="The last event that was seen.", max_length=20)] = "",
) -> Any:
    """Watch a job: an event `progress` for each step, and `ended` with the whole job at the end.

    Who comes back with Last-Event-ID gets what happened since. A stream ends after ten minutes at the latest, and soon
    after whoever watches may not see the job any more.
    """
    call.context.jobs.find(id, call.actor)
    seen = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else 0
    return StreamingResponse(_events(call.context.jobs, id, call, seen), media_type="text/event-stream")


def job_json(job: jobs.Job) -> dict[str, Any]:
    """Return a job as it is answered: one that has not ended is running and says nothing of how it ends."""
    over = job.ended.is_set()
    outcome = job.outcome if over else {}
    fault, asked = outcome.get("fault"), outcome.get("asked", {})
    return {
        "id": job.id,
        "kind": job.kind,
        "state": (job.state if over else WorkState.RUNNING).value,
        "actor": job.actor,
        "detail": job.detail,
        "at": job.at,
        "ended": job.ended_at if over else None,
        "progress": [_step(step) for step in job.told_steps()],
        "result": outcome.get("result"),
        "problem": problems.of_told(fault, asked.get("fields_at", ""), asked.get("names")) if fault else None,
        "address": f"{problems.PREFIX}/jobs/{job.id}",
        "events": f"{problems.PREFIX}/jobs/{job.id}/events",
    }


def _step(step: tuple[int, str, int, int]) -> dict[str, Any]:
    return dict(zip(("number", "text", "done", "total"), step, strict=True))


async def _events(work: Jobs, name: str, call: Asked, seen: int) -> AsyncIterator[str]:
    began = said = asked = time.monotonic()
    yield "retry: 2000\n\n"
    job = await run_in_threadpool(work.find, name, call.actor)
    while time.monotonic() - began < _LONGEST:
        over = job.ended.is_set()
        if over or time.monotonic() - asked > _ASK_AGAIN:
            asked = time.monotonic()
            if not await run_in_threadpool(_may_still, call, name):
                return
        for step in job.told_steps():
            if step[0] > seen:
                seen, said = step[0], time.monotonic()
                yield _event(seen, "progress", _step(step))
        if over:
            yield _event(seen + 1, "ended", Job.model_validate(job_json(job)).model_dump(mode="json"))
            return
        if time.monotonic() - said > _SILENCE:
            said = time.monotonic()
            yield ": still at work\n\n"
        await asyncio.sleep(_LOOK)
        job = await run_in_threadpool(work.find, name, call.actor)


def _may_still(call: Call, name: str) -> bool:
    """Tell whether whoever began to watch a job may still see it: rights, tokens and sessions end meanwhile."""
    actor = access.known(call.context, call.request)
    if actor is None or Right.VIEW not in actor.rights:
        return False
    try:
        call.context.jobs.find(name, actor)
    except NotFound:
        return False
    return True
