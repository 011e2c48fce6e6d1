"""Sessions: begun at sign-in, ended by use, time or word."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import time_machine
from tests.support.accounts import ELSEWHERE, HERE, person, signed_in, verbs

from sealgate.model.errors import NotFound, NotPermitted
from sealgate.services import people, sessions
from sealgate.services.actor import ALL_AREAS, ALL_RIGHTS, Actor, Area, Right
from sealgate.services.roles import RIGHTS_OF, Role
from sealgate.services.signing_in import Browser

if TYPE_CHECKING:
    from sealgate.services.gateway import Gateway

START = dt.datetime(2026, 5, 4, 12, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def works(gateway: Gateway, text: str) -> bool:
    return sessions.actor_of(gateway, text, HERE.origin) is not None


@pytest.mark.parametrize("role", Role)
def test_an_actor_has_exactly_the_rights_of_the_role(gateway: Gateway, role: Role) -> None:
    person(gateway, "ann", role)
    actor = sessions.actor_of(gateway, signed_in(gateway, "ann").session, HERE.origin)

    assert actor is not None
    assert (actor.rights, actor.areas) == (RIGHTS_OF[role], ALL_AREAS)


def test_an_actor_has_the_rights_and_areas_given_besides(gateway: Gateway) -> None:
    person(gateway, "ann", "administrator", extra={"raw"}, areas={"rbl"})
    actor = sessions.actor_of(gateway, signed_in(gateway, "ann").session, HERE.origin)

    assert actor is not None
    assert (actor.rights, actor.areas) == (RIGHTS_OF[Role.ADMINISTRATOR] | {Right.RAW}, frozenset({Area.RBL}))


def test_an_actor_is_named_and_placed_for_the_audit(gateway: Gateway) -> None:
    person(gateway, "ann")
    actor = sessions.actor_of(gateway, signed_in(gateway, "ann").session, ELSEWHERE.origin)

    assert actor is not None
    assert (actor.name, actor.source) == ("ann", "web 198.51.100.20")


def test_rights_are_those_of_the_moment(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "eve", "administrator")
    text = signed_in(gateway, "eve").session
    people.change(gateway, ann, "eve", role="viewer")
    actor = sessions.actor_of(gateway, text, HERE.origin)

    assert actor is not None
    assert actor.rights == {Right.VIEW}


def test_the_text_is_kept_nowhere(gateway: Gateway) -> None:
    person(gateway, "ann")
    text = signed_in(gateway, "ann").session
    kept = b"".join(file.read_bytes() for file in gateway.settings.directory.rglob("*") if file.is_file())

    assert text.encode() not in kept


def test_the_text_is_in_no_repr(gateway: Gateway) -> None:
    person(gateway, "ann")
    done = signed_in(gateway, "ann")

    assert done.session not in repr(done)
    assert done.browser not in repr(done)


@pytest.mark.parametrize("text", ["", "sgs_", "sgs_" + "a" * 43, "sgt_" + "a" * 43, "' OR 1=1 --", "\0", "\ud800"])
def test_what_is_no_session_stands_for_nobody(gateway: Gateway, text: str) -> None:
    person(gateway, "ann")
    signed_in(gateway, "ann")

    assert not works(gateway, text)


def test_every_sign_in_gives_a_new_text(gateway: Gateway) -> None:
    person(gateway, "ann")

    assert signed_in(gateway, "ann").session != signed_in(gateway, "ann").session


def test_the_session_that_the_browser_had_before_is_void_after_a_sign_in(gateway: Gateway) -> None:
    """A text that somebody planted in the browser beforehand is worth nothing afterwards."""
    for name in ("ann", "eve"):
        person(gateway, name)
    planted = signed_in(gateway, "eve").session
    signed_in(gateway, "ann", Browser(HERE.origin, session=planted))

    assert not works(gateway, planted)


def test_a_session_ends_after_an_hour_without_use(gateway: Gateway) -> None:
    person(gateway, "ann")
    with time_machine.travel(START, tick=False) as clock:
        text = signed_in(gateway, "ann").session
        clock.shift(sessions.IDLE - MINUTE)
        before = works(gateway, text)
        clock.shift(sessions.IDLE - MINUTE)
        used = works(gateway, text)
        clock.shift(sessions.IDLE)

        assert (before, used, works(gateway, text)) == (True, True, False)


def test_a_session_ends_after_a_day_whatever_its_use(gateway: Gateway) -> None:
    person(gateway, "ann")
    with time_machine.travel(START, tick=False) as clock:
        text = signed_in(gateway, "ann").session
        steps = int(sessions.LONGEST / dt.timedelta(minutes=45)) - 1
        for _ in range(steps):
            clock.shift(dt.timedelta(minutes=45))
            assert works(gateway, text)
        clock.shift(dt.timedelta(minutes=45))

        assert not works(gateway, text)


def test_a_session_that_ended_does_not_come_back(gateway: Gateway) -> None:
    person(gateway, "ann")
    with time_machine.travel(START, tick=False) as clock:
        text = signed_in(gateway, "ann").session
        clock.shift(sessions.IDLE)
        assert not works(gateway, text)
        clock.shift(MINUTE)

        assert not works(gateway, text)


def test_a_session_is_used_although_somebody_is_writing(gateway: Gateway) -> None:
    person(gateway, "ann")
    with time_machine.travel(START, tick=False) as clock:
        text = signed_in(gateway, "ann").session
        clock.shift(2 * MINUTE)
        with gateway.store.writing("local:bob"):
            assert works(gateway, text)


def test_looking_at_a_page_writes_no_audit(gateway: Gateway) -> None:
    person(gateway, "ann")
    with time_machine.travel(START, tick=False) as clock:
        text = signed_in(gateway, "ann").session
        before = verbs(gateway)
        clock.shift(2 * MINUTE)
        works(gateway, text)

    assert verbs(gateway) == before


def test_signing_out_ends_the_session(gateway: Gateway) -> None:
    person(gateway, "ann")
    done, other = signed_in(gateway, "ann"), signed_in(gateway, "ann")
    sessions.sign_out(gateway, done.actor)

    assert (works(gateway, done.session), works(gateway, other.session)) == (False, True)
    assert verbs(gateway)[-1] == "sign-out"


def test_signing_out_twice_is_no_matter(gateway: Gateway) -> None:
    person(gateway, "ann")
    done = signed_in(gateway, "ann")
    for _ in range(2):
        sessions.sign_out(gateway, done.actor)

    assert verbs(gateway).count("sign-out") == 1


def test_ones_sessions_are_listed_with_where_they_are_from(gateway: Gateway) -> None:
    person(gateway, "ann")
    signed_in(gateway, "ann", ELSEWHERE)
    here = signed_in(gateway, "ann")
    found = sessions.listing(gateway, here.actor)

    assert {(one.address, one.agent, one.own) for one in found} == {
        ("192.0.2.10", "Lynx", True),
        ("198.51.100.20", "Links", False),
    }


def test_one_session_is_revoked_and_never_works_again(gateway: Gateway) -> None:
    person(gateway, "ann")
    lost, here = signed_in(gateway, "ann"), signed_in(gateway, "ann")
    sessions.revoke(gateway, here.actor, lost.actor.session)

    assert (works(gateway, lost.session), works(gateway, here.session)) == (False, True)
    with pytest.raises(NotFound):
        sessions.revoke(gateway, here.actor, lost.actor.session)


def test_nobody_revokes_the_session_of_another_without_the_right(gateway: Gateway) -> None:
    for name in ("ann", "eve"):
        person(gateway, name)
    ann, eve = signed_in(gateway, "ann"), signed_in(gateway, "eve")

    with pytest.raises(NotFound):
        sessions.revoke(gateway, eve.actor, ann.actor.session)
    with pytest.raises(NotPermitted):
        sessions.revoke(gateway, eve.actor, ann.actor.session, "ann")
    assert works(gateway, ann.session)


def test_who_manages_people_does_not_reach_an_owners_sessions(gateway: Gateway) -> None:
    person(gateway, "ann", "owner")
    person(gateway, "eve", "administrator", extra={"people"})
    owner, eve = signed_in(gateway, "ann"), signed_in(gateway, "eve")

    with pytest.raises(NotPermitted):
        sessions.listing(gateway, eve.actor, "ann")
    with pytest.raises(NotPermitted):
        sessions.revoke_others(gateway, eve.actor, "ann")
    assert works(gateway, owner.session)


def test_all_other_sessions_end_and_their_browsers_are_strangers_again(gateway: Gateway) -> None:
    person(gateway, "ann")
    first = signed_in(gateway, "ann", ELSEWHERE)
    here = signed_in(gateway, "ann")

    assert sessions.revoke_others(gateway, here.actor) == 1
    again = signed_in(gateway, "ann", Browser(ELSEWHERE.origin, mark=first.browser))
    assert again.browser


def test_a_known_browser_keeps_its_mark(gateway: Gateway) -> None:
    person(gateway, "ann")
    first = signed_in(gateway, "ann")

    assert signed_in(gateway, "ann", Browser(HERE.origin, mark=first.browser)).browser == ""


def test_the_mark_of_another_person_makes_no_browser_known(gateway: Gateway) -> None:
    for name in ("ann", "eve"):
        person(gateway, name)
    mark = signed_in(gateway, "ann").browser

    assert signed_in(gateway, "eve", Browser(HERE.origin, mark=mark)).browser


def test_a_proof_is_fresh_for_a_quarter_of_an_hour(gateway: Gateway) -> None:
    person(gateway, "ann")
    with time_machine.travel(START, tick=False) as clock:
        actor = signed_in(gateway, "ann").actor
        clock.shift(sessions.RECENT - MINUTE)
        before = sessions.is_recent(gateway, actor)
        clock.shift(MINUTE)

        assert (before, sessions.is_recent(gateway, actor)) == (True, False)


def test_a_login_of_the_machine_has_no_account_of_its_own(gateway: Gateway) -> None:
    with pytest.raises(NotPermitted), gateway.store.reading() as reader:
        sessions.require_recent(reader, Actor("local:ann", rights=ALL_RIGHTS), dt.datetime.now(dt.UTC))


def test_what_a_browser_calls_itself_is_cut_and_made_visible(gateway: Gateway) -> None:
    from sealgate.services.origins import Origin

    person(gateway, "ann")
    origin = Origin("web", "192.0.2.1\r\nX: y", "a\x1b[31m\u202e" + "b" * 1000)
    done = signed_in(gateway, "ann", Browser(origin))
    found = sessions.listing(gateway, done.actor)[0]

    assert found.address == "192.0.2.1X: y"
    assert found.agent.isprintable()
    assert len(found.agent) <= 200
