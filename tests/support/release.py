"""Writes a rendered tree to disk with the real postmap, as a release that a throw-away Postfix can run.

    with Release.of(desired) as release:
        release.start()
        SmtpClient(("127.0.0.1", release.smtp_port))

Ports are free ones on loopback; secrets are given by name. This is the tests' own writer: it does nothing atomically.
"""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.ports import lease_port
from tests.support.postfix_instance import PostfixInstance, back_date

from sealgate.model.names import HostName
from sealgate.render import ConfigTree, Endpoint, NodeFacts, SecretText, TableFile, TextSource, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sealgate.model.desired import DesiredState

MAP_TYPES = frozenset({"btree", "cdb", "cidr", "hash", "inline", "lmdb", "pcre", "regexp", "static", "texthash"})


def facts(root: Path = Path("/gateway/postfix"), /, **changes: Any) -> NodeFacts:
    """Return the facts of a made-up machine whose directories lie under `root`."""
    plain = NodeFacts(
        machine_fqdn=HostName("gw.example.test"),
        config_dir=f"{root}/conf",
        release_dir=f"{root}/releases/0123456789abcdef",
        spool_dir=f"{root}/spool",
        data_dir=f"{root}/data",
        log_file=f"{root}/log/mail.log",
        today=dt.date(2026, 7, 1),
        map_types=MAP_TYPES,
    )
    return replace(plain, **changes)


@dataclass
class Release:
    """A written release. `secrets` are what sealed names open to."""

    root: Path
    node: NodeFacts
    tree: ConfigTree
    secrets: Mapping[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """The release directory, which is also the configuration directory here."""
        return Path(self.node.release_dir)

    def write(self) -> None:
        """Write all texts and build all tables; what postmap says is in `complaints`."""
        for file in self.tree.texts:
            self._put(file.path, self._opened(file.text), file.mode)
        for table in self.tree.tables:
            self._build(table)

    def _opened(self, text: str | SecretText) -> str:
        return text if isinstance(text, str) else text.filled(lambda sealed: self.secrets[sealed.id])

    def _put(self, path: str, text: str, mode: int) -> Path:
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)
        back_date(target)
        return target

    def _build(self, table: TableFile) -> None:
        if isinstance(table.source, TextSource):
            target = self._put(table.path, table.source.text(), table.mode)
            if table.indexed:
                self._postmap(table, [f"{table.type}:{target}"], "")
            return
        lines = "".join(f"{key}\t{self._opened(value)}\n" for key, value in table.source.entries())
        target = self._put(table.path, lines, table.mode)
        self._postmap(table, [f"{table.type}:{target}"], "")
        target.unlink()
        target.with_name(f"{target.name}.lmdb").chmod(table.mode)

    def _postmap(self, table: TableFile, arguments: list[str], text: str) -> None:
        done = self.run("postmap", *arguments, stdin=text)
        self.complaints += [f"{table.path}: {line}" for line in done.stderr.splitlines()]

    def run(self, program: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a Postfix program on this release; its status and what it said are the answer."""
        return subprocess.run(
            [program, "-c", str(self.path), *arguments], input=stdin, capture_output=True, text=True, check=False
        )

    def start(self, prefix: Iterable[str] = ()) -> PostfixInstance:
        """Run Postfix on it; whoever calls this stops it."""
        for name in (self.node.spool_dir, self.node.data_dir, str(Path(self.node.log_file).parent)):
            Path(name).mkdir(mode=0o755, exist_ok=True, parents=True)
        instance = PostfixInstance(self.path, Path(self.node.spool_dir), Path(self.node.data_dir))
        instance.start(prefix)
        return instance


@contextmanager
def released(desired: DesiredState, *, secrets: Mapping[str, str] | None = None, **changes: Any) -> Iterator[Release]:
    """Write the release of a state on free loopback ports; at the end remove it."""
    root = Path(tempfile.mkdtemp(prefix="sg-", dir="/tmp"))
    root.chmod(0o755)
    given = set(changes)
    if "smtp_listeners" not in given:
        changes["smtp_listeners"] = (Endpoint("127.0.0.1", lease_port()),)
    for inner in {"mpa", "reinject"} - given:
        changes[inner] = Endpoint("127.0.0.1", lease_port())
    node = facts(root, **changes)
    release = Release(root, node, render(desired, node), {} if secrets is None else secrets)
    try:
        release.write()
        yield release
    finally:
        shutil.rmtree(root, ignore_errors=True)
