"""What is in force on this node and what is under way, in one small file that is always whole.

The undo is registered before anything is done: an `Operation` names where to go and where to go back to, and stands in
the file, durably, before the first step. The file is replaced as a whole by one rename, so each step from one standing
to the next happens completely or not at all; together with the link `postfix/conf` it tells a starting agent exactly
how far the last one came:

    operation            link            what the starting agent does
    none                 any             makes the link point to `in_force`, if it does not
    prepared             at `previous`   the apply did not happen: forgets it
    prepared             at `target`     it happened: starts Postfix, probes, goes on or undoes
    on watch             at `target`     past the deadline: undoes; watched to the end: confirms; else watches on
    undoing              any             goes back to `previous`

A journal that cannot be read is not guessed at: it is kept aside, and the release that the link names counts as in
force.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from sealgate.link.codec import from_json, to_json
from sealgate.link.messages import Outcome  # noqa: TC001 - the codec reads the annotations
from sealgate.model.errors import InvalidValue
from sealgate.node.traffic import Sample  # noqa: TC001 - the codec reads the annotations

if TYPE_CHECKING:
    from pathlib import Path

    from sealgate.postfix.files import Files

KEPT_POINTS = 20


class Stage(StrEnum):
    """How far an operation came."""

    PREPARED = "prepared"
    ON_WATCH = "on-watch"
    UNDOING = "undoing"


@dataclass(frozen=True, slots=True)
class Point:
    """A revision as it was put in force on this node."""

    revision: int
    release: str
    digest: str
    comment: str = ""
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Watch:
    """What a watch needs to go on after a restart of the agent, or of the machine.

    It ends at `until` (a time of day). The log is compared before and after the position (`inode`, `offset`); `since`
    is when that was, 0 before the switch has proved itself. `before` are the numbers of the time before, once they are
    counted; `mpa` tells whether the MPA answered then.
    """

    until: float
    since: float = 0.0
    inode: int = 0
    offset: int = 0
    mpa: bool = False
    before: Sample | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """A change under way. `previous` None: there was nothing in force before. `deadline`: undo then, unless confirmed.

    `watch`: undo while it lasts if mail suffers. Without a deadline the end of the watch confirms.
    `reason` is why it is being undone; `automatic` whether nobody asked for that.
    """

    target: Point
    previous: Point | None
    stage: Stage = Stage.PREPARED
    deadline: float | None = None
    reason: str = ""
    evidence: tuple[str, ...] = ()
    automatic: bool = False
    watch: Watch | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the agent must remember.

    `in_force` is the last confirmed point, `earlier` are those before it, newest first.
    `failed` are revisions that were undone because mail would have suffered. `adopted` are live files (name → digest of
    their content) whose hand edit is in the draft.
    """

    in_force: Point | None = None
    earlier: tuple[Point, ...] = ()
    operation: Operation | None = None
    failed: tuple[int, ...] = ()
    adopted: dict[str, str] | None = None
    last: Outcome | None = None

    @property
    def live(self) -> Point | None:
        """The point whose files are live now, as far as the journal knows."""
        if self.operation is not None and self.operation.stage is Stage.ON_WATCH:
            return self.operation.target
        return self.in_force

    @property
    def watched(self) -> Operation | None:
        """The operation that is undone if mail suffers."""
        operation = self.operation
        watched = operation is not None and operation.stage is Stage.ON_WATCH and operation.watch is not None
        return operation if watched else None

    @property
    def kept_releases(self) -> frozenset[str]:
        """The releases that must not be removed."""
        points = [self.in_force, *self.earlier]
        if self.operation is not None:
            points += [self.operation.target, self.operation.previous]
        return frozenset(point.release for point in points if point is not None)

    def point_of(self, revision: int) -> Point | None:
        """Return the newest confirmed point of a revision."""
        points = (self.in_force, *self.earlier)
        return next((point for point in points if point is not None and point.revision == revision), None)

    def begin(self, operation: Operation) -> Standing:
        """Return the standing with an operation under way."""
        return replace(self, operation=operation)

    def confirmed(self, last: Outcome) -> Standing:
        """Return the standing after the operation's target was confirmed."""
        assert self.operation is not None  # noqa: S101 - the caller has one under way
        return replace(
            self,
            in_force=self.operation.target,
            earlier=self._before(self.operation.target),
            operation=None,
            adopted=None,
            last=last,
        )

    def undone(self, last: Outcome, *, failed: bool) -> Standing:
        """Return the standing after the operation was undone."""
        assert self.operation is not None  # noqa: S101 - the caller has one under way
        revision = self.operation.target.revision
        listed = (*self.failed, revision) if failed and revision not in self.failed else self.failed
        return replace(self, in_force=self.operation.previous, operation=None, failed=listed[-200:], last=last)

    def _before(self, target: Point) -> tuple[Point, ...]:
        older = [point for point in (self.in_force, *self.earlier) if point is not None]
        return tuple(point for point in older if point.revision != target.revision)[:KEPT_POINTS]


class Journal:
    """The file that holds the standing; every write is durable before it returns."""

    def __init__(self, path: Path, files: Files) -> None:
        self._path = path
        self._files = files

    def read(self) -> Standing | None:
        """Return the standing; None when there is no journal, or it cannot be read (it is kept as `….unreadable`)."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return from_json(Standing, json.loads(text), "journal")
        except (ValueError, InvalidValue, RecursionError):
            self._files.rename(self._path, self._path.with_name(f"{self._path.name}.unreadable"))
            return None

    def write(self, standing: Standing) -> None:
        """Replace the standing, durably."""
        text = json.dumps(to_json(standing), ensure_ascii=False, indent=1, sort_keys=True)
        self._files.write(self._path, f"{text}\n", mode=0o600)


def point(revision: int, release: str, digest: str, comment: str) -> Point:
    """Make the point of a revision that goes in force now."""
    return Point(revision, release, digest, comment, time.time())
