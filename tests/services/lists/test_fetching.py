"""Lists of providers: fetched from a real server, compared, put in force by the scheduler or by hand."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.lists.stored import SYSTEM, A, B, C, D, due, fetches, networks, pending
from tests.services.turned_clock import run
from tests.support.published import ADDRESS

from sealgate.model.errors import InvalidValue, NotFetched, NotPermitted, Refused
from sealgate.model.list_sources import Instance, ListSource
from sealgate.model.providers import PROVIDER
from sealgate.providers.microsoft365 import INSTANCES
from sealgate.services import changes, list_fetching, list_trying, provider_lists, rows
from sealgate.services.actor import Actor, Area, Right
from sealgate.services.applying import apply
from sealgate.store import Ended

if TYPE_CHECKING:
    from tests.services.turned_clock import Hands
    from tests.support.control_half import StandIn
    from tests.support.published import Published

    from sealgate.services.gateway import Gateway
    from sealgate.services.scheduling import Scheduler


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
