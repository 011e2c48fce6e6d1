"""The agent as a whole, on a real Postfix: from a bundle to a revision in force, and back."""

from __future__ import annotations

import pytest
from tests.node.world import Gateway, applied, basic

from sealgate.link.messages import State


@pytest.fixture
def gateway():
    with Gateway() as made:
        yield made


def test_a_new_node_says_that_nothing_is_in_force(gateway):
    with gateway.agent() as node:
        status = node.status()

    assert (status.state, status.revision, status.postfix_pid) == (State.NONE, None, None)


def test_an_applied_candidate_is_confirmed_and_postfix_answers(gateway):
    with gateway.agent() as node:
        applied(node, basic(), 1)
        status = node.status()

    assert (status.state, status.revision, status.confirmed_revision) == (State.CONFIRMED, 1, 1)
    assert status.listeners
    assert all(listener.answers for listener in status.listeners)
