"""Signing in at an OpenID provider that root named in the gateway's settings.

Whom the provider vouches for is known by issuer and subject, never by name or mail address. The first group of
`openid_roles` that the person is in gives the role, anew at every sign-in; who is in none is not signed in, and loses
sessions and tokens. A person comes into being at the first sign-in, unless the name is taken: an existing account is
linked by its own person, signed in (`begin_linking`). Groups never make an owner and never touch one, nor an account
that was not made by the provider.

What a sign-in is bound to (state, nonce, PKCE verifier) is kept under a ticket that the browser holds; it works once.
Answers are counted by the address that brings them (`throttling`); one that is not looked at is not audited.
"""

from __future__ import annotations

import datetime as dt
import secrets as randomness
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import Conflict, NotFound, ProviderFailed, Refused
from sealgate.services import accounts, bearer, signing_in, throttling
from sealgate.services.bearer import Prefix
from sealgate.services.identity_provider import Client, Secrets, claims, way_there
from sealgate.services.sessions import require_recent
from sealgate.services.signing_in import NotSignedIn
from sealgate.store.people_records import CredentialKind, TicketKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.signing_in import Browser, Outcome
    from sealgate.settings import Settings
    from sealgate.store import Reader, Writer
    from sealgate.store.people_records import Person, Ticket

BACK = "/sign-in/openid"
"""Where the provider sends the browser back to, below the gateway's address."""

TIME = dt.timedelta(minutes=10)
NO_ROLE = "The OpenID provider knows you, but none of your groups may use this gateway. Ask its owner."
NAME_TAKEN = (
    "There is an account of your name here that the OpenID provider did not make. Nobody was signed in. "
    "Sign in with your password and link the two under your account."
)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and the ticket that it must bring back (in a cookie, SameSite=Lax)."""

    address: str = field(repr=False)
    ticket: str = field(repr=False)


def is_possible(settings: Settings) -> bool:
    """Tell whether an OpenID provider is configured."""
    return bool(settings.openid_issuer)


def begin(gateway: Gateway) -> Departure:
    """Begin a sign-in; ProviderFailed when the provider cannot be reached."""
    return _depart(gateway, None)


def begin_linking(gateway: Gateway, actor: Actor) -> Departure:
    """Begin to link one's own account to the provider's."""
    with gateway.store.reading() as reader:
        person = require_recent(reader, actor, dt.datetime.now(dt.UTC))
    return _depart(gateway, person)


def finish(gateway: Gateway, ticket: str, answer: Mapping[str, str], browser: Browser) -> Outcome:
    """Sign in with what the browser brought back from the provider (the query of the request)."""
    address = throttling.address(browser.origin.address)
    with gateway.store.writing("nobody", origin=browser.origin.source) as writer:
        wait = throttling.take(writer, address)
    if wait:
        return signing_in.too_often(wait)
    try:
        _taken, said = _arrived(gateway, ticket, answer, browser.origin.source, None)
    except (ProviderFailed, NotFound) as fault:
        with gateway.store.writing("nobody", origin=browser.origin.source) as writer:
            signing_in.failed(writer, None, "single sign-on")
        return NotSignedIn(str(fault))
    key, role = _key(gateway.settings, said), _role(gateway.settings, said)
    with gateway.store.reading() as reader:
        author = _author(reader, said, key, role)
    with gateway.store.writing(author, origin=browser.origin.source) as writer:
        credential = writer.people.credential(CredentialKind.OPENID, key)
        person = writer.people.get(credential.person) if credential else None
        if role is None and (person is None or person.managed):
            return _turned_away(writer, person)
        if person is None:
            if _name(said) is None or writer.people.named(_name(said) or "") is not None:
                signing_in.failed(writer, None, "single sign-on")
                return NotSignedIn(NAME_TAKEN)
            person = _made(writer, said, key, role or "")
        elif person.managed and role != person.role:
            person = _moved(writer, person, role or "")
        if person.locked:
            return signing_in.failed(writer, person, "single sign-on")
        writer.people.take_back_attempt([address.text])
        return signing_in.finish(writer, person, browser, "single sign-on")


def finish_linking(gateway: Gateway, actor: Actor, ticket: str, answer: Mapping[str, str]) -> None:
    """Link one's own account to the person that the provider vouches for; Conflict if somebody has that link."""
    with gateway.store.reading() as reader:
        own = require_recent(reader, actor, dt.datetime.now(dt.UTC))
    _taken, said = _arrived(gateway, ticket, answer, actor.source, own)
    key = _key(gateway.settings, said)
    with gateway.writing(actor) as writer:
        person = require_recent(writer, actor, writer.people.now)
        if writer.people.credential(CredentialKind.OPENID, key) is not None:
            raise Conflict("This person of the provider is linked to an account already. Nothing was changed.")
        label = str(said.get("email") or said["sub"])[:100]
        writer.people.add_credential(person.id, CredentialKind.OPENID, "", key=key, label=label)
        writer.audit("single-sign-on-link", f"person {person.name}", {"issuer": gateway.settings.openid_issuer})


def is_linking(gateway: Gateway, ticket: str) -> bool:
    """Tell whether a ticket was made to link an account; the others are for signing in."""
    with gateway.store.reading() as reader:
        found = reader.people.ticket(TicketKind.OPENID, bearer.digest(ticket, Prefix.TICKET) or "")
    return found is not None and found.person is not None


def _depart(gateway: Gateway, person: Person | None) -> Departure:
    client = _client(gateway.settings)
    secrets = Secrets(*(randomness.token_urlsafe(48) for _ in range(3)))
    address = way_there(client, secrets)
    text = bearer.make(Prefix.TICKET)
    data = {"state": secrets.state, "nonce": secrets.nonce, "verifier": secrets.verifier}
    with gateway.store.writing(person.name if person else "nobody") as writer:
        kept, ends = bearer.digest(text, Prefix.TICKET) or "", writer.people.now + TIME
        writer.people.add_ticket(kept, TicketKind.OPENID, ends, data, of=person.id if person else None)
    return Departure(address, text)


def _arrived(
    gateway: Gateway, ticket: str, answer: Mapping[str, str], source: str, person: Person | None
) -> tuple[Ticket, dict[str, Any]]:
    """Return the ticket, which is used up, and what the provider says of who came back with it."""
    with gateway.store.writing(person.name if person else "nobody", origin=source) as writer:
        taken = writer.people.take_ticket(TicketKind.OPENID, bearer.digest(ticket, Prefix.TICKET) or "")
    whose = person.id if person else None
    state = str(answer.get("state", "")).encode("utf-8", "surrogatepass")
    if taken is None or taken.person != whose or not compare_digest(str(taken.data["state"]).encode(), state):
        raise NotFound(
            "This sign-in was not begun in this browser, or too long ago. Nobody was signed in. Begin again."
        )
    secrets = Secrets(*(str(taken.data[name]) for name in ("state", "nonce", "verifier")))
    return taken, claims(_client(gateway.settings), secrets, answer, gateway.settings.openid_groups)


def _client(settings: Settings) -> Client:
    if not is_possible(settings):
        raise Refused(f"No OpenID provider is configured. Nothing was done. Root names one in {settings.file}.")
    back = settings.web_address + BACK
    return Client(settings.openid_issuer, settings.openid_client, settings.openid_secret, settings.openid_scopes, back)


def _key(settings: Settings, said: Mapping[str, Any]) -> str:
    return f"{settings.openid_issuer} {said['sub']}"


def _role(settings: Settings, said: Mapping[str, Any]) -> str | None:
    """Return the role of the first configured group that the person is in, or None."""
    given = said.get(settings.openid_groups)
    groups = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    return next((role for group, role in settings.roles_of_groups if group in groups), None)


def _name(said: Mapping[str, Any]) -> str | None:
    given = (said.get(claim) for claim in ("preferred_username", "email", "sub"))
    return next((name for one in given if (name := accounts.parse_name(one))), None)


def _author(reader: Reader, said: Mapping[str, Any], key: str, role: str | None) -> str:
    """Return who the audit says it was: the account found, or the one that is about to be made; else nobody.

    What the provider calls somebody may be the name of somebody else here.
    """
    credential = reader.people.credential(CredentialKind.OPENID, key)
    person = reader.people.get(credential.person) if credential else None
    if person is not None:
        return person.name
    name = _name(said)
    return name if name is not None and role is not None and reader.people.named(name) is None else "nobody"


def _made(writer: Writer, said: Mapping[str, Any], key: str, role: str) -> Person:
    name = _name(said) or ""
    title, email = (_shown(said.get(claim)) for claim in ("name", "email"))
    id_ = writer.people.add(name, title=title, email=email, role=role, managed=True)
    writer.people.add_credential(id_, CredentialKind.OPENID, "", key=key, label=email or name)
    writer.audit("person-add", f"person {name}", {"role": role, "by": "single sign-on"})
    return _again(writer, id_)


def _moved(writer: Writer, person: Person, role: str) -> Person:
    writer.people.change(person.id, role=role)
    writer.audit("person-change", f"person {person.name}", {"role": role, "by": "single sign-on"})
    return _again(writer, person.id)


def _turned_away(writer: Writer, person: Person | None) -> NotSignedIn:
    """End what a person still had who is in no group that counts any more."""
    if person is not None:
        ended = writer.people.end_sessions(person.id)
        revoked = writer.people.revoke_tokens(person.id)
        writer.audit("session-revoke", f"person {person.name}", {"sessions": ended, "tokens": revoked})
    signing_in.failed(writer, person, "single sign-on")
    return NotSignedIn(NO_ROLE)


def _again(writer: Writer, id_: str) -> Person:
    person = writer.people.get(id_)
    if person is None:
        raise NotFound("The account is gone. Nobody was signed in.")
    return person


def _shown(text: object) -> str:
    return "".join(char for char in str(text or "")[:100] if char.isprintable())
