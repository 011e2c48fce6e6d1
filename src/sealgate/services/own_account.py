"""One's own account: a new password, another proof of who one is, what one signs in with.

Changing the password asks for the old one, ends all other sessions, and forgets which browsers are known. Proving
oneself again gives the session a new text. Both are throttled like a sign-in, under the session's own count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgate.model.errors import NotFound, NotPermitted, Refused
from sealgate.services import accounts, passwords, sessions, throttling
from sealgate.services.signing_in import too_often
from sealgate.store.people_records import CredentialKind, TicketKind

if TYPE_CHECKING:
    import datetime as dt

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Reader
    from sealgate.store.people_records import Credential, Person


@dataclass(frozen=True, slots=True)
class Proven:
    """A session that goes on under a new text, which replaces the one in the cookie."""

    session: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WayIn:
    """One thing that a person signs in with, by kind and label; never the thing itself."""

    id: str
    kind: CredentialKind
    label: str
    at: dt.datetime
    used: dt.datetime | None


def ways_in(gateway: Gateway, actor: Actor) -> list[WayIn]:
    """Return what one signs in with; recovery codes are told one by one, used ones are gone."""
    with gateway.store.reading() as reader:
        person = _self(reader, actor)
        return [WayIn(c.id, c.kind, c.label, c.at, c.used) for c in reader.people.credentials(person.id)]


def prove(gateway: Gateway, actor: Actor, password: str) -> Proven:
    """Prove oneself again with the password, for what asks for a fresh proof; Refused if it is not right."""
    person, stored = _compared(gateway, actor, password)
    with gateway.writing(actor) as writer:
        if stored not in writer.people.credentials(person.id):
            raise _not_right()
        throttling.forgive(writer, _key(actor))
        writer.audit("proof", f"person {person.name}", {"method": "password", "session": actor.session})
        return Proven(sessions.renew(writer, actor))


def change_password(gateway: Gateway, actor: Actor, old: str, new: str) -> Proven:
    """Replace the password; Refused if the old one is not right, InvalidValue if the new one is not good enough."""
    with gateway.store.reading() as reader:
        own = _self(reader, actor)
    checked = passwords.checked(new, accounts.own_words(gateway, own))
    person, stored = _compared(gateway, actor, old)
    kept = passwords.kept(checked)
    with gateway.writing(actor) as writer:
        people = writer.people
        if stored not in people.credentials(person.id):
            raise _not_right()
        throttling.forgive(writer, _key(actor))
        people.renew_credential(stored.id, kept)
        people.end_sessions(person.id, but=actor.session)
        people.drop_tickets((TicketKind.BROWSER, TicketKind.SECOND_STEP, TicketKind.RESET), person.id)
        writer.audit("password-set", f"person {person.name}", {"by": "themselves"})
        return Proven(sessions.renew(writer, actor))


def remove_way_in(gateway: Gateway, actor: Actor, id_: str) -> None:
    """Remove one's passkey, link to single sign-on, or password; Refused for the last way in."""
    with gateway.writing(actor) as writer:
        person = sessions.require_recent(writer, actor, writer.people.now)
        with accounts.owned(writer):
            if not writer.people.drop_credentials(person.id, accounts.WAYS_IN, id_):
                raise NotFound("There is no such way to sign in. Nothing was changed.")
            accounts.keeps_a_way_in(writer, person)
        writer.audit("way-in-remove", f"person {person.name}", {"id": id_})


def _self(reader: Reader, actor: Actor) -> Person:
    person = reader.people.get(actor.person) if actor.person and actor.session else None
    if person is None:
        raise NotPermitted("This is done by a person who is signed in, for their own account. Nothing was changed.")
    return person


def _compared(gateway: Gateway, actor: Actor, password: str) -> tuple[Person, Credential]:
    """Return oneself and the stored password if this is it; a try is counted before it is looked at."""
    with gateway.writing(actor) as writer:
        person = _self(writer, actor)
        wait = throttling.take(writer, _key(actor))
        if wait:
            raise Refused(too_often(wait).text)
        found = writer.people.credentials(person.id, CredentialKind.PASSWORD)
    if not passwords.matches(found[0].data if found else None, password):
        with gateway.writing(actor) as writer:
            writer.audit("proof-failed", f"person {person.name}", {"method": "password"})
        raise _not_right()
    return person, found[0]


def _key(actor: Actor) -> throttling.Key:
    return throttling.browser(f"session {actor.session}")


def _not_right() -> Refused:
    return Refused("The password is not right. Nothing was changed. Type the one that you sign in with.")
