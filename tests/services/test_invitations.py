"""Links that let somebody in once."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from tests.support.accounts import HERE, OTHER_PASSWORD, PASSWORD, audit_text, person, signed_in, verbs

from sealgate.model.errors import Conflict, InvalidValue, NotFound, NotPermitted, Refused
from sealgate.services import invitations, people, second_factors, sessions, signing_in, tokens
from sealgate.services.actor import ALL_RIGHTS, Actor, Right
from sealgate.services.roles import Role
from sealgate.services.signing_in import NotSignedIn, SecondStep, SignedIn
from sealgate.store.people_records import CredentialKind, TicketKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.services.gateway import Gateway

START = dt.datetime(2026, 5, 4, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def set_up(gateway: Gateway, text: str, name: str = "olga") -> Any:
    return invitations.redeem(gateway, text, PASSWORD, HERE, name=name, title="Olga")


def test_a_new_gateway_lets_nobody_in(gateway: Gateway) -> None:
    """There is no default account and no default password."""
    assert not invitations.is_set_up(gateway)
    for name in ("admin", "root", "owner", "sealgate"):
        assert signing_in.with_password(gateway, name, name, HERE) == NotSignedIn()


def test_the_set_up_link_makes_an_owner_and_signs_them_in(gateway: Gateway, ann: Actor) -> None:
    done = set_up(gateway, invitations.set_up_link(gateway, ann).text)

    assert isinstance(done, SignedIn)
    assert (done.actor.name, done.actor.rights) == ("olga", ALL_RIGHTS)
    assert invitations.is_set_up(gateway)


def test_the_owner_signs_in_with_the_password_afterwards(gateway: Gateway, ann: Actor) -> None:
    set_up(gateway, invitations.set_up_link(gateway, ann).text)

    assert isinstance(signing_in.with_password(gateway, "olga", PASSWORD, HERE), SignedIn)


def test_a_link_works_once(gateway: Gateway, ann: Actor) -> None:
    link = invitations.set_up_link(gateway, ann)
    set_up(gateway, link.text)

    with pytest.raises(NotFound, match="does not work"):
        set_up(gateway, link.text, "eve")


def test_of_two_who_use_a_link_at_once_one_gets_in(gateway: Gateway, ann: Actor) -> None:
    link = invitations.set_up_link(gateway, ann)

    def use(name: str) -> bool:
        try:
            return isinstance(set_up(gateway, link.text, name), SignedIn)
        except NotFound:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(use, ["olga", "eve"])) == [False, True]
    assert len(people.listing(gateway, ann)) == 1


def test_looking_at_a_link_does_not_use_it_up(gateway: Gateway, ann: Actor) -> None:
    link = invitations.set_up_link(gateway, ann)
    seen = [invitations.look(gateway, link.text) for _ in range(3)]

    assert [one and one.kind for one in seen] == [TicketKind.SET_UP] * 3
    assert isinstance(set_up(gateway, link.text), SignedIn)


def test_a_bad_password_does_not_use_a_link_up(gateway: Gateway, ann: Actor) -> None:
    link = invitations.set_up_link(gateway, ann)
    with pytest.raises(InvalidValue):
        invitations.redeem(gateway, link.text, "olga olga olga olga", HERE, name="olga")

    assert isinstance(set_up(gateway, link.text), SignedIn)


def test_a_password_of_the_persons_own_words_is_refused(gateway: Gateway, ann: Actor) -> None:
    link = invitations.set_up_link(gateway, ann)

    with pytest.raises(InvalidValue, match="guess"):
        invitations.redeem(gateway, link.text, "plover quartz 94", HERE, name="plover", title="Quartz")


@pytest.mark.parametrize("name", ["", "Olga!", "-olga", "o" * 65, "local:root", "a b", "\0"])
def test_a_name_that_is_none_does_not_use_a_link_up(gateway: Gateway, ann: Actor, name: str) -> None:
    link = invitations.set_up_link(gateway, ann)
    with pytest.raises(InvalidValue, match="login name"):
        set_up(gateway, link.text, name)

    assert isinstance(set_up(gateway, link.text), SignedIn)


def test_a_set_up_link_ends_after_a_day(gateway: Gateway, ann: Actor, clock: Any) -> None:
    link = invitations.set_up_link(gateway, ann)
    clock.shift(dt.timedelta(hours=24) - dt.timedelta(seconds=1))
    before = invitations.look(gateway, link.text)
    clock.shift(1)

    assert (before is not None, invitations.look(gateway, link.text)) == (True, None)
    with pytest.raises(NotFound):
        set_up(gateway, link.text)


def test_a_newer_set_up_link_makes_the_older_one_void(gateway: Gateway, ann: Actor) -> None:
    old, new = invitations.set_up_link(gateway, ann), invitations.set_up_link(gateway, ann)

    assert invitations.look(gateway, old.text) is None
    assert invitations.look(gateway, new.text) is not None


def test_with_an_owner_there_is_no_set_up_link(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "olga", "owner")

    with pytest.raises(Refused, match="has an owner"):
        invitations.set_up_link(gateway, ann)


def test_a_set_up_link_is_void_once_there_is_an_owner(gateway: Gateway, ann: Actor) -> None:
    link = invitations.set_up_link(gateway, ann)
    person(gateway, "olga", "owner")

    assert invitations.look(gateway, link.text) is None
    with pytest.raises(NotFound):
        set_up(gateway, link.text, "eve")


def test_an_owner_who_is_only_invited_is_none_yet(gateway: Gateway, ann: Actor) -> None:
    people.invite(gateway, ann, "olga", "owner")

    assert invitations.set_up_link(gateway, ann)


def test_a_set_up_does_not_take_over_an_account(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "eve")
    link = invitations.set_up_link(gateway, ann)

    with pytest.raises(Conflict, match="eve"):
        set_up(gateway, link.text, "eve")
    assert isinstance(set_up(gateway, link.text), SignedIn)


def test_only_who_may_make_owners_makes_a_set_up_link(gateway: Gateway) -> None:
    with pytest.raises(NotPermitted, match="own"):
        invitations.set_up_link(gateway, Actor("eve", rights=ALL_RIGHTS - {Right.OWN}))


def test_an_invited_person_chooses_a_password_and_is_in(gateway: Gateway, ann: Actor) -> None:
    link = people.invite(gateway, ann, "bob", "auditor", title="Bob")
    welcome = invitations.look(gateway, link.text)
    done = invitations.redeem(gateway, link.text, PASSWORD, HERE)

    assert welcome is not None
    assert (welcome.name, welcome.title) == ("bob", "Bob")
    assert isinstance(done, SignedIn)
    assert done.actor.rights == {Right.VIEW, Right.AUDIT}


def test_who_uses_an_invitation_cannot_choose_another_name(gateway: Gateway, ann: Actor) -> None:
    link = people.invite(gateway, ann, "bob", "auditor")
    done = invitations.redeem(gateway, link.text, PASSWORD, HERE, name="olga")

    assert isinstance(done, SignedIn)
    assert done.actor.name == "bob"


def test_the_link_of_a_locked_person_is_void(gateway: Gateway, ann: Actor) -> None:
    link = people.invite(gateway, ann, "bob", "auditor")
    people.lock(gateway, ann, "bob")

    assert invitations.look(gateway, link.text) is None


def test_a_reset_link_of_a_locked_person_does_not_work(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "bob")
    people.lock(gateway, ann, "bob")
    link = people.reset(gateway, ann, "bob")

    with pytest.raises(NotFound):
        invitations.redeem(gateway, link.text, OTHER_PASSWORD, HERE)


def test_a_reset_replaces_the_password_when_its_link_is_used(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "bob")
    link = people.reset(gateway, ann, "bob")
    before = signing_in.with_password(gateway, "bob", PASSWORD, HERE)
    invitations.redeem(gateway, link.text, OTHER_PASSWORD, HERE)

    assert isinstance(before, SignedIn)
    assert signing_in.with_password(gateway, "bob", PASSWORD, HERE) == NotSignedIn()
    assert isinstance(signing_in.with_password(gateway, "bob", OTHER_PASSWORD, HERE), SignedIn)


def test_a_reset_ends_sessions(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "bob")
    done = signed_in(gateway, "bob")
    people.reset(gateway, ann, "bob")

    assert sessions.actor_of(gateway, done.session, HERE.origin) is None


def with_codes(gateway: Gateway) -> None:
    id_ = person(gateway, "bob")
    with gateway.store.writing("local:test") as writer:
        writer.people.add_credential(id_, CredentialKind.TOTP, "JBSWY3DPEHPK3PXP")
        second_factors._new_codes(writer, id_)


def test_a_reset_of_the_password_leaves_the_second_step(gateway: Gateway, ann: Actor) -> None:
    with_codes(gateway)
    link = people.reset(gateway, ann, "bob")

    assert isinstance(invitations.redeem(gateway, link.text, OTHER_PASSWORD, HERE), SecondStep)


def test_a_reset_of_the_second_step_forgets_it(gateway: Gateway, ann: Actor) -> None:
    with_codes(gateway)
    link = people.reset(gateway, ann, "bob", second_step=True)
    done = invitations.redeem(gateway, link.text, OTHER_PASSWORD, HERE)

    assert isinstance(done, SignedIn)
    assert people.show(gateway, ann, "bob").codes is False


def test_a_reset_of_the_second_step_leaves_no_other_way_in(gateway: Gateway, ann: Actor) -> None:
    id_ = person(gateway, "bob")
    with gateway.store.writing("local:test") as writer:
        writer.people.add_credential(id_, CredentialKind.OPENID, "", key="https://id.example u-1", label="bob")
    bob = signed_in(gateway, "bob").actor
    token = tokens.create(gateway, bob, "nightly", ["view"], days=1)
    link = people.reset(gateway, ann, "bob", second_step=True)
    used_at_once = tokens.actor_of(gateway, token.text, HERE.origin)
    before = people.show(gateway, ann, "bob").single_sign_on
    invitations.redeem(gateway, link.text, OTHER_PASSWORD, HERE)

    assert (used_at_once, before, people.show(gateway, ann, "bob").single_sign_on) == (None, True, False)


def test_a_reset_of_the_password_leaves_tokens(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "bob")
    token = tokens.create(gateway, signed_in(gateway, "bob").actor, "nightly", ["view"], days=1)
    people.reset(gateway, ann, "bob")

    assert tokens.actor_of(gateway, token.text, HERE.origin) is not None


def test_the_only_owner_is_let_in_again_from_the_terminal(gateway: Gateway, ann: Actor) -> None:
    person(gateway, "olga", "owner")
    link = people.reset(gateway, ann, "olga", second_step=True)

    assert isinstance(invitations.redeem(gateway, link.text, OTHER_PASSWORD, HERE), SignedIn)


def test_the_address_is_that_of_the_pages(gateway: Gateway, ann: Actor) -> None:
    link = invitations.set_up_link(gateway, ann)

    assert link.address == f"https://localhost:8443/welcome/{link.text}"


def test_links_are_in_no_repr_no_audit_and_no_file(gateway: Gateway, ann: Actor) -> None:
    link = invitations.set_up_link(gateway, ann)
    kept = b"".join(file.read_bytes() for file in gateway.settings.directory.rglob("*") if file.is_file())

    assert link.text not in repr(link) + audit_text(gateway)
    assert link.text.encode() not in kept


@pytest.mark.parametrize("text", ["", "sgl_" + "a" * 43, "sgs_" + "a" * 43, "../../etc/passwd", "\0", "\ud800"])
def test_what_is_no_link_leads_nowhere(gateway: Gateway, ann: Actor, text: str) -> None:
    invitations.set_up_link(gateway, ann)

    assert invitations.look(gateway, text) is None
    with pytest.raises(NotFound):
        set_up(gateway, text)


def test_every_step_is_audited(gateway: Gateway, ann: Actor) -> None:
    set_up(gateway, invitations.set_up_link(gateway, ann).text)

    assert verbs(gateway) == ["set-up-link", "person-add", "password-set", "sign-in"]


def test_a_set_up_gives_the_role_of_owner(gateway: Gateway, ann: Actor) -> None:
    set_up(gateway, invitations.set_up_link(gateway, ann).text)

    assert people.show(gateway, ann, "olga").role is Role.OWNER
