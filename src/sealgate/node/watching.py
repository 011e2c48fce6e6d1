"""Watching over mail after an apply, and taking the revision back if mail clearly suffers.

While a revision is on watch this thread looks every few seconds: at the log since the switch against the log before
it (`traffic.py`, `worsening.py`), at every listener, and at the MPA if it answered before. What is worse must be seen
in two looks in a row; listeners and MPA must be silent `Pace.misses` times in a row. Then the revision is undone, with
the numbers and lines of the log as evidence. It never flaps: the journal lists the revision as failed, so it is never
put in force again, and what an undo brings back is confirmed and not watched.

Without a watch the thread sleeps and costs nothing. A watch goes on after a restart of the agent: the journal has its
end, the place in the log, and the numbers of before. Never: an undo because mail was as bad before.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgate.log import logger
from sealgate.model.errors import SealgateError
from sealgate.node.traffic import Sample, Tally
from sealgate.node.worsening import Sign, signs
from sealgate.postfix.logfile import Position
from sealgate.postfix.logs import record

if TYPE_CHECKING:
    from sealgate.node.applying import Applier
    from sealgate.node.health import Health
    from sealgate.node.journal import Operation, Watch
    from sealgate.postfix.master import Instance
    from sealgate.render import Endpoint

_LONGEST_BEFORE = 3600.0
"""Seconds before the switch that are compared with."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often is looked, in seconds; how many looks in a row a listener is silent; how long each may take."""

    every: float = 12.0
    misses: int = 3
    patience: float = 5.0


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched, and who can undo."""

    instance: Instance
    health: Health
    applier: Applier
    mpa: Endpoint


@dataclass
class _Looking:
    """What one watch has seen so far."""

    watched: tuple[int, float]
    before: Sample
    position: Position
    tally: Tally
    sample: Sample = field(default_factory=Sample)
    kinds: frozenset[str] = frozenset()
    silent: dict[str, int] = field(default_factory=dict)


class Watcher:
    """The thread; `changing` is held by whoever changes what is in force."""

    def __init__(self, watched: Watched, changing: threading.Lock, pace: Pace) -> None:
        self._w = watched
        self._changing = changing
        self._pace = pace
        self._looking: _Looking | None = None
        self._woken = threading.Condition()
        self._over = self._asked = False
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._log = logger("watcher")

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def look(self) -> None:
        """Look now: another revision may be on watch."""
        with self._woken:
            self._asked = True
            self._woken.notify_all()

    def stop(self) -> None:
        """Stop watching; what is on watch stays so."""
        with self._woken:
            self._over = True
            self._woken.notify_all()
        self._thread.join()

    def sentences(self) -> tuple[str, ...]:
        """Say what is watched and what was seen so far."""
        looking = self._looking
        if looking is None:
            return ()
        since, before = looking.sample, looking.before
        silent = [name for name, misses in looking.silent.items() if misses]
        border = f"{since.accepted} taken, {since.refused} refused"
        border_before = f"{before.accepted} and {before.refused}"
        tried = f"{since.delivered} done, {since.failed} failed at first, {since.waiting} waiting"
        tried_before = f"{before.delivered}, {before.failed} and {before.waiting}"
        troubles = f"{since.died} deaths of daemons, {sum(since.warnings.values())} warnings"
        troubles_before = f"{before.died} and {sum(before.warnings.values())}"
        return (
            f"mail at the border: {border} (in the {before.seconds / 60:.0f} minutes before: {border_before})",
            f"deliveries: {tried} (before: {tried_before})",
            f"Postfix: {troubles} (before: {troubles_before})",
            f"silent: {', '.join(silent)}" if silent else "listeners and MPA: all that answered before do",
        )

    # -- the thread

    def _watch(self) -> None:
        while not self._over:
            watched = self._w.applier.standing.watched
            if watched is None or watched.watch is None:
                self._looking = None
                self._rest(None)
                continue
            try:
                self._once(watched, watched.watch)
            except (OSError, SealgateError) as failure:
                self._log.error("a look failed and is tried again", failure=str(failure))
            left = watched.watch.until - time.time()
            self._rest(min(self._pace.every, left) if left > 0 else self._pace.every)

    def _once(self, watched: Operation, watch: Watch) -> None:
        looking = self._begun(watched, watch)
        found = (*self._in_the_log(looking, watch), *self._silent(looking, watched, watch))
        if found:
            self._undo(watched, found)
        elif time.time() >= watch.until:
            with self._changing:
                outcome = self._w.applier.settle()
            if outcome is not None:
                self._log.info("changed", state=outcome.state, text=outcome.text)

    def _begun(self, watched: Operation, watch: Watch) -> _Looking:
        """Return what was seen of this watch, at its first look with the numbers of the time before."""
        looking = self._looking
        name = (watched.target.revision, watch.since)
        if looking is None or looking.watched != name:
            before = watch.before or self._before(watch)
            position = Position(watch.inode, watch.offset)
            looking = self._looking = _Looking(name, before, position, self._tally())
            if watch.before is None:
                with self._changing:
                    self._w.applier.note_before(watched, before)
        return looking

    def _in_the_log(self, looking: _Looking, watch: Watch) -> tuple[Sign, ...]:
        """Return the signs of the log that were there at the last look as well."""
        lines, looking.position = self._w.instance.log.since(looking.position)
        looking.tally.feed(lines)
        earlier, looking.sample = looking.sample, looking.tally.sample(time.time() - watch.since)
        found = signs(looking.before, looking.sample, looking.sample.since(earlier))
        again, looking.kinds = looking.kinds, frozenset(sign.kind for sign in found)
        return tuple(sign for sign in found if sign.kind in again)

    def _silent(self, looking: _Looking, watched: Operation, watch: Watch) -> tuple[Sign, ...]:
        """Return listeners, and the MPA, that were silent too often in a row."""
        silent = {
            f"the listener {name}": fault
            for name, fault in self._w.health.silent(watched.target.release, self._pace.patience).items()
        }
        if watch.mpa and not self._w.health.mpa_answers():
            silent["the MPA"] = "it does not greet"
        looking.silent = {name: looking.silent.get(name, 0) + 1 for name in silent}
        return tuple(
            Sign("silent", f"For {misses} looks in a row there was no answer from {name}: {silent[name]}.")
            for name, misses in looking.silent.items()
            if misses >= self._pace.misses
        )

    def _undo(self, watched: Operation, found: tuple[Sign, ...]) -> None:
        evidence = tuple(sign.text for sign in found) + tuple(line for sign in found for line in sign.lines)
        with self._changing:
            outcome = self._w.applier.undo_watched(watched.target.revision, evidence)
        if outcome is not None:
            self._log.warning("undone", text=outcome.text, evidence=outcome.evidence)

    # -- pieces

    def _tally(self) -> Tally:
        return Tally(f"]:{self._w.mpa.port}")

    def _before(self, watch: Watch) -> Sample:
        """Count the log of the last hour before the switch."""
        lines = self._w.instance.log.until(Position(watch.inode, watch.offset))
        now = dt.datetime.fromtimestamp(watch.since, dt.UTC).astimezone()
        earliest = now.timestamp() - _LONGEST_BEFORE

        def moment(line: str) -> float:
            time_of = record(line, now).time
            return time_of.timestamp() if time_of is not None else 0.0

        lines = lines[bisect_left(lines, earliest, key=moment) :]
        tally = self._tally()
        tally.feed(lines)
        return tally.sample(max(0.0, watch.since - moment(lines[0])) if lines else 0.0, patience=0)

    def _rest(self, seconds: float | None) -> None:
        with self._woken:
            if not self._over and not self._asked:
                self._woken.wait(seconds)
            self._asked = False
