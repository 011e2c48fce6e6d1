"""What the control half does by itself, with a clock that the test turns."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.turned_clock import run
from tests.support.control_half import StandIn, stand_in

from sealgate.link.messages import Grade, State
from sealgate.services import changes, expiring, rows
from sealgate.services.applying import apply
from sealgate.services.scheduling import Scheduler, last_before
from sealgate.store import Ended, Fetch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.turned_clock import Hands

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway


def judged(agent: StandIn) -> list[tuple[Grade, bool]]:
    return [(question.grade, question.fresh) for verb, question in agent.asked if verb == "judge"]


def jobs(gateway: Gateway) -> dict[str, Any]:
    with gateway.store.reading() as reader:
        return {job.name: job for job in reader.jobs()}


def add(gateway: Gateway, ann: Actor, domain: str = "example.com") -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": domain})


def test_a_save_is_probed_when_nobody_saves_any_more(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    add(gateway, ann)
    run(scheduler)
    early = judged(agent)
    hands.turn(seconds=3)
    run(scheduler)

    assert (early, judged(agent)) == ([], [(Grade.PROBE, False)])


def test_many_saves_are_one_probe_of_the_newest(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    for number in range(5):
        add(gateway, ann, f"d{number}.example")
        run(scheduler)
        hands.turn(seconds=1)
    hands.turn(seconds=3)
    run(scheduler)

    assert len(judged(agent)) == 1
    assert len(agent.rows["relay-domain"]) == 5


def test_a_draft_that_was_judged_is_not_probed_again(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    add(gateway, ann)
    for _ in range(3):
        run(scheduler)
        hands.turn(seconds=5)

    assert len(judged(agent)) == 1


def test_a_draft_that_is_what_is_live_is_not_probed(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    add(gateway, ann)
    apply(gateway, ann, "first")
    agent.asked.clear()
    run(scheduler)
    hands.turn(seconds=5)
    run(scheduler)

    assert judged(agent) == []


def test_how_a_probe_ended_is_kept(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    add(gateway, ann)
    run(scheduler)
    hands.turn(seconds=3)
    run(scheduler)

    assert (jobs(gateway)["probe"].result["passed"], jobs(gateway)["probe"].holder) == (True, "")


def test_a_probe_is_tried_again_when_the_agent_was_away(
    gateway: Gateway, ann: Actor, scheduler: Scheduler, hands: Hands, directory: Path
) -> None:
    add(gateway, ann)
    run(scheduler)
    hands.turn(seconds=3)
    run(scheduler)
    text = jobs(gateway)["probe"].result["text"]
    with stand_in(directory) as agent:
        run(scheduler)
        soon = judged(agent)
        hands.turn(seconds=61)
        run(scheduler)

        assert ("agent" in text, soon, judged(agent)) == (True, [], [(Grade.PROBE, False)])


def test_another_scheduler_s_work_is_left_to_it(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    add(gateway, ann)
    run(scheduler)
    hands.turn(seconds=3)
    with gateway.writing(ann) as writer:
        writer.take_job("probe", "x", "elsewhere", 10_000)
    run(scheduler)

    assert judged(agent) == []


def test_what_is_live_is_rehearsed_at_night_once(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    add(gateway, ann)
    apply(gateway, ann, "first")
    agent.asked.clear()
    for _ in range(30):
        hands.turn(hours=1)
        run(scheduler)

    assert judged(agent) == [(Grade.FULL, True)]
    assert jobs(gateway)["nightly"].about == "revision 1"


def test_a_night_without_anything_live_has_nothing_to_rehearse(
    agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    hands.turn(days=2)
    run(scheduler)

    assert judged(agent) == []


def test_a_night_that_was_missed_is_made_up_for(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    add(gateway, ann)
    apply(gateway, ann, "first")
    hands.turn(days=1)
    run(scheduler)
    agent.asked.clear()
    hands.turn(days=3)
    again = Scheduler(gateway, "here", clock=hands.clock())
    again.begin()
    run(again)

    assert judged(agent) == [(Grade.FULL, True)]


@pytest.mark.parametrize(
    ("now", "at", "expected"),
    [
        ("12:00", "02:30", "2026-05-05 02:30"),
        ("02:29", "02:30", "2026-05-04 02:30"),
        ("02:30", "02:30", "2026-05-05 02:30"),
    ],
)
def test_the_last_time_is_found(now: str, at: str, expected: str) -> None:
    moment = dt.datetime.fromisoformat(f"2026-05-05T{now}+02:00")

    assert f"{last_before(moment, at):%Y-%m-%d %H:%M}" == expected


def test_no_time_is_never() -> None:
    assert last_before(dt.datetime.now(dt.UTC), "") is None


def list_until_today(gateway: Gateway, ann: Actor, hands: Hands) -> None:
    today = hands.now.date().isoformat()
    rows.add(gateway, ann, "black", {"client": "192.0.2.1", "expires": today})
    rows.add(gateway, ann, "white", {"client": "192.0.2.2", "expires": "2999-12-31"})
    apply(gateway, ann, "first")


def test_a_row_that_expires_becomes_a_revision_of_its_own_when_its_day_is_over(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    list_until_today(gateway, ann, hands)
    run(scheduler)
    before = changes.history(gateway, ann).in_force
    hands.turn(days=1)
    run(scheduler)

    newest = changes.history(gateway, ann).revisions[0]
    assert (before, newest.number, newest.actor, newest.comment) == (1, 2, "system:expiry", "expired: black 192.0.2.1")
    assert (newest.state, changes.history(gateway, ann).in_force) == ("confirmed", 2)


def test_it_happens_once(gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands) -> None:
    list_until_today(gateway, ann, hands)
    for _ in range(3):
        hands.turn(days=1)
        run(scheduler)

    assert changes.history(gateway, ann).in_force == 2


def test_what_is_pending_stays_pending_and_is_no_part_of_it(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    list_until_today(gateway, ann, hands)
    add(gateway, ann)
    before = changes.pending(gateway, ann)
    hands.turn(days=1)
    run(scheduler)

    assert changes.history(gateway, ann).in_force == 2
    assert changes.pending(gateway, ann) == before
    with gateway.store.reading() as reader:
        assert not list(reader.compare(1, 2))


def test_after_a_rollback_the_revision_in_force_is_put_in_force_again(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    list_until_today(gateway, ann, hands)
    add(gateway, ann)
    apply(gateway, ann, "second")
    with gateway.writing(ann) as writer:
        writer.set_in_force(1)
    agent.outcome = dataclasses.replace(agent.on_apply(agent.asked[-1][1], None), revision=1)  # type: ignore[arg-type]
    agent.answers["status"] = lambda _q, _t: agent.status(revision=1, digest=digest(gateway, 1))
    hands.turn(days=1)
    run(scheduler)

    assert [question.revision for verb, question in agent.asked if verb == "apply"] == [1, 2, 1]
    assert changes.history(gateway, ann).revisions[0].number == 2


def digest(gateway: Gateway, number: int) -> str:
    with gateway.store.reading() as reader:
        return reader.about(number).digest


def test_during_a_watch_it_waits(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    list_until_today(gateway, ann, hands)
    watch = agent.status(state=State.ON_WATCH, watch_until=9e9)
    agent.answers["status"] = lambda _q, _t: watch
    hands.turn(days=1)
    run(scheduler)
    waiting = jobs(gateway)["expiry"].result
    del agent.answers["status"]
    hands.turn(minutes=2)
    run(scheduler)

    assert ("on watch" in waiting["text"], changes.history(gateway, ann).in_force) == (True, 2)


def test_rows_that_expired_before_the_apply_are_nothing_new(
    gateway: Gateway, ann: Actor, agent: StandIn, hands: Hands
) -> None:
    rows.add(gateway, ann, "black", {"client": "192.0.2.1", "expires": "2020-01-01"})
    apply(gateway, ann, "first")

    assert expiring.expired(gateway, ann, hands.now.date()) == []


def test_a_fault_of_the_program_in_one_work_stops_no_other(
    gateway: Gateway, ann: Actor, agent: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    with gateway.writing(ann) as writer:
        fields = {"name": "cloud", "source": "google", "interval": "no number", "networks": []}
        writer.save("provider", "cloud", fields, base=None)
        writer.keep_fetch("cloud", Fetch(Ended.UNCHANGED, "", source="google", at=hands.now))
    run(scheduler)
    add(gateway, ann)
    run(scheduler)
    hands.turn(seconds=3)
    run(scheduler)

    assert not jobs(gateway)["providers"].result["passed"]
    assert "fault of the program" in jobs(gateway)["providers"].result["text"]
    assert jobs(gateway)["providers"].holder == ""
    assert "probe" in jobs(gateway)


def test_a_scheduler_that_ends_is_gone_from_the_list(gateway: Gateway, scheduler: Scheduler) -> None:
    scheduler.step()
    there = jobs(gateway)["scheduler"].holder
    scheduler.end()

    assert (there, jobs(gateway)["scheduler"].holder) == ("here", "")
