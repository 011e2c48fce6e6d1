"""Putting a release in force, and taking it back: the journal first, one rename as the commit point, then proof.

The steps of an apply, each durable before the next (design: docs/life-of-a-change):

1. the release's directory is complete and as recorded, or is made so from second copies;
2. the journal names the operation: where to, where back to, until when;
3. the link `postfix/conf` is renamed onto the release: the commit point;
4. Postfix reloads, or restarts where a reload would not do, and must prove itself: every inet service answers, nothing
   in the log died or is throttled, the address resolver lives;
5. the journal says on watch, or confirmed: at once, or when the watch has passed without a sign that mail suffers.

What fails after step 2 is undone the same way, by restart (only that lifts a throttled service at once), to the last
confirmed revision, once; what the undo shows is reported and never undone in turn. A system that refuses a write (full
disk) at any step makes the apply fail with the old revision in force. Never: an edit of a live file in place.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgate.link.messages import Outcome, State
from sealgate.model.errors import Conflict, NodeFailed, NotFound, Refused, SealgateError
from sealgate.node.journal import Operation, Stage, Standing, Watch
from sealgate.postfix.master import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sealgate.node.health import Health
    from sealgate.node.journal import Journal, Point
    from sealgate.node.mending import Mender
    from sealgate.node.releases import Release
    from sealgate.node.reserve import Reserve
    from sealgate.node.stores import Stores
    from sealgate.node.traffic import Sample
    from sealgate.postfix.master import Instance

    Tell = Callable[[str], None]

_LOOK = 10.0
"""Seconds in which a listener that worked before answers again, on a machine that starts other things too."""


@dataclass(frozen=True, slots=True)
class Machinery:
    """What an apply works with."""

    stores: Stores
    journal: Journal
    instance: Instance
    mender: Mender
    health: Health
    reserve: Reserve


class Applier:
    """Moves the node from one point to another.

    Its methods are called one at a time; `standing` may be read by anyone at any time.
    """

    def __init__(self, machinery: Machinery) -> None:
        self._m = machinery
        self.standing = machinery.journal.read() or Standing()

    # -- asked for

    def apply(self, target: Point, *, deadline: float | None, tell: Tell, watch_for: float = 0.0) -> Outcome:
        """Put `target` in force; with a deadline it is undone then unless confirmed.

        `watch_for` seconds it is on watch (`watching.py`), unless there is nothing else to go back to. Such a watch,
        without a deadline, is over when the next apply begins: what it watched counts as confirmed then.
        """
        if target.revision in self.standing.failed:
            raise Refused(
                f"Revision {target.revision} was put in force before and undone by itself, because mail would have "
                "suffered. Restore it into the draft, change what was wrong, and apply that."
            )
        self._refuse_during_watch()
        standing = self.standing
        if (watched := standing.watched) is not None:
            text = f"Revision {watched.target.revision} is confirmed: the next apply ended its watch."
            standing = standing.confirmed(self._outcome(State.CONFIRMED, watched.target, text))
        back = standing.in_force
        pointless = not watch_for or back is None or back.release == target.release
        watch = None if pointless else Watch(target.since + watch_for, mpa=self._m.health.mpa_answers())
        return self._go(Operation(target, back, Stage.PREPARED, deadline, watch=watch), standing, tell)

    def confirm(self, revision: int | None) -> Outcome:
        """Keep what is on watch."""
        operation = self._watched()
        if revision is not None and revision != operation.target.revision:
            raise Refused(f"On watch is revision {operation.target.revision}, not {revision}. Nothing was changed.")
        outcome = self._outcome(
            State.CONFIRMED, operation.target, f"Revision {operation.target.revision} is confirmed."
        )
        self._remember(self.standing.confirmed(outcome))
        return outcome

    def rollback(self, target: Point | None, tell: Tell, *, watched: int | None = None) -> Outcome:
        """Go back to an earlier point; None: end the watch, or to the revision confirmed before this one.

        With `watched` only while that revision is on watch.
        """
        operation = self.standing.operation
        if watched is not None:
            _refuse_other(operation, watched)
        if operation is not None and (target is None or target == operation.previous):
            return self._undo(operation, "It was asked for.", (), automatic=False)
        where = target or next(iter(self.standing.earlier), None)
        if where is None:
            raise Refused("There is no earlier confirmed revision on this node. Nothing was changed.")
        if operation is None and self.standing.in_force and where.revision == self.standing.in_force.revision:
            text = f"Revision {where.revision} is in force already. Nothing was changed."
            return self._outcome(State.CONFIRMED, self.standing.in_force, text)
        there = replace(where, since=time.time())
        return self._go(Operation(there, self.standing.in_force), self.standing, tell)

    def due(self) -> float | None:
        """Return when `expire` has something to do: at the deadline of a watch, or now for an undo that was refused."""
        operation = self.standing.operation
        if operation is None or operation.stage is Stage.PREPARED:
            return None
        return 0.0 if operation.stage is Stage.UNDOING else operation.deadline

    def expire(self) -> Outcome | None:
        """Undo what is on watch, if its deadline has passed; try again an undo that the system refused."""
        operation = self.standing.operation
        if operation is None:
            return None
        if operation.stage is Stage.UNDOING:
            return self._undo(operation, operation.reason, operation.evidence, automatic=operation.automatic)
        if operation.stage is Stage.ON_WATCH and _past(operation):
            return self._undo(operation, "Nobody confirmed it in time.", ())
        return None

    # -- on watch

    def note_before(self, watched: Operation, before: Sample) -> None:
        """Remember how mail went before the switch, for a watch that goes on after a restart."""
        if self.standing.operation == watched and watched.watch is not None:
            noted = replace(watched, watch=replace(watched.watch, before=before))
            self._remember(replace(self.standing, operation=noted))

    def settle(self) -> Outcome | None:
        """End a watch whose time has passed: that confirms, unless a deadline waits for somebody to do it."""
        watched = self.standing.watched
        if watched is None or watched.watch is None or time.time() < watched.watch.until:
            return None
        if watched.deadline is not None:
            self._remember(replace(self.standing, operation=replace(watched, watch=None)))
            return None
        text = f"Revision {watched.target.revision} is confirmed: its watch passed and mail did not suffer."
        outcome = self._outcome(State.CONFIRMED, watched.target, text)
        self._remember(self.standing.confirmed(outcome))
        return outcome

    def undo_watched(self, revision: int, evidence: tuple[str, ...]) -> Outcome | None:
        """Take back a revision on watch because mail suffers; None when it is not on watch any more."""
        watched = self.standing.watched
        if watched is None or watched.target.revision != revision:
            return None
        return self._undo(watched, f"Mail suffered with it: {evidence[0]}", evidence)

    # -- hand edits

    def adopt(self, files: Mapping[str, str]) -> None:
        """Remember that the live content of these files (name → digest) is in the draft."""
        self._remember(replace(self.standing, adopted={**(self.standing.adopted or {}), **files}))

    def overwrite(self, files: Iterable[str]) -> None:
        """Make the live files right again (all, or these), and have Postfix read them."""
        live = self.standing.live
        release = self._m.stores.releases.find(live.release) if live else None
        if live is None or release is None:
            raise Refused("No revision is in force on this node, so there is nothing to overwrite.")
        wanted = tuple(files)
        known = {record.path for record in release.files}
        if unknown := sorted(set(wanted) - known):
            raise NotFound(f"The configuration in force has no file {unknown[0][:80]!r}. Nothing was changed.")
        self._m.mender.mend(release, _with_indexes(release, wanted))
        if self._linked() != live.release:
            self._switch(live)
        faults = self._m.health.bring(Need.RELOAD)
        if faults:
            raise NodeFailed(f"The files are right again, but Postfix does not run as it should: {'; '.join(faults)}")

    # -- at the start

    def recover(self) -> Outcome | None:
        """Finish or undo whatever the journal says was under way, and start Postfix on what is in force then."""
        with contextlib.suppress(OSError):
            self._m.stores.files.sweep(self._m.stores.paths.node)
            self._m.stores.files.sweep(self._m.stores.paths.postfix)
        operation = self.standing.operation
        if operation is None:
            self._resume()
            return None
        if operation.stage is Stage.UNDOING:
            return self._undo(operation, operation.reason, operation.evidence, automatic=operation.automatic)
        if self._linked() != operation.target.release:
            return self._forget(operation)
        if operation.deadline is not None and _past(operation):
            return self._undo(operation, "Nobody confirmed it in time; the node was down meanwhile.", ())
        if self._goes_on(operation):
            return self._proved(operation, self._remember_anyway, started=time.monotonic())
        return self._prove(operation, self._remember_anyway, started=time.monotonic(), need=Need.RESTART)

    def _goes_on(self, operation: Operation) -> bool:
        """Tell whether what proved itself before still does, so that no session is broken off to prove it again."""
        if operation.stage is not Stage.ON_WATCH or not self._m.instance.is_running():
            return False
        try:
            return not self._m.health.silent(operation.target.release, _LOOK)
        except NodeFailed:
            return False

    def _forget(self, operation: Operation) -> Outcome | None:
        text = f"The apply of revision {operation.target.revision} was broken off before it happened."
        outcome = self._outcome(State.FAILED, operation.previous, text)
        self._remember_anyway(self.standing.undone(outcome, failed=False))
        self._resume()
        return outcome

    def _resume(self) -> None:
        """Start Postfix on the revision in force; an unreadable journal leaves what the link names.

        Hand edits made meanwhile stay, as drift; only files without which Postfix cannot start are made again.
        """
        point = self.standing.in_force
        if point is None and (release := self._m.stores.releases.find(self._linked())):
            from sealgate.node.journal import Point as Found

            point = Found(0, release.id, release.digest, "found in force; its number is not known", time.time())
            self._remember_anyway(replace(self.standing, in_force=point))
        if point is None:
            return
        self._mend_vital(point)
        if self._linked() != point.release:
            self._switch(point)
            self._m.instance.stop()
        if not self._m.instance.is_running():
            self._m.instance.start()

    # -- the steps

    def _go(self, operation: Operation, standing: Standing, tell: Tell) -> Outcome:
        started, target = time.monotonic(), operation.target
        self._m.reserve.require()
        tell(f"making sure that the files of revision {target.revision} are complete")
        self._mend(target)
        # What runs now, which is not what an undo would go back to when a revision on watch is left behind.
        live = self.standing.live
        need = self._m.health.need(live if live and live.release == self._linked() else None, target)
        self._m.health.refuse_busy_ports(target)
        tell(f"switching to revision {target.revision}")
        try:
            self._remember(standing.begin(operation))
            self._switch(target)
            return self._prove(operation, self._remember, started=started, need=need)
        except OSError as failure:
            why = f"The system refused a step: {failure.strerror or failure}."
            outcome = self._undo(operation, why, (str(failure),), failed=False)
            raise NodeFailed(f"{why} {outcome.text}") from None

    def _prove(
        self, operation: Operation, remember: Callable[[Standing], None], *, started: float, need: Need
    ) -> Outcome:
        """Bring Postfix to what the link names, and decide by what comes of it."""
        faults = self._m.health.bring(need)
        if faults:
            return self._undo(operation, "Postfix did not prove itself with it.", faults, started=started)
        return self._proved(operation, remember, started=started)

    def _proved(self, operation: Operation, remember: Callable[[Standing], None], *, started: float) -> Outcome:
        """Put on watch what has proved itself, or confirm it where nothing is to be watched any more."""
        target = operation.target
        watch = self._begun(operation)
        if operation.deadline is not None or (watch is not None and time.time() < watch.until):
            text = f"Revision {target.revision} is in force on watch: {_what_happens(operation.deadline, watch)}"
            outcome = self._outcome(State.ON_WATCH, target, text, until=operation.deadline, started=started)
            watched = replace(operation, stage=Stage.ON_WATCH, watch=watch)
            remember(replace(self.standing, operation=watched, last=outcome))
            return outcome
        text = f"Revision {target.revision} is in force and confirmed: every service answers."
        outcome = self._outcome(State.CONFIRMED, target, text, started=started)
        remember(self.standing.confirmed(outcome))
        return outcome

    def _begun(self, operation: Operation) -> Watch | None:
        """Return the operation's watch, begun now unless it was before: what comes in the log from here on is new."""
        watch = operation.watch
        if watch is None or watch.since:
            return watch
        now, end = time.time(), self._m.instance.log.end()
        length = watch.until - operation.target.since
        return replace(watch, since=now, until=now + length, inode=end.inode, offset=end.offset)

    def _undo(
        self,
        operation: Operation,
        reason: str,
        evidence: tuple[str, ...],
        *,
        automatic: bool = True,
        failed: bool | None = None,
        started: float | None = None,
    ) -> Outcome:
        """Go back to where the operation came from, and say what stands then. Works on a full disk too."""
        begun = started or time.monotonic()
        self._m.reserve.release()
        undoing = replace(operation, stage=Stage.UNDOING, reason=reason, evidence=evidence[:50], automatic=automatic)
        self._remember_anyway(self.standing.begin(undoing))
        untouched = self._linked() == (operation.previous.release if operation.previous else "")
        if not untouched:
            self._back_to(operation.previous)
        faults = () if untouched and self._m.instance.is_running() else self._revive(operation.previous)
        outcome = self._told(operation, reason, (*evidence, *faults), faults, begun)
        by_health = bool(evidence) and automatic if failed is None else failed
        self._remember_anyway(self.standing.undone(outcome, failed=by_health))
        self._m.reserve.fill()
        return outcome

    def _back_to(self, point: Point | None) -> None:
        if point is None:
            self._m.instance.stop()
            self._m.stores.files.remove(self._m.stores.paths.conf)
            return
        with contextlib.suppress(OSError, SealgateError):
            self._mend(point)
        self._switch(point)

    def _revive(self, point: Point | None) -> tuple[str, ...]:
        return self._m.health.bring(Need.RESTART) if point is not None else ()

    def _told(
        self, operation: Operation, reason: str, evidence: tuple[str, ...], faults: tuple[str, ...], begun: float
    ) -> Outcome:
        target, previous = operation.target, operation.previous
        now = f"Revision {previous.revision} is in force again" if previous else "No revision is in force"
        health = ", but Postfix does not run as it should: see the evidence" if faults else ""
        text = f"Revision {target.revision} was undone. {reason} {now}{health}."
        outcome = self._outcome(State.UNDONE, previous, text, started=begun)
        return replace(outcome, evidence=evidence)

    # -- pieces

    def _mend(self, point: Point) -> None:
        release = self._m.stores.releases.find(point.release)
        if release is None:
            raise NotFound(
                f"The files of revision {point.revision} are not kept on this node any more. Nothing was changed. "
                "Check the revision again, then apply it."
            )
        self._m.mender.mend(release)

    def _mend_vital(self, point: Point) -> None:
        release = self._m.stores.releases.find(point.release)
        directory = self._m.stores.paths.release(point.release)
        lost = [name for name in ("main.cf", "master.cf") if not (directory / name).is_file()]
        if release is not None and lost:
            self._m.mender.mend(release, () if len(lost) == 2 else lost)

    def _switch(self, point: Point) -> None:
        paths = self._m.stores.paths
        self._m.stores.files.switch(paths.conf, os.path.relpath(paths.release(point.release), paths.conf.parent))

    def _linked(self) -> str:
        """Return the release that the link names; empty when there is no link to one."""
        try:
            target = self._m.stores.paths.conf.readlink()
        except OSError:
            return ""
        inside = (self._m.stores.paths.conf.parent / target).parent == self._m.stores.paths.releases
        return target.name if inside else ""

    def _remember(self, standing: Standing) -> None:
        self._m.journal.write(standing)
        self.standing = standing

    def _remember_anyway(self, standing: Standing) -> None:
        """Remember what has happened already. When the disk refuses, the old journal leads a new start to the same."""
        self.standing = standing
        with contextlib.suppress(OSError):
            self._m.journal.write(standing)

    def _watched(self) -> Operation:
        operation = self.standing.operation
        if operation is None or operation.stage is not Stage.ON_WATCH:
            raise Refused("Nothing is on watch, so there is nothing to confirm. Nothing was changed.")
        return operation

    def _refuse_during_watch(self) -> None:
        operation = self.standing.operation
        if operation is not None and (operation.deadline is not None or self.standing.watched is None):
            raise Refused(
                f"Revision {operation.target.revision} is on watch. Confirm it or roll it back first; then apply again."
            )

    @staticmethod
    def _outcome(
        state: State, point: Point | None, text: str, *, until: float | None = None, started: float | None = None
    ) -> Outcome:
        seconds = time.monotonic() - started if started is not None else 0.0
        revision, release = (point.revision, point.release) if point else (None, "")
        return Outcome(state, revision, release, text, (), until, seconds)


def _with_indexes(release: Release, files: Iterable[str]) -> frozenset[str]:
    """Return these files and the database files that are built from them."""
    wanted = set(files)
    indexes = {record.path for record in release.files if record.path.rpartition(".")[0] in wanted and not record.text}
    return frozenset(wanted | indexes)


def _what_happens(deadline: float | None, watch: Watch | None) -> str:
    if deadline is not None and watch is not None:
        return "it is undone by itself unless confirmed in time, or if mail suffers."
    if deadline is not None:
        return "it is undone by itself unless confirmed in time."
    return "it is undone by itself if mail suffers, and confirmed when the watch has passed."


def _refuse_other(operation: Operation | None, watched: int) -> None:
    """Raise Conflict unless revision `watched` is the one on watch."""
    if operation is None or operation.stage is not Stage.ON_WATCH or operation.target.revision != watched:
        raise Conflict(
            f"Revision {watched} is not on watch any more: it was kept, undone or replaced meanwhile. Nothing was "
            "changed. To go back further, choose the revision in the history."
        )


def _past(operation: Operation) -> bool:
    return operation.deadline is not None and time.time() >= operation.deadline
