"""Passkeys (WebAuthn level 2): added by a signed-in person, and enough to sign in without name and password.

The relying party is the gateway's configured name (`web_name`), so a passkey works under that name only and a page that
imitates it gets nothing. The person is verified by the device (PIN, finger), which makes two factors of one; no
attestation is asked for. Every challenge is random, bound to the browser by a ticket, works once, for five minutes. A
signature count that does not rise is refused, as it may come from a copy. Who is managed by single sign-on has none:
the provider's groups decide at each sign-in, and a passkey would go around them.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import Conflict, InvalidValue, NotFound, Refused
from sealgate.model.text import one_line
from sealgate.services import bearer, signing_in, throttling
from sealgate.services.bearer import Prefix
from sealgate.services.sessions import require_recent
from sealgate.store.people_records import CredentialKind, TicketKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
    from webauthn.registration.verify_registration_response import VerifiedRegistration

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.signing_in import Browser, Outcome
    from sealgate.settings import Settings
    from sealgate.store import Reader
    from sealgate.store.people_records import Credential, Person

CEREMONY = dt.timedelta(minutes=5)
MOST = 20


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What the page gives to the browser (`options`, as JSON), and the ticket that brings the answer home."""

    ticket: str = field(repr=False)
    options: dict[str, Any] = field(repr=False)


def is_possible(settings: Settings) -> bool:
    """Tell whether the gateway has a name that passkeys can be bound to."""
    return bool(settings.web_name)


def begin_adding(gateway: Gateway, actor: Actor) -> Ceremony:
    """Begin to add a passkey to one's own account."""
    from webauthn import generate_registration_options
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    relying_party = _relying_party(gateway)
    with gateway.writing(actor) as writer:
        person = _free(require_recent(writer, actor, writer.people.now))
        known = writer.people.credentials(person.id, CredentialKind.PASSKEY)
        if len(known) >= MOST:
            raise Refused(f"There are {MOST} passkeys already. Nothing was changed. Remove one first.")
        options = generate_registration_options(
            rp_id=relying_party,
            rp_name="Sealgate",
            user_name=person.name,
            user_id=person.id.encode(),
            user_display_name=person.title or person.name,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=_bytes(one.key or "")) for one in known],
        )
        return _ceremony(writer, TicketKind.PASSKEY_NEW, options, person)


def finish_adding(gateway: Gateway, actor: Actor, ticket: str, answer: Mapping[str, Any], label: str) -> None:
    """Add the passkey that the browser made; InvalidValue if its answer is not right."""
    name = _label(label)
    with gateway.writing(actor) as writer:
        person = _free(require_recent(writer, actor, writer.people.now))
        taken = writer.people.take_ticket(TicketKind.PASSKEY_NEW, bearer.digest(ticket, Prefix.TICKET) or "")
        if taken is None or taken.person != person.id:
            raise NotFound("Adding the passkey took too long. Nothing was changed. Begin again.")
        made = _verified_new(gateway, answer, str(taken.data["challenge"]))
        key = _text(made.credential_id)
        if writer.people.credential(CredentialKind.PASSKEY, key) is not None:
            raise Conflict("This passkey is known already. Nothing was changed.")
        public = _text(made.credential_public_key)
        writer.people.add_credential(
            person.id, CredentialKind.PASSKEY, public, key=key, label=name, counter=made.sign_count
        )
        writer.audit("passkey-add", f"person {person.name}", {"label": name})


def begin_sign_in(gateway: Gateway) -> Ceremony:
    """Begin a sign-in with any passkey that the browser has for this gateway; names nobody."""
    from webauthn import generate_authentication_options
    from webauthn.helpers.structs import UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=_relying_party(gateway), user_verification=UserVerificationRequirement.REQUIRED
    )
    with gateway.store.writing("nobody") as writer:
        return _ceremony(writer, TicketKind.PASSKEY_USE, options, None)


def finish_sign_in(gateway: Gateway, ticket: str, answer: Mapping[str, Any], browser: Browser) -> Outcome:
    """Sign in with what the browser answered."""
    address = throttling.address(browser.origin.address, "passkey")
    with gateway.store.writing("nobody", origin=browser.origin.source) as writer:
        wait = throttling.take(writer, address)
        taken = writer.people.take_ticket(TicketKind.PASSKEY_USE, bearer.digest(ticket, Prefix.TICKET) or "")
        credential, person = _claimed(writer, answer)
    if wait:
        return signing_in.too_often(wait)
    proven = _verified_use(gateway, answer, str(taken.data["challenge"]), credential) if taken and credential else None
    author = person.name if person else "nobody"
    with gateway.store.writing(author, origin=browser.origin.source) as writer:
        now = writer.people.get(person.id) if person else None
        counted = proven and credential and _counted(writer, credential, proven.new_sign_count)
        if not counted or now is None or now.locked or now.managed:
            return signing_in.failed(writer, person, "passkey")
        writer.people.take_back_attempt([address.text])
        return signing_in.finish(writer, now, browser, "passkey")


def _free(person: Person) -> Person:
    """Return a person who may have passkeys; Refused for one whom the OpenID provider manages."""
    if person.managed:
        raise Refused(
            f"{person.name} signs in at the OpenID provider, whose groups decide each time. Nothing was changed. "
            "An administrator can give a role here instead; then passkeys are possible."
        )
    return person


def _claimed(reader: Reader, answer: Mapping[str, Any]) -> tuple[Credential | None, Person | None]:
    """Return whose passkey an answer claims to be from, which proves nothing yet."""
    raw = answer.get("rawId") if isinstance(answer, dict) else None
    try:
        key = _text(_bytes(raw)) if isinstance(raw, str) else ""
    except (ValueError, binascii.Error):
        key = ""
    credential = reader.people.credential(CredentialKind.PASSKEY, key) if key else None
    return credential, reader.people.get(credential.person) if credential else None


def _counted(writer: Any, credential: Credential, count: int) -> bool:
    """Note the use; False for a count that does not rise, and for a passkey that was removed meanwhile."""
    return bool(writer.people.step_counter(credential.id, count, equal=count == 0 and credential.counter == 0))


def _verified_new(gateway: Gateway, answer: Mapping[str, Any], challenge: str) -> VerifiedRegistration:
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return verify_registration_response(
            credential=dict(answer),
            expected_challenge=_bytes(challenge),
            expected_rp_id=_relying_party(gateway),
            expected_origin=list(gateway.settings.web_origins),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError):
        raise InvalidValue.of(
            "The browser's answer is not right.", "Open this gateway under its own name and begin again.", "passkey"
        ) from None


def _verified_use(
    gateway: Gateway, answer: Mapping[str, Any], challenge: str, credential: Credential
) -> VerifiedAuthentication | None:
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return verify_authentication_response(
            credential=dict(answer),
            expected_challenge=_bytes(challenge),
            expected_rp_id=_relying_party(gateway),
            expected_origin=list(gateway.settings.web_origins),
            credential_public_key=_bytes(credential.data),
            credential_current_sign_count=credential.counter,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError):
        return None


def _ceremony(writer: Any, kind: TicketKind, options: Any, person: Person | None) -> Ceremony:
    from webauthn import options_to_json

    text, ends = bearer.make(Prefix.TICKET), writer.people.now + CEREMONY
    data = {"challenge": _text(options.challenge)}
    of = person.id if person else None
    writer.people.add_ticket(bearer.digest(text, Prefix.TICKET) or "", kind, ends, data, of=of)
    return Ceremony(text, json.loads(options_to_json(options)))


def _relying_party(gateway: Gateway) -> str:
    if not is_possible(gateway.settings):
        raise Refused(
            "Passkeys are bound to the gateway's name, and it has none yet. Nothing was changed. "
            f"Set web_name in {gateway.settings.file} and start the gateway again."
        )
    return gateway.settings.web_name


def _label(text: str) -> str:
    try:
        return one_line(text, "The name of the passkey", 60) or "passkey"
    except InvalidValue as fault:
        raise fault.at("label") from None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
