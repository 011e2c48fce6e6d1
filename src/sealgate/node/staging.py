"""A release's directory: made complete under a temporary name, made durable, renamed, then recorded.

Whatever breaks off leaves only a directory whose name begins with `.new-`, removed by the next one; nothing live is
ever touched. A second copy of every file of up to four mebibytes goes to the objects; larger tables can be made again
from the rows, which the agent keeps too. What goes into the directory: `making.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.node.making import Making
from sealgate.postfix.files import HOT_SECONDS, Files

if TYPE_CHECKING:
    from pathlib import Path

    from sealgate.model.findings import Place
    from sealgate.node.making import Open, Tell
    from sealgate.node.receiving import Candidate
    from sealgate.node.releases import FileRecord, Release
    from sealgate.node.stores import Stores
    from sealgate.postfix.complaints import Complaint
    from sealgate.render import ConfigTree, NodeFacts


@dataclass(frozen=True, slots=True)
class Staged:
    """A release that was made, and what postmap said about its tables, each with the place it came from."""

    release: Release
    complaints: tuple[tuple[Place, Complaint], ...] = ()


class Stager:
    """Makes releases in the agent's stores; `opened` gives a sealed secret in clear."""

    def __init__(self, stores: Stores, opened: Open) -> None:
        self._stores = stores
        self._opened = opened

    def stage(self, name: str, candidate: Candidate, tree: ConfigTree, facts: NodeFacts, *, tell: Tell) -> Staged:
        """Make the release `name` and return it; OSError for what the system refuses, and then nothing is left."""
        final = self._stores.releases.path(name)
        place = final.with_name(f".new-{name}")
        self._stores.files.remove_tree(place)
        try:
            making = Making(self._stores, place, candidate, self._opened, tell)
            making.everything(tree)
            release = making.record(name, tree, facts)
            self._keep(place, release)
            self._stores.loose.sync_tree(place)
            self._stores.files.remove_tree(final)
            self._stores.files.rename(place, final)
        except BaseException:
            Files(durable=False).remove_tree(place)
            raise
        self._stores.releases.write(release)
        return Staged(release, tuple(making.complaints))

    def restore(self, release: Release, record: FileRecord) -> bool:
        """Make one file of a release again from its second copy; False when there is none (a large table)."""
        if not record.digest:
            return False
        content = self._stores.objects.get(record.digest)
        age = HOT_SECONDS if record.text else 0.0
        path = self._stores.releases.path(release.id) / record.path
        self._stores.files.make_directory(path.parent)
        self._stores.files.write(path, content, mode=record.mode, age=age)
        return True

    def _keep(self, top: Path, release: Release) -> None:
        for record in release.files:
            if record.digest and not self._stores.objects.has(record.digest):
                self._stores.objects.put((top / record.path).read_bytes())
