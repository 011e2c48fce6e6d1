"""The store follows the node's word on what is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealgate.link.messages import Outcome, State
from sealgate.services import changes, settings
from sealgate.services.standing import in_force_by, note

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.control_half import StandIn

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway


@pytest.fixture
def revisions(gateway: Gateway, ann: Actor, applied: Callable[[str], int]) -> list[str]:
    """Two confirmed revisions, the second in force; returns their digests."""
    for name in ("one", "two"):
        settings.set_value(gateway, ann, "my-hostname", f"{name}.example.com")
        applied(name)
    with gateway.store.reading() as reader:
        return [reader.about(number).digest for number in (1, 2)]


def states(gateway: Gateway, actor: Actor) -> tuple[int, dict[int, str]]:
    found = changes.history(gateway, actor)
    return found.in_force, {one.number: one.state for one in found.revisions}


def test_what_both_say_alike_is_not_written_again(
    gateway: Gateway, ann: Actor, agent: StandIn, revisions: list[str]
) -> None:
    before = len(gateway_audit(gateway))

    note(gateway, ann, agent.status(revision=2, digest=revisions[1], state=State.CONFIRMED))

    assert len(gateway_audit(gateway)) == before


def gateway_audit(gateway: Gateway) -> list[Any]:
    with gateway.store.reading() as reader:
        return reader.audit_newest(limit=1000)


def test_a_rollback_by_the_node_is_followed(gateway: Gateway, ann: Actor, agent: StandIn, revisions: list[str]) -> None:
    note(gateway, ann, agent.status(revision=1, digest=revisions[0], state=State.CONFIRMED))

    assert states(gateway, ann) == (1, {1: "confirmed", 2: "confirmed"})


def test_a_watch_that_ran_out_is_undone_with_the_nodes_sentence(
    gateway: Gateway, ann: Actor, agent: StandIn, revisions: list[str]
) -> None:
    with gateway.store.writing("local:ann") as writer:
        writer.set_revision_state(2, "on-watch")
    last = Outcome(State.UNDONE, 1, "r", "Nobody confirmed revision 2 in time.")

    note(gateway, ann, agent.status(revision=1, digest=revisions[0], state=State.CONFIRMED, last=last))

    assert states(gateway, ann) == (1, {1: "confirmed", 2: "undone"})
    assert changes.history(gateway, ann).revisions[0].detail == "Nobody confirmed revision 2 in time."


def test_a_confirmation_elsewhere_is_followed(
    gateway: Gateway, ann: Actor, agent: StandIn, revisions: list[str]
) -> None:
    with gateway.store.writing("local:ann") as writer:
        writer.set_revision_state(2, "on-watch")

    note(gateway, ann, agent.status(revision=2, digest=revisions[1], state=State.CONFIRMED))

    assert states(gateway, ann)[1][2] == "confirmed"


@pytest.mark.parametrize(
    ("revision", "digest", "found"),
    [(None, "", 0), (2, "another", 0), (9, "another", 0), (1, None, 1), (2, None, 2)],
    ids=["nothing", "same-number-other-content", "unknown", "older", "newest"],
)
def test_a_revision_is_the_same_only_with_number_and_digest(
    gateway: Gateway, agent: StandIn, revisions: list[str], revision: int | None, digest: str | None, found: int
) -> None:
    said = revisions[revision - 1] if digest is None and revision else digest

    with gateway.store.reading() as reader:
        assert in_force_by(reader, agent.status(revision=revision, digest=said or "")) == found


def test_a_node_that_runs_something_else_leaves_nothing_in_force(
    gateway: Gateway, ann: Actor, agent: StandIn, revisions: list[str]
) -> None:
    assert len(revisions) == 2

    note(gateway, ann, agent.status(revision=1, digest="from another gateway", state=State.CONFIRMED))

    assert states(gateway, ann)[0] == 0
