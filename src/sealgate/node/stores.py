"""All that the agent keeps on disk, opened together, and what may be thrown away.

Every change of a file goes through `files`, whose `before` function hears of each step first: that is where tests end
the process or fail the disk, at every step in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.node.objects import Objects, SealedSecrets
from sealgate.node.releases import Releases
from sealgate.node.rows import RowStore
from sealgate.postfix.files import Files
from sealgate.postfix.neutral import neutral_programs
from sealgate.postfix.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from sealgate.node.paths import NodePaths
    from sealgate.postfix.command import Programs

    Before = Callable[[str, Path], None]


@dataclass(frozen=True, slots=True)
class Stores:
    """The agent's stores. `loose` changes files without making each durable, for trees that are synced at the end."""

    paths: NodePaths
    files: Files
    loose: Files
    releases: Releases
    rows: RowStore
    objects: Objects
    secrets: SealedSecrets
    tables: Tables
    neutral: Programs

    @classmethod
    def open(cls, paths: NodePaths, before: Before | None = None) -> Stores:
        """Make the directories that are missing and return the stores."""
        files = Files(before) if before else Files()
        loose = Files(before, durable=False) if before else Files(durable=False)
        for directory in (paths.node, paths.records, paths.reports, paths.objects, paths.secrets, paths.rows):
            files.make_directory(directory, mode=0o700)
        for directory in (paths.postfix, paths.releases):
            files.make_directory(directory)
        neutral = neutral_programs(paths.neutral, files)
        return cls(
            paths,
            files,
            loose,
            Releases(paths.records, paths.releases, files),
            RowStore(paths.rows, files),
            Objects(paths.objects, files),
            SealedSecrets(paths.secrets, files),
            Tables(neutral, loose),
            neutral,
        )

    def sweep(self, kept: Iterable[str]) -> None:
        """Throw away all releases but these, and everything that only the others needed."""
        wanted = set(kept)
        self.releases.sweep(wanted)
        remaining = self.releases.all()
        self.rows.sweep({(noun, digest) for release in remaining for noun, digest in release.tables.items()})
        copies = {record.digest for release in remaining for record in release.files}
        self.objects.sweep(copies | {chunk for release in remaining for chunk in release.chunks})
        self.secrets.sweep({name for release in remaining for name in release.secrets})
        for report in sorted(self.paths.reports.glob("*.json")):
            if report.name.partition(".")[0] not in wanted:
                self.files.remove(report)
