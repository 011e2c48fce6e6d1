"""A gateway directory with an agent, and bundles made of plain data, for tests of the node.

    with Gateway() as gateway, gateway.agent() as node:
        digest = gateway.judge(node, {"my-hostname": "gw.example.com"}, {"relay-domain": ["example.com"]})
        node.apply(Apply(digest, 1))

The agent is the real one, in this process on threads of its own; tests that kill it run `agent_program.py` instead.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.support.ports import lease_port, release_port
from tests.support.waiting import wait_until

from sealgate.link.bundle import Header, Offer, SentRow
from sealgate.link.client import Node
from sealgate.link.messages import Apply, Asker, Grade, Report
from sealgate.model.content import chunk_digest, split
from sealgate.model.digest import TableSum, state_digest
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS
from sealgate.node.agent import Access, Agent
from sealgate.node.facts import Ports
from sealgate.node.paths import NodePaths
from sealgate.node.rows import digest_of
from sealgate.render import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ASKER = Asker("local:tester", "test")


class MemoryBundle:
    """A bundle from plain data; `parent` is one that deltas can be given from. `sent` counts the rows given."""

    def __init__(self, parent: MemoryBundle | None = None) -> None:
        self.tables: dict[str, dict[str, SentRow]] = {}
        self.content: dict[str, bytes] = {}
        self.secrets: dict[str, bytes] = {}
        self.parent = parent
        self.sent = 0
        if parent is not None:
            self.tables = {noun: dict(rows) for noun, rows in parent.tables.items()}
            self.content, self.secrets = dict(parent.content), dict(parent.secrets)

    def put(self, noun: str, row: SentRow) -> None:
        self.tables.setdefault(noun, {})[row.key] = row

    def set(self, name: str, value: Any) -> None:
        setting = SETTINGS[name]
        self.put("setting", SentRow(name, {"value": setting.to_json(setting.parse(value))}))

    def add(self, noun: str, fields: Any, **more: Any) -> str:
        kind = NOUNS[noun]
        if not isinstance(fields, dict):
            fields = {next(column.name for column in kind.columns if column.argument): fields}
        value = kind.parse(fields)
        more.setdefault("position", 0 if kind.big else len(self.tables.get(noun, {})) + 1)
        self.put(noun, SentRow(kind.key(value), kind.fields(value), **more))
        return kind.key(value)

    def remove(self, noun: str, key: str) -> None:
        del self.tables[noun][key]

    def own(self, name: str, text: str) -> None:
        self.put("own-lines", SentRow(name, {"text": text}))

    def table(self, kind: str, name: str, text: str) -> None:
        chunks = list(split(text))
        digests = [chunk_digest(chunk) for chunk in chunks]
        self.content.update(zip(digests, chunks, strict=True))
        fields = {
            "name": name,
            "type": kind,
            "content": digests,
            "lines": len(text.splitlines()),
            "size": len(text.encode()),
        }
        self.add("lookup-table", fields)

    def sums(self) -> dict[str, TableSum]:
        found = {}
        for noun, rows in self.tables.items():
            total = TableSum()
            for row in rows.values():
                total = total.add(digest_of(noun, row))
            if total.count:
                found[noun] = total
        return found

    @property
    def digest(self) -> str:
        return state_digest(self.sums())

    @property
    def header(self) -> Header:
        before = self.parent.sums() if self.parent else {}
        offers = {
            noun: Offer(total.digest(), total.count, (before[noun].digest(),) if noun in before else ())
            for noun, total in self.sums().items()
        }
        return Header(self.digest, offers)

    def rows(self, noun: str) -> Iterator[SentRow]:
        for row in self.tables[noun].values():
            self.sent += 1
            yield row

    def delta(self, noun: str, base: str) -> Iterator[SentRow]:
        assert self.parent is not None
        old, new = self.parent.tables[noun], self.tables[noun]
        for key in old.keys() | new.keys():
            if old.get(key) != new.get(key):
                self.sent += 1
                yield new.get(key, SentRow(key, None))

    def chunk(self, digest: str) -> bytes:
        return self.content[digest]

    def secret(self, name: str) -> bytes:
        return self.secrets[name]


def bundle(
    settings: Mapping[str, Any] | None = None,
    rows: Mapping[str, Sequence[Any]] | None = None,
    *,
    own: str = "",
    parent: MemoryBundle | None = None,
) -> MemoryBundle:
    """Return a bundle of settings, rows and own main.cf lines."""
    made = MemoryBundle(parent)
    for name, value in (settings or {}).items():
        made.set(name, value)
    for noun, items in (rows or {}).items():
        for item in items:
            made.add(noun, item)
    if own:
        made.own("main-cf", own)
    return made


def basic(hostname: str = "gw.example.com", *, domain: str = "example.com", own: str = "") -> MemoryBundle:
    """Return the smallest sensible gateway: a host name, a relay domain and where its mail goes."""
    settings = {"my-hostname": hostname, "internal-relay-host": "192.0.2.25"}
    return bundle(settings, {"relay-domain": [domain]}, own=own)


def unlucky(hostname: str = "gw.example.com") -> MemoryBundle:
    """Return a gateway that passes every test and, after `obstruct`, still does not start on this machine."""
    made = basic(hostname)
    made.own("master-cf", "extra unix n - n - - smtpd\n")
    return made


def obstruct(gateway: Gateway, *, replacing: bool = False) -> None:
    """Put a directory where `unlucky` wants a socket; the sealed world has a queue directory of its own."""
    if replacing:
        (gateway.paths.spool / "public/extra").unlink()
    (gateway.paths.spool / "public/extra/in-the-way").mkdir(parents=True)


class Gateway:
    """A gateway directory on free loopback ports. A context manager: at its end all is gone."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="sgn-", dir="/tmp"))
        self.directory.rmdir()
        self.lay_out()
        self.paths = NodePaths(self.directory)
        self.smtp_port, self.mpa_port, self.reinject_port = lease_port(), lease_port(), lease_port()
        self.ports = Ports(
            (Endpoint("127.0.0.1", self.smtp_port),),
            Endpoint("127.0.0.1", self.mpa_port),
            Endpoint("127.0.0.1", self.reinject_port),
        )
        self.access = Access(frozenset({0, os.getuid()}), os.getgid())

    def lay_out(self) -> None:
        """Make the directory, in which nothing was ever done."""
        self.directory.mkdir()
        self.directory.chmod(0o755)
        for name in ("run", "log", "control"):
            (self.directory / name).mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        from sealgate.postfix.master import Instance

        Instance(self.paths.instance).stop()
        shutil.rmtree(self.directory, ignore_errors=True)
        for port in (self.smtp_port, self.mpa_port, self.reinject_port):
            release_port(port)

    @property
    def node(self) -> Node:
        """The way to the agent."""
        return Node(self.paths.socket, ASKER, patience=60)

    @contextlib.contextmanager
    def agent(self, **more: Any) -> Iterator[Node]:
        """Run the agent in this process."""
        agent = Agent(self.paths, self.ports, self.access, **more)
        faults: list[BaseException] = []

        def serve() -> None:
            try:
                agent.serve()
            except BaseException as fault:  # noqa: BLE001 - the test is told
                faults.append(fault)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            wait_until(lambda: faults or self.paths.socket.exists(), "the agent answers")
            if faults:
                raise faults[0]
            yield self.node
        finally:
            agent.stop()
            thread.join(60)
        assert not thread.is_alive()

    def linked(self) -> str:
        """The release that the live link names; empty without one."""
        try:
            return self.paths.conf.readlink().name
        except OSError:
            return ""


def judged(node: Node, made: MemoryBundle) -> Report:
    """Have a bundle judged and insist that it passed."""
    report = node.judge(made, Grade.FULL)
    assert report.passed, [f"{one['code']}: {one['what']}" for one in report.findings]
    return report


def applied(node: Node, made: MemoryBundle, revision: int, **more: Any) -> Report:
    """Have a bundle judged and put in force."""
    report = judged(node, made)
    node.apply(Apply(made.digest, revision, **more))
    return report
