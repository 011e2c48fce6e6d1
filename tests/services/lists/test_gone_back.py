"""Lists of providers that were live and were gone back from, by the watch or by a person."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tests.services.lists.stored import A, B, C, D, due, fetches, networks

from sealgate.link.messages import Outcome, State
from sealgate.services import changes, list_fetching, rows
from sealgate.services.applying import apply, rollback
from sealgate.store import Ended

if TYPE_CHECKING:
    from tests.services.turned_clock import Hands
    from tests.support.control_half import StandIn
    from tests.support.published import Published

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.scheduling import Scheduler


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
