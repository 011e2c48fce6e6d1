"""Managing people asks a session for a fresh proof; nobody makes a new way in for their own account that way."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from tests.support.accounts import HERE, PASSWORD, person, signed_in

from sealgate.model.errors import NotPermitted, ProofNeeded, Refused
from sealgate.services import invitations, people, sessions, signing_in, tokens
from sealgate.services.actor import Actor
from sealgate.services.signing_in import NotSignedIn

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.gateway import Gateway

START = dt.datetime(2026, 5, 4, 12, 0, tzinfo=dt.UTC)
ACTS: dict[str, Callable[..., Any]] = {
    "change": lambda g, a, name: people.change(g, a, name, title="x"),
    "reset": people.reset,
    "lock": people.lock,
    "unlock": people.unlock,
    "remove": people.remove,
}


def token_of_olga(gateway: Gateway) -> Actor:
    made = tokens.create(gateway, signed_in(gateway, "olga").actor, "nightly", ["people", "view"], days=1)
    actor = tokens.actor_of(gateway, made.text, HERE.origin)
    assert actor is not None
    return actor


@pytest.mark.parametrize("act", [*ACTS.values(), lambda g, a, _n: people.invite(g, a, "new", "viewer")])
def test_a_session_with_an_old_proof_manages_nobody(gateway: Gateway, act: Callable[..., Any]) -> None:
    person(gateway, "olga", "owner")
    person(gateway, "bob")
    with time_machine.travel(START, tick=False) as clock:
        olga = signed_in(gateway, "olga").actor
        clock.shift(sessions.RECENT)
        before = people.listing(gateway, olga)

        with pytest.raises(ProofNeeded, match="fresh proof"):
            act(gateway, olga, "bob")
        assert people.listing(gateway, olga) == before


def test_nobody_resets_their_own_account(gateway: Gateway) -> None:
    person(gateway, "olga", "owner")

    with pytest.raises(Refused, match="page of your account"):
        people.reset(gateway, signed_in(gateway, "olga").actor, "olga")


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_token_does_not_manage_the_person_whose_it_is(gateway: Gateway, act: Callable[..., Any]) -> None:
    for name in ("olga", "otto"):
        person(gateway, name, "owner")
    with gateway.store.writing("local:test") as writer:
        kay = writer.people.add("kay", title="", email="", role="viewer", extra={"people"})
    actor = Actor("kay/nightly", rights=people.show(gateway, Actor.local("x"), "kay").rights, person=kay)

    with pytest.raises(NotPermitted, match="token"):
        act(gateway, actor, "kay")


def test_a_token_still_manages_others(gateway: Gateway) -> None:
    person(gateway, "olga", "owner")
    person(gateway, "bob")

    assert people.reset(gateway, token_of_olga(gateway), "bob")


def test_who_is_managed_by_the_provider_gets_no_link_for_a_password(gateway: Gateway) -> None:
    person(gateway, "bob", managed=True)

    with pytest.raises(Refused, match="OpenID provider"):
        people.reset(gateway, Actor.local("ann"), "bob")


def test_a_password_and_a_link_of_before_do_not_go_around_the_groups(gateway: Gateway) -> None:
    id_ = person(gateway, "bob")
    link = people.reset(gateway, Actor.local("ann"), "bob")
    with gateway.store.writing("local:test") as writer:
        writer.people.change(id_, managed=True)

    assert signing_in.with_password(gateway, "bob", PASSWORD, HERE) == NotSignedIn()
    assert invitations.look(gateway, link.text) is None
