"""Who may use the gateway: invited, changed, locked, unlocked, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.accounts import HERE, PASSWORD, person, signed_in, verbs

from sealgate.model.errors import Conflict, InvalidValue, NotFound, NotPermitted, Refused
from sealgate.services import people, sessions, signing_in
from sealgate.services.actor import ALL_AREAS, ALL_RIGHTS, Actor, Area, Right
from sealgate.services.roles import Role
from sealgate.services.signing_in import NotSignedIn, SignedIn

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.gateway import Gateway


@pytest.fixture
def keeper(gateway: Gateway) -> Actor:
    """An administrator who may manage people, and nothing else beyond that role."""
    person(gateway, "kay", "administrator", extra={"people"})
    return signed_in(gateway, "kay").actor


def test_people_are_listed_with_what_they_may_and_how_they_sign_in(gateway: Gateway, ann: Actor) -> None:
    people.invite(gateway, ann, "bob", "operator", title="Bob", email="bob@example.com", extra=["content"])
    person(gateway, "eve", "administrator", areas={"rbl"})
    bob, eve = people.listing(gateway, ann)

    assert (bob.role, bob.extra, bob.invited) == (Role.OPERATOR, frozenset({Right.CONTENT}), True)
    assert (bob.title, bob.email, bob.seen) == ("Bob", "bob@example.com", None)
    assert (eve.role, eve.areas, eve.invited, eve.password) == (Role.ADMINISTRATOR, frozenset({Area.RBL}), False, True)


def test_a_right_that_the_role_brings_anyway_is_not_besides(gateway: Gateway, ann: Actor) -> None:
    people.invite(gateway, ann, "bob", "operator", extra=["operate", "raw"])

    assert people.show(gateway, ann, "bob").extra == {Right.RAW}


def test_everybody_sees_themselves(gateway: Gateway) -> None:
    person(gateway, "bob")
    bob = signed_in(gateway, "bob").actor

    assert people.show(gateway, bob).name == "bob"
    assert people.show(gateway, bob, "bob").name == "bob"


def test_nobody_sees_others_without_the_right(gateway: Gateway) -> None:
    for name in ("bob", "eve"):
        person(gateway, name)
    eve = signed_in(gateway, "eve").actor

    with pytest.raises(NotPermitted):
        people.show(gateway, eve, "bob")
    with pytest.raises(NotPermitted):
        people.show(gateway, eve, "nobody")
    with pytest.raises(NotPermitted):
        people.listing(gateway, eve)


@pytest.mark.parametrize(
    "act",
    [
        lambda g, a: people.invite(g, a, "new", "viewer"),
        lambda g, a: people.change(g, a, "bob", title="x"),
        lambda g, a: people.reset(g, a, "bob"),
        lambda g, a: people.lock(g, a, "bob"),
        lambda g, a: people.unlock(g, a, "bob"),
        lambda g, a: people.remove(g, a, "bob"),
    ],
    ids=["invite", "change", "reset", "lock", "unlock", "remove"],
)
def test_managing_people_needs_the_right(gateway: Gateway, act: Callable[..., Any]) -> None:
    person(gateway, "bob")

    with pytest.raises(NotPermitted, match="people"):
        act(gateway, Actor("eve", rights=ALL_RIGHTS - {Right.PEOPLE}))


@pytest.mark.parametrize(
    "act",
    [
        lambda g, a: people.change(g, a, "olga", role="viewer"),
        lambda g, a: people.reset(g, a, "olga"),
        lambda g, a: people.lock(g, a, "olga"),
        lambda g, a: people.unlock(g, a, "olga"),
        lambda g, a: people.remove(g, a, "olga"),
        lambda g, a: people.invite(g, a, "new", "owner"),
        lambda g, a: people.invite(g, a, "new", "viewer", extra=["raw"]),
        lambda g, a: people.change(g, a, "bob", role="owner"),
        lambda g, a: people.change(g, a, "bob", extra=["backup"]),
        lambda g, a: people.change(g, a, "kay", extra=["people", "raw"]),
    ],
    ids=["change", "reset", "lock", "unlock", "remove", "invite-owner", "invite-raw", "raise", "give", "raise-oneself"],
)
def test_who_manages_people_does_not_reach_beyond_their_own_rights(
    gateway: Gateway, keeper: Actor, act: Callable[..., Any]
) -> None:
    for name in ("olga", "otto"):
        person(gateway, name, "owner")
    person(gateway, "bob")
    before = people.listing(gateway, Actor.local("test"))

    with pytest.raises(NotPermitted, match="does not have"):
        act(gateway, keeper)
    assert people.listing(gateway, Actor.local("test")) == before


def test_who_edits_some_areas_gives_no_others(gateway: Gateway) -> None:
    actor = Actor("eve", rights=ALL_RIGHTS, areas=frozenset({Area.RBL}))

    with pytest.raises(NotPermitted, match="mta"):
        people.invite(gateway, actor, "bob", "administrator", areas=["rbl", "mta"])
    assert people.invite(gateway, actor, "bob", "administrator", areas=["rbl"])
    assert people.invite(gateway, actor, "joe", "viewer")


def test_who_manages_people_manages_those_within_reach(gateway: Gateway, keeper: Actor) -> None:
    people.invite(gateway, keeper, "bob", "operator")
    people.change(gateway, keeper, "bob", role="administrator", title="Bob")
    people.lock(gateway, keeper, "bob")
    people.unlock(gateway, keeper, "bob")
    people.remove(gateway, keeper, "bob")

    assert verbs(gateway)[-5:] == ["person-invite", "person-change", "person-lock", "person-unlock", "person-remove"]


def test_two_people_never_have_one_name(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "bob")

    with pytest.raises(Conflict, match="bob"):
        people.invite(gateway, ann, "BOB", "viewer")


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", "a\nb"), ("email", "nobody"), ("email", "a b@c"), ("role", "root"), ("extra", ["x"]), ("areas", ["x"])],
)
def test_what_is_no_value_is_refused_with_its_field(gateway: Gateway, ann: Actor, field: str, value: Any) -> None:
    person(gateway, "bob")

    with pytest.raises(InvalidValue) as refusal:
        people.change(gateway, ann, "bob", **{field: value})
    assert [problem.field for problem in refusal.value.problems] == [field]


def test_what_is_not_named_stays(gateway: Gateway, ann: Actor) -> None:
    people.invite(gateway, ann, "bob", "operator", title="Bob", email="bob@example.com", extra=["raw"], areas=["rbl"])
    after = people.change(gateway, ann, "bob", title="Robert")

    assert (after.title, after.email, after.role) == ("Robert", "bob@example.com", Role.OPERATOR)
    assert (after.extra, after.areas) == (frozenset({Right.RAW}), frozenset({Area.RBL}))


def test_no_limit_of_areas_is_given_back_by_none(gateway: Gateway, ann: Actor) -> None:
    people.invite(gateway, ann, "bob", "administrator", areas=["rbl"])

    assert people.change(gateway, ann, "bob", areas=None).areas == ALL_AREAS


def test_of_two_who_change_one_person_the_second_is_told(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "bob")
    seen = people.show(gateway, ann, "bob").version
    people.change(gateway, ann, "bob", base=seen, title="one")

    with pytest.raises(Conflict):
        people.change(gateway, ann, "bob", base=seen, title="two")


def test_a_locked_person_is_out_at_once(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "bob")
    done = signed_in(gateway, "bob")
    people.lock(gateway, ann, "bob")

    assert sessions.actor_of(gateway, done.session, HERE.origin) is None
    assert signing_in.with_password(gateway, "bob", PASSWORD, HERE) == NotSignedIn()


def test_an_unlocked_person_signs_in_again_and_old_sessions_stay_ended(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "bob")
    done = signed_in(gateway, "bob")
    people.lock(gateway, ann, "bob")
    people.unlock(gateway, ann, "bob")

    assert sessions.actor_of(gateway, done.session, HERE.origin) is None
    assert isinstance(signing_in.with_password(gateway, "bob", PASSWORD, HERE), SignedIn)


def test_a_removed_person_is_gone_and_stays_in_the_audit(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "bob")
    done = signed_in(gateway, "bob")
    people.remove(gateway, ann, "bob")

    assert sessions.actor_of(gateway, done.session, HERE.origin) is None
    assert people.listing(gateway, ann) == []
    assert verbs(gateway)[-1] == "person-remove"


@pytest.mark.parametrize(
    "act",
    [
        lambda g, a: people.lock(g, a, "olga"),
        lambda g, a: people.remove(g, a, "olga"),
        lambda g, a: people.change(g, a, "olga", role="administrator"),
    ],
    ids=["lock", "remove", "lower"],
)
def test_the_last_owner_stays(gateway: Gateway, ann: Actor, act: Callable[..., Any]) -> None:
    person(gateway, "olga", "owner")
    people.invite(gateway, ann, "otto", "owner")  # has not chosen a password yet, so does not count
    before = verbs(gateway)

    with pytest.raises(Refused, match="without an owner"):
        act(gateway, ann)
    assert people.show(gateway, ann, "olga").role is Role.OWNER
    assert verbs(gateway) == before


def test_with_a_second_owner_the_first_may_go(gateway: Gateway, ann: Actor) -> None:
    for name in ("olga", "otto"):
        person(gateway, name, "owner")
    people.remove(gateway, ann, "olga")

    with pytest.raises(Refused):
        people.remove(gateway, ann, "otto")


def test_an_owner_may_step_down_when_there_is_another(gateway: Gateway) -> None:
    for name in ("olga", "otto"):
        person(gateway, name, "owner")
    olga = signed_in(gateway, "olga").actor

    assert people.change(gateway, olga, "olga", role="viewer").role is Role.VIEWER


@pytest.mark.parametrize("name", ["", "nobody", "\0", "' OR 1=1 --"])
def test_who_does_not_exist_is_not_found(gateway: Gateway, ann: Actor, name: str) -> None:
    with pytest.raises(NotFound):
        people.lock(gateway, ann, name)


def test_a_change_says_in_the_audit_what_the_person_may_now(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "bob")
    people.change(gateway, ann, "bob", role="operator", extra=["raw"])
    with gateway.store.reading() as reader:
        detail = reader.audit_newest(limit=1)[0].detail

    assert detail == {"role": "operator", "extra": ["raw"], "areas": "all", "changed": ["extra", "role"]}


def test_what_is_no_mail_address_or_name_is_refused_when_inviting(gateway: Gateway, ann: Actor) -> None:
    for given in ({"email": 5}, {"email": "a\nb@example.com"}, {"title": "x" * 101}):
        with pytest.raises(InvalidValue):
            people.invite(gateway, ann, "bob", "viewer", **given)

    assert people.listing(gateway, ann) == []


def test_who_may_manage_people_is_told_of_names_that_do_not_exist(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(NotFound, match="nobody"):
        people.show(gateway, ann, "nobody")
