"""Whatever people do, in whatever order: there is an owner, what was revoked stays so, nobody gains rights.

The machine acts on a real gateway through the services only, as people with sessions of their own and as the terminal,
and checks after each step what must always be true.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.support.accounts import HERE, person, signed_in
from tests.support.control_half import make_directory

from sealgate.model.errors import Conflict, InvalidValue, NotFound, NotPermitted, Refused
from sealgate.services import invitations, own_account, people, sessions, tokens
from sealgate.services.actor import Actor, Area, Right
from sealgate.services.gateway import Gateway
from sealgate.services.origins import Origin
from sealgate.services.roles import Role
from sealgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = st.sampled_from(["ann", "bob", "eve", "kay", "olga"])
ROLES = st.sampled_from(list(Role))
RIGHTS = st.lists(st.sampled_from([right for right in Right if right is not Right.OWN]), max_size=3)
AREAS = st.none() | st.lists(st.sampled_from(list(Area)), max_size=3)
WHO = st.integers(0, 4)
EXPECTED = (Conflict, InvalidValue, NotFound, NotPermitted, Refused)
API = Origin("api", "203.0.113.1")


class People(RuleBasedStateMachine):
    """Accounts, sessions and tokens under arbitrary acts."""

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="sgt-people-"))
        make_directory(self.directory / "gw")
        self.gateway = Gateway.open(Settings.load(self.directory / "gw"))
        person(self.gateway, "olga", "owner")
        person(self.gateway, "kay", "administrator", extra={"people"}, areas={"rbl"})
        self.living = [(signed_in(self.gateway, "kay").session, "kay")]
        self.dead: set[str] = set()
        self.tokens: list[tuple[str, Any, Actor]] = []
        self.revoked: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "gateway"):
            self.gateway.close()
            shutil.rmtree(self.directory)

    def actor(self, who: int) -> Actor:
        """The terminal, or somebody with a session that still counts."""
        actors = [sessions.actor_of(self.gateway, text, HERE.origin) for text, _ in self.living]
        known = [Actor.local("root"), *(actor for actor in actors if actor is not None)]
        return known[who % len(known)]

    def attempt(self, act: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return act(self.gateway, *args, **kwargs)
        except EXPECTED:
            return None

    @rule(who=WHO, name=NAMES, role=ROLES, extra=RIGHTS, areas=AREAS)
    def invite(self, who: int, name: str, role: Role, extra: list[Right], areas: list[Area] | None) -> None:
        actor = self.actor(who)
        if self.attempt(people.invite, actor, name, role, extra=extra, areas=areas):
            made = people.show(self.gateway, Actor.local("root"), name)
            assert made.rights <= actor.rights

    @rule(name=NAMES, role=ROLES)
    def join(self, name: str, role: Role) -> None:
        """Somebody comes in who has a password already (choosing one costs time that says nothing here)."""
        with self.gateway.store.reading() as reader:
            free = reader.people.named(name) is None
        if free:
            person(self.gateway, name, role)

    @rule(who=WHO, name=NAMES, role=ROLES, extra=RIGHTS, areas=AREAS)
    def change(self, who: int, name: str, role: Role, extra: list[Right], areas: list[Area] | None) -> None:
        actor = self.actor(who)
        after = self.attempt(people.change, actor, name, role=role, extra=extra, areas=areas)
        assert after is None or after.rights <= actor.rights

    @rule(who=WHO, name=NAMES, act=st.sampled_from([people.lock, people.unlock, people.remove, people.reset]))
    def manage(self, who: int, name: str, act: Any) -> None:
        self.attempt(act, self.actor(who), name)

    @rule(name=NAMES)
    def sign_in(self, name: str) -> None:
        with self.gateway.store.reading() as reader:
            found = reader.people.named(name)
        if found is not None and not found.locked:
            self.living.append((signed_in(self.gateway, name).session, name))

    @rule(who=WHO)
    def sign_out(self, who: int) -> None:
        sessions.sign_out(self.gateway, self.actor(who))

    @rule(who=WHO, name=st.just("") | NAMES)
    def end_others(self, who: int, name: str) -> None:
        self.attempt(sessions.revoke_others, self.actor(who), name)

    @rule(who=WHO, rights=RIGHTS, areas=AREAS)
    def make_token(self, who: int, rights: list[Right], areas: list[Area] | None) -> None:
        actor = self.actor(who)
        token = self.attempt(tokens.create, actor, "t", rights, days=1, areas=areas)
        if token is not None:
            self.tokens.append((token.text, token.id, actor))

    @rule(who=WHO, which=st.integers(0, 5), name=st.just("") | NAMES)
    def revoke_token(self, who: int, which: int, name: str) -> None:
        if self.tokens:
            _text, id_, _ = self.tokens[which % len(self.tokens)]
            self.attempt(tokens.revoke, self.actor(who), id_, name)

    @rule(who=WHO, which=st.integers(0, 3))
    def remove_way_in(self, who: int, which: int) -> None:
        actor = self.actor(who)
        ways = self.attempt(own_account.ways_in, actor)
        if ways:
            self.attempt(own_account.remove_way_in, actor, ways[which % len(ways)].id)

    @invariant()
    def there_is_an_owner(self) -> None:
        assert invitations.is_set_up(self.gateway)

    @invariant()
    def what_stopped_working_never_works_again(self) -> None:
        for text, _name in self.living:
            if sessions.actor_of(self.gateway, text, HERE.origin) is None:
                self.dead.add(text)
            else:
                assert text not in self.dead
        for text, _id, _ in self.tokens:
            if tokens.actor_of(self.gateway, text, API) is None:
                self.revoked.add(text)
            else:
                assert text not in self.revoked

    @invariant()
    def an_actor_has_the_rights_of_the_moment(self) -> None:
        known = {one.name: one for one in people.listing(self.gateway, Actor.local("root"))}
        for text, name in self.living:
            actor = sessions.actor_of(self.gateway, text, HERE.origin)
            if actor is not None:
                assert (actor.rights, actor.areas) == (known[name].rights, known[name].areas)
                assert not known[name].locked
        for text, _id, _ in self.tokens:
            actor = tokens.actor_of(self.gateway, text, API)
            if actor is not None:
                assert actor.rights <= known[actor.name.partition("/")[0]].rights

    @invariant()
    def the_audit_is_whole(self) -> None:
        with self.gateway.store.reading() as reader:
            assert reader.verify_audit() is None


TestPeople = People.TestCase
TestPeople.settings = settings(max_examples=15, stateful_step_count=25)
