"""Sessions of browsers: begun at sign-in, known by a random text in a cookie, ended by use, time or word.

A session ends after an hour without use, after a day in any case, when the person is locked or removed or loses their
way in, and when anybody entitled revokes it. The text is new at every sign-in and whenever more is proven, so one that
somebody planted beforehand is worth nothing. Kept is only its SHA-256. The actor of a session has exactly the rights
that the person has at that moment.

Delicate acts, on one's own account and on other people, ask for a proof not older than fifteen minutes
(`require_recent`).
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgate.model.errors import NotFound, NotPermitted, ProofNeeded, StoreFailed
from sealgate.services import bearer
from sealgate.services.actor import Actor, Right
from sealgate.services.bearer import Prefix
from sealgate.services.roles import areas_of, may_touch, rights_of

if TYPE_CHECKING:
    from sealgate.services.gateway import Gateway
    from sealgate.services.origins import Origin
    from sealgate.store import Reader, Writer
    from sealgate.store.people_records import Person, Session

IDLE = dt.timedelta(hours=1)
LONGEST = dt.timedelta(hours=24)
RECENT = dt.timedelta(minutes=15)
_NOTED_EVERY = dt.timedelta(minutes=1)
_PATIENCE = 0.05  # seconds; a page is not kept waiting for the note that a session was used


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that has just begun: the text for the cookie, which is never shown again, and its latest end."""

    text: str = field(repr=False)
    id: str
    ends: dt.datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A session as shown to people; `own` is the one of who asks."""

    id: str
    person: str
    method: str
    address: str
    agent: str
    at: dt.datetime
    seen: dt.datetime
    ends: dt.datetime
    own: bool


def begin(writer: Writer, person: Person, origin: Origin, method: str, *, former: str = "") -> Begun:
    """Begin a session for a person who has just proven who they are; the one that the browser had before ends."""
    people = writer.people
    end_former(writer, former)
    text, ends = bearer.make(Prefix.SESSION), people.now + LONGEST
    kept = bearer.digest(text, Prefix.SESSION) or ""
    id_ = people.add_session(
        kept, person.id, method=method, address=origin.address, agent=origin.agent, ends=ends, proven=people.now
    )
    return Begun(text, id_, ends)


def end_former(writer: Writer, text: str) -> None:
    """End the session that a browser brought along, whosever it was."""
    kept = bearer.digest(text, Prefix.SESSION)
    found = writer.people.session(kept) if kept else None
    if found is not None:
        writer.people.end_sessions(found.person, only=found.id)


def actor_of(gateway: Gateway, text: str, origin: Origin) -> Actor | None:
    """Return who a session's text stands for, with the rights of this moment; None if it is not, or no longer, one."""
    kept = bearer.digest(text, Prefix.SESSION)
    if kept is None:
        return None
    with gateway.store.reading() as reader:
        session = reader.people.session(kept)
        person = reader.people.get(session.person) if session else None
    now = dt.datetime.now(dt.UTC)
    if session is None or person is None or person.locked or has_ended(session, now):
        return None
    actor = actor_for(person, origin, session.id)
    if now - session.seen >= _NOTED_EVERY:
        _note_use(gateway, actor, session, origin, now)
    return actor


def actor_for(person: Person, origin: Origin, session: str = "") -> Actor:
    """Return the actor of a person who was just found to be who they say."""
    return Actor(person.name, origin.source, rights_of(person), areas_of(person), person.id, session)


def has_ended(session: Session, now: dt.datetime) -> bool:
    """Tell whether a session counts no more."""
    return now >= session.ends or now >= session.seen + IDLE


def listing(gateway: Gateway, actor: Actor, name: str = "") -> list[Listed]:
    """Return the sessions of oneself, or of the person named (right: people), those used last first."""
    with gateway.store.reading() as reader:
        person = subject(reader, actor, name)
        now = dt.datetime.now(dt.UTC)
        living = [one for one in reader.people.sessions(person.id) if not has_ended(one, now)]
    return [
        Listed(s.id, person.name, s.method, s.address, s.agent, s.at, s.seen, s.ends, s.id == actor.session)
        for s in living
    ]


def revoke(gateway: Gateway, actor: Actor, session: str, name: str = "") -> None:
    """End one session of oneself or of the person named; NotFound if there is none of this id."""
    with gateway.writing(actor) as writer:
        person = subject(writer, actor, name)
        if not writer.people.end_sessions(person.id, only=session):
            raise NotFound("There is no such session; it may have ended already. Nothing was changed.")
        writer.audit("session-revoke", f"person {person.name}", {"session": session})


def revoke_others(gateway: Gateway, actor: Actor, name: str = "") -> int:
    """End all sessions of oneself but this one, or all of the person named; browsers are no longer known either."""
    from sealgate.store.people_records import TicketKind

    with gateway.writing(actor) as writer:
        person = subject(writer, actor, name)
        ended = writer.people.end_sessions(person.id, but=actor.session or None)
        writer.people.drop_tickets((TicketKind.BROWSER, TicketKind.SECOND_STEP), person.id)
        writer.audit("session-revoke", f"person {person.name}", {"sessions": ended})
    return ended


def sign_out(gateway: Gateway, actor: Actor) -> None:
    """End the session that the actor works in; does nothing without one."""
    if not actor.session:
        return
    with gateway.writing(actor) as writer:
        if writer.people.end_sessions(actor.person, only=actor.session):
            writer.audit("sign-out", f"person {actor.name}", {"session": actor.session})


def renew(writer: Writer, actor: Actor) -> str:
    """Give the actor's session a new text after more was proven, and note when; the former text is void."""
    text = bearer.make(Prefix.SESSION)
    kept = bearer.digest(text, Prefix.SESSION) or ""
    if not writer.people.change_session(actor.session, digest=kept, proven=writer.people.now):
        raise NotPermitted("The session has ended. Nothing was changed. Sign in again.")
    return text


def is_recent(gateway: Gateway, actor: Actor) -> bool:
    """Tell whether the actor's session holds a proof of the last fifteen minutes."""
    with gateway.store.reading() as reader:
        return _is_recent(reader, actor, dt.datetime.now(dt.UTC))


def require_recent(reader: Reader, actor: Actor, now: dt.datetime) -> Person:
    """Return the actor's own account; ProofNeeded unless they proved in this session lately who they are."""
    person = reader.people.get(actor.person) if actor.person else None
    if person is None or not actor.session:
        raise NotPermitted("This is done by a person who is signed in, for their own account. Nothing was changed.")
    if not _is_recent(reader, actor, now):
        raise ProofNeeded("This needs a fresh proof of who you are. Nothing was changed. Sign in again, then repeat.")
    return person


def subject(reader: Reader, actor: Actor, name: str) -> Person:
    """Return whom an act is about: oneself without a name, else the person named, whom the actor may manage.

    A token is not its person: it needs the right to manage people, for its own person too.
    """
    person = reader.people.named(name) if name else reader.people.get(actor.person)
    if person is not None and person.id == actor.person and actor.session:
        return person
    actor.may(Right.PEOPLE)
    if person is None:
        raise NotFound(f"There is no person {name!r} here. Nothing was changed." if name else "Whose? Name a person.")
    may_touch(actor, rights_of(person), areas_of(person))
    return person


def _is_recent(reader: Reader, actor: Actor, now: dt.datetime) -> bool:
    mine = reader.people.sessions(actor.person) if actor.session else []
    return any(one.id == actor.session and now < one.proven + RECENT and not has_ended(one, now) for one in mine)


def _note_use(gateway: Gateway, actor: Actor, session: Session, origin: Origin, now: dt.datetime) -> None:
    """Note that a session was used, unless somebody is writing just now: the next use will do it."""
    with suppress(StoreFailed), gateway.store.writing(actor.name, origin=actor.source, wait=_PATIENCE) as writer:
        writer.people.change_session(session.id, seen=now, address=origin.address)
