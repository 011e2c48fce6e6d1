"""Long work in the background: started by one request, watched by others, so that no page or program waits.

Each job runs in a thread of its own and collects what it says on the way. It ends with a value or with an error of
`model/errors.py`; what nobody planned is logged and told as such. A job is in the store from its first moment, under a
lease that this process renews while it lives. So a job is known after a restart and from another machine, and one
whose process died is shown as interrupted once its lease is over, never as running for ever. What a job did to the
gateway is in revisions and audit, whatever becomes of the job.

A job is for who started it (a person in all their browsers and with all their tokens), and for who may apply.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import socket
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import Progress
from sealgate.log import logger
from sealgate.model.errors import NotFound, Refused, SealgateError, StoreFailed
from sealgate.services.actor import Right
from sealgate.services.job_outcomes import FAULT, fault_told, told
from sealgate.store.works import WorkState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store.works import Work

    Doing = Callable[["Job"], Any]

LEASE = 60
"""Seconds after which a job that nobody renews counts as interrupted."""
BEAT = 2.0
"""Seconds between two renewals; progress is kept then too."""
MOST_RUNNING = 10
"""Jobs of one person that may run at the same time."""
_KEPT = 200
_STEPS = 200
_PATIENCE = 0.05
_log = logger("jobs")


@dataclass(slots=True)
class Job:
    """One piece of work: what it is (`apply`), who started it, what it said, and how it ended.

    `value` and `fault` are there while this process knows them; `outcome` is the same as JSON and stays. `asked` is
    kept with a fault: where the request that started it had what the fault is about.
    """

    id: str
    kind: str
    actor: str
    owner: str = ""
    detail: str = ""
    asked: Mapping[str, Any] = field(default_factory=dict)
    at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    steps: list[Progress] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    fault: Exception | None = None
    state: WorkState = WorkState.RUNNING
    outcome: dict[str, Any] = field(default_factory=dict)
    ended_at: dt.datetime | None = None
    changed: bool = False
    last: int = 0

    def progress(self, step: Progress) -> None:
        """Note a step; a step that only counts on takes the place of the one before, with a number of its own."""
        if self.steps and self.steps[-1].text == step.text:
            self.steps[-1] = step
        elif len(self.steps) < _STEPS:
            self.steps.append(step)
            self.numbers.append(0)
        else:
            return
        self.last += 1
        self.numbers[-1] = self.last
        self.changed = True

    def told_steps(self) -> list[tuple[int, str, int, int]]:
        """Return the steps with their numbers, which grow."""
        return [
            (number, s.text, s.done, s.total) for number, s in zip(list(self.numbers), list(self.steps), strict=False)
        ]

    @property
    def here(self) -> bool:
        """Whether this process has the job's value or error itself."""
        return self.value is not None or self.fault is not None or self.state is WorkState.RUNNING

    @property
    def text(self) -> str:
        """What an ended job has to say in one sentence, as far as it says anything."""
        result = self.outcome.get("result")
        inner = result.get("outcome", result) if isinstance(result, dict) else {}
        return str(self.outcome.get("fault", {}).get("text") or inner.get("text", ""))


class Jobs:
    """The jobs of a gateway, and those that this process does."""

    def __init__(self, gateway: Gateway, *, lease: int = LEASE, beat: float = BEAT) -> None:
        self._gateway = gateway
        self._lease, self._beat = lease, beat
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._running: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._beating: threading.Thread | None = None

    def start(
        self, kind: str, actor: Actor, doing: Doing, detail: str = "", asked: Mapping[str, Any] | None = None
    ) -> Job:
        """Start a piece of work; Refused for more at a time than one person needs."""
        owner = owner_of(actor)
        job = Job(secrets.token_urlsafe(18), kind, actor.name, owner, detail[:500], asked or {})
        with self._lock:
            if sum(other.owner == owner for other in self._running.values()) >= MOST_RUNNING:
                raise Refused(f"{MOST_RUNNING} jobs of yours are running. Nothing was started. Wait for one to end.")
            self._running[job.id] = job
        try:
            with self._gateway.writing(actor) as writer:
                values = {"kind": kind, "owner": owner, "actor": actor.name, "detail": job.detail}
                writer.begin_work(job.id, holder=self._holder, seconds=self._lease, **values)
        except BaseException:
            self._forget(job)
            raise
        with self._lock:
            self._jobs[job.id] = job
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)
            if self._beating is None:
                self._beating = threading.Thread(target=self._renew_all, name="jobs-lease", daemon=True)
                self._beating.start()
        threading.Thread(target=self._run, args=(job, doing), name=f"job-{kind}", daemon=True).start()
        return job

    def find(self, name: str, actor: Actor) -> Job:
        """Return a job of this person, or any for who may apply; NotFound for any other."""
        with self._lock:
            job = self._jobs.get(name) or self._running.get(name)
        if job is None:
            with self._gateway.store.reading() as reader:
                work = reader.work(name) if "\0" not in name else None
            job = _remembered(work) if work is not None else None
        if job is None or (job.owner != owner_of(actor) and Right.APPLY not in actor.rights):
            raise NotFound("This job is not known any more. What it did is in the history and in the audit.")
        return job

    def listing(self, actor: Actor, limit: int = 100) -> list[Job]:
        """Return the newest jobs that this person may see, newest first."""
        actor.may(Right.VIEW)
        with self._gateway.store.reading() as reader:
            works = reader.works(None if Right.APPLY in actor.rights else owner_of(actor), limit)
        with self._lock:
            return [self._jobs.get(work.id) or _remembered(work) for work in works]

    def close(self) -> None:
        """Wait a moment for work that is about to end."""
        for job in list(self._running.values()):
            job.ended.wait(5)
        self._closed.set()
        if self._beating is not None:
            self._beating.join(10)

    def _run(self, job: Job, doing: Doing) -> None:
        try:
            job.value = doing(job)
            job.outcome = {"result": told(job.value)}
            state = WorkState.DONE
        except SealgateError as fault:
            job.fault, job.outcome, state = fault, _failed(job, fault), WorkState.FAILED
        except Exception as fault:  # noqa: BLE001 - logged, and told to whoever waits
            _log.exception("a job ended by a fault of the program", kind=job.kind)
            job.fault, job.outcome, state = fault, _failed(job, fault), WorkState.FAILED
        job.ended_at = dt.datetime.now(dt.UTC)
        try:
            with self._gateway.store.writing(job.actor) as writer:
                writer.end_work(job.id, state, job.told_steps(), job.outcome)
        except StoreFailed as fault:
            _log.warning("the end of a job could not be kept", kind=job.kind, reason=str(fault))
        finally:
            self._forget(job)
            job.state = state
            job.ended.set()

    def _forget(self, job: Job) -> None:
        with self._lock:
            self._running.pop(job.id, None)

    def _renew_all(self) -> None:
        """Renew the leases of all that runs here; if somebody else is writing just now, the next beat does it."""
        due = 0.0
        while not self._closed.wait(self._beat):
            with self._lock:
                running = list(self._running.values())
            due += self._beat
            jobs = [job for job in running if job.changed or due >= self._lease / 4]
            if not jobs:
                continue
            due = 0.0
            try:
                with self._gateway.store.writing("system:jobs", wait=_PATIENCE) as writer:
                    for job in running:
                        job.changed = False
                        writer.renew_work(job.id, job.told_steps(), self._lease)
            except StoreFailed:
                due = self._lease


def owner_of(actor: Actor) -> str:
    """Return whose a job is: the account's, in all its browsers and with all its tokens, or the login's."""
    return actor.person or actor.name


def _failed(job: Job, fault: Exception) -> dict[str, Any]:
    return {"fault": fault_told(fault)} | ({"asked": dict(job.asked)} if job.asked else {})


def _remembered(work: Work) -> Job:
    """Return a job that another process does or did."""
    job = Job(work.id, work.kind, work.actor, work.owner, work.detail, at=work.at)
    for number, text, done, total in work.steps:
        job.steps.append(Progress(text, done, total))
        job.numbers.append(number)
    job.last = max(job.numbers, default=0)
    job.state, job.outcome, job.ended_at = work.state, work.outcome, work.ended
    if job.state is not WorkState.RUNNING:
        job.ended.set()
    return job


__all__ = ["FAULT", "Job", "Jobs", "WorkState", "owner_of"]
