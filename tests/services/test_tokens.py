"""API tokens: for programs, with no more rights than named, until a day that is named."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.services.test_backups import WORDS, KeyHolder, quiet
from tests.support.accounts import HERE, audit_text, person, signed_in, verbs
from tests.support.control_half import stand_in

from sealgate.model.errors import InvalidValue, NotFound, NotPermitted
from sealgate.services import backups, people, rows, sessions, tokens
from sealgate.services.actor import ALL_AREAS, Actor, Area, Right
from sealgate.services.origins import Origin

if TYPE_CHECKING:
    from pathlib import Path

    from sealgate.services.gateway import Gateway
    from sealgate.services.tokens import NewToken

API = Origin("api", "203.0.113.5")
START = dt.datetime(2026, 5, 4, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def owner(gateway: Gateway) -> Actor:
    person(gateway, "olga", "owner")
    return signed_in(gateway, "olga").actor


def made(gateway: Gateway, actor: Actor, *rights: str, days: int = 30, areas: list[str] | None = None) -> NewToken:
    return tokens.create(gateway, actor, "nightly", rights or ("view",), days=days, areas=areas)


def actor_of(gateway: Gateway, token: NewToken) -> Actor | None:
    return tokens.actor_of(gateway, token.text, API)


def test_a_token_stands_for_its_person_with_the_rights_named(gateway: Gateway, owner: Actor) -> None:
    actor = actor_of(gateway, made(gateway, owner, "view", "edit", areas=["rbl"]))

    assert actor is not None
    assert (actor.name, actor.source) == ("olga/nightly", "api 203.0.113.5")
    assert (actor.rights, actor.areas) == (frozenset({Right.VIEW, Right.EDIT}), frozenset({Area.RBL}))


def test_services_hold_a_token_to_its_rights(gateway: Gateway, owner: Actor) -> None:
    actor = actor_of(gateway, made(gateway, owner, "view", "edit", areas=["rbl"]))
    assert actor is not None
    rows.add(gateway, actor, "rbl", {"zone": "zen.example"})

    with pytest.raises(NotPermitted, match="mta"):
        rows.add(gateway, actor, "relay-domain", {"domain": "example.com"})


def test_what_a_token_does_is_audited_under_its_name(gateway: Gateway, owner: Actor) -> None:
    actor = actor_of(gateway, made(gateway, owner, "edit"))
    assert actor is not None
    rows.add(gateway, actor, "rbl", {"zone": "zen.example"})

    assert "olga/nightly" in audit_text(gateway)


def test_a_token_loses_what_its_person_loses(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "eve", "administrator")
    token = made(gateway, signed_in(gateway, "eve").actor, "view", "edit", "apply")
    people.change(gateway, ann, "eve", role="administrator", areas=["rbl"])
    limited = actor_of(gateway, token)
    people.change(gateway, ann, "eve", role="operator")
    lowered = actor_of(gateway, token)

    assert limited is not None
    assert lowered is not None
    assert (limited.areas, lowered.rights) == (frozenset({Area.RBL}), frozenset({Right.VIEW}))


def test_a_token_does_not_gain_what_its_person_gains(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "eve", "administrator")
    token = made(gateway, signed_in(gateway, "eve").actor, "view")
    people.change(gateway, ann, "eve", role="owner")
    actor = actor_of(gateway, token)

    assert actor is not None
    assert actor.rights == {Right.VIEW}


def test_nobody_gives_a_token_what_they_have_not(gateway: Gateway) -> None:
    person(gateway, "eve", "administrator", areas={"rbl"})
    eve = signed_in(gateway, "eve").actor

    with pytest.raises(NotPermitted, match="raw"):
        made(gateway, eve, "raw")
    with pytest.raises(NotPermitted, match="mta"):
        made(gateway, eve, "edit", areas=["mta"])


def test_without_areas_named_a_token_has_those_of_its_person(gateway: Gateway) -> None:
    person(gateway, "eve", "administrator", areas={"rbl"})
    actor = actor_of(gateway, made(gateway, signed_in(gateway, "eve").actor, "edit"))

    assert actor is not None
    assert actor.areas == {Area.RBL}


@pytest.mark.parametrize("rights", [["own"], ["everything"]])
def test_no_token_makes_owners_or_may_what_does_not_exist(gateway: Gateway, owner: Actor, rights: list[str]) -> None:
    with pytest.raises(InvalidValue):
        made(gateway, owner, *rights)


def test_a_token_needs_at_least_one_right(gateway: Gateway, owner: Actor) -> None:
    with pytest.raises(InvalidValue, match="right"):
        tokens.create(gateway, owner, "nightly", [], days=1)


@pytest.mark.parametrize("label", ["", "  ", "a/b", "a\nb", "x" * 61])
def test_a_token_needs_a_name_for_the_audit(gateway: Gateway, owner: Actor, label: str) -> None:
    with pytest.raises(InvalidValue):
        tokens.create(gateway, owner, label, ["view"], days=1)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_ends_within_a_year(gateway: Gateway, owner: Actor, days: int) -> None:
    with pytest.raises(InvalidValue, match="days"):
        made(gateway, owner, days=days)


def test_a_token_ends_on_its_day(gateway: Gateway) -> None:
    person(gateway, "eve")
    with time_machine.travel(START, tick=False) as clock:
        token = made(gateway, signed_in(gateway, "eve").actor, days=2)
        clock.shift(dt.timedelta(days=2) - dt.timedelta(seconds=1))
        before = actor_of(gateway, token)
        clock.shift(1)

        assert (before is not None, actor_of(gateway, token)) == (True, None)


def test_a_revoked_token_never_works_again(gateway: Gateway, owner: Actor) -> None:
    token = made(gateway, owner)
    tokens.revoke(gateway, owner, token.id)

    assert actor_of(gateway, token) is None
    with pytest.raises(NotFound):
        tokens.revoke(gateway, owner, token.id)


def test_a_revoked_token_does_not_come_back_with_a_backup(gateway: Gateway, owner: Actor, directory: Path) -> None:
    token, target = made(gateway, owner), io.BytesIO()
    with stand_in(directory, **KeyHolder(b"k" * 32).answers()):
        backups.backup(gateway, owner, WORDS, target, quiet)
        tokens.revoke(gateway, owner, token.id)
        backups.restore(gateway, owner, WORDS, io.BytesIO(target.getvalue()), quiet)

    assert actor_of(gateway, token) is None


def test_after_a_restore_nobody_is_signed_in(gateway: Gateway, directory: Path) -> None:
    person(gateway, "olga", "owner")
    done, target = signed_in(gateway, "olga"), io.BytesIO()
    with stand_in(directory, **KeyHolder(b"k" * 32).answers()):
        backups.backup(gateway, done.actor, WORDS, target, quiet)
        backups.restore(gateway, done.actor, WORDS, io.BytesIO(target.getvalue()), quiet)

    assert sessions.actor_of(gateway, done.session, HERE.origin) is None


def test_a_token_of_a_locked_person_is_void_also_after_the_unlock(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "eve")
    token = made(gateway, signed_in(gateway, "eve").actor)
    people.lock(gateway, ann, "eve")
    locked = actor_of(gateway, token)
    people.unlock(gateway, ann, "eve")

    assert (locked, actor_of(gateway, token)) == (None, None)


def test_a_token_makes_no_tokens(gateway: Gateway, owner: Actor) -> None:
    actor = actor_of(gateway, made(gateway, owner, "view", "people"))
    assert actor is not None

    with pytest.raises(NotPermitted, match="signed in"):
        made(gateway, actor)


def test_a_token_does_not_end_its_persons_sessions(gateway: Gateway) -> None:
    person(gateway, "eve")
    actor = actor_of(gateway, made(gateway, signed_in(gateway, "eve").actor))
    assert actor is not None

    with pytest.raises(NotPermitted, match="people"):
        sessions.revoke_others(gateway, actor)


def test_making_a_token_asks_for_a_fresh_proof(gateway: Gateway) -> None:
    person(gateway, "eve")
    with time_machine.travel(START, tick=False) as clock:
        eve = signed_in(gateway, "eve").actor
        clock.shift(sessions.RECENT)

        with pytest.raises(NotPermitted, match="fresh proof"):
            made(gateway, eve)


def test_a_person_has_a_bounded_number_of_tokens(gateway: Gateway, owner: Actor) -> None:
    for _ in range(tokens.MOST):
        last = made(gateway, owner)

    with pytest.raises(InvalidValue, match="already"):
        made(gateway, owner)
    tokens.revoke(gateway, owner, last.id)
    assert made(gateway, owner)


def test_tokens_are_listed_without_themselves(gateway: Gateway, owner: Actor) -> None:
    token = made(gateway, owner)
    found = tokens.listing(gateway, owner)

    assert [one.id for one in found] == [token.id]
    assert token.text not in repr(found)
    assert token.text not in repr(token)


def test_a_use_is_noted_with_its_address(gateway: Gateway, owner: Actor) -> None:
    actor_of(gateway, made(gateway, owner))

    assert tokens.listing(gateway, owner)[0].address == "203.0.113.5"


def test_the_token_is_kept_nowhere(gateway: Gateway, owner: Actor) -> None:
    token = made(gateway, owner)
    kept = b"".join(file.read_bytes() for file in gateway.settings.directory.rglob("*") if file.is_file())

    assert token.text.encode() not in kept


def test_making_and_revoking_is_audited(gateway: Gateway, owner: Actor) -> None:
    token = made(gateway, owner)
    tokens.revoke(gateway, owner, token.id)

    assert verbs(gateway)[-2:] == ["token-create", "token-revoke"]
    assert token.text not in audit_text(gateway)


@pytest.mark.parametrize("text", ["", "sgt_", "sgt_" + "a" * 43, "sgs_" + "a" * 43, "Bearer x", "\0"])
def test_what_is_no_token_stands_for_nobody(gateway: Gateway, owner: Actor, text: str) -> None:
    made(gateway, owner)

    assert tokens.actor_of(gateway, text, API) is None


@given(
    role=st.sampled_from(["administrator", "operator", "auditor", "viewer", "owner"]),
    rights=st.frozensets(st.sampled_from([right for right in Right if right is not Right.OWN]), min_size=1),
    areas=st.none() | st.frozensets(st.sampled_from(list(Area))),
    mine=st.none() | st.frozensets(st.sampled_from(list(Area))),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_token_is_never_more_than_its_person(
    gateway: Gateway,
    role: str,
    rights: frozenset[Right],
    areas: frozenset[Area] | None,
    mine: frozenset[Area] | None,
) -> None:
    with gateway.store.writing("local:test") as writer:
        for old in writer.people.every():
            writer.people.remove(old.id)
    person(gateway, "eve", role, areas=mine)
    eve = signed_in(gateway, "eve").actor
    try:
        token = tokens.create(gateway, eve, "t", rights, days=1, areas=areas)
    except NotPermitted:
        assert not rights <= eve.rights or (Right.EDIT in rights and not (areas or frozenset()) <= eve.areas)
        return
    actor = actor_of(gateway, token)

    assert actor is not None
    assert actor.rights == rights
    assert actor.rights <= eve.rights
    assert actor.areas <= eve.areas & (ALL_AREAS if areas is None else areas)
