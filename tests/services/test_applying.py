from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealgate.link.messages import Outcome, State
from sealgate.link.upkeep import Drift, DriftItem, DriftKind
from sealgate.model.errors import Conflict, InvalidValue, NodeFailed, NodeUnreachable, NotFound, NotPermitted, Refused
from sealgate.model.findings import Place, error
from sealgate.model.next_steps import Act, Step
from sealgate.services import applying, changes, rows, settings, status
from sealgate.services.actor import ALL_RIGHTS, Actor, Right

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway

    Answering = Callable[..., AbstractContextManager[StandIn]]


def change(gateway: Gateway, actor: Actor, name: str = "gw.example.com") -> None:
    settings.set_value(gateway, actor, "my-hostname", name)


def state_of(gateway: Gateway, actor: Actor, number: int) -> str:
    return next(item.state for item in changes.history(gateway, actor).revisions if item.number == number)


def in_force(gateway: Gateway, actor: Actor) -> int:
    return changes.history(gateway, actor).in_force


def test_an_applied_draft_is_a_revision_in_force(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    change(gateway, ann)

    applied = applying.apply(gateway, ann, "first")

    assert (applied.revision, applied.in_force, agent.asked[-1][0]) == (1, True, "apply")
    assert (in_force(gateway, ann), state_of(gateway, ann, 1)) == (1, "confirmed")


def test_after_an_apply_nothing_is_pending(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    change(gateway, ann)
    applying.apply(gateway, ann, "first")

    assert (changes.pending(gateway, ann), agent.asked != []) == ([], True)


def test_a_revision_keeps_its_author_comment_and_report(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    change(gateway, ann)
    number = applying.apply(gateway, ann, "  for the audit ").revision

    with gateway.store.reading() as reader:
        about, report = reader.about(number), reader.report(number)
    assert (about.actor, about.comment, report["grade"]) == ("local:ann", "for the audit", "full")
    assert agent.asked


def test_the_first_revision_may_be_empty(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    assert applying.apply(gateway, ann, "first").revision == 1
    assert agent.asked


def test_a_draft_without_changes_is_not_applied(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    applying.apply(gateway, ann, "first")

    with pytest.raises(Refused, match="nothing to apply"):
        applying.apply(gateway, ann, "again")

    assert [verb for verb, _ in agent.asked].count("apply") == 1


@pytest.mark.parametrize("comment", ["", "   ", "two\nlines", "\x1b[31m", "x" * 1001])
def test_an_apply_needs_a_comment_of_one_line(gateway: Gateway, ann: Actor, comment: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        applying.apply(gateway, ann, comment)

    assert [problem.field for problem in refusal.value.problems] == ["comment"]


@pytest.mark.parametrize("seconds", [0, -5, 7 * 86400 + 1])
def test_a_watch_is_bounded(gateway: Gateway, ann: Actor, seconds: int) -> None:
    with pytest.raises(InvalidValue):
        applying.apply(gateway, ann, "x", keep_for=seconds)


def test_a_watch_is_handed_to_the_agent(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    change(gateway, ann)

    applying.apply(gateway, ann, "x", keep_for=600)

    assert agent.asked[-1][1].keep_for == 600


def test_mail_is_watched_for_ten_minutes_unless_said_otherwise(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    applying.apply(gateway, ann, "first")
    usual = agent.asked[-1][1].watch_for
    change(gateway, ann)
    applying.apply(gateway, ann, "second", watch_for=0)

    assert (usual, agent.asked[-1][1].watch_for) == (600, 0)


@pytest.mark.parametrize("seconds", [-1, 7 * 86400 + 1])
def test_a_watch_over_mail_is_bounded(gateway: Gateway, ann: Actor, seconds: int) -> None:
    with pytest.raises(InvalidValue) as refusal:
        applying.apply(gateway, ann, "x", watch_for=seconds)

    assert [problem.field for problem in refusal.value.problems] == ["watch"]


def watched(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    """Revision 1 confirmed, revision 2 on watch."""
    applying.apply(gateway, ann, "first")
    agent.answers["apply"] = lambda question, _talk: Outcome(State.ON_WATCH, question.revision, "r", "Watched.")
    change(gateway, ann)
    applying.apply(gateway, ann, "second")
    agent.answers["status"] = lambda _q, _t: agent.status(state=State.ON_WATCH, watched_until=2e9)


def test_the_next_apply_ends_the_watch_of_the_one_before(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    watched(gateway, ann, agent)
    before = state_of(gateway, ann, 2)
    change(gateway, ann, "gw2.example.com")

    applying.apply(gateway, ann, "third")

    assert (before, state_of(gateway, ann, 2), state_of(gateway, ann, 3)) == ("on-watch", "confirmed", "on-watch")


def test_a_rollback_during_a_watch_notes_what_was_undone(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    watched(gateway, ann, agent)
    agent.answers["rollback"] = Outcome(State.UNDONE, 1, "r", "Revision 2 was undone. It was asked for.")

    applying.rollback(gateway, ann)

    assert (in_force(gateway, ann), state_of(gateway, ann, 1), state_of(gateway, ann, 2)) == (1, "confirmed", "undone")


def test_an_error_of_the_agent_refuses_with_its_findings(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    found = error("port-in-use", Place(file="master.cf"), "The port 25 is in use.")
    agent.findings = (found.to_json(),)
    change(gateway, ann)

    with pytest.raises(Refused) as refusal:
        applying.apply(gateway, ann, "x")

    assert found in refusal.value.findings
    assert changes.history(gateway, ann).revisions == ()
    assert len(changes.pending(gateway, ann)) == 1


def test_with_the_agent_down_the_draft_is_safe(gateway: Gateway, ann: Actor) -> None:
    change(gateway, ann)

    with pytest.raises(NodeUnreachable, match="draft is safe"):
        applying.apply(gateway, ann, "x")

    assert len(changes.pending(gateway, ann)) == 1


def test_what_is_edited_while_judging_stays_pending(gateway: Gateway, ann: Actor, bob: Actor, directory: Any) -> None:
    from tests.support.control_half import stand_in

    with stand_in(directory) as agent:

        def judge(question: Any, talk: Any) -> Any:
            report = agent.on_judge(question, talk)
            rows.add(gateway, bob, "relay-domain", {"domain": "late.example"})
            return report

        agent.answers["judge"] = judge
        change(gateway, ann)
        applying.apply(gateway, ann, "x")

    assert [item.difference.key for item in changes.pending(gateway, ann)] == ["late.example"]


def test_two_applies_at_once_make_one_revision(gateway: Gateway, ann: Actor, bob: Actor, directory: Any) -> None:
    from tests.support.control_half import stand_in

    with stand_in(directory) as agent:

        def judge(question: Any, talk: Any) -> Any:
            report = agent.on_judge(question, talk)
            del agent.answers["judge"]
            applying.apply(gateway, bob, "quicker")
            return report

        agent.answers["judge"] = judge
        change(gateway, ann)
        with pytest.raises(Conflict, match="made meanwhile"):
            applying.apply(gateway, ann, "slower")

    assert [item.comment for item in changes.history(gateway, ann).revisions] == ["quicker"]


def test_while_a_revision_is_on_watch_no_number_is_spent(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    with answering(apply=Outcome(State.ON_WATCH, 1, "r", "", watch_until=2e9)) as agent:
        change(gateway, ann, "one.example.com")
        applying.apply(gateway, ann, "watched", keep_for=60)
        agent.answers["status"] = agent.status(state=State.ON_WATCH, watch_until=2e9)
        change(gateway, ann, "two.example.com")
        with pytest.raises(Refused, match="on watch"):
            applying.apply(gateway, ann, "too early")

    assert len(changes.history(gateway, ann).revisions) == 1


def test_while_there_is_drift_no_number_is_spent(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    item = DriftItem("main.cf", DriftKind.CHANGED, "a", "b")
    with answering(drift=Drift("r", 1, (item,))) as agent:
        agent.answers["status"] = agent.status(drifted=("main.cf",))
        change(gateway, ann)
        with pytest.raises(Refused, match="by hand") as refusal:
            applying.apply(gateway, ann, "x")

    assert [finding.place.file for finding in refusal.value.findings] == ["main.cf"]
    assert changes.history(gateway, ann).revisions == ()


def undone(number: int) -> Outcome:
    return Outcome(
        State.UNDONE, number or None, "r", "smtp did not answer; the revision was undone.", ("smtp: silent",)
    )


def test_a_revision_that_the_node_undid_is_not_in_force(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    with answering() as agent:
        change(gateway, ann, "one.example.com")
        applying.apply(gateway, ann, "good")
        agent.answers["apply"] = undone(1)
        change(gateway, ann, "two.example.com")
        applied = applying.apply(gateway, ann, "bad")

    assert (applied.in_force, in_force(gateway, ann), state_of(gateway, ann, 2)) == (False, 1, "undone")


def test_a_revision_that_was_undone_can_be_changed_and_applied(
    gateway: Gateway, ann: Actor, answering: Answering
) -> None:
    with answering() as agent:
        change(gateway, ann, "one.example.com")
        applying.apply(gateway, ann, "good")
        agent.answers["apply"] = undone(1)
        change(gateway, ann, "two.example.com")
        applying.apply(gateway, ann, "bad")
        del agent.answers["apply"]
        applied = applying.apply(gateway, ann, "the same again")

    assert (applied.revision, in_force(gateway, ann)) == (3, 3)


@pytest.mark.parametrize("fault", [NodeFailed("The disk is full."), Refused("There is drift.")])
def test_a_revision_that_the_node_did_not_take_is_not_in_force(
    gateway: Gateway, ann: Actor, answering: Answering, fault: Exception
) -> None:
    with answering(apply=fault):
        change(gateway, ann)
        with pytest.raises(type(fault), match=str(fault)):
            applying.apply(gateway, ann, "x")

    assert (in_force(gateway, ann), state_of(gateway, ann, 1)) == (0, "failed")


def test_confirming_notes_the_state(gateway: Gateway, ann: Actor, answering: Answering) -> None:
    watching = Outcome(State.ON_WATCH, 1, "r", "", watch_until=2e9)
    confirmed = Outcome(State.CONFIRMED, 1, "r", "")
    with answering(apply=watching, confirm=confirmed):
        change(gateway, ann)
        applying.apply(gateway, ann, "x", keep_for=60)
        before = state_of(gateway, ann, 1)
        applying.confirm(gateway, ann)

    assert (before, state_of(gateway, ann, 1)) == ("on-watch", "confirmed")


def test_changes_of_a_revision_that_was_undone_still_count_as_not_applied(
    gateway: Gateway, ann: Actor, answering: Answering
) -> None:
    with answering() as agent:
        change(gateway, ann, "one.example.com")
        applying.apply(gateway, ann, "good")
        agent.answers["apply"] = undone(1)
        change(gateway, ann, "two.example.com")
        applying.apply(gateway, ann, "bad")
        shown = status.show(gateway, ann)

    assert (shown.newest, shown.in_force, shown.pending) == (2, 1, 1)


def two_revisions(gateway: Gateway, actor: Actor) -> None:
    for name in ("one", "two"):
        change(gateway, actor, f"{name}.example.com")
        applying.apply(gateway, actor, name)


def test_a_rollback_moves_what_is_in_force_and_not_the_draft(
    gateway: Gateway, ann: Actor, answering: Answering
) -> None:
    with answering(rollback=Outcome(State.CONFIRMED, 1, "r", "Back.")):
        two_revisions(gateway, ann)
        applying.rollback(gateway, ann)

    assert (in_force(gateway, ann), changes.pending(gateway, ann)) == (1, [])


def test_a_rollback_to_what_the_node_has_not_any_more_is_judged_and_applied(
    gateway: Gateway, ann: Actor, answering: Answering
) -> None:
    with answering(rollback=NotFound("This node has no release of revision 1.")) as agent:
        two_revisions(gateway, ann)
        outcome = applying.rollback(gateway, ann, 1)

    assert (outcome.revision, in_force(gateway, ann)) == (1, 1)
    assert agent.rows["setting"]["my-hostname"] == {"value": "one.example.com"}


def test_a_rollback_to_what_never_was_is_not_found(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    with pytest.raises(NotFound):
        applying.rollback(gateway, ann, 5)

    assert agent.asked == []


def test_after_a_rollback_the_newest_revision_can_be_applied_anew(
    gateway: Gateway, ann: Actor, answering: Answering
) -> None:
    with answering(rollback=Outcome(State.CONFIRMED, 1, "r", "Back.")):
        two_revisions(gateway, ann)
        applying.rollback(gateway, ann)
        applied = applying.apply(gateway, ann, "forth again")

    assert (applied.revision, in_force(gateway, ann)) == (3, 3)


def test_a_watch_that_ran_out_is_noted_when_the_status_is_asked(
    gateway: Gateway, ann: Actor, answering: Answering
) -> None:
    with answering() as agent:
        change(gateway, ann, "one.example.com")
        applying.apply(gateway, ann, "kept")
        first = status.show(gateway, ann).node
        agent.answers["apply"] = Outcome(State.ON_WATCH, 2, "r", "", watch_until=1.0)
        change(gateway, ann, "two.example.com")
        applying.apply(gateway, ann, "watched", keep_for=60)
        agent.answers["status"] = first
        status.show(gateway, ann)

    assert (in_force(gateway, ann), state_of(gateway, ann, 2)) == (1, "undone")


def test_the_status_says_what_is_pending_and_what_is_in_force(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    applying.apply(gateway, ann, "first")
    change(gateway, ann)

    shown = status.show(gateway, ann)

    assert (shown.in_force, shown.pending, shown.node is not None, agent.asked[-1][0]) == (1, 1, True, "status")


def test_the_status_works_without_the_agent(gateway: Gateway, ann: Actor) -> None:
    shown = status.show(gateway, ann)

    assert shown.node is None
    assert ("does not answer" in shown.reason, shown.steps) == (True, (Step(Act.START),))


def test_only_changed_rows_travel_to_an_agent_that_has_the_rest(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    for number in range(50):
        rows.add(gateway, ann, "transport", {"pattern": f"d{number}.example", "host": "mx.example.net"})
    applying.apply(gateway, ann, "fifty")
    rows.remove(gateway, ann, "transport", ["d7.example"])
    rows.add(gateway, ann, "transport", {"pattern": "new.example", "host": "mx.example.net"})

    applying.apply(gateway, ann, "one away, one new")

    offers = agent.asked[-2][1].header["tables"]["transport"]
    assert len(agent.rows["transport"]) == 50
    assert offers["bases"]


def test_nobody_applies_without_the_right(gateway: Gateway) -> None:
    editor = Actor("local:eve", rights=ALL_RIGHTS - {Right.APPLY})

    for act in (
        lambda: applying.apply(gateway, editor, "x"),
        lambda: applying.confirm(gateway, editor),
        lambda: applying.rollback(gateway, editor),
    ):
        with pytest.raises(NotPermitted):
            act()


def test_a_draft_that_went_on_since_it_was_looked_at_is_not_applied(
    gateway: Gateway, ann: Actor, bob: Actor, agent: StandIn
) -> None:
    change(gateway, ann)
    seen = changes.last_edit(gateway, ann)
    change(gateway, bob, "other.example.com")

    with pytest.raises(Conflict, match="bob"):
        applying.apply(gateway, ann, "first", seen=seen)

    assert (in_force(gateway, ann), [verb for verb, _ in agent.asked if verb == "judge"]) == (0, [])


def test_a_draft_that_is_what_was_looked_at_is_applied(gateway: Gateway, ann: Actor, agent: StandIn) -> None:
    change(gateway, ann)

    assert applying.apply(gateway, ann, "first", seen=changes.last_edit(gateway, ann)).in_force
    assert agent.asked
