"""Any history of changes: apply, watch, confirm, rollback, hand edits, new starts and kills, against a simple account.

The account says which revision must be in force, which ones can be gone back to, and what must be refused.
"""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.node.crashes import DirectTalk
from tests.node.world import Gateway, MemoryBundle, basic

from sealgate.link.codec import to_json
from sealgate.link.messages import Apply, Confirm, Grade, Judge, Nothing, Rollback, State
from sealgate.link.upkeep import Overwrite
from sealgate.model.errors import NotFound, Refused
from sealgate.node.agent import Agent

HOSTS = [basic(f"h{number}.example.com") for number in range(3)]


class History(RuleBasedStateMachine):
    """A gateway, and what must be true of it."""

    @initialize()
    def begin(self):
        self.gateway = Gateway()
        self.agent = self.start()
        self.number = 0
        self.in_force: tuple[int, str] | None = None
        self.earlier: list[tuple[int, str]] = []
        self.watch: tuple[int, str] | None = None
        self.edited = False

    def start(self):
        agent = Agent(self.gateway.paths, self.gateway.ports, self.gateway.access)
        agent.recover()
        return agent

    def do(self, verb, question, made: MemoryBundle | None = None):
        return self.agent.handlers()[verb](question, DirectTalk(made))

    @property
    def live(self):
        return self.watch or self.in_force

    def confirmed(self, point):
        older = [self.in_force, *self.earlier] if self.in_force else self.earlier
        self.earlier = [one for one in older if one[0] != point[0]]
        self.in_force = point

    @rule(host=st.sampled_from(HOSTS), watched=st.booleans())
    def apply(self, host, watched):
        report = self.do("judge", Judge(to_json(host.header), Grade.FULL), host)
        question = Apply(host.digest, self.number + 1, keep_for=3600 if watched else None)
        if self.watch or self.edited:
            with pytest.raises(Refused):
                self.do("apply", question)
            return
        self.number += 1
        outcome = self.do("apply", question)
        point = (self.number, report.release)
        assert outcome.state is (State.ON_WATCH if watched else State.CONFIRMED)
        if watched:
            self.watch = point
        else:
            self.confirmed(point)

    @rule()
    def confirm(self):
        if self.watch is None:
            with pytest.raises(Refused):
                self.do("confirm", Confirm())
            return
        self.do("confirm", Confirm(self.watch[0]))
        self.confirmed(self.watch)
        self.watch = None

    @rule()
    def roll_back_one(self):
        if self.watch is None and not self.earlier:
            with pytest.raises(Refused):
                self.do("rollback", Rollback())
            return
        self.do("rollback", Rollback())
        if self.watch is None:
            self.confirmed(self.earlier[0])
        self.watch, self.edited = None, False

    @rule(number=st.integers(1, 8))
    def roll_back_to(self, number):
        known = {one[0]: one for one in [*([self.in_force] if self.in_force else []), *self.earlier]}
        if number not in known:
            with pytest.raises(NotFound):
                self.do("rollback", Rollback(number))
            return
        stays = self.watch is None and self.in_force == known[number]
        self.do("rollback", Rollback(number))
        if not stays:
            if known[number] != self.in_force:
                self.confirmed(known[number])
            self.watch, self.edited = None, False

    @precondition(lambda self: self.live is not None and not self.edited)
    @rule(name=st.sampled_from(["main.cf", "master.cf"]))
    def edit(self, name):
        path = self.gateway.paths.conf / name
        path.write_text(f"{path.read_text()}# by hand\n")
        self.edited = True

    @precondition(lambda self: self.live is not None)
    @rule()
    def overwrite(self):
        self.do("overwrite", Overwrite())
        self.edited = False

    @rule()
    def start_anew(self):
        self.agent = self.start()

    @precondition(lambda self: self.live is not None)
    @rule()
    def kill_postfix(self):
        pid = self.agent._instance.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self.agent._instance.stop()
        self.agent = self.start()

    @invariant()
    def the_node_is_as_the_account_says(self):
        if not hasattr(self, "gateway"):
            return
        status = self.do("status", Nothing())
        number, release = self.live or (None, "")
        assert (status.revision, status.release) == (number, release)
        assert self.gateway.linked() == release
        assert status.confirmed_revision == (self.in_force[0] if self.in_force else None)
        assert bool(status.drifted) == self.edited
        assert (status.postfix_pid is not None) == (self.live is not None)
        assert all(listener.answers for listener in status.listeners)

    def teardown(self):
        if hasattr(self, "gateway"):
            self.gateway.__exit__()


TestHistory = History.TestCase
TestHistory.settings = settings(
    max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestHistory = pytest.mark.timeout(900)(TestHistory)
