"""The agent: root's half of the gateway. It answers the link's questions, and sees to it that Postfix runs.

One change at a time: apply, confirm, rollback, overwrite and undo hold `_changing`; judging and whatever else tries a
release sealed off hold `_staging`, so that a long rehearsal never keeps anybody from confirming or rolling back.
Questions about status, queue and log are answered beside. At its start it first finishes or undoes what the journal
says was under way, then starts Postfix, then answers; at its end it stops Postfix. While nothing is asked it sleeps.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgate.link.bundle import Header
from sealgate.link.codec import from_json
from sealgate.link.messages import Nothing
from sealgate.link.server import Server
from sealgate.link.upkeep import SealedKeys
from sealgate.log import logger
from sealgate.model.errors import NodeFailed, NotFound, NotPermitted, Refused
from sealgate.model.findings import Place, error
from sealgate.model.next_steps import Act, Step
from sealgate.node.announced import AnnouncedInstance
from sealgate.node.applying import Applier, Machinery
from sealgate.node.drift import DriftWatch
from sealgate.node.drilling import Driller
from sealgate.node.explaining import Explainer
from sealgate.node.facts import Machine
from sealgate.node.health import Health
from sealgate.node.journal import Journal, point
from sealgate.node.judging import Bench, Judge
from sealgate.node.keeping import Deadlines, Keeper
from sealgate.node.keys import GroupKey
from sealgate.node.live_tests.asking import LiveTests
from sealgate.node.lookups import Lookups
from sealgate.node.mail import Mail
from sealgate.node.mending import Mender
from sealgate.node.queries import Queries
from sealgate.node.receiving import Receiver
from sealgate.node.replaying import Replayer
from sealgate.node.reserve import Reserve
from sealgate.node.sides import Sides
from sealgate.node.staging import Stager
from sealgate.node.stores import Stores
from sealgate.node.watching import Pace, Watched, Watcher
from sealgate.node.widening import Widenings
from sealgate.rehearsal.judging import Judge as Rehearsal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from sealgate.link.conversation import Conversation
    from sealgate.link.messages import Apply, Confirm, Outcome, PublicKey, Report, Rollback
    from sealgate.link.messages import Judge as JudgeQuestion
    from sealgate.link.upkeep import Adopt, BackupKeys, Drift, Overwrite, RestoreKeys
    from sealgate.node.facts import Ports
    from sealgate.node.paths import NodePaths
    from sealgate.node.releases import Release
    from sealgate.node.stores import Before

KEPT_CANDIDATES = 5
LONGEST_WATCH = 7 * 86400


@dataclass(frozen=True, slots=True)
class Access:
    """Who may speak with the agent: user ids, and the group of the socket."""

    uids: frozenset[int]
    gid: int


class Agent:
    """The agent of one gateway directory.

    `before` hears of every step before it is done; see `postfix/files.py`. `mpa_user` is who the MPA of a rehearsal is.
    `resolvers` are name servers that live tests ask instead of those of the machine.
    """

    def __init__(
        self,
        paths: NodePaths,
        ports: Ports,
        access: Access,
        before: Before | None = None,
        *,
        pace: Pace = Pace(),  # noqa: B008 - frozen
        mpa_user: str = "sealgate-mpa",
        resolvers: tuple[str, ...] = (),
    ) -> None:
        self._access = access
        self._log = logger("agent")
        self._changing = threading.Lock()
        self._staging = threading.Lock()
        self._ended = threading.Event()
        stores = self._stores = Stores.open(paths, before)
        self._key = GroupKey(stores)
        self._machine = Machine(paths, ports, stores.neutral)
        self._instance = AnnouncedInstance(paths.instance, announce=before)
        receiver = Receiver(stores.rows, stores.objects, stores.secrets)
        stager = Stager(stores, self._key.open)
        rehearsal = Rehearsal(paths.instance, paths.neutral, mpa_user=mpa_user)
        self._judge = Judge(Bench(stores, self._machine, receiver, stager, rehearsal, self._release_in_force))
        self._mender = Mender(stores, stager, receiver, self._key.open)
        health = Health(paths, self._instance, ports.mpa)
        reserve = Reserve(paths.reserve, stores.files)
        journal = Journal(paths.journal, stores.files)
        self._applier = Applier(Machinery(stores, journal, self._instance, self._mender, health, reserve))
        self._drift = DriftWatch(stores)
        self._watcher = Watcher(Watched(self._instance, health, self._applier, ports.mpa), self._changing, pace)
        self._queries = Queries(
            stores,
            self._instance,
            self._machine,
            applier=self._applier,
            drift=self._drift,
            health=health,
            watcher=self._watcher,
        )
        self._mail = Mail(self._instance)
        sides = Sides(stores, receiver, rehearsal, self._release_in_force)
        self._lookups = Lookups(stores, sides)
        self._explainer = Explainer(sides)
        self._replayer = Replayer(paths, sides)
        self._driller = Driller(sides)
        self._widenings = Widenings(stores, sides)
        self._live_tests = LiveTests(
            receiver,
            self._key.open,
            lambda talk: self._alone(self._staging, "a release is being tried", talk),
            resolvers=resolvers,
        )
        self._keeper = Keeper(self._instance, self._changing, lambda: self._applier.standing.live is not None)
        self._deadlines = Deadlines(self._applier.due, self._expire)

    # -- its life

    def recover(self) -> None:
        """Finish or undo what was under way, and start Postfix on what is in force."""
        with self._changing:
            self._key.publish()
            outcome = self._applier.recover()
        if outcome is not None:
            self._log.warning("an operation was under way at the start", state=outcome.state, text=outcome.text)

    def serve(self) -> None:
        """Recover, then answer until `stop`."""
        self.recover()
        server = Server(
            self._stores.paths.socket,
            self.handlers(),
            uids=self._access.uids,
            gid=self._access.gid,
            on_fault=lambda verb, fault: self._log.error("fault", verb=verb, exc_info=fault),
        )
        answering = threading.Thread(target=server.serve, name="server", daemon=True)
        self._keeper.start()
        self._deadlines.start()
        self._watcher.start()
        answering.start()
        self._log.info("ready", socket=str(self._stores.paths.socket), revision=self._revision())
        try:
            self._ended.wait()
        finally:
            server.close()
            answering.join()
            self._watcher.stop()
            self._deadlines.stop()
            self._keeper.stop()
            with self._changing:
                self._instance.stop()
            self._log.info("stopped")

    def stop(self) -> None:
        """End `serve`; Postfix is stopped too."""
        self._ended.set()

    def handlers(self) -> Mapping[str, Callable[[Any, Conversation], Any]]:
        """Return what answers each verb of the link."""
        return {
            "public-key": lambda _q, _t: self._key.public(),
            "judge": self._on_judge,
            "apply": self._on_apply,
            "confirm": self._on_confirm,
            "rollback": self._on_rollback,
            "drift": lambda _q, _t: self._drift.find(self._applier.standing),
            "adopt": self._on_adopt,
            "overwrite": self._on_overwrite,
            "backup-keys": self._on_backup,
            "restore-keys": self._on_restore,
            "stop": self._on_stop,
            **self._queries.handlers(),
            **self._mail.handlers(),
            **self._lookups.handlers(),
            **self._live_tests.handlers(),
            **self._one_at_a_time(self._explainer.handlers()),
            **self._one_at_a_time(self._replayer.handlers()),
            **self._one_at_a_time(self._driller.handlers()),
            **self._one_at_a_time(self._widenings.handlers()),
        }

    def _one_at_a_time(
        self, handlers: Mapping[str, Callable[[Any, Conversation], Any]]
    ) -> dict[str, Callable[[Any, Conversation], Any]]:
        """Return the handlers that run releases, so that no release is swept away while one of them tries it."""

        def guarded(answer: Callable[[Any, Conversation], Any]) -> Callable[[Any, Conversation], Any]:
            def hold(question: Any, talk: Conversation) -> Any:
                with self._alone(self._staging, "another release is being tried", talk):
                    return answer(question, talk)

            return hold

        return {verb: guarded(answer) for verb, answer in handlers.items()}

    # -- changes

    def _on_judge(self, question: JudgeQuestion, talk: Conversation) -> Report:
        header = from_json(Header, question.header, "header")
        with self._alone(self._staging, "another candidate is being judged", talk):
            report = self._widenings.told(self._judge.judge(header, question, talk), talk)
            self._log.info("judged", by=talk.asker.name, release=report.release, passed=report.passed)
            self._sweep(report.release)
        return report

    def _on_apply(self, question: Apply, talk: Conversation) -> Outcome:
        deadline = None
        if question.keep_for is not None:
            if not 0 < question.keep_for <= LONGEST_WATCH:
                raise Refused(f"A watch takes from one second to {LONGEST_WATCH // 86400} days. Nothing was changed.")
            deadline = time.time() + question.keep_for
        watch_for = question.watch_for or 0
        if not 0 <= watch_for <= LONGEST_WATCH:
            raise Refused(f"A watch takes at most {LONGEST_WATCH // 86400} days. Nothing was changed.")
        if question.revision < 1:
            raise Refused("A revision is numbered from 1. Nothing was changed.")
        with self._alone(self._changing, "another change is under way", talk):
            self._refuse_drift()
            target = point(question.revision, self._judge.passed(question.digest), question.digest, question.comment)
            outcome = self._applier.apply(target, deadline=deadline, tell=talk.progress, watch_for=watch_for)
        return self._changed(outcome, talk)

    def _on_confirm(self, question: Confirm, talk: Conversation) -> Outcome:
        with self._alone(self._changing, "another change is under way", talk):
            outcome = self._applier.confirm(question.revision)
        return self._changed(outcome, talk)

    def _on_rollback(self, question: Rollback, talk: Conversation) -> Outcome:
        with self._alone(self._changing, "another change is under way", talk):
            outcome = self._applier.rollback(self._asked_point(question), talk.progress, watched=question.watched)
        return self._changed(outcome, talk)

    def _on_adopt(self, question: Adopt, talk: Conversation) -> Drift:
        with self._alone(self._changing, "another change is under way", talk):
            self._applier.adopt(question.files)
            return self._drift.find(self._applier.standing)

    def _on_overwrite(self, question: Overwrite, talk: Conversation) -> Drift:
        with self._alone(self._changing, "another change is under way", talk):
            self._applier.overwrite(question.files)
            self._log.info("overwritten", by=talk.asker.name, files=question.files)
            return self._drift.find(self._applier.standing)

    # -- keys and the end

    def _on_backup(self, question: BackupKeys, talk: Conversation) -> SealedKeys:
        self._log.info("the group key was given for a backup", by=talk.asker.name)
        return SealedKeys(self._key.backup(question.passphrase))

    def _on_restore(self, question: RestoreKeys, talk: Conversation) -> PublicKey:
        public = self._key.restore(question.passphrase, question.sealed)
        self._log.info("the group key was restored", by=talk.asker.name, key=public.id)
        return public

    def _on_stop(self, _question: Nothing, talk: Conversation) -> Nothing:
        if talk.peer.uid != 0:
            raise NotPermitted("Only root may stop the agent. Nothing was changed.")
        self.stop()
        return Nothing()

    # -- pieces

    @contextlib.contextmanager
    def _alone(self, lock: threading.Lock, what: str, talk: Conversation) -> Any:
        """Hold a lock for the work of one question; what the system refuses becomes a sentence."""
        if not lock.acquire(blocking=False):
            talk.progress(f"waiting: {what}")
            lock.acquire()
        try:
            yield
        except OSError as failure:
            raise NodeFailed(
                f"The system refused a step: {failure.strerror or failure} ({failure.filename or 'no file'}). Look "
                "at what is in force now."
            ).then(Step(Act.STATUS)) from failure
        finally:
            lock.release()

    def _changed(self, outcome: Outcome, talk: Conversation) -> Outcome:
        self._log.info("changed", by=talk.asker.name, state=outcome.state, text=outcome.text, evidence=outcome.evidence)
        self._deadlines.look()
        self._watcher.look()
        self._keeper.look()
        return outcome

    def _asked_point(self, question: Rollback) -> Any:
        if question.revision is None:
            return None
        found = self._applier.standing.point_of(question.revision)
        if found is None:
            raise NotFound(
                f"Revision {question.revision} was never confirmed on this node, or is not kept any more. Nothing was "
                "changed. Check the revision, then apply it."
            )
        return replace(found, comment=question.comment or found.comment)

    def _refuse_drift(self) -> None:
        unresolved = self._drift.find(self._applier.standing).unresolved
        if unresolved:
            names = ", ".join(item.file for item in unresolved)
            raise Refused(
                f"Changed by hand on this machine: {names}. Nothing was changed. Look at it, then adopt or "
                "overwrite the edit.",
                [error("drift", Place(file=item.file), f"{item.file} was {item.kind} by hand.") for item in unresolved],
            ).then(Step(Act.DRIFT))

    def _sweep(self, newest: str) -> None:
        """Throw away candidates that nobody asked about for long; a disk that refuses is no reason to fail."""
        candidates = [release.id for release in self._stores.releases.all()][:KEPT_CANDIDATES]
        with contextlib.suppress(OSError), self._changing:
            self._stores.sweep({newest, *candidates, *self._applier.standing.kept_releases})

    def _expire(self) -> None:
        with self._changing:
            try:
                outcome = self._applier.expire()
            except (OSError, NodeFailed) as failure:
                self._log.error("an undo failed and is tried again", failure=str(failure))
                return
        if outcome is not None:
            self._log.warning("undone", text=outcome.text)

    def _release_in_force(self) -> Release | None:
        live = self._applier.standing.live
        return self._stores.releases.find(live.release) if live else None

    def _revision(self) -> int | None:
        live = self._applier.standing.live
        return live.revision if live else None


def run(agent: Agent) -> int:
    """Run an agent in this process until SIGTERM or SIGINT; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: agent.stop())
    agent.serve()
    return 0
