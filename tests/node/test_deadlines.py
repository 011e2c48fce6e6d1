"""Apply for a time: kept when confirmed, undone by itself when not. Real agent, real Postfix."""

from __future__ import annotations

import time

import pytest
from tests.node.world import applied, basic, judged
from tests.support.waiting import wait_until

from sealgate.link.messages import Apply, State
from sealgate.model.errors import Refused


@pytest.fixture
def gateway(standing):
    return standing


def test_a_revision_on_watch_is_in_force_until_the_deadline(gateway):
    with gateway.agent() as node:
        applied(node, basic("one.example.com"), 1)
        applied(node, basic("two.example.com"), 2, keep_for=600)
        status = node.status()

    assert (status.state, status.revision, status.confirmed_revision) == (State.ON_WATCH, 2, 1)
    assert status.watch_until is not None


def test_a_confirmed_revision_stays(gateway):
    with gateway.agent() as node:
        applied(node, basic("one.example.com"), 1)
        applied(node, basic("two.example.com"), 2, keep_for=600)
        outcome = node.confirm(2)
        status = node.status()

    assert outcome.state is State.CONFIRMED
    assert (status.state, status.revision, status.watch_until) == (State.CONFIRMED, 2, None)


def test_nobody_confirming_undoes_it_by_itself(gateway):
    with gateway.agent() as node:
        applied(node, basic("one.example.com"), 1)
        applied(node, basic("two.example.com"), 2, keep_for=1)
        wait_until(lambda: node.status().state is State.CONFIRMED, "the undo")
        status = node.status()

    assert status.revision == 1
    assert status.last.state is State.UNDONE
    assert "Nobody confirmed it in time" in status.last.text
    assert gateway.linked() == status.release


def test_a_deadline_that_passed_while_the_agent_was_down_undoes_at_its_start(gateway):
    with gateway.agent() as node:
        applied(node, basic("one.example.com"), 1)
        applied(node, basic("two.example.com"), 2, keep_for=1)
    wait_until(lambda: gateway.paths.journal.stat().st_mtime < time.time() - 1.5, "the deadline")
    with gateway.agent() as node:
        status = node.status()

    assert (status.state, status.revision) == (State.CONFIRMED, 1)
    assert status.last.state is State.UNDONE


def test_a_watch_goes_on_over_a_restart_of_the_agent(gateway):
    with gateway.agent() as node:
        applied(node, basic("one.example.com"), 1)
        applied(node, basic("two.example.com"), 2, keep_for=600)
    with gateway.agent() as node:
        status = node.status()

        assert (status.state, status.revision) == (State.ON_WATCH, 2)
        assert node.confirm().state is State.CONFIRMED


def test_another_apply_is_refused_meanwhile(gateway):
    with gateway.agent() as node:
        applied(node, basic("one.example.com"), 1)
        applied(node, basic("two.example.com"), 2, keep_for=600)
        judged(node, basic("three.example.com"))

        with pytest.raises(Refused, match="Revision 2 is on watch"):
            node.apply(Apply(basic("three.example.com").digest, 3))


def test_confirming_another_revision_is_refused(gateway):
    with gateway.agent() as node:
        applied(node, basic("one.example.com"), 1, keep_for=600)

        with pytest.raises(Refused, match="On watch is revision 1, not 5"):
            node.confirm(5)


def test_there_is_nothing_to_confirm_without_a_watch(gateway):
    with gateway.agent() as node:
        applied(node, basic(), 1)

        with pytest.raises(Refused, match="Nothing is on watch"):
            node.confirm()


def test_a_rollback_ends_the_watch_at_once(gateway):
    with gateway.agent() as node:
        applied(node, basic("one.example.com"), 1)
        applied(node, basic("two.example.com"), 2, keep_for=600)
        outcome = node.rollback()
        status = node.status()

    assert outcome.state is State.UNDONE
    assert (status.state, status.revision) == (State.CONFIRMED, 1)


def test_the_first_revision_undone_leaves_nothing_in_force_and_postfix_stopped(gateway):
    with gateway.agent() as node:
        applied(node, basic(), 1, keep_for=600)
        node.rollback()
        status = node.status()

    assert (status.state, status.revision, status.postfix_pid) == (State.NONE, None, None)
    assert gateway.linked() == ""


def test_a_revision_undone_by_its_deadline_may_be_applied_again(gateway):
    with gateway.agent() as node:
        applied(node, basic("one.example.com"), 1)
        applied(node, basic("two.example.com"), 2, keep_for=1)
        wait_until(lambda: node.status().state is State.CONFIRMED, "the undo")
        outcome = node.apply(Apply(basic("two.example.com").digest, 2))

    assert (outcome.state, outcome.revision) == (State.CONFIRMED, 2)
