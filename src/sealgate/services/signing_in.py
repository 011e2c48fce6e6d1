"""Signing in with name and password, and the second step with a code.

The answer to a wrong name, a wrong password, a locked account and one without a password is the same, in words and in
work done. A try is counted before it is looked at (`throttling`), and nothing is ever locked by tries. A person with
time-based codes gets a ticket for the second step after the password: five minutes, five tries.

Every sign-in begins a new session with a new text, ends the one that the browser brought along, and marks the browser
as known. What happened is in the audit, successes and failures; tries that were not looked at are not.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgate.services import bearer, passwords, second_factors, sessions, throttling
from sealgate.services.accounts import parse_name
from sealgate.services.bearer import Prefix
from sealgate.store.people_records import CredentialKind, TicketKind

if TYPE_CHECKING:
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.origins import Origin
    from sealgate.services.throttling import Key
    from sealgate.store import Reader, Writer
    from sealgate.store.people_records import Credential, Person, Ticket

STEP_TIME = dt.timedelta(minutes=5)
STEP_TRIES = 5
BROWSER_TIME = dt.timedelta(days=180)
NOT_RIGHT = "Name, password or code is not right. Nobody was signed in. Try again, or ask for a new link."
STEP_GONE = "The sign-in took too long or had too many tries. Nobody was signed in. Begin again with name and password."
TOO_OFTEN = "There were too many tries. This one was not looked at. Try again in {wait}."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A success: the text for the session cookie, the actor, and perhaps a mark for the browser to keep (180 days)."""

    session: str = field(repr=False)
    actor: Actor
    ends: dt.datetime
    browser: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SecondStep:
    """The password was right and a code is wanted; the ticket goes into a cookie or a hidden field."""

    ticket: str = field(repr=False)
    ends: dt.datetime


@dataclass(frozen=True, slots=True)
class NotSignedIn:
    """A failure in words for people; `wait` seconds must pass before the next try is looked at."""

    text: str = NOT_RIGHT
    wait: int = 0


Outcome = SignedIn | SecondStep | NotSignedIn


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser brings along to a sign-in: where it is, its mark from earlier sign-ins, its present session."""

    origin: Origin
    mark: str = field(default="", repr=False)
    session: str = field(default="", repr=False)


def with_password(gateway: Gateway, name: str, password: str, browser: Browser) -> Outcome:
    """Sign in with name and password."""
    login = parse_name(name) or ""
    with gateway.store.reading() as reader:
        person = reader.people.named(login)
        keys = _keys(reader, person, throttling.account(login or name), browser)
        wait = throttling.left(reader, *keys)
        stored = _password(reader, person)
    if not wait:
        wait = _counted(gateway, browser, keys)
    if wait:
        return too_often(wait)
    right = passwords.matches(stored.data if stored else None, password)
    renewed = passwords.kept(password) if right and stored and passwords.is_outdated(stored.data) else ""
    with gateway.store.writing(person.name if person else "nobody", origin=browser.origin.source) as writer:
        if not right or person is None or not _still(writer, person, stored):
            return failed(writer, person, "password")
        throttling.forgive(writer, *keys)
        if renewed and stored:
            writer.people.renew_credential(stored.id, renewed)
        return admit(writer, person, browser, "password")


def with_code(gateway: Gateway, ticket: str, code: str, browser: Browser) -> Outcome:
    """Take the second step, with a time-based code or one of the recovery codes."""
    kept = bearer.digest(ticket, Prefix.TICKET)
    with gateway.store.reading() as reader:
        found = reader.people.ticket(TicketKind.SECOND_STEP, kept) if kept else None
        person = reader.people.get(found.person) if found and found.person else None
    if found is None or person is None or found.ends <= dt.datetime.now(dt.UTC):
        return NotSignedIn(STEP_GONE)
    with gateway.store.writing(person.name, origin=browser.origin.source) as writer:
        keys = _step_keys(writer, person, browser)
        wait = throttling.take(writer, *keys)
        if wait:
            return too_often(wait)
        used = second_factors.use(writer, person.id, code)
        if used and not person.locked and writer.people.take_ticket(TicketKind.SECOND_STEP, found.digest):
            throttling.forgive(writer, *keys)
            return finish(writer, person, browser, f"password and {used}")
        _count_step(writer, found)
        return failed(writer, person, "code")


def admit(writer: Writer, person: Person, browser: Browser, method: str) -> Outcome:
    """Go on after a right password: a session, or a ticket for the second step if the person has one."""
    if not second_factors.is_wanted(writer, person.id):
        return finish(writer, person, browser, method)
    text, ends = bearer.make(Prefix.TICKET), writer.people.now + STEP_TIME
    kept = bearer.digest(text, Prefix.TICKET) or ""
    writer.people.add_ticket(kept, TicketKind.SECOND_STEP, ends, {"tries": 0}, of=person.id)
    return SecondStep(text, ends)


def finish(writer: Writer, person: Person, browser: Browser, method: str) -> SignedIn:
    """Begin the session of a person who has proven who they are, and note it."""
    begun = sessions.begin(writer, person, browser.origin, method, former=browser.session)
    writer.people.saw(person.id)
    writer.audit("sign-in", f"person {person.name}", {"method": method, "session": begun.id})
    actor = sessions.actor_for(person, browser.origin, begun.id)
    return SignedIn(begun.text, actor, begun.ends, _mark(writer, person, browser))


def too_often(wait: int) -> NotSignedIn:
    """Return the answer to a try that is not looked at."""
    words = f"{wait} second{'s' if wait != 1 else ''}" if wait < 120 else f"{-(-wait // 60)} minutes"
    return NotSignedIn(TOO_OFTEN.format(wait=words), wait)


def failed(writer: Writer, person: Person | None, method: str) -> NotSignedIn:
    """Note a failed sign-in and return the answer to it."""
    whom = f"person {person.name}" if person else "unknown person"
    writer.audit("sign-in-failed", whom, {"method": method})
    return NotSignedIn()


def _keys(reader: Reader, person: Person | None, otherwise: Key, browser: Browser) -> tuple[Key, ...]:
    """Return what a try counts under: the browser alone if it is known for this person, else this and the address."""
    mark = _known(reader, person, browser)
    if mark:
        return (throttling.browser(mark.digest),)
    return otherwise, throttling.address(browser.origin.address)


def _step_keys(reader: Reader, person: Person, browser: Browser) -> tuple[Key, ...]:
    """Return what a code counts under: as for a password, but in counts that no right password begins anew."""
    mark = _known(reader, person, browser)
    if mark:
        return (throttling.second_step(person.id, mark.digest),)
    return throttling.second_step(person.id), throttling.address(browser.origin.address, "second-step-address")


def _known(reader: Reader, person: Person | None, browser: Browser) -> Ticket | None:
    """Return the browser's mark if this person signed in with it before, and not too long ago."""
    kept = bearer.digest(browser.mark, Prefix.BROWSER)
    mark = reader.people.ticket(TicketKind.BROWSER, kept) if kept and person else None
    if mark is None or person is None or mark.person != person.id or mark.ends <= dt.datetime.now(dt.UTC):
        return None
    return mark


def _counted(gateway: Gateway, browser: Browser, keys: tuple[Key, ...]) -> int:
    with gateway.store.writing("nobody", origin=browser.origin.source) as writer:
        return throttling.take(writer, *keys)


def _password(reader: Reader, person: Person | None) -> Credential | None:
    """Return the password that counts for a person; none does for one whom the OpenID provider manages."""
    found = reader.people.credentials(person.id, CredentialKind.PASSWORD) if person and not person.managed else []
    return found[0] if found else None


def _still(writer: Writer, person: Person, stored: Credential | None) -> bool:
    """Tell whether the account is open and its password still the one that was compared."""
    now = writer.people.get(person.id)
    return now is not None and not now.locked and _password(writer, now) == stored


def _count_step(writer: Writer, ticket: Ticket) -> None:
    tries = int(ticket.data.get("tries", 0)) + 1
    if tries >= STEP_TRIES:
        writer.people.take_ticket(TicketKind.SECOND_STEP, ticket.digest)
    else:
        writer.people.change_ticket(ticket.digest, {"tries": tries})


def _mark(writer: Writer, person: Person, browser: Browser) -> str:
    """Return a mark for a browser that this person has not signed in with before, or an empty text."""
    if _known(writer, person, browser) is not None:
        return ""
    text = bearer.make(Prefix.BROWSER)
    kept = bearer.digest(text, Prefix.BROWSER) or ""
    writer.people.add_ticket(kept, TicketKind.BROWSER, writer.people.now + BROWSER_TIME, {}, of=person.id)
    return text
