"""Two releases of one made-up gateway, as the agent has them: what is live, and a candidate.

with two_releases(live_state, candidate_state) as pair:
    run_both(pair.judge, pair.live, pair.candidate, plan, Grade.FULL)
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.release import Release, released

from sealgate.postfix.master import InstancePaths
from sealgate.postfix.neutral import neutral_programs
from sealgate.postfix.tables import Tables
from sealgate.rehearsal.judging import Judge
from sealgate.rehearsal.origins import Origins
from sealgate.rehearsal.sides import Side
from sealgate.render import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.desired import DesiredState
    from sealgate.rehearsal.explain import Finder


@dataclass(frozen=True)
class Pair:
    """Both sides, and the judge that runs either."""

    judge: Judge
    live: Side
    candidate: Side

    def finder(self, side: Side) -> Finder:
        tables = Tables(neutral_programs(self.judge.work_dir))
        scratch = self.judge.work_dir.parent / f"scratch-{side.release.name}"
        return Origins(side.release, side.desired, side.tree, side.read, tables=tables, scratch=scratch).finder()


@contextmanager
def two_releases(live: DesiredState, candidate: DesiredState, **changes: Any) -> Iterator[Pair]:
    """Write both; they differ in nothing but what the states differ in, and in where they lie."""
    with released(live, secrets=defaultdict(lambda: "secret"), **changes) as old:
        node = replace(old.node, release_dir=f"{old.root}/releases/fedcba9876543210")
        new = Release(old.root, node, render(candidate, node), defaultdict(lambda: "secret"))
        new.write()
        paths = InstancePaths(*map(Path, (node.config_dir, node.spool_dir, node.data_dir, node.log_file)))
        yield Pair(Judge(paths, old.root / "neutral"), Side(old.path, live, old.node), Side(new.path, candidate, node))
