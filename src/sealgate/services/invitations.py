"""Links that let somebody in once: the set-up of the first owner, an invitation, a reset.

A link ends when it is used, when a newer one for the same purpose is made, and with time. Looking at it does not use it
up; choosing a password does, and that signs in (a second step that the person has stays wanted, unless the reset was to
forget it). There is no default password: until the first owner has used the set-up link, nobody can sign in. Links are
random texts of which only the SHA-256 is kept, so they can be made anew and never shown again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgate.model.errors import Conflict, NotFound, Refused
from sealgate.model.next_steps import Act, Step
from sealgate.services import accounts, bearer, passwords, second_factors, signing_in, throttling
from sealgate.services.actor import Right
from sealgate.services.bearer import Prefix
from sealgate.services.roles import Role
from sealgate.store.people_records import CredentialKind, TicketKind

if TYPE_CHECKING:
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.signing_in import Browser, Outcome
    from sealgate.store import Reader, Writer
    from sealgate.store.people_records import Person, Ticket

PATH = "/welcome/"
"""Where the pages take links: this and the link's text."""

LIVES = {
    TicketKind.SET_UP: dt.timedelta(hours=24),
    TicketKind.INVITATION: dt.timedelta(days=3),
    TicketKind.RESET: dt.timedelta(hours=24),
}


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was just made: its text, the whole address, its end. Never shown again."""

    text: str = field(repr=False)
    address: str = field(repr=False)
    ends: dt.datetime


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a link that still works is for; `name` is empty where the person chooses it (set-up)."""

    kind: TicketKind
    name: str
    title: str
    ends: dt.datetime


def set_up_link(gateway: Gateway, actor: Actor) -> Link:
    """Make the link for the first owner, in place of an earlier one; Refused when there is an owner."""
    actor.may(Right.OWN)
    with gateway.writing(actor) as writer:
        if accounts.has_owner(writer):
            raise Refused(
                "This gateway has an owner. No set-up link was made. For a forgotten password make that person a new "
                "link; one more owner is invited."
            ).then(Step(Act.RESET), Step(Act.INVITE_OWNER))
        writer.audit("set-up-link", "gateway", {})
        return make(gateway, writer, TicketKind.SET_UP, None)


def is_set_up(gateway: Gateway) -> bool:
    """Tell whether the gateway has an owner who can sign in."""
    with gateway.store.reading() as reader:
        return accounts.has_owner(reader)


def make(gateway: Gateway, writer: Writer, kind: TicketKind, person: Person | None, **data: bool) -> Link:
    """Make a link for a person (None: the first owner); earlier ones of theirs are void."""
    of = person.id if person else None
    text, ends = bearer.make(Prefix.LINK), writer.people.now + LIVES[kind]
    writer.people.drop_tickets(tuple(LIVES), of)
    writer.people.add_ticket(bearer.digest(text, Prefix.LINK) or "", kind, ends, data, of=of)
    return Link(text, f"{gateway.settings.web_address}{PATH}{text}", ends)


def look(gateway: Gateway, text: str) -> Welcome | None:
    """Return what a link is for, without using it up; None if it does not work, or not any more."""
    with gateway.store.reading() as reader:
        found = _found(reader, text)
        person = reader.people.get(found.person) if found and found.person else None
        if found is None or (person is None) != (found.kind is TicketKind.SET_UP):
            return None
        if (person and (person.locked or person.managed)) or (
            found.kind is TicketKind.SET_UP and accounts.has_owner(reader)
        ):
            return None
    return Welcome(found.kind, person.name if person else "", person.title if person else "", found.ends)


def redeem(gateway: Gateway, text: str, password: str, browser: Browser, *, name: str = "", title: str = "") -> Outcome:
    """Use a link up: set the password, and sign in. `name` and `title` are for the first owner only.

    InvalidValue for a password or name that is not possible, and the link still works; NotFound for a link that does
    not work.
    """
    welcome = look(gateway, text)
    if welcome is None:
        raise _gone()
    login = accounts.checked_name(name) if welcome.kind is TicketKind.SET_UP else welcome.name
    shown = accounts.checked_title(title)
    with gateway.store.reading() as reader:
        person = reader.people.named(login)
    own = accounts.own_words(gateway, person, login, shown)
    kept = passwords.kept(passwords.checked(password, own))
    with gateway.store.writing(login, origin=browser.origin.source) as writer:
        ticket = writer.people.take_ticket(welcome.kind, bearer.digest(text, Prefix.LINK) or "")
        if ticket is None:
            raise _gone()
        person = _first_owner(writer, login, shown) if ticket.person is None else writer.people.get(ticket.person)
        if person is None or person.locked or person.managed:
            raise _gone()
        _let_in(writer, person, kept, ticket)
        return signing_in.admit(writer, person, browser, f"{ticket.kind} link")


def _found(reader: Reader, text: str) -> Ticket | None:
    kept, now = bearer.digest(text, Prefix.LINK), dt.datetime.now(dt.UTC)
    tickets = (reader.people.ticket(kind, kept) for kind in LIVES) if kept else ()
    return next((ticket for ticket in tickets if ticket is not None and now < ticket.ends), None)


def _first_owner(writer: Writer, name: str, title: str) -> Person | None:
    if accounts.has_owner(writer):
        raise _gone()
    if writer.people.named(name) is not None:
        raise Conflict(f"There is a person {name} already. Nothing was changed. Choose another name.")
    id_ = writer.people.add(name, title=title, email="", role=Role.OWNER)
    writer.audit("person-add", f"person {name}", {"role": Role.OWNER.value})
    return writer.people.get(id_)


def _let_in(writer: Writer, person: Person, kept: str, ticket: Ticket) -> None:
    people = writer.people
    people.drop_credentials(person.id, (CredentialKind.PASSWORD,))
    people.add_credential(person.id, CredentialKind.PASSWORD, kept)
    people.end_sessions(person.id)
    people.drop_tickets((TicketKind.SECOND_STEP, TicketKind.BROWSER), person.id)
    if ticket.data.get("second_step"):
        second_factors.reset(writer, person.id)
        people.drop_credentials(person.id, (CredentialKind.PASSKEY, CredentialKind.OPENID))
        people.revoke_tokens(person.id)  # those that were made since the link was
    people.forget_attempts([throttling.account(person.name).text])
    writer.audit("password-set", f"person {person.name}", {"by": f"{ticket.kind} link"})


def _gone() -> NotFound:
    return NotFound(
        "This link does not work, or not any more: each works once and not for ever. Nothing was changed. "
        "Ask for a new one."
    )
