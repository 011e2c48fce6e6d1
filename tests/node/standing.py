"""A gateway that remembers what it judged, so that tests which begin with the same revision rehearse it once.

Directory and ports stay the same in a test process, so the same bundle makes the same release. Before each test the
directory is as new, but for the files, rows and reports of candidates as they were when they were judged: the agent
finds them as it would after a start. Tests of judging itself begin with nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.node.world import ASKER, Gateway

from sealgate.link.client import Node
from sealgate.postfix.master import Instance

if TYPE_CHECKING:
    from sealgate.link.messages import Report


class StandingGateway(Gateway):
    """A gateway directory that is used again and again; close it with `with`."""

    def __init__(self) -> None:
        super().__init__()
        self._judged = Path(tempfile.mkdtemp(prefix="sgj-", dir="/tmp"))

    def __exit__(self, *about: object) -> None:
        super().__exit__(*about)
        shutil.rmtree(self._judged)

    @property
    def node(self) -> Node:
        """The way to the agent; what it judges is remembered."""
        return _Remembering(self)

    def remember(self, report: Report) -> None:
        """Keep what the agent has of a candidate that it has just judged."""
        names = (self.paths.records / f"{report.release}.json", self.paths.release(report.release))
        for path in (*names, self.paths.reports, self.paths.objects, self.paths.rows):
            self._copy(path, self._judged / path.relative_to(self.directory))
        for path in (self.paths.node, self.paths.postfix):
            shutil.copystat(path, self._judged / path.relative_to(self.directory))

    def begin_again(self) -> None:
        """Be as new, but for what is remembered."""
        Instance(self.paths.instance).stop()
        shutil.rmtree(self.directory)
        self.lay_out()
        for part in self._judged.iterdir():
            self._copy(part, self.directory / part.name)

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


class _Remembering(Node):
    def __init__(self, gateway: StandingGateway) -> None:
        super().__init__(gateway.paths.socket, ASKER, patience=60)
        self._gateway = gateway

    def judge(self, *what: Any, **more: Any) -> Report:
        report = super().judge(*what, **more)
        if not report.cached:
            self._gateway.remember(report)
        return report
