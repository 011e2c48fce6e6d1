"""Long work in the background: started by one request, watched by others, so that no page waits.

Each job runs in a thread of its own and collects what it says on the way. It ends with a value or with an error of
`model/errors.py`; what nobody planned is logged and told as such. The last jobs are kept in memory, for whoever started
them to look at: what they did to the gateway is in store and journal, and survives this program.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sealgate.log import logger
from sealgate.model.errors import NotFound, SealgateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.link.messages import Progress

    Work = Callable[["Job"], Any]

_KEPT = 200
_STEPS = 200
_log = logger("web")


@dataclass(slots=True)
class Job:
    """One piece of work: what it is (`apply`), who started it, what it said, and how it ended."""

    id: str
    kind: str
    actor: str
    detail: str = ""
    steps: list[Progress] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    fault: Exception | None = None

    def progress(self, step: Progress) -> None:
        """Note a step; a step that only counts on takes the place of the one before."""
        if self.steps and self.steps[-1].text == step.text:
            self.steps[-1] = step
        elif len(self.steps) < _STEPS:
            self.steps.append(step)


class Jobs:
    """The jobs of this program."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, kind: str, actor: str, work: Work, detail: str = "") -> Job:
        """Start a piece of work."""
        job = Job(secrets.token_urlsafe(18), kind, actor, detail)
        with self._lock:
            self._jobs[job.id] = job
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)
        threading.Thread(target=_run, args=(job, work), name=f"job-{kind}", daemon=True).start()
        return job

    def find(self, name: str, actor: str) -> Job:
        """Return a job of this person; NotFound for any other."""
        with self._lock:
            job = self._jobs.get(name)
        if job is None or job.actor != actor:
            raise NotFound("This job is not known any more. What it did is in the history and in the audit.")
        return job

    def close(self) -> None:
        """Wait a moment for work that is about to end."""
        for job in list(self._jobs.values()):
            job.ended.wait(5)


def _run(job: Job, work: Work) -> None:
    try:
        job.value = work(job)
    except SealgateError as fault:
        job.fault = fault
    except Exception as fault:  # noqa: BLE001 - logged, and told to whoever waits
        _log.exception("a job ended by a fault of the program", kind=job.kind)
        job.fault = fault
    finally:
        job.ended.set()
