"""The second step: time-based codes (TOTP, RFC 6238) and recovery codes.

A time-based code is valid for its half minute and the ones beside it, and once: the number of the last half minute used
is kept and only a later one is taken. Its secret has to be kept in clear, since codes are computed from it; it is shown
once, while it is set up, and counts only after a code of it was entered.

Recovery codes have 80 random bits, are shown once, kept as SHA-256 and work once each.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import re
import secrets
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import TYPE_CHECKING

import pyotp
import segno

from sealgate.model.errors import InvalidValue, NotFound
from sealgate.services import bearer, throttling
from sealgate.services.bearer import Prefix
from sealgate.services.sessions import require_recent
from sealgate.store.people_records import CredentialKind, TicketKind

if TYPE_CHECKING:
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Reader, Writer

HOW_MANY = 10
SETTING_UP = dt.timedelta(minutes=15)
_PERIOD = 30
_SECOND_FACTORS = (CredentialKind.TOTP, CredentialKind.RECOVERY)
_RECOVERY = re.compile(r"[A-Z2-7]{16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SetUp:
    """What a person puts into an authenticator: the secret, the same as a link and as a picture (SVG)."""

    ticket: str = field(repr=False)
    secret: str = field(repr=False)
    link: str = field(repr=False)
    picture: str = field(repr=False)


def begin(gateway: Gateway, actor: Actor) -> SetUp:
    """Begin to set up time-based codes for oneself; nothing counts before `confirm`."""
    secret, ticket = pyotp.random_base32(), bearer.make(Prefix.TICKET)
    with gateway.writing(actor) as writer:
        person = require_recent(writer, actor, writer.people.now)
        kept = bearer.digest(ticket, Prefix.TICKET) or ""
        ends = writer.people.now + SETTING_UP
        writer.people.add_ticket(kept, TicketKind.TOTP, ends, {"secret": secret}, of=person.id)
    issuer = f"Sealgate {gateway.settings.web_name}".strip()
    link = pyotp.TOTP(secret).provisioning_uri(name=person.name, issuer_name=issuer)
    return SetUp(ticket, secret, link, picture(link))


def confirm(gateway: Gateway, actor: Actor, ticket: str, code: str) -> tuple[str, ...]:
    """Finish with a code of the new secret; returns new recovery codes, which are shown once.

    InvalidValue for a wrong code, after which the same ticket can be tried again until it ends.
    """
    kept = bearer.digest(ticket, Prefix.TICKET) or ""
    with gateway.writing(actor) as writer:
        people = writer.people
        person = require_recent(writer, actor, people.now)
        found = people.ticket(TicketKind.TOTP, kept)
        if found is None or found.person != person.id or found.ends <= people.now:
            raise NotFound("This set-up has ended. Nothing was changed. Begin it again.")
        step = _step(str(found.data["secret"]), code, people.now)
        if step is None:
            raise InvalidValue.of(
                "The code is not right.", "Check the clock of the device, and enter the code that it shows now.", "code"
            )
        people.take_ticket(TicketKind.TOTP, kept)
        people.drop_credentials(person.id, _SECOND_FACTORS)
        people.add_credential(person.id, CredentialKind.TOTP, str(found.data["secret"]), counter=step)
        people.end_sessions(person.id, but=actor.session)
        writer.audit("second-factor-add", f"person {person.name}", {"kind": "totp"})
        return _new_codes(writer, person.id)


def remove(gateway: Gateway, actor: Actor) -> None:
    """Remove one's own time-based codes and recovery codes."""
    with gateway.writing(actor) as writer:
        person = require_recent(writer, actor, writer.people.now)
        if not writer.people.drop_credentials(person.id, _SECOND_FACTORS):
            raise NotFound("There is no second step to remove. Nothing was changed.")
        writer.audit("second-factor-remove", f"person {person.name}", {"kind": "totp"})


def new_codes(gateway: Gateway, actor: Actor) -> tuple[str, ...]:
    """Replace one's own recovery codes; returns the new ones, which are shown once."""
    with gateway.writing(actor) as writer:
        person = require_recent(writer, actor, writer.people.now)
        if not is_wanted(writer, person.id):
            raise NotFound("Recovery codes belong to time-based codes. Nothing was changed. Set those up first.")
        writer.audit("recovery-codes", f"person {person.name}", {})
        return _new_codes(writer, person.id)


def is_wanted(reader: Reader, person: str) -> bool:
    """Tell whether a person signs in with a second step."""
    return bool(reader.people.credentials(person, CredentialKind.TOTP))


def use(writer: Writer, person: str, code: object) -> str:
    """Return what a code is (`code`, `recovery code`), and use it up; an empty text if it is none."""
    text = "".join(str(code).split()).upper().replace("-", "")
    if _RECOVERY.fullmatch(text):
        return "recovery code" if _use_recovery(writer, person, text) else ""
    for credential in writer.people.credentials(person, CredentialKind.TOTP):
        step = _step(credential.data, text, writer.people.now)
        if step is not None and writer.people.step_counter(credential.id, step):
            return "code"
    return ""


def reset(writer: Writer, person: str) -> None:
    """Forget a person's second step, and what was counted of it."""
    writer.people.drop_credentials(person, _SECOND_FACTORS)
    throttling.forgive(writer, throttling.second_step(person))


def picture(link: str) -> str:
    """Return a link as a QR code: an SVG that takes its colours from the page around it."""
    stream = io.BytesIO()
    segno.make(link, error="m", micro=False).save(
        stream, kind="svg", xmldecl=False, svgns=True, dark="#000", light="#fff", border=4, nl=False, omitsize=True
    )
    return stream.getvalue().decode()


def _step(secret: str, code: object, now: dt.datetime) -> int | None:
    """Return the number of the half minute that a code belongs to, or None if it belongs to none near now."""
    text = str(code).strip().replace(" ", "")
    if not (text.isascii() and text.isdigit() and len(text) == 6):
        return None
    totp, current = pyotp.TOTP(secret, interval=_PERIOD), int(now.timestamp()) // _PERIOD
    matching = [step for step in (current - 1, current, current + 1) if compare_digest(totp.generate_otp(step), text)]
    return max(matching, default=None)


def _new_codes(writer: Writer, person: str) -> tuple[str, ...]:
    writer.people.drop_credentials(person, (CredentialKind.RECOVERY,))
    codes = [base64.b32encode(secrets.token_bytes(10)).decode() for _ in range(HOW_MANY)]
    for code in codes:
        writer.people.add_credential(person, CredentialKind.RECOVERY, _kept(code))
    return tuple("-".join(code[at : at + 4] for at in range(0, 16, 4)).lower() for code in codes)


def _use_recovery(writer: Writer, person: str, code: str) -> bool:
    wanted = _kept(code)
    for credential in writer.people.credentials(person, CredentialKind.RECOVERY):
        if compare_digest(credential.data, wanted):
            return bool(writer.people.drop_credentials(person, (CredentialKind.RECOVERY,), credential.id))
    return False


def _kept(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
