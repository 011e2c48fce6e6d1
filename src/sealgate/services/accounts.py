"""What an account is called, and what is always true of accounts: there is an owner, and nobody loses their last key.

Login names are short words in lower case that read the same everywhere; they may look like a mail address. Every change
that could take the last owner away goes through `owned`, inside its transaction.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue, Refused
from sealgate.model.text import one_line, shown
from sealgate.services.roles import Role
from sealgate.store.people_records import CredentialKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.services.gateway import Gateway
    from sealgate.store import Reader, Writer
    from sealgate.store.people_records import Person

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}", re.ASCII)
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,253}")
WAYS_IN = (CredentialKind.PASSWORD, CredentialKind.PASSKEY, CredentialKind.OPENID)
"""What is enough to sign in with."""


def parse_name(text: object) -> str | None:
    """Return a login name in the form that is kept, or None for what cannot be one."""
    name = text.strip().lower() if isinstance(text, str) and len(text) <= 200 else ""
    return name if _NAME.fullmatch(name) else None


def checked_name(text: object) -> str:
    """Return a login name in the form that is kept; InvalidValue for what cannot be one."""
    name = parse_name(text)
    if name is None:
        raise InvalidValue.of(
            f"{shown(str(text))!r} is no login name.",
            "Use 1 to 64 of a-z, 0-9 and . _ @ + -, beginning with a letter or a digit.",
            "name",
        )
    return name


def checked_title(text: object) -> str:
    """Return the name that people read; it may be empty."""
    try:
        return one_line("" if text is None else text, "The name", 100)
    except InvalidValue as fault:
        raise fault.at("title") from None


def checked_email(text: object) -> str:
    """Return a mail address to reach the person at; it may be empty."""
    try:
        email = one_line("" if text is None else text, "The mail address", 254)
    except InvalidValue as fault:
        raise fault.at("email") from None
    if email and not _EMAIL.fullmatch(email):
        raise InvalidValue.of(f"{shown(email)!r} is no mail address.", "Write it like ann@example.com.", "email")
    return email


def own_words(gateway: Gateway, person: Person | None, *more: str) -> list[str]:
    """Return the words that a password must not be made of: those of this gateway and of the person."""
    with gateway.store.reading() as reader:
        hostname = reader.draft().row("setting", "my-hostname")
    words = [gateway.settings.web_name, str(hostname.fields["value"]) if hostname else "", *more]
    return [word for word in [*words, *((person.name, person.title, person.email) if person else ())] if word]


@contextmanager
def owned(writer: Writer) -> Iterator[None]:
    """Let a change happen only if the gateway still has an owner who can sign in afterwards, where it had one before.

    Raises Refused otherwise, which undoes the whole transaction.
    """
    had = has_owner(writer)
    yield
    if had and not has_owner(writer):
        raise Refused(
            "This would leave the gateway without an owner who can sign in. Nothing was changed. "
            "Make somebody else an owner first."
        )


def has_owner(reader: Reader) -> bool:
    """Tell whether somebody is owner, is not locked, and has something to sign in with."""
    return bool(reader.people.with_role(Role.OWNER))


def keeps_a_way_in(reader: Reader, person: Person) -> None:
    """Raise Refused if a person has nothing left to sign in with."""
    if not any(one.kind in WAYS_IN for one in reader.people.credentials(person.id)):
        raise Refused(
            f"This is the last way to sign in that {person.name} has. Nothing was changed. Add another one first."
        )
