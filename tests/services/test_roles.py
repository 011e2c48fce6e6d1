"""Roles, rights and areas, and how far one person reaches another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.errors import InvalidValue, NotPermitted
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS
from sealgate.services.actor import ALL_AREAS, ALL_RIGHTS, Actor, Area, Right
from sealgate.services.areas import area_of, may_edit
from sealgate.services.roles import GRANTABLE, RIGHTS_OF, Role, may_touch, parse_areas, parse_rights, parse_role
from sealgate.settings import ROLES_BY_GROUP

RIGHTS = st.frozensets(st.sampled_from(list(Right)))
AREAS = st.frozensets(st.sampled_from(list(Area)))


def test_an_owner_may_do_everything() -> None:
    assert RIGHTS_OF[Role.OWNER] == ALL_RIGHTS


def test_every_role_may_look() -> None:
    assert all(Right.VIEW in RIGHTS_OF[role] for role in Role)


@pytest.mark.parametrize("right", [Right.RAW, Right.OVERRIDE, Right.CONTENT, Right.BACKUP, Right.PEOPLE, Right.OWN])
def test_what_is_most_delicate_comes_with_no_role_but_owner(right: Right) -> None:
    assert [role for role in Role if right in RIGHTS_OF[role]] == [Role.OWNER]


def test_who_only_looks_changes_nothing() -> None:
    reading = {Right.VIEW, Right.AUDIT}

    assert RIGHTS_OF[Role.VIEWER] <= reading
    assert RIGHTS_OF[Role.AUDITOR] <= reading


def test_groups_give_every_role_but_owner() -> None:
    assert set(ROLES_BY_GROUP) == set(Role) - {Role.OWNER}


@pytest.mark.parametrize("word", ["Owner", " viewer ", "AUDITOR"])
def test_roles_are_read_as_people_write_them(word: str) -> None:
    assert parse_role(word) in Role


@pytest.mark.parametrize("word", ["", "root", "own", None, 5])
def test_what_is_no_role_is_refused_with_the_roles(word: object) -> None:
    with pytest.raises(InvalidValue, match="administrator"):
        parse_role(word)


def test_the_right_to_own_cannot_be_given_besides_a_role() -> None:
    with pytest.raises(InvalidValue, match="owner"):
        parse_rights(["view", "own"])


def test_every_other_right_can_be_given() -> None:
    assert parse_rights(GRANTABLE) == ALL_RIGHTS - {Right.OWN}


def test_all_areas_are_the_same_as_no_limit() -> None:
    assert parse_areas(Area) is None
    assert parse_areas(None) is None
    assert parse_areas([]) == frozenset()


@pytest.mark.parametrize("parse", [parse_rights, parse_areas])
def test_unknown_words_are_refused(parse) -> None:
    with pytest.raises(InvalidValue, match="is no "):
        parse(["view", "everything"])


@given(RIGHTS, AREAS, RIGHTS, AREAS)
def test_nobody_reaches_beyond_their_own_rights(
    mine: frozenset[Right], my_areas: frozenset[Area], theirs: frozenset[Right], their_areas: frozenset[Area]
) -> None:
    actor = Actor("ann", rights=mine, areas=my_areas)
    within = theirs <= mine and (Right.EDIT not in theirs or their_areas <= my_areas)
    try:
        may_touch(actor, theirs, their_areas)
    except NotPermitted:
        assert not within
    else:
        assert within


@given(RIGHTS, AREAS, st.sampled_from(list(Right)), st.lists(st.sampled_from(list(Area))))
def test_an_actor_may_what_was_given_and_nothing_else(
    rights: frozenset[Right], areas: frozenset[Area], right: Right, wanted: list[Area]
) -> None:
    try:
        Actor("ann", rights=rights, areas=areas).may(right, *wanted)
    except NotPermitted:
        assert right not in rights or not set(wanted) <= areas
    else:
        assert right in rights
        assert set(wanted) <= areas


def test_every_kind_of_row_belongs_to_a_page() -> None:
    assert [noun for noun in NOUNS if area_of(noun) is Area.OTHER] == []


def test_every_setting_belongs_to_a_page() -> None:
    assert [name for name in SETTINGS if area_of("setting", name) is Area.OTHER] == []


def test_what_nobody_thought_of_is_closed_to_people_with_limited_areas() -> None:
    limited = Actor("ann", areas=ALL_AREAS - {Area.OTHER})

    with pytest.raises(NotPermitted, match="other"):
        may_edit(limited, "something-new")


def test_own_lines_need_their_own_right_whatever_the_areas() -> None:
    with pytest.raises(NotPermitted, match="raw"):
        may_edit(Actor("ann", rights=ALL_RIGHTS - {Right.RAW}), "own-lines", "main-cf")


def test_a_setting_of_tls_is_closed_to_who_edits_the_mta_only() -> None:
    actor = Actor("ann", areas=frozenset({Area.MTA}))
    may_edit(actor, "setting", "my-hostname")

    with pytest.raises(NotPermitted, match="tls"):
        may_edit(actor, "setting", "tls-outgoing")


def test_a_refusal_says_which_right_for_which_area_is_missing() -> None:
    with pytest.raises(NotPermitted, match="“edit” for rbl"):
        Actor("ann", areas=frozenset({Area.MTA})).may(Right.EDIT, Area.MTA, Area.RBL)
