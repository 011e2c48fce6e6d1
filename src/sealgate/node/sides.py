"""Releases of this node as sides of a comparison: what is live, or a candidate that was judged here.

A release is opened from the agent's own rows, never from an edited directory. Nothing is changed.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sealgate.model.errors import NotFound
from sealgate.node.permits import read_permits
from sealgate.rehearsal.origins import Origins
from sealgate.rehearsal.sides import Side
from sealgate.render import NodeFacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.model.context import Permits
    from sealgate.node.receiving import Receiver
    from sealgate.node.releases import Release
    from sealgate.node.stores import Stores
    from sealgate.rehearsal.explain import Finder
    from sealgate.rehearsal.judging import Judge as Rehearsal


class Sides:
    """Opens releases; `in_force` gives the live one."""

    def __init__(
        self, stores: Stores, receiver: Receiver, rehearsal: Rehearsal, in_force: Callable[[], Release | None]
    ) -> None:
        self._stores = stores
        self._receiver = receiver
        self._rehearsal = rehearsal
        self._in_force = in_force

    def live(self) -> Side:
        """Return what is live; NotFound when nothing is."""
        return self.side(self.release_of(""))

    def of(self, digest: str) -> Side:
        """Return the newest release of a candidate, or what is live for an empty digest."""
        return self.side(self.release_of(digest))

    def in_force(self) -> Release | None:
        """Return the live release."""
        return self._in_force()

    def release_of(self, digest: str) -> Release:
        """Return the newest release of a candidate, or the live one for an empty digest; NotFound without one."""
        if digest:
            found = next((one for one in self._stores.releases.all() if one.digest == digest), None)
            missing = "This candidate is not on this node: check it first."
        else:
            found = self._in_force()
            missing = "No revision is in force on this node, so there is nothing to ask."
        if found is None:
            raise NotFound(missing)
        return found

    def side(self, release: Release) -> Side:
        """Return a release as a side."""
        desired = self._receiver.reopen(release.digest, release.tables).desired
        return Side(self._stores.releases.path(release.id), desired, NodeFacts.from_json(release.facts))

    def finder(self, side: Side) -> Finder:
        """Return what finds the rows and rules of a side."""
        scratch = self._stores.paths.neutral / f"explain-{side.release.name}"
        return Origins(
            side.release, side.desired, side.tree, side.read, tables=self._stores.tables, scratch=scratch
        ).finder()

    def rehearsal(self) -> Rehearsal:
        """Return the judge whose worlds show what root lets own lines read."""
        return showing(self._rehearsal, read_permits(self._stores.paths.permits).permits)


def showing(rehearsal: Rehearsal, permits: Permits) -> Rehearsal:
    """Return a judge whose worlds show the files that root lets own lines read."""
    return replace(rehearsal, shown=tuple(path for path in map(Path, permits.files) if path.exists()))
