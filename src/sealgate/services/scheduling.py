"""What the control half does by itself: probes of the draft, the nightly rehearsal, rows that expire, providers' lists.

`Scheduler.step` looks whether something is due, does at most one thing, and says when to look again. Nothing is lost
when the process dies: what was due is due at the next start. Each work is a job with a lease in the store, so that of
two schedulers (a second machine on the same database) one works. How each ended last is kept there for `status`.

- *probe*: some seconds after the last save the newest draft is judged at probe grade. Only the newest counts: a report
  on an older draft is kept under that draft's digest and waited for by nobody.
- *nightly*: at the set time what is live is rehearsed in full, anew, with the policy tests.
- *expiry*: when a day is over, rows whose last day it was stop counting (`expiring`).
- *providers*: lists of providers are fetched when they are due, one after the other (`list_fetching`).

A fault of the program in one of them is logged, is how that work ended, and stops none of the others.

The time of day comes from `Clock`, so the rules can be tried without waiting.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from sealgate.link.messages import Grade
from sealgate.log import logger
from sealgate.model.errors import NodeUnreachable, SealgateError
from sealgate.model.verdicts import Ruling
from sealgate.services import expiring, judging, reports
from sealgate.services.actor import Actor, Right
from sealgate.services.providing import PROVIDERS, Lists

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.gateway import Gateway

PROBE, NIGHTLY, EXPIRY, SELF = "probe", "nightly", "expiry", "scheduler"
LEASE = 900.0
"""Seconds that one work may take before another scheduler may take it over."""
PRESENCE = 7200.0
_FAULT = "This ended by a fault of the program. Nothing of it was done. It is tried again; the log has the details."
_log = logger("scheduler")


@dataclass(frozen=True, slots=True)
class Pace:
    """How often is looked, in seconds. `quiet`: how long nobody saves before the draft is probed."""

    look: float = 1.0
    quiet: float = 2.0
    retry: float = 60.0


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of day (aware, in the machine's zone) and a clock that never jumps, in seconds."""

    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC).astimezone()
    ticks: Callable[[], float] = time.monotonic


def last_before(now: dt.datetime, at: str) -> dt.datetime | None:
    """Return the last time that the clock showed `at` (HH:MM), in the zone of `now`; None where `at` is empty."""
    if not at:
        return None
    moment = dt.datetime.combine(now.date(), dt.time.fromisoformat(at), now.tzinfo)
    return moment if moment <= now else moment - dt.timedelta(days=1)


@dataclass(slots=True)
class Scheduler:
    """The scheduler of one gateway. `holder` names this machine in leases: a new process takes over its own."""

    gateway: Gateway
    holder: str
    pace: Pace = field(default_factory=Pace)
    clock: Clock = field(default_factory=Clock)
    _edit: int = -1
    _edited: float = 0.0
    _probed: int = -1
    _retry: dict[str, float] = field(default_factory=dict)
    _night: dt.datetime | None = None
    _day: tuple[dt.date, int] | None = None
    _present: float = float("-inf")
    _lists: Lists = field(init=False)

    def __post_init__(self) -> None:
        self._lists = Lists(self.gateway, self.clock.now)

    def begin(self) -> None:
        """Begin: a nightly rehearsal that was due while nothing ran is not made up for, unless one was held before."""
        now = self.clock.now()
        with self.gateway.store.reading() as reader:
            done = next((job.finished for job in reader.jobs() if job.name == NIGHTLY), None)
        self._night = done or now

    def step(self) -> float:
        """Do what is due, at most one thing; return the seconds after which to look again."""
        self._show_presence()
        for name, due, work in (
            (EXPIRY, self._expiry_due, self._expire),
            (NIGHTLY, self._night_due, self._rehearse),
            (PROBE, self._probe_due, self._probe),
            (PROVIDERS, self._lists.due, self._lists.work),
        ):
            if self.clock.ticks() >= self._retry.get(name, float("-inf")) and self._done(name, due, work):
                return 0.0
        return self.pace.look

    def end(self) -> None:
        """Say that this scheduler is gone."""
        with self.gateway.writing(_actor(SELF)) as writer:
            writer.finish_job(SELF, self.holder, {})

    # -- what is due

    def _probe_due(self) -> str:
        with self.gateway.store.reading() as reader:
            edit = reader.last_edit
        if edit != self._edit:
            self._edit, self._edited = edit, self.clock.ticks()
        if edit == self._probed or self.clock.ticks() - self._edited < self.pace.quiet:
            return ""
        with self.gateway.store.reading() as reader:
            digest = reader.draft().digest()
            pending = not reader.in_force or digest != reader.live().digest()
            known = reader.judgement(digest, Grade.PROBE) or reader.judgement(digest, Grade.FULL)
        if not pending or known:
            self._probed = edit
            return ""
        return f"draft {digest[:12]}"

    def _night_due(self) -> str:
        last = last_before(self.clock.now(), self.gateway.settings.nightly_at)
        if last is None or self._night is None or last <= self._night:
            return ""
        with self.gateway.store.reading() as reader:
            return f"revision {reader.in_force}" if reader.in_force else ""

    def _expiry_due(self) -> str:
        today = self._today()
        with self.gateway.store.reading() as reader:
            day = (today, reader.in_force)
        if day == self._day:
            return ""
        found = expiring.expired(self.gateway, _actor(EXPIRY), today)
        if not found:
            self._day = day
            return ""
        return ", ".join(found)[:500]

    def _today(self) -> dt.date:
        return self.clock.now().astimezone(dt.UTC).date()

    # -- the works

    def _probe(self) -> dict[str, Any]:
        self._probed = self._edit
        return _result(judging.rehearse(self.gateway, _actor(SELF), Grade.PROBE))

    def _rehearse(self) -> dict[str, Any]:
        self._night = self.clock.now()
        return _result(judging.rehearse(self.gateway, _actor(SELF), Grade.FULL, live=True))

    def _expire(self) -> dict[str, Any]:
        today = self._today()
        rows = expiring.expired(self.gateway, _actor(EXPIRY), today)
        number, outcome = expiring.take_effect(self.gateway, _actor(EXPIRY), rows, today)
        return {"passed": outcome.revision == number, "text": f"Revision {number}: {outcome.text}", "rows": rows[:100]}

    def _done(self, name: str, due: Callable[[], str], work: Callable[[], dict[str, Any]]) -> bool:
        """Do a work if it is due; tell whether it was. A fault in finding that out is the work's own."""
        try:
            about = due()
        except Exception as fault:  # noqa: BLE001 - raised again where the work is done
            about, work = "what is due", partial(_raise, fault)
        if about:
            self._do(name, about, work)
        return bool(about)

    def _do(self, name: str, about: str, work: Callable[[], dict[str, Any]]) -> None:
        """Do one work under its lease; what goes wrong is its result, and it is tried again later."""
        with self.gateway.writing(_actor(SELF)) as writer:
            if not writer.take_job(name, about, self.holder, LEASE):
                self._retry[name] = self.clock.ticks() + self.pace.retry
                return
        try:
            result = work()
        except SealgateError as fault:
            result = {"passed": False, "text": str(fault)[:2000]}
            self._try_again(name, unreachable=isinstance(fault, NodeUnreachable))
        except Exception:  # noqa: BLE001 - one work's fault must not stop the others
            _log.exception("a work of the scheduler ended by a fault of the program", work=name, about=about)
            result = {"passed": False, "text": _FAULT}
            self._try_again(name, unreachable=False)
        with self.gateway.writing(_actor(SELF)) as writer:
            writer.finish_job(name, self.holder, result)

    def _try_again(self, name: str, *, unreachable: bool) -> None:
        """Arrange that a work is done later: after a while; a probe or a night that was refused is not repeated."""
        self._retry[name] = self.clock.ticks() + self.pace.retry
        if unreachable and name == PROBE:
            self._probed = -1
        if unreachable and name == NIGHTLY:
            self._night = dt.datetime.min.replace(tzinfo=dt.UTC)

    def _show_presence(self) -> None:
        if self.clock.ticks() - self._present < PRESENCE / 2:
            return
        self._present = self.clock.ticks()
        with self.gateway.writing(_actor(SELF)) as writer:
            writer.take_job(SELF, str(os.getpid()), self.holder, PRESENCE)


def _raise(fault: Exception) -> NoReturn:
    raise fault


def _actor(name: str) -> Actor:
    """Return who acts when nobody does: it may look, judge and put in force what was live, and nothing else."""
    return Actor(f"system:{name}", "scheduler", frozenset({Right.VIEW, Right.APPLY}))


def _result(judged: judging.Judged) -> dict[str, Any]:
    report = reports.kept(judged.report, judged.findings)
    counts = {ruling.value: report.total(ruling) for ruling in Ruling}
    said = ", ".join(f"{number:,} {word}" for word, number in counts.items() if number)
    findings = [str(finding) for finding in judged.findings if finding.severity.value == "error"]
    return {
        "passed": judged.passed,
        "digest": judged.candidate.digest,
        "text": "; ".join(filter(None, [said, f"{len(findings):,} errors" if findings else ""])) or "nothing to say",
        "findings": [text[:500] for text in findings[:20]],
    }
