"""One's own account: the password, another proof, what one signs in with."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import time_machine
from tests.support.accounts import HERE, OTHER_PASSWORD, PASSWORD, audit_text, person, signed_in, verbs

from sealgate.model.errors import InvalidValue, NotFound, NotPermitted, Refused
from sealgate.services import (
    own_account,
    people,
    second_factors,
    sessions,
    signing_in,
    throttling,
    tokens,
)
from sealgate.services.signing_in import Browser, NotSignedIn, SignedIn
from sealgate.store.people_records import CredentialKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway

START = dt.datetime(2026, 5, 4, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def done(gateway: Gateway) -> SignedIn:
    person(gateway, "bob")
    return signed_in(gateway, "bob")


OWN: dict[str, Callable[[Gateway, Actor], object]] = {
    "prove": lambda g, a: own_account.prove(g, a, PASSWORD),
    "password": lambda g, a: own_account.change_password(g, a, PASSWORD, OTHER_PASSWORD),
    "ways in": own_account.ways_in,
    "remove a way in": lambda g, a: own_account.remove_way_in(g, a, "1"),
    "codes": second_factors.begin,
    "go without codes": second_factors.remove,
    "recovery codes": second_factors.new_codes,
    "token": lambda g, a: tokens.create(g, a, "another", ["view"], days=1),
}


@pytest.mark.parametrize("act", OWN.values(), ids=OWN)
def test_a_token_changes_nothing_of_the_account_that_it_belongs_to(
    gateway: Gateway, done: SignedIn, act: Callable[[Gateway, Actor], object]
) -> None:
    made = tokens.create(gateway, done.actor, "nightly", ["view"], days=1)
    token = tokens.actor_of(gateway, made.text, HERE.origin)
    before = own_account.ways_in(gateway, done.actor)
    assert token is not None

    with pytest.raises(NotPermitted, match="signed in"):
        act(gateway, token)
    assert own_account.ways_in(gateway, done.actor) == before


def test_the_new_password_counts_and_the_old_one_does_not(gateway: Gateway, done: SignedIn) -> None:
    own_account.change_password(gateway, done.actor, PASSWORD, OTHER_PASSWORD)

    assert signing_in.with_password(gateway, "bob", PASSWORD, HERE) == NotSignedIn()
    assert isinstance(signing_in.with_password(gateway, "bob", OTHER_PASSWORD, HERE), SignedIn)


def test_a_wrong_old_password_changes_nothing(gateway: Gateway, done: SignedIn) -> None:
    with pytest.raises(Refused, match="not right"):
        own_account.change_password(gateway, done.actor, "something else it is", OTHER_PASSWORD)

    assert isinstance(signing_in.with_password(gateway, "bob", PASSWORD, HERE), SignedIn)


@pytest.mark.parametrize("new", ["short", "bob bob bob bob bob", "bob@example.com !!"])
def test_the_new_password_must_be_good_enough(gateway: Gateway, done: SignedIn, new: str) -> None:
    with pytest.raises(InvalidValue):
        own_account.change_password(gateway, done.actor, PASSWORD, new)


def test_a_new_password_ends_all_other_sessions(gateway: Gateway, done: SignedIn) -> None:
    other = signed_in(gateway, "bob")
    proven = own_account.change_password(gateway, done.actor, PASSWORD, OTHER_PASSWORD)

    assert sessions.actor_of(gateway, other.session, HERE.origin) is None
    assert sessions.actor_of(gateway, proven.session, HERE.origin) == done.actor


def test_a_new_password_makes_all_browsers_strangers(gateway: Gateway, done: SignedIn) -> None:
    own_account.change_password(gateway, done.actor, PASSWORD, OTHER_PASSWORD)

    assert signed_in(gateway, "bob", Browser(HERE.origin, mark=done.browser)).browser


def test_a_new_password_makes_an_open_reset_link_void(gateway: Gateway, done: SignedIn, ann: Actor) -> None:
    from sealgate.services import invitations

    link = people.reset(gateway, ann, "bob")
    again = signed_in(gateway, "bob")
    own_account.change_password(gateway, again.actor, PASSWORD, OTHER_PASSWORD)

    assert invitations.look(gateway, link.text) is None


def test_after_a_proof_the_former_text_of_the_session_is_void(gateway: Gateway, done: SignedIn) -> None:
    proven = own_account.prove(gateway, done.actor, PASSWORD)

    assert sessions.actor_of(gateway, done.session, HERE.origin) is None
    assert sessions.actor_of(gateway, proven.session, HERE.origin) == done.actor
    assert proven.session not in repr(proven)


def test_a_proof_is_fresh_again(gateway: Gateway) -> None:
    person(gateway, "bob")
    with time_machine.travel(START, tick=False) as clock:
        actor = signed_in(gateway, "bob").actor
        clock.shift(sessions.RECENT)
        before = sessions.is_recent(gateway, actor)
        own_account.prove(gateway, actor, PASSWORD)

        assert (before, sessions.is_recent(gateway, actor)) == (False, True)


def test_who_found_an_open_browser_cannot_guess_the_password_for_long(gateway: Gateway) -> None:
    person(gateway, "bob")
    with time_machine.travel(START, tick=False):
        actor = signed_in(gateway, "bob").actor
        for _ in range(throttling.FREE):
            with pytest.raises(Refused, match="not right"):
                own_account.prove(gateway, actor, OTHER_PASSWORD)

        with pytest.raises(Refused, match="too many tries"):
            own_account.prove(gateway, actor, PASSWORD)


def test_a_login_of_the_machine_has_no_password_here(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(NotPermitted):
        own_account.prove(gateway, ann, PASSWORD)
    with pytest.raises(NotPermitted):
        own_account.ways_in(gateway, ann)


def test_a_session_that_ended_proves_nothing(gateway: Gateway, done: SignedIn) -> None:
    sessions.sign_out(gateway, done.actor)

    with pytest.raises(NotPermitted):
        own_account.prove(gateway, done.actor, PASSWORD)


def test_the_last_way_in_cannot_be_removed(gateway: Gateway, done: SignedIn) -> None:
    way = own_account.ways_in(gateway, done.actor)[0]

    with pytest.raises(Refused, match="last way"):
        own_account.remove_way_in(gateway, done.actor, way.id)
    assert isinstance(signing_in.with_password(gateway, "bob", PASSWORD, HERE), SignedIn)


def test_one_of_two_ways_in_can_be_removed(gateway: Gateway, done: SignedIn) -> None:
    with gateway.store.writing("local:test") as writer:
        writer.people.add_credential(done.actor.person, CredentialKind.PASSKEY, "public", key="k", label="blue")
    passkey = next(way for way in own_account.ways_in(gateway, done.actor) if way.label == "blue")
    own_account.remove_way_in(gateway, done.actor, passkey.id)

    assert [way.kind for way in own_account.ways_in(gateway, done.actor)] == [CredentialKind.PASSWORD]
    assert verbs(gateway)[-1] == "way-in-remove"


def test_nobody_removes_the_way_in_of_another(gateway: Gateway, done: SignedIn) -> None:
    person(gateway, "eve")
    way = own_account.ways_in(gateway, done.actor)[0]

    with pytest.raises(NotFound):
        own_account.remove_way_in(gateway, signed_in(gateway, "eve").actor, way.id)


def test_passwords_are_in_no_audit(gateway: Gateway, done: SignedIn) -> None:
    own_account.change_password(gateway, done.actor, PASSWORD, OTHER_PASSWORD)
    said = audit_text(gateway)

    assert not [text for text in (PASSWORD, OTHER_PASSWORD, "$argon2") if text in said]
    assert verbs(gateway)[-1] == "password-set"
