"""What the agent answers without changing anything: who it is, what runs, the configuration's files, queue and log.

A look at the running Postfix takes a short time and never waits for a change under way. The queue, the log and the
cache of verified recipients are Postfix's own; what changes them (hold, delete, flush) is Postfix's own business too,
and no revision.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from sealgate import __version__
from sealgate.link.messages import FORMAT, Facts, Hello, Listener, State, Status
from sealgate.link.upkeep import FileInfo
from sealgate.model.errors import NodeFailed, NotFound
from sealgate.postfix.files import free_space
from sealgate.postfix.listeners import greet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from sealgate.link.conversation import Conversation
    from sealgate.link.messages import Nothing
    from sealgate.link.upkeep import LiveFile
    from sealgate.node.applying import Applier
    from sealgate.node.drift import DriftWatch
    from sealgate.node.facts import Machine
    from sealgate.node.health import Health
    from sealgate.node.journal import Standing
    from sealgate.node.stores import Stores
    from sealgate.node.watching import Watcher
    from sealgate.postfix.master import Instance

_GREETING_PATIENCE = 2.0


class Queries:
    """Answers about the node."""

    def __init__(
        self,
        stores: Stores,
        instance: Instance,
        machine: Machine,
        *,
        applier: Applier,
        drift: DriftWatch,
        health: Health,
        watcher: Watcher,
    ) -> None:
        self._stores = stores
        self._instance = instance
        self._machine = machine
        self._applier = applier
        self._drift = drift
        self._health = health
        self._watcher = watcher

    def handlers(self) -> Mapping[str, Callable[[Any, Conversation], Any]]:
        """Return what answers each of these verbs."""
        return {
            "hello": self.hello,
            "facts": self.facts,
            "status": self.status,
            "live-file": self.live_file,
        }

    def hello(self, _question: Nothing, _talk: Conversation) -> Hello:
        """Say who the agent is."""
        return Hello(__version__, FORMAT, self._machine.postfix().version, os.getpid())

    def facts(self, _question: Nothing, _talk: Conversation) -> Facts:
        """Give the node's facts."""
        return self._machine.message()

    def status(self, _question: Nothing, _talk: Conversation) -> Status:
        """Say what runs."""
        standing = self._applier.standing
        live, operation, watched = standing.live, standing.operation, standing.watched
        pid = self._instance.pid()
        listeners = tuple(self._listeners(standing)) if pid else ()
        return Status(
            version=__version__,
            postfix_version=self._machine.postfix().version,
            state=_state(standing),
            revision=live.revision if live else None,
            release=live.release if live else "",
            digest=live.digest if live else "",
            comment=live.comment if live else "",
            since=live.since if live else None,
            confirmed_revision=standing.in_force.revision if standing.in_force else None,
            watch_until=operation.deadline if operation else None,
            postfix_pid=pid,
            listeners=listeners,
            mpa_answers=self._health.mpa_answers(),
            drifted=tuple(item.file for item in self._drift.find(standing).unresolved),
            free_bytes=free_space(self._stores.paths.directory),
            problems=tuple(self._problems(standing, pid, listeners)),
            last=standing.last,
            watched_until=watched.watch.until if watched and watched.watch else None,
            watched=self._watcher.sentences() if watched else (),
        )

    def live_file(self, question: LiveFile, talk: Conversation) -> FileInfo:
        """Send a file of the configuration in force."""
        live = self._applier.standing.live
        release = self._stores.releases.find(live.release) if live else None
        if release is None:
            raise NotFound("No revision is in force on this node, so it has no files.")
        content = self._drift.content(release, question.name, expected=question.expected)
        talk.content(content)
        return FileInfo(question.name, len(content), hashlib.sha256(content).hexdigest())

    def _listeners(self, standing: Standing) -> Iterator[Listener]:
        if standing.live is None:
            return
        try:
            wanted = self._health.reading(standing.live.release).listeners
        except NodeFailed:
            return
        for one in wanted:
            greeting = greet(one, _GREETING_PATIENCE)
            yield Listener(f"{one.service} {one}", greeting.answers, greeting.fault)

    @staticmethod
    def _problems(standing: Standing, pid: int | None, listeners: tuple[Listener, ...]) -> Iterator[str]:
        if standing.live is None:
            yield "No revision is in force yet: apply one, then Postfix starts."
        elif pid is None:
            yield "Postfix does not run. The agent tries to start it again; its log has the reason."
        for listener in listeners:
            if not listener.answers:
                yield f"{listener.name} does not answer: {listener.detail}"


def _state(standing: Standing) -> State:
    if standing.operation is not None:
        watched = standing.operation.stage == "on-watch"
        return State.ON_WATCH if watched else State.SWITCHING
    return State.CONFIRMED if standing.in_force is not None else State.NONE
