"""kill -9 of the agent at every step of every change: the node is on the old or the new revision, and mail lives.

Each story is told again and again, ending the agent one step later each time, until it gets through. After each end a
new agent starts, says what is in force, and that must be so: the link, the files, a Postfix that answers, the queue.
"""

from __future__ import annotations

import smtplib
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.node.crashes import Step, killed_at
from tests.node.story import apply, told
from tests.node.world import basic, obstruct, unlucky

from sealgate.link.messages import Confirm, Rollback, State
from sealgate.link.upkeep import Overwrite
from sealgate.postfix.master import Instance

if TYPE_CHECKING:
    from sealgate.node.agent import Agent

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def story():
    with told(basic(), basic("other.example.com", domain="example.net")) as made:
        yield made


@pytest.fixture
def restarting():
    """The second revision needs a restart of Postfix, not only a reload."""
    with told(basic(), basic("other.example.com", own="inet_protocols = ipv4\n")) as made:
        yield made


def test_an_apply_killed_at_any_step_leaves_the_old_or_the_new_revision(story):
    after = story.at_every_step(apply(story))

    assert after[0] == (1, State.CONFIRMED)
    assert after[-1] == (2, State.CONFIRMED)
    assert len(after) > 15
    assert [revision for revision, _ in after] == sorted(revision for revision, _ in after)


def test_an_apply_with_a_restart_killed_at_any_step_leaves_the_old_or_the_new_revision(restarting):
    after = restarting.at_every_step(apply(restarting))

    assert after[0] == (1, State.CONFIRMED)
    assert after[-1] == (2, State.CONFIRMED)


def test_an_apply_on_watch_killed_at_any_step_is_old_or_on_watch(story):
    after = story.at_every_step(apply(story, keep_for=3600))

    assert set(after) == {(1, State.CONFIRMED), (2, State.ON_WATCH)}


def test_an_apply_that_is_watched_killed_at_any_step_is_old_or_on_watch(story):
    after = story.at_every_step(apply(story, watch_for=3600))

    assert set(after) == {(1, State.CONFIRMED), (2, State.ON_WATCH)}


def test_an_agent_that_was_killed_comes_back_to_what_is_on_watch_and_breaks_off_no_session(story):
    killed = story.agent()
    apply(story, watch_for=3600)(killed)
    before = story.settled(killed).postfix_pid
    with smtplib.SMTP("127.0.0.1", story.gateway.smtp_port, "client.example.org", timeout=20) as client:
        status = story.check(story.agent(), "killed on watch")
        said, _ = client.noop()

    assert (status.revision, status.state, status.postfix_pid, said) == (2, State.ON_WATCH, before, 250)


def test_a_postfix_that_ended_with_its_agent_proves_itself_again_and_is_on_watch(story):
    killed = story.agent()
    apply(story, watch_for=3600)(killed)
    Instance(story.gateway.paths.instance).stop()

    status = story.check(story.agent(), "killed on watch, with Postfix")

    assert (status.revision, status.state) == (2, State.ON_WATCH)


def test_an_undo_because_mail_suffers_killed_at_any_step_is_on_watch_or_undone(story):
    def once_more(agent: Agent) -> None:
        forgiven(agent)
        apply(story, watch_for=3600)(agent)

    after = story.at_every_step(
        lambda agent: agent._applier.undo_watched(2, ("the listener is silent",)),
        prepare=once_more,
    )

    assert set(after) == {(2, State.ON_WATCH), (1, State.CONFIRMED)}
    assert after[-1] == (1, State.CONFIRMED)


def test_a_watch_that_passes_killed_at_any_step_is_on_watch_or_confirmed(story):
    def settle(agent: Agent) -> None:
        watched = agent._applier.standing.watched
        assert watched is not None
        assert watched.watch is not None
        over = replace(watched, watch=replace(watched.watch, until=time.time() - 1))
        agent._applier.standing = agent._applier.standing.begin(over)
        assert agent._applier.settle() is not None

    after = story.at_every_step(settle, prepare=apply(story, watch_for=3600))

    assert set(after) == {(2, State.ON_WATCH), (2, State.CONFIRMED)}


def forgiven(agent: Agent) -> None:
    """Forget that a revision was undone, so that it can be put in force once more."""
    agent._applier._remember(replace(agent._applier.standing, failed=()))


def test_a_confirmation_killed_at_any_step_is_on_watch_or_confirmed(story):
    after = story.at_every_step(
        lambda agent: story.do(agent, "confirm", Confirm()), prepare=apply(story, keep_for=3600)
    )

    assert set(after) == {(2, State.ON_WATCH), (2, State.CONFIRMED)}


def test_a_rollback_killed_at_any_step_leaves_one_of_both_revisions(story):
    after = story.at_every_step(lambda agent: story.do(agent, "rollback", Rollback(1)), prepare=apply(story))

    assert after[0] == (2, State.CONFIRMED)
    assert after[-1] == (1, State.CONFIRMED)


def test_an_undo_after_the_deadline_killed_at_any_step_ends_on_the_old_revision(story):
    """The deadline passes while no agent runs, and the next agents are killed while they undo."""

    def on_watch_until_now(agent: Agent) -> None:
        apply(story, keep_for=3600)(agent)
        operation = agent._applier.standing.operation
        assert operation is not None
        agent._applier._remember(agent._applier.standing.begin(replace(operation, deadline=time.time() - 1)))

    killed = 0
    for number in range(500):
        on_watch_until_now(story.agent())

        def recover(step: Step) -> None:
            step.armed = True
            story.agent(step)

        was_killed = killed_at(number, recover)
        killed += was_killed
        agent = story.agent()
        assert story.check(agent, f"killed at step {number}").revision == 1
        if not was_killed:
            break

    assert killed > 10


def test_an_overwrite_killed_at_any_step_leaves_the_edited_or_the_made_file(story):
    live = story.gateway.paths.conf / "main.cf"
    made = live.read_text()
    edited = f"{made}# by hand\n"
    found = set()

    for number in range(500):
        live.write_text(edited)
        killed = killed_at(number, lambda step: story.do(story.agent(step), "overwrite", Overwrite()))
        story.check(story.agent(), f"killed at step {number}", edited=True)
        found.add(live.read_text())
        if not killed:
            break

    assert found == {made, edited}
    assert live.read_text() == made


def test_an_apply_that_fails_killed_at_any_step_ends_on_the_old_revision():
    with told(basic(), unlucky()) as story:
        obstruct(story.gateway)
        for number in range(500):
            killed = killed_at(number, lambda step: apply(story)(story.agent(step)))
            agent = story.agent()
            assert story.check(agent, f"killed at step {number}").revision == 1
            forgiven(agent)
            if not killed:
                break

        assert number > 20


def test_judging_killed_at_any_step_changes_nothing_live(story):
    candidate = basic("third.example.com", domain="example.org")
    candidate.table("hash", "tls-policy", "example.com encrypt\n")

    for number in range(2000):
        killed = killed_at(number, lambda step: story.judge(story.agent(step), candidate))
        agent = story.agent()
        assert story.check(agent, f"killed at step {number}").revision == 1
        if not killed:
            assert number > 50
            return
    raise AssertionError
