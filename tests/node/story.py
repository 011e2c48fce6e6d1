"""What crash tests begin with: revision 1 in force, a judged second candidate, and one message in the queue."""

from __future__ import annotations

import smtplib
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.node.crashes import DirectTalk, Step, killed_at
from tests.node.world import Gateway, MemoryBundle
from tests.support.waiting import wait_until

from sealgate.link.codec import to_json
from sealgate.link.messages import Apply, Grade, Judge, Nothing, Rollback, State, Status
from sealgate.node.agent import Agent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Story:
    """A gateway with revision 1 in force, a second candidate judged, and one message in the queue."""

    def __init__(self, gateway: Gateway, first: MemoryBundle, second: MemoryBundle) -> None:
        self.gateway = gateway
        self.first, self.second = first, second
        agent = self.agent()
        self.judge(agent, first)
        self.do(agent, "apply", Apply(first.digest, 1))
        self.judge(agent, second)
        self.queued = self.queue_a_message()

    def agent(self, before: Step | None = None) -> Agent:
        agent = Agent(self.gateway.paths, self.gateway.ports, self.gateway.access, before)
        agent.recover()
        if before is not None:
            before.armed = True
        return agent

    @staticmethod
    def do(agent: Agent, verb: str, question: object, bundle: MemoryBundle | None = None) -> Any:
        return agent.handlers()[verb](question, DirectTalk(bundle))  # type: ignore[arg-type]

    def judge(self, agent: Agent, made: MemoryBundle) -> None:
        report = self.do(agent, "judge", Judge(to_json(made.header), Grade.FULL), made)
        assert report.passed, report

    def queue_a_message(self) -> str:
        with smtplib.SMTP("127.0.0.1", self.gateway.smtp_port, "client.example.org", timeout=20) as client:
            client.sendmail("a@example.org", ["b@example.com"], "Subject: keep me\r\n\r\nhello\r\n")
        (name,) = set(wait_until(self.queue, "the message is in the queue"))  # type: ignore[call-overload]
        return str(name)

    def queue(self) -> list[str]:
        """The messages found by one walk: one that moves meanwhile may be missed, or met twice."""
        names = ("maildrop", "incoming", "active", "deferred", "hold")
        return [f.name for name in names for f in (self.gateway.paths.spool / name).rglob("*") if f.is_file()]

    def check(self, agent: Agent, where: str, *, edited: bool = False) -> Status:
        """Insist on a sound node, whatever was broken off; with `edited` a hand edit may still stand."""
        status = self.settled(agent)
        assert status.revision in {1, 2}, where
        assert status.release == self.gateway.linked(), where
        assert status.release == agent._judge.passed((self.first, self.second)[status.revision - 1].digest), where
        assert status.state in {State.CONFIRMED, State.ON_WATCH}, where
        assert edited or not status.drifted, where
        assert status.postfix_pid is not None, where
        assert status.listeners, where
        assert all(listener.answers for listener in status.listeners), (where, status.listeners)
        assert not status.problems, where
        wait_until(lambda: set(self.queue()) == {self.queued}, f"the message is in the queue, {where}")
        return status

    def settled(self, agent: Agent) -> Status:
        """Return the status once every listener answers; on a busy machine one may be late for a single look."""
        end = time.monotonic() + 20
        while True:
            status = self.do(agent, "status", Nothing())
            assert isinstance(status, Status)
            if (status.listeners and not status.problems) or time.monotonic() > end:
                return status

    def back_to_first(self, agent: Agent) -> None:
        status = self.do(agent, "status", Nothing())
        if status.state is State.ON_WATCH:
            self.do(agent, "rollback", Rollback())
        elif status.revision == 2:
            self.do(agent, "rollback", Rollback(1))

    def at_every_step(
        self, work: Callable[[Agent], object], prepare: Callable[[Agent], object] | None = None
    ) -> list[tuple[int | None, State]]:
        """Do the work, killed one step later each time; return what was in force after each kill."""
        after: list[tuple[int | None, State]] = []
        for number in range(2000):
            if prepare is not None:
                prepare(self.agent())

            def story(step: Step) -> None:
                work(self.agent(step))

            killed = killed_at(number, story)
            agent = self.agent()
            status = self.check(agent, f"killed at step {number}")
            after.append((status.revision, status.state))
            self.back_to_first(agent)
            if not killed:
                return after
        raise AssertionError("the work never ends")


@contextmanager
def told(first: MemoryBundle, second: MemoryBundle) -> Iterator[Story]:
    with Gateway() as gateway:
        yield Story(gateway, first, second)


def apply(story: Story, *, keep_for: int | None = None, watch_for: int = 0) -> Callable[[Agent], Any]:
    question = Apply(story.second.digest, 2, keep_for=keep_for, watch_for=watch_for)
    return lambda agent: story.do(agent, "apply", question)
