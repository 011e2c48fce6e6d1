"""Following Postfix's log: its lines as they come (Server-Sent Events), within a bound of time and of followers.

The id of an event is the place in the log where its lines end, so who comes back with Last-Event-ID misses nothing and
gets nothing twice, also after a rotation. Whether the follower may still see the log is asked again all the time.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Header, Query
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from sealgate.api import access, problems
from sealgate.api.call import Asked
from sealgate.api.operations import Group
from sealgate.api.problems import HttpProblem
from sealgate.link.upkeep import LogLines
from sealgate.model.errors import SealgateError
from sealgate.services import mail_log
from sealgate.services.actor import Right
from sealgate.services.job_outcomes import fault_told
from sealgate.services.jobs import owner_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sealgate.api.call import Call

GROUP = Group("log", "Postfix's log as it is written.")
MOST_SECONDS = 600
"""Seconds of one stream; whoever follows comes back with Last-Event-ID."""
MOST_FOLLOWING = 3
"""Streams of one person at the same time, in all their browsers and with all their tokens."""
_LOOK = 1.0
_REST = 0.1
"""Seconds between parts of what is there already, at the least; as long as the last part took if that is more."""
_PASSED_OVER = "The place lies too far back in the log. Older lines were passed over."
_SILENCE = 15.0
_ASK_AGAIN = 5.0


class Followers:
    """How many follow at this moment, by person."""

    def __init__(self) -> None:
        self._following = Counter[str]()
        self._lock = threading.Lock()

    def full(self, owner: str) -> bool:
        """Tell whether a person follows as often as one may."""
        return self._following[owner] >= MOST_FOLLOWING

    @contextmanager
    def one_more(self, owner: str) -> Iterator[bool]:
        """Hold a place in the block; False: there was none left."""
        with self._lock:
            there = not self.full(owner)
            self._following[owner] += there
        try:
            yield there
        finally:
            with self._lock:
                self._following[owner] -= there
                self._following += Counter()


_FOLLOWERS = Followers()


def _event(part: LogLines) -> str:
    gap = f"event: passed-over\ndata: {json.dumps({'text': _PASSED_OVER})}\n\n" if part.passed_over else ""
    return f"{gap}id: {part.place}\nevent: lines\ndata: {json.dumps({'lines': part.lines})}\n\n"


_LINE = "Nov 23 04:12:09 gw sealgate/smtpd[4711]: connect from mail.example.net[203.0.113.25]"
_STREAM = "retry: 2000\n\n" + _event(LogLines((_LINE,), "1835009:52110", more=False))
_EVENTS: dict[int | str, Any] = {
    200: {
        "description": "The lines",
        "content": {"text/event-stream": {"schema": {}, "example": _STREAM}},
    }
}


@GROUP.get("/log/events", Right.OPERATE, response_class=StreamingResponse, responses=_EVENTS)
def follow_log(
    call: Asked,
    lines: Annotated[int, Query(description="The last so many lines first.", ge=0, le=1000)] = 0,
    message: Annotated[str, Query(description="Only what concerns this queue id.", max_length=100)] = "",
    seconds: Annotated[int, Query(description="The stream ends after so many.", ge=1, le=MOST_SECONDS)] = MOST_SECONDS,
    last_event_id: Annotated[
        str, Header(description="The last event that was seen.", pattern="^([0-9]{1,20}:[0-9]{1,18})?$")
    ] = "",
) -> Any:
    """Follow Postfix's log: an event `lines` for what was written, oldest first.

    Who comes back with Last-Event-ID gets what was written since, of the last 16 MiB of the log; an event `passed-over`
    says that older lines were left out. A stream ends after ten minutes at the latest, soon after whoever follows may
    not see the log any more, and with an event `fault`, a problem, when the node does not answer. One person has three
    streams at a time; one more is refused with 429.
    """
    if _FOLLOWERS.full(owner_of(call.actor)):
        raise _too_many()
    first = mail_log.part(call.gateway, call.actor, last_event_id, last=lines, message=message)
    return StreamingResponse(_events(call, first, message, seconds), media_type="text/event-stream")


async def _events(call: Call, part: LogLines, message: str, seconds: int) -> AsyncIterator[str]:
    began = said = asked = time.monotonic()
    took = 0.0
    with _FOLLOWERS.one_more(owner_of(call.actor)) as there:
        if not there:
            yield _fault(json.loads(bytes(_too_many().answer().body)))
            return
        yield "retry: 2000\n\n"
        yield _event(part)  # the place is known from the first moment
        while time.monotonic() - began < seconds and not await call.request.is_disconnected():
            if time.monotonic() - asked > _ASK_AGAIN:
                asked = time.monotonic()
                if not await run_in_threadpool(_may_still, call):
                    return
            rest = max(_REST, took) if part.more else _LOOK
            await asyncio.sleep(min(rest, max(0.0, began + seconds - time.monotonic())))
            looked = time.monotonic()
            try:
                part = await run_in_threadpool(mail_log.part, call.gateway, call.actor, part.place, message=message)
            except SealgateError as fault:
                yield _fault(problems.of_told(fault_told(fault)))
                return
            took = time.monotonic() - looked
            if part.lines or part.passed_over:
                said = time.monotonic()
                yield _event(part)
            elif time.monotonic() - said > _SILENCE:
                said = time.monotonic()
                yield ": nothing new\n\n"


def _may_still(call: Call) -> bool:
    """Tell whether whoever began to follow may still see the log: rights, tokens and sessions end meanwhile."""
    actor = access.known(call.context, call.request)
    return actor is not None and Right.OPERATE in actor.rights


def _fault(problem: dict[str, Any]) -> str:
    return f"event: fault\ndata: {json.dumps(problem)}\n\n"


def _too_many() -> HttpProblem:
    detail = f"You follow the log {MOST_FOLLOWING} times already. End one of these, then try again."
    return HttpProblem(429, "too-many-followers", "Too many follow", detail, headers={"retry-after": "30"})
