"""Lists of providers that do not go live: what is wrong with them, and what they wait for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.lists.stored import SYSTEM, A, B, C, D, due, fetches, networks, pending
from tests.services.turned_clock import run
from tests.support.control_half import StandIn, stand_in
from tests.support.published import ADDRESS

from sealgate.link.messages import State
from sealgate.model.errors import NodeFailed
from sealgate.services import changes, list_fetching, rows
from sealgate.services.applying import apply
from sealgate.services.scheduling import Pace, Scheduler
from sealgate.store import Ended

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.turned_clock import Hands
    from tests.support.published import Published

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway


def test_a_list_that_lost_too_much_is_kept_away(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    rows.change(gateway, ann, "provider", "cloud", {"most_shrink": 49})
    apply(gateway, ann, "careful")
    published.says(B)
    due(scheduler, hands)

    assert (fetches(gateway)[0].ended, networks(gateway)) == (Ended.KEPT, [A, B])
    assert "1 of its 2 networks (50 percent)" in fetches(gateway)[0].text


@pytest.mark.parametrize(("most", "ended"), [(99, Ended.KEPT), (100, Ended.NEW)])
def test_a_list_that_has_nothing_of_the_old_is_taken_where_it_may_lose_all(
    gateway: Gateway,
    ann: Actor,
    live: StandIn,
    published: Published,
    scheduler: Scheduler,
    hands: Hands,
    most: int,
    ended: Ended,
) -> None:
    rows.change(gateway, ann, "provider", "cloud", {"most_shrink": most})
    apply(gateway, ann, "careful")
    published.says(C)
    due(scheduler, hands)

    assert fetches(gateway)[0].ended is ended


def test_a_list_that_loses_a_part_at_each_fetch_is_kept_away(
    gateway: Gateway, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    names = [f"198.18.{number}.0/24" for number in range(20)]
    published.says(A, B, *names)
    due(scheduler, hands)
    for left in (12, 7):
        published.says(*names[:left])
        due(scheduler, hands)

    assert networks(gateway) == names[:12]
    assert "15 of its 22 networks of the last 7 days (68 percent)" in fetches(gateway)[0].text


@pytest.mark.parametrize("steps", [("10.64.0.0/14",), ("10.64.0.0/16", "10.64.0.0/15")], ids=["at once", "in steps"])
def test_a_list_that_grows_much_waits_for_a_person(
    gateway: Gateway,
    ann: Actor,
    live: StandIn,
    published: Published,
    scheduler: Scheduler,
    hands: Hands,
    steps: tuple[str, ...],
) -> None:
    for step in steps:
        published.says(A, B, step)
        due(scheduler, hands)
    held, stands = fetches(gateway)[0], networks(gateway)
    asked = list_fetching.fetch_now(gateway, ann, "cloud")

    assert (held.ended, "more than goes live by itself" in held.text) == (Ended.HELD, True)
    assert steps[-1] not in stands
    assert (asked.fetch.ended, steps[-1] in networks(gateway)) == (Ended.NEW, True)


@pytest.mark.parametrize(
    ("old", "new", "held"),
    [
        (["10.0.0.0/16"], ["10.0.0.0/15"], False),
        (["10.0.0.0/16"], ["10.0.0.0/14"], True),
        (["10.0.0.0/24"], ["10.0.0.0/16"], False),
        (["192.0.2.1"], ["10.0.0.0/15"], True),
        ([D], ["2001::/24"], True),
        ([A], [A, D], False),
        ([], ["10.0.0.0/8"], False),
    ],
)
def test_how_much_a_list_may_grow_by_itself(old: list[str], new: list[str], held: bool) -> None:
    from sealgate.services.list_comparing import too_wide

    assert bool(too_wide(old, new)) is held


def test_a_list_that_is_joined_otherwise_lost_nothing() -> None:
    from sealgate.services.list_comparing import not_covered

    assert not_covered([A, "192.0.2.128/25"], ["192.0.2.0/24"]) == []
    assert not_covered(["192.0.2.0/24"], ["192.0.2.128/25", A]) == []
    assert not_covered(["192.0.2.0/24", D], [A]) == ["192.0.2.0/24", D]


def test_a_fetch_that_fails_is_kept_with_its_reason_and_tried_again_soon(
    gateway: Gateway, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    published.fails()
    due(scheduler, hands)
    published.says(A, B, C)
    due(scheduler, hands, minutes=6)

    assert [fetch.ended for fetch in fetches(gateway)[:2]] == [Ended.NEW, Ended.FAILED]
    assert "503" in fetches(gateway)[1].text


def test_failures_are_repeated_less_and_less_often(
    gateway: Gateway, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    published.fails()
    due(scheduler, hands)
    before = published.asked
    for _ in range(12):
        due(scheduler, hands, minutes=5)

    assert 2 <= published.asked - before <= 4


def test_what_is_wider_than_any_provider_is_not_taken(
    gateway: Gateway, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    published.says(A, B, "128.0.0.0/2")
    due(scheduler, hands)

    assert (fetches(gateway)[0].ended, networks(gateway)) == (Ended.FAILED, [A, B])


def test_a_list_that_does_not_pass_the_rehearsal_does_not_go_live(
    gateway: Gateway, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    from sealgate.model.findings import Place, error

    live.findings = (error("x", Place("provider", "cloud"), "It opens the relay.").to_json(),)
    published.says(A, B, C)
    due(scheduler, hands)

    line = fetches(gateway)[0]
    assert (line.ended, line.revision, networks(gateway)) == (Ended.REFUSED, 0, [A, B])
    assert "It opens the relay." in line.text


def test_during_a_watch_it_waits_and_comes_soon_after(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    live.answers["status"] = lambda _q, _t: live.status(state=State.ON_WATCH, watched_until=9e9)
    published.says(A, B, C)
    due(scheduler, hands)
    waited = fetches(gateway)[0]
    del live.answers["status"]
    due(scheduler, hands, minutes=6)

    assert (waited.ended, "on watch" in waited.text) == (Ended.WAITING, True)
    assert (fetches(gateway)[0].ended, networks(gateway)) == (Ended.NEW, [A, B, C])


def test_without_an_agent_it_waits(
    gateway: Gateway, ann: Actor, published: Published, scheduler: Scheduler, hands: Hands, directory: Path
) -> None:
    with stand_in(directory):
        rows.add(gateway, ann, "provider", {"name": "cloud", "source": "url", "address": ADDRESS, "networks": [A, B]})
        apply(gateway, ann, "first")
    published.says(A, B, C)
    run(scheduler)

    assert fetches(gateway)[0].ended is Ended.WAITING


def test_while_a_person_applies_nothing_is_begun(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    hands.now = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    with gateway.writing(ann) as writer:
        writer.set_revision_state(1, State.SWITCHING.value)
    before = published.asked
    rows.change(gateway, ann, "provider", "cloud", {"address": f"{ADDRESS}?2"})
    run(scheduler)
    early = published.asked
    with gateway.writing(ann) as writer:
        writer.set_revision_state(1, State.CONFIRMED.value)
    run(scheduler)

    assert (early - before, published.asked - early) == (0, 1)


def broken_off(gateway: Gateway) -> None:
    """Leave what a scheduler leaves that is killed between making a revision and handing it over."""
    from sealgate.services.bundles import live_with

    with gateway.store.reading() as reader:
        row = reader.live().row("provider", "cloud")
        assert row is not None
        changed = row._replace(fields=row.fields | {"networks": [A, B, C]})
        digest = live_with(reader, changed).header.digest
    with gateway.store.writing(SYSTEM) as writer:
        writer.promote_on_live(changed, digest, "cloud: 1 networks added.", {}, state=State.SWITCHING.value)


def test_what_a_killed_scheduler_left_is_asked_of_the_node_at_the_start(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, hands: Hands
) -> None:
    broken_off(gateway)
    after = Scheduler(gateway, "here", Pace(look=1, quiet=2, retry=60), hands.clock())
    after.begin()
    hands.turn(seconds=5)
    run(after)

    history = changes.history(gateway, ann)
    assert (history.in_force, history.revisions[0].state, networks(gateway)) == (1, "failed", [A, B])
    assert (fetches(gateway)[0].ended, networks(gateway, of="draft")) == (Ended.FAILED, [A, B])


def test_what_the_node_has_of_a_killed_scheduler_is_noted_as_live(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, hands: Hands
) -> None:
    broken_off(gateway)
    with gateway.store.reading() as reader:
        digest = reader.about(2).digest
    live.answers["status"] = live.status(revision=2, digest=digest, state=State.ON_WATCH)
    after = Scheduler(gateway, "here", Pace(look=1, quiet=2, retry=60), hands.clock())
    after.begin()
    hands.turn(seconds=5)
    run(after)

    history = changes.history(gateway, ann)
    assert (history.in_force, history.revisions[0].state) == (2, "on-watch")
    assert (fetches(gateway)[0].ended, fetches(gateway)[0].revision) == (Ended.NEW, 2)


def test_what_the_node_could_not_take_is_tried_again(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    live.answers["apply"] = NodeFailed("The disk is full.")
    published.says(A, B, C)
    due(scheduler, hands)
    failed = fetches(gateway)[0]
    del live.answers["apply"]
    due(scheduler, hands, minutes=6)

    assert (failed.ended, "The disk is full." in failed.text) == (Ended.FAILED, True)
    assert (fetches(gateway)[0].ended, networks(gateway), pending(gateway, ann)) == (Ended.NEW, [A, B, C], [])


def test_what_the_node_could_not_take_does_not_come_along_with_the_next_apply(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    live.answers["apply"] = NodeFailed("The disk is full.")
    published.says(A, B, C)
    due(scheduler, hands)
    del live.answers["apply"]
    rows.add(gateway, ann, "relay-domain", {"domain": "unrelated.example"})
    apply(gateway, ann, "one domain")

    assert (fetches(gateway)[0].ended, fetches(gateway)[0].revision) == (Ended.FAILED, 2)
    assert networks(gateway) == [A, B]


def test_what_the_node_cannot_take_is_tried_less_and_less_often(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    rows.change(gateway, ann, "provider", "cloud", {"interval": 600})
    apply(gateway, ann, "often")
    live.answers["apply"] = NodeFailed("The disk is full.")
    published.says(A, B, C)
    for _ in range(24):
        due(scheduler, hands, minutes=30)

    assert changes.history(gateway, ann).revisions[0].number <= 2 + 8


def test_a_list_that_changes_all_the_time_goes_live_so_often_a_day_and_says_once_that_it_waits(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    with gateway.writing(ann) as writer:
        before = changes.history(gateway, ann).revisions[0].digest
        row = writer.live().row("provider", "cloud")
        assert row is not None
    for _ in range(24):
        with gateway.store.writing(SYSTEM) as writer:
            writer.promote_on_live(row, before, "cloud: it changed.", {}, state=State.CONFIRMED.value)
    published.says(A, B, C)
    due(scheduler, hands)
    for _ in range(12):
        due(scheduler, hands, minutes=15)
    waited = fetches(gateway)
    due(scheduler, hands, days=2)

    assert [fetch.ended for fetch in waited if fetch.ended is not Ended.UNCHANGED] == [Ended.WAITING]
    assert "24 times in 24 hours" in waited[0].text
    assert (fetches(gateway)[0].ended, networks(gateway)) == (Ended.NEW, [A, B, C])


def test_a_pin_in_the_draft_counts_at_once(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    rows.change(gateway, ann, "provider", "cloud", {"pin": True})
    published.says(A, B, C)
    before = published.asked
    due(scheduler, hands)

    assert (published.asked, networks(gateway)) == (before, [A, B])


def test_a_pin_that_is_set_during_the_rehearsal_counts(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    def judge(question: Any, talk: Any) -> Any:
        rows.change(gateway, ann, "provider", "cloud", {"pin": True})
        return live.on_judge(question, talk)

    live.answers["judge"] = judge
    published.says(A, B, C)
    due(scheduler, hands)

    assert (fetches(gateway)[0].ended, "pinned" in fetches(gateway)[0].text) == (Ended.WAITING, True)
    assert (networks(gateway), networks(gateway, of="draft")) == ([A, B], [A, B])


def test_another_source_in_the_draft_is_fetched_beside_the_one_in_force(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published
) -> None:
    rows.change(gateway, ann, "provider", "cloud", {"address": f"{ADDRESS}?other"})
    rows.add(gateway, ann, "relay-domain", {"domain": "pending.example"})
    published.says(A, B, C)
    done = list_fetching.fetch_now(gateway, ann, "cloud")

    assert (done.fetch.ended, networks(gateway), networks(gateway, of="draft")) == (Ended.DRAFT, [A, B, C], [A, B, C])


def test_a_fault_of_the_program_is_a_failure_of_that_list_and_the_next_has_its_turn(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    with gateway.writing(ann) as writer:
        fields = {"name": "broken", "source": "url", "address": ADDRESS, "networks": [5]}
        writer.save("provider", "broken", fields, base=None)
    published.says(A, B, C)
    due(scheduler, hands)
    run(scheduler)

    with gateway.store.reading() as reader:
        broken = reader.fetches("broken")
    assert (broken[0].ended, "fault of the program" in broken[0].text) == (Ended.FAILED, True)
    assert networks(gateway) == [A, B, C]
