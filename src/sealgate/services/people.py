"""People: who may use the gateway, with what role; invited, changed, locked, unlocked, removed.

Needs the right to manage people, and nobody reaches beyond their own rights (`roles.may_touch`): owners are made and
changed by owners only. A gateway that has an owner who can sign in keeps one, whatever is done. What is taken from a
person counts from the next request on; a lock also ends sessions and revokes tokens at once.

A session that manages people has proven lately who it is (`sessions.require_recent`), so one that was stolen later
makes no way in for itself. An API token is not its person and leaves that account alone.

The terminal of the machine has every right, so the way back in is always there: `sealgate people reset NAME`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import Conflict, NotFound, NotPermitted, Refused
from sealgate.model.next_steps import Act, Step
from sealgate.services import accounts, throttling
from sealgate.services.actor import Right
from sealgate.services.invitations import Link, make
from sealgate.services.roles import (
    RIGHTS_OF,
    Role,
    areas_of,
    may_touch,
    parse_areas,
    parse_rights,
    parse_role,
    rights_of,
)
from sealgate.services.sessions import require_recent
from sealgate.store.people_records import CredentialKind, TicketKind

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from sealgate.services.actor import Actor, Area
    from sealgate.services.gateway import Gateway
    from sealgate.store import Reader, Writer
    from sealgate.store.people_records import Person


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as shown to people: what they may, and with what they sign in (never the things themselves)."""

    name: str
    title: str
    email: str
    role: Role
    extra: frozenset[Right]
    rights: frozenset[Right]
    areas: frozenset[Area]
    locked: bool
    managed: bool
    password: bool
    codes: bool
    passkeys: int
    single_sign_on: bool
    seen: dt.datetime | None
    version: int

    @property
    def invited(self) -> bool:
        """Whether the person has nothing to sign in with yet."""
        return not (self.password or self.passkeys or self.single_sign_on)


def listing(gateway: Gateway, actor: Actor) -> list[Listed]:
    """Return all people by name."""
    actor.may(Right.PEOPLE)
    with gateway.store.reading() as reader:
        kinds = reader.people.kinds()
        return [_listed(person, kinds.get(person.id, {})) for person in reader.people.every()]


def show(gateway: Gateway, actor: Actor, name: str = "") -> Listed:
    """Return one person; oneself without a name."""
    with gateway.store.reading() as reader:
        person = reader.people.named(name) if name else reader.people.get(actor.person)
        if person is None or person.id != actor.person:
            actor.may(Right.PEOPLE)
        if person is None:
            raise _nobody(name)
        return _listed(person, reader.people.kinds().get(person.id, {}))


def invite(
    gateway: Gateway,
    actor: Actor,
    name: str,
    role: object,
    *,
    title: str = "",
    email: str = "",
    extra: Iterable[object] = (),
    areas: Iterable[object] | None = None,
) -> Link:
    """Add a person and return the link with which they choose a password; Conflict if the name is taken."""
    actor.may(Right.PEOPLE)
    login, which, more, where = accounts.checked_name(name), parse_role(role), parse_rights(extra), parse_areas(areas)
    read, mail = accounts.checked_title(title), accounts.checked_email(email)
    with gateway.writing(actor) as writer:
        _proven(writer, actor)
        if writer.people.named(login) is not None:
            raise Conflict(f"There is a person {login} already. Nothing was changed. Choose another name.")
        id_ = writer.people.add(login, role=which, extra=more, areas=where, title=read, email=mail)
        person = _of_id(writer, id_)
        may_touch(actor, rights_of(person), areas_of(person))
        writer.audit("person-invite", f"person {login}", _rights_detail(person))
        return make(gateway, writer, TicketKind.INVITATION, person)


def change(
    gateway: Gateway,
    actor: Actor,
    name: str,
    *,
    base: int | None = None,
    **values: Any,
) -> Listed:
    """Change title, email, role, extra or areas of a person; what is not named stays.

    `base` is the version that was seen; Conflict if it is another one now. Refused where the last owner would go.
    Who gets another role here keeps it, whatever groups an OpenID provider names later.
    """
    actor.may(Right.PEOPLE)
    parsed = _parsed(values)
    with gateway.writing(actor) as writer:
        person = _reached(writer, actor, name)
        if base is not None and base != person.version:
            raise Conflict(f"{person.name} was changed by somebody else meanwhile. Nothing was changed.", person)
        if parsed.get("role", person.role) != person.role:
            parsed["managed"] = False
        with accounts.owned(writer):
            writer.people.change(person.id, **parsed)
            after = _of_id(writer, person.id)
            may_touch(actor, rights_of(after), areas_of(after))
        writer.audit("person-change", f"person {person.name}", _rights_detail(after) | {"changed": sorted(values)})
        return _listed(after, writer.people.kinds().get(after.id, {}))


def reset(gateway: Gateway, actor: Actor, name: str, *, second_step: bool = False) -> Link:
    """Return a new link for a person who cannot sign in; with `second_step` it also forgets what a lost device had.

    That is codes, passkeys and the tie to single sign-on, when the link is used, and API tokens, which are revoked now.
    Sessions end now; the password stays until the link is used. A locked person stays locked. Refused for oneself: who
    is signed in has a page for that, which asks for the password; and for whom the OpenID provider manages.
    """
    actor.may(Right.PEOPLE)
    with gateway.writing(actor) as writer:
        person = _reached(writer, actor, name)
        if person.id == actor.person:
            raise Refused("This is your own account. Nothing was changed. Use the page of your account instead.")
        if person.managed:
            raise Refused(
                f"{person.name} signs in at the OpenID provider, whose groups decide each time. Nothing was changed. "
                "Give a role here first, if the account shall have a password."
            )
        writer.people.end_sessions(person.id)
        if second_step:
            writer.people.revoke_tokens(person.id)
        _forget_tries(writer, person)
        writer.audit("person-reset", f"person {person.name}", {"second_step": second_step})
        return make(gateway, writer, TicketKind.RESET, person, second_step=second_step)


def lock(gateway: Gateway, actor: Actor, name: str) -> None:
    """Lock a person out: sessions end, tokens are revoked, links are void. Refused for the last owner."""
    actor.may(Right.PEOPLE)
    with gateway.writing(actor) as writer:
        person = _reached(writer, actor, name)
        with accounts.owned(writer):
            writer.people.change(person.id, locked=True)
        writer.people.end_sessions(person.id)
        writer.people.revoke_tokens(person.id)
        writer.people.drop_tickets(tuple(TicketKind), person.id)
        writer.audit("person-lock", f"person {person.name}", {})


def unlock(gateway: Gateway, actor: Actor, name: str) -> None:
    """Let a person in again, and forget failed tries; tokens that were revoked stay so."""
    actor.may(Right.PEOPLE)
    with gateway.writing(actor) as writer:
        person = _reached(writer, actor, name)
        writer.people.change(person.id, locked=False)
        _forget_tries(writer, person)
        writer.audit("person-unlock", f"person {person.name}", {})


def remove(gateway: Gateway, actor: Actor, name: str) -> None:
    """Remove a person with all their sessions and tokens; what they did stays in the audit. Refused: the last owner."""
    actor.may(Right.PEOPLE)
    with gateway.writing(actor) as writer:
        person = _reached(writer, actor, name)
        with accounts.owned(writer):
            writer.people.remove(person.id)
        writer.audit("person-remove", f"person {person.name}", {})


def _reached(writer: Writer, actor: Actor, name: str) -> Person:
    """Return a person whom the actor may manage, and has proven lately to be themselves."""
    person = writer.people.named(accounts.parse_name(name) or "")
    if person is None:
        raise _nobody(name)
    may_touch(actor, rights_of(person), areas_of(person))
    if person.id == actor.person and not actor.session:
        raise NotPermitted("A token does not manage the account that it belongs to. Nothing was changed. Sign in.")
    _proven(writer, actor)
    return person


def _proven(writer: Writer, actor: Actor) -> None:
    """Raise ProofNeeded for a session that proved too long ago who it is; terminal and tokens have none to prove."""
    if actor.session:
        require_recent(writer, actor, writer.people.now)


def _of_id(reader: Reader, id_: str) -> Person:
    person = reader.people.get(id_)
    if person is None:
        raise _nobody(id_)
    return person


def _nobody(name: str) -> NotFound:
    return NotFound(f"There is no person {name!r} here. Nothing was changed.").then(Step(Act.PEOPLE))


def _parsed(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a change as they are kept."""
    reading = {
        "title": accounts.checked_title,
        "email": accounts.checked_email,
        "role": parse_role,
        "extra": parse_rights,
        "areas": parse_areas,
    }
    return {name: reading[name](value) for name, value in values.items()}


def _forget_tries(writer: Writer, person: Person) -> None:
    keys = (throttling.account(person.name), throttling.second_step(person.id))
    writer.people.forget_attempts([key.text for key in keys])


def _rights_detail(person: Person) -> dict[str, object]:
    where = sorted(person.areas) if person.areas is not None else "all"
    return {"role": person.role, "extra": sorted(person.extra), "areas": where}


def _listed(person: Person, kinds: dict[str, int]) -> Listed:
    role = Role(person.role)
    rights = rights_of(person)
    return Listed(
        name=person.name,
        title=person.title,
        email=person.email,
        role=role,
        extra=rights - RIGHTS_OF[role],
        rights=rights,
        areas=areas_of(person),
        locked=person.locked,
        managed=person.managed,
        password=CredentialKind.PASSWORD in kinds,
        codes=CredentialKind.TOTP in kinds,
        passkeys=kinds.get(CredentialKind.PASSKEY, 0),
        single_sign_on=CredentialKind.OPENID in kinds,
        seen=person.seen,
        version=person.version,
    )
