"""A gateway's control half in a directory of its own, and a stand-in for the agent that answers from data.

The stand-in listens on the gateway's real socket and speaks the real protocol; what it answers is given by the test,
and what it was asked is kept. It judges by what it is told, since there is no Postfix behind it.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.blank_database import blank_database

from sealgate.link.bundle import Header, Need
from sealgate.link.codec import from_json, to_json
from sealgate.link.conversation import rows_of, whole
from sealgate.link.messages import Facts, Judge, Nothing, Outcome, Report, State, Status
from sealgate.link.sealing import KeyPair, generate
from sealgate.link.server import Server
from sealgate.model.errors import NodeFailed
from sealgate.services.node_facts import guessed
from sealgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sealgate.link.conversation import Conversation


def make_directory(directory: Path) -> KeyPair:
    """Lay out what `sealgate init` would, as far as the control half needs it; returns the node group's keys."""
    for name in ("control", "node", "run", "log"):
        (directory / name).mkdir(parents=True)
    (directory / "sealgate.toml").write_text("")
    keys = generate()
    (directory / "control" / "group.pub").write_bytes(keys.public)
    blank_database(directory / "control" / "sealgate.db")
    return keys


@dataclass
class StandIn:
    """What the stand-in knows, answers and was asked."""

    settings: Settings
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    findings: tuple[dict[str, Any], ...] = ()
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    chunks: dict[str, bytes] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    outcome: Outcome | None = None

    def handler(self, verb: str) -> Callable[[Any, Conversation], Any]:
        """Return what answers a verb."""

        def answer(question: Any, talk: Conversation) -> Any:
            self.asked.append((verb, question))
            given = self.answers.get(verb, getattr(self, f"on_{verb.replace('-', '_')}", _no_answer))
            value = given(question, talk) if callable(given) else given
            if isinstance(value, Exception):
                raise value
            if isinstance(value, Outcome):
                self.outcome = value
            return value

        return answer

    def on_facts(self, _question: Nothing, _talk: Conversation) -> Facts:
        node = guessed(self.settings)
        return Facts(
            node.to_json(), node.postfix_version, tuple(sorted(node.map_types)), {"myhostname": "", "mynetworks": ""}
        )

    def on_hello(self, _question: Nothing, _talk: Conversation) -> Any:
        from sealgate.link.messages import FORMAT, Hello

        return Hello("test", FORMAT, "3.7.11", os.getpid())

    def on_judge(self, question: Judge, talk: Conversation) -> Report:
        header = from_json(Header, question.header)
        self._take(header, talk)
        passed = not any(finding["severity"] == "error" for finding in self.findings)
        return Report(header.digest, header.digest[:16], question.grade, passed, self.findings, 0.01)

    def on_apply(self, question: Any, _talk: Conversation) -> Outcome:
        return Outcome(State.CONFIRMED, question.revision, question.digest[:16], "Applied.")

    def on_status(self, _question: Nothing, _talk: Conversation) -> Status:
        return self.status()

    def status(self, **special: Any) -> Status:
        """What the stand-in says of itself: in force is what its last outcome said."""
        number = self.outcome.revision if self.outcome else None
        applied = {question.revision: question for verb, question in self.asked if verb == "apply"}
        question = applied.get(number)
        values: dict[str, Any] = {
            "version": "test",
            "postfix_version": "3.7.11",
            "state": State.CONFIRMED if number else State.NONE,
            "revision": number,
            "release": "",
            "digest": question.digest if question else "",
            "comment": question.comment if question else "",
            "since": None,
            "confirmed_revision": number,
            "watch_until": None,
            "postfix_pid": None,
            "listeners": (),
            "mpa_answers": True,
            "drifted": (),
            "free_bytes": 2**30,
        }
        return Status(**values | special)

    def _take(self, header: Header, talk: Conversation) -> None:
        """Ask for what a bundle has, as deltas where they are offered."""
        wanted = {
            noun: next((base for base in offer.bases if base == self.known.get(noun)), "")
            for noun, offer in header.tables.items()
            if offer.digest != self.known.get(noun)
        }
        for part, contents in talk.ask(Need(wanted)):
            table = {} if part.kind == "rows" else dict(self.rows.get(part.name, {}))
            for row in rows_of(contents):
                if row.fields is None:
                    table.pop(row.key, None)
                else:
                    table[row.key] = row.fields
            self.rows[part.name] = table
        self.known = {noun: offer.digest for noun, offer in header.tables.items()}
        self.rows = {noun: rows for noun, rows in self.rows.items() if noun in header.tables}
        digests = [digest for row in self.rows.get("lookup-table", {}).values() for digest in row["content"]]
        names = [row["password"] for row in self.rows.get("sasl", {}).values()]
        need = Need({}, tuple(set(digests) - self.chunks.keys()), tuple(set(names) - self.secrets.keys()))
        if need:
            for part, contents in talk.ask(need):
                (self.chunks if part.kind == "chunk" else self.secrets)[part.name] = whole(contents)
        for _nothing in talk.ask(Need()):
            pass


def _no_answer(_question: Any, _talk: Conversation) -> Any:
    return NodeFailed("The stand-in has no answer to this.")


@contextmanager
def stand_in(directory: Path, **answers: Any) -> Iterator[StandIn]:
    """Run a stand-in for the agent of the gateway in a directory; `answers` by verb, with _ for -."""
    from sealgate.link.verbs import VERBS

    settings = Settings.load(directory)
    agent = StandIn(settings, {verb.replace("_", "-"): answer for verb, answer in answers.items()})
    faults: list[tuple[str, BaseException]] = []
    server = Server(
        settings.agent_socket,
        {verb: agent.handler(verb) for verb in VERBS},
        uids=frozenset({os.geteuid()}),
        gid=os.getegid(),
        on_fault=lambda verb, fault: faults.append((verb, fault)),
    )
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield agent
    finally:
        server.close()
        thread.join()
    assert faults == []


def plain(value: Any) -> Any:
    """Return a value of the link as JSON."""
    return to_json(value)
