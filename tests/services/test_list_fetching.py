"""Lists of providers: fetched from a real server, compared, put in force by the scheduler; each way that it can end."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.turned_clock import run
from tests.support.control_half import StandIn, stand_in
from tests.support.published import ADDRESS

from sealgate.link.messages import Outcome, State
from sealgate.model.errors import InvalidValue, NodeFailed, NotFetched, NotPermitted, Refused
from sealgate.model.list_sources import Instance, ListSource
from sealgate.model.providers import PROVIDER
from sealgate.providers.microsoft365 import INSTANCES
from sealgate.services import changes, list_fetching, list_trying, provider_lists, rows
from sealgate.services.actor import Actor, Area, Right
from sealgate.services.applying import apply, rollback
from sealgate.services.scheduling import Pace, Scheduler
from sealgate.store import Ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.turned_clock import Hands
    from tests.support.published import Published

    from sealgate.services.gateway import Gateway
    from sealgate.store import Fetch

A, B, C, D = "192.0.2.0/25", "198.51.100.0/25", "203.0.113.0/25", "2001:db8::/48"
LATER = {"hours": 1, "minutes": 10}
SYSTEM = "system:providers"


@pytest.fixture
def gateway(fetching: Published, directory: Path) -> Iterator[Gateway]:
    """A gateway that reaches the published list."""
    from sealgate.services.gateway import Gateway
    from sealgate.settings import Settings

    opened = Gateway.open(Settings.load(directory))
    yield opened
    opened.close()


@pytest.fixture
def live(gateway: Gateway, ann: Actor, agent: StandIn, published: Published, scheduler: Scheduler) -> StandIn:
    """The provider is in force with the networks A and B, and was fetched now."""
    published.says(A, B)
    rows.add(gateway, ann, "relay-domain", {"domain": "example.com"})
    rows.add(gateway, ann, "provider", {"name": "cloud", "source": "url", "address": ADDRESS, "networks": [A, B]})
    apply(gateway, ann, "first")
    run(scheduler)
    return agent


def networks(gateway: Gateway, *, of: str = "live") -> list[str]:
    with gateway.store.reading() as reader:
        row = (reader.live() if of == "live" else reader.draft()).row("provider", "cloud")
    return list(row.fields["networks"]) if row else []


def fetches(gateway: Gateway) -> list[Fetch]:
    with gateway.store.reading() as reader:
        return reader.fetches("cloud")


def pending(gateway: Gateway, ann: Actor) -> list[tuple[str, str]]:
    return [(change.difference.key, change.actor) for change in changes.pending(gateway, ann)]


def due(scheduler: Scheduler, hands: Hands, **much: float) -> None:
    hands.turn(**(much or LATER))
    run(scheduler)


# -- into the draft


def test_a_provider_that_is_only_in_the_draft_is_fetched_into_it(
    gateway: Gateway, ann: Actor, agent: StandIn, published: Published, scheduler: Scheduler
) -> None:
    published.says(A, B)
    rows.add(gateway, ann, "provider", {"name": "cloud", "source": "url", "address": ADDRESS})
    run(scheduler)

    assert (networks(gateway, of="draft"), networks(gateway)) == ([A, B], [])
    assert (fetches(gateway)[0].ended, fetches(gateway)[0].added) == (Ended.DRAFT, (A, B))
    assert not [verb for verb, _ in agent.asked if verb == "apply"]


@pytest.mark.parametrize(
    "fields", [{"networks": [A]}, {"source": "url", "address": ADDRESS, "pin": True}], ids=["typed", "pinned"]
)
def test_what_is_typed_or_pinned_is_never_fetched(
    gateway: Gateway, ann: Actor, agent: StandIn, published: Published, scheduler: Scheduler, fields: dict[str, Any]
) -> None:
    rows.add(gateway, ann, "provider", {"name": "cloud"} | fields)
    run(scheduler)

    assert (published.asked, fetches(gateway)) == (0, [])
    with pytest.raises(Refused):
        list_fetching.fetch_now(gateway, ann, "cloud")


# -- going live


def test_a_list_that_is_as_it_was_changes_nothing(
    gateway: Gateway, ann: Actor, live: StandIn, scheduler: Scheduler, hands: Hands
) -> None:
    due(scheduler, hands)

    assert [fetch.ended for fetch in fetches(gateway)] == [Ended.UNCHANGED, Ended.UNCHANGED]
    assert changes.history(gateway, ann).in_force == 1


def test_it_is_asked_for_at_its_interval_and_not_before(
    live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    before = published.asked
    due(scheduler, hands, minutes=50)
    early = published.asked
    due(scheduler, hands, minutes=20)

    assert (early - before, published.asked - early) == (0, 1)


def test_a_new_list_goes_live_by_itself_under_watch(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    published.says(B, C, D)
    due(scheduler, hands)

    question = [question for verb, question in live.asked if verb == "apply"][-1]
    newest = changes.history(gateway, ann).revisions[0]
    line = fetches(gateway)[0]
    assert (networks(gateway), networks(gateway, of="draft")) == ([B, C, D], [B, C, D])
    assert (newest.number, newest.actor, question.watch_for, question.keep_for) == (2, SYSTEM, 600, None)
    assert (line.ended, line.added, line.removed, line.revision) == (Ended.NEW, (C, D), (A,), 2)
    assert live.rows["provider"]["cloud"]["networks"] == [B, C, D]
    assert pending(gateway, ann) == []


def test_what_people_edit_is_no_part_of_it_and_stays_theirs(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "pending.example"})
    published.says(A, B, C)
    due(scheduler, hands)

    assert list(live.rows["relay-domain"]) == ["example.com"]
    assert pending(gateway, ann) == [("pending.example", "local:ann")]


def test_a_pending_edit_of_other_fields_takes_the_new_networks(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    rows.change(gateway, ann, "provider", "cloud", {"senders": "any"})
    published.says(A, B, C)
    due(scheduler, hands)

    with gateway.store.reading() as reader:
        row = reader.draft().row("provider", "cloud")
        in_force = reader.live().row("provider", "cloud")
    assert row is not None
    assert in_force is not None
    assert (row.fields["networks"], row.fields["senders"], in_force.fields["senders"]) == ([A, B, C], "any", "own")


def test_a_pending_edit_of_the_networks_stays_and_is_told(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    rows.change(gateway, ann, "provider", "cloud", {"networks": [D]})
    published.says(A, B, C)
    due(scheduler, hands)

    assert (networks(gateway), networks(gateway, of="draft")) == ([A, B, C], [D])
    assert "stays as it is" in fetches(gateway)[0].remarks[0]


# -- not going live


def test_a_list_that_lost_too_much_is_kept_away(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    rows.change(gateway, ann, "provider", "cloud", {"most_shrink": 49})
    apply(gateway, ann, "careful")
    published.says(B)
    due(scheduler, hands)

    assert (fetches(gateway)[0].ended, networks(gateway)) == (Ended.KEPT, [A, B])
    assert "1 of its 2 networks (50 percent)" in fetches(gateway)[0].text


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


# -- gone back from


def undone(live: StandIn) -> None:
    """From now on the agent takes back what is applied."""
    first = next(question for verb, question in live.asked if verb == "apply")
    live.answers["apply"] = Outcome(State.UNDONE, first.revision, first.digest[:16], "Mail suffered.")
    live.answers["status"] = lambda _q, _t: live.status(revision=first.revision, digest=first.digest)


def test_a_list_that_the_node_undoes_is_not_tried_again_by_itself(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    undone(live)
    published.says(A, B, C)
    due(scheduler, hands)
    due(scheduler, hands)

    assert [fetch.ended for fetch in fetches(gateway)[:2]] == [Ended.HELD, Ended.REFUSED]
    assert "Mail suffered." in fetches(gateway)[1].text
    assert (networks(gateway), networks(gateway, of="draft")) == ([A, B], [A, B])


def test_another_list_is_tried_by_itself(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    undone(live)
    published.says(A, B, C)
    due(scheduler, hands)
    live.answers.clear()
    published.says(A, B, D)
    due(scheduler, hands)

    assert (fetches(gateway)[0].ended, networks(gateway), networks(gateway, of="draft")) == (
        Ended.NEW,
        [A, B, D],
        [A, B, D],
    )


def test_lists_by_turns_that_mail_suffers_from_are_each_tried_once(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    undone(live)
    for number in range(6):
        published.says(A, B, (C, D)[number % 2])
        due(scheduler, hands, hours=5)

    assert changes.history(gateway, ann).revisions[0].number == 3
    assert [fetch.ended for fetch in fetches(gateway)[:4]] == [Ended.HELD] * 4


def test_after_a_list_that_was_undone_every_other_waits_longer_each_time(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    rows.change(gateway, ann, "provider", "cloud", {"interval": 600})
    apply(gateway, ann, "often")
    undone(live)
    for number in range(4 * 24):
        published.says(A, B, f"198.18.{number}.0/24")
        due(scheduler, hands, minutes=15)

    assert changes.history(gateway, ann).revisions[0].number == 2 + 3


def test_a_person_who_fetches_now_puts_a_list_live_that_waits_for_one(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    undone(live)
    published.says(A, B, C)
    due(scheduler, hands)
    live.answers.clear()
    list_fetching.fetch_now(gateway, ann, "cloud")
    published.says(A, B, C, D)
    due(scheduler, hands, days=2)

    assert (fetches(gateway)[0].ended, networks(gateway)) == (Ended.NEW, [A, B, C, D])


def test_a_list_that_a_person_rolled_back_waits_for_a_person(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    first = next(question for verb, question in live.asked if verb == "apply")
    published.says(A, B, C)
    due(scheduler, hands)
    live.answers["rollback"] = Outcome(State.CONFIRMED, 1, first.digest[:16], "Back.")
    rollback(gateway, ann, 1)
    due(scheduler, hands)
    held = fetches(gateway)[0].ended, networks(gateway)
    asked = list_fetching.fetch_now(gateway, ann, "cloud")

    assert held == (Ended.HELD, [A, B])
    assert (asked.fetch.ended, asked.fetch.revision, networks(gateway)) == (Ended.NEW, 3, [A, B, C])


def test_a_list_that_is_undone_later_leaves_the_draft(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    first = next(question for verb, question in live.asked if verb == "apply")
    live.answers["apply"] = lambda question, _talk: dataclasses.replace(
        live.on_apply(question, _talk), state=State.ON_WATCH
    )
    live.answers["status"] = live.status()
    published.says(A, B, C)
    due(scheduler, hands)
    watched = changes.history(gateway, ann).revisions[0].state
    live.answers["status"] = live.status(revision=1, digest=first.digest)
    due(scheduler, hands, minutes=1)

    assert (watched, changes.history(gateway, ann).in_force) == ("on-watch", 1)
    assert (networks(gateway, of="draft"), fetches(gateway)[0].ended) == ([A, B], Ended.HELD)


# -- by hand


def test_who_may_not_apply_gets_the_list_into_the_draft(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published
) -> None:
    published.says(A, B, C)
    editor = Actor("eve", rights=frozenset({Right.VIEW, Right.EDIT}), areas=frozenset({Area.CLIENT_ACCESS}))
    done = list_fetching.fetch_now(gateway, editor, "cloud")

    assert (done.fetch.ended, networks(gateway), networks(gateway, of="draft")) == (Ended.DRAFT, [A, B], [A, B, C])


@pytest.mark.parametrize(
    "actor",
    [
        Actor("eve", rights=frozenset({Right.VIEW})),
        Actor("eve", rights=frozenset({Right.VIEW, Right.EDIT}), areas=frozenset({Area.TLS})),
        Actor("eve", rights=frozenset({Right.VIEW, Right.EDIT, Right.APPLY}), areas=frozenset({Area.TLS})),
        Actor("eve", rights=frozenset({Right.VIEW, Right.APPLY})),
    ],
    ids=["reader", "of another area", "of another area who may apply", "who may apply only"],
)
def test_who_may_not_edit_providers_fetches_nothing(
    gateway: Gateway, live: StandIn, published: Published, actor: Actor
) -> None:
    before = published.asked
    with pytest.raises(NotPermitted):
        list_fetching.fetch_now(gateway, actor, "cloud")
    with pytest.raises(NotPermitted):
        list_trying.try_source(gateway, actor, {"source": "url", "address": ADDRESS})

    assert published.asked == before


def test_a_trial_stores_nothing_and_says_what_would_change(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published
) -> None:
    published.says(B, C, D)
    before = fetches(gateway)
    tried = list_trying.try_source(gateway, ann, {"name": "cloud", "source": "url", "address": ADDRESS})

    assert (tried.count, tried.networks, tried.added, tried.removed) == (3, (B, C, D), (C, D), (A,))
    assert (fetches(gateway), networks(gateway, of="draft"), tried.kept_away) == (before, [A, B], "")


def test_a_trial_of_nothing_usable_says_why(gateway: Gateway, ann: Actor, published: Published) -> None:
    published.fails()
    with pytest.raises(NotFetched, match="503"):
        list_trying.try_source(gateway, ann, {"source": "url", "address": ADDRESS})
    with pytest.raises(InvalidValue, match="typed by hand"):
        list_trying.try_source(gateway, ann, {"networks": [A]})


@pytest.mark.parametrize("kind", [kind for kind in ListSource if kind is not ListSource.BY_HAND])
def test_every_source_of_the_model_is_one_that_is_fetched(gateway: Gateway, published: Published, kind: str) -> None:
    more = {"spf": {"domain": "lists.example"}, "url": {"address": ADDRESS}}.get(kind, {})
    origin = PROVIDER.parse({"name": "cloud", "source": kind} | more).origin
    with pytest.raises(NotFetched) as fault:
        list_trying.ask(gateway, origin)

    assert "of the kind" not in str(fault.value)


def test_every_cloud_of_the_model_is_known_to_who_fetches() -> None:
    assert set(Instance) == set(INSTANCES)


def test_everything_is_audited_as_done_by_the_gateway(
    gateway: Gateway, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    published.says(A, B, C)
    due(scheduler, hands)
    with gateway.store.reading() as reader:
        lines = [line for line in reader.audit_newest() if line.actor == SYSTEM]
        assert reader.verify_audit() is None

    assert {"fetch", "revision"} <= {line.verb for line in lines}


# -- how it stands


def test_a_list_says_how_it_stands(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    state = provider_lists.states(gateway, ann, hands.now)[0]

    assert (state.word, state.count, state.live, state.trouble) == ("good", 2, True, False)
    assert state.last is not None
    assert state.next is not None
    assert dt.timedelta(hours=1) <= state.next - hands.now <= dt.timedelta(hours=1.1)


def test_a_list_that_fails_for_long_is_worth_telling(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    published.fails()
    due(scheduler, hands)
    early = provider_lists.troubles(gateway, ann, hands.now)
    due(scheduler, hands, days=1)
    found = provider_lists.troubles(gateway, ann, hands.now)

    assert early == []
    assert [(state.name, state.word) for state in found] == [("cloud", "failed")]


def test_a_provider_that_is_gone_leaves_no_history(
    gateway: Gateway, ann: Actor, live: StandIn, published: Published, scheduler: Scheduler, hands: Hands
) -> None:
    rows.add(gateway, ann, "provider", {"name": "other", "source": "url", "address": ADDRESS})
    rows.remove(gateway, ann, "provider", ["cloud"])
    apply(gateway, ann, "gone")
    due(scheduler, hands)

    assert fetches(gateway) == []
