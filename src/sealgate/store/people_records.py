"""What the store gives back about people: plain values, free of the database.

Times are aware and in UTC. What is secret in a record (a password's hash, the secret of time-based codes) is left out
of its `repr`, so that no log line or traceback shows it by accident.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt


class CredentialKind(StrEnum):
    """What a person can prove who they are with."""

    PASSWORD = "password"  # noqa: S105 - the name of a kind
    TOTP = "totp"
    RECOVERY = "recovery"
    PASSKEY = "passkey"
    OPENID = "openid"


class TicketKind(StrEnum):
    """What a ticket is good for."""

    SET_UP = "set-up"
    INVITATION = "invitation"
    RESET = "reset"
    SECOND_STEP = "second-step"
    TOTP = "totp"
    PASSKEY_NEW = "passkey-new"
    PASSKEY_USE = "passkey-use"
    OPENID = "openid"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class Person:
    """One account. `extra` are rights beyond the role; `areas` those that may be edited (None: all).

    `managed`: role and areas come from an identity provider. `version` counts changes and serves as ETag.
    """

    id: str
    name: str
    title: str
    email: str
    role: str
    extra: frozenset[str]
    areas: frozenset[str] | None
    locked: bool
    managed: bool
    version: int
    at: dt.datetime
    by: str
    seen: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Credential:
    """One thing that proves who a person is; `data` may be secret."""

    id: str
    person: str
    kind: CredentialKind
    key: str | None
    label: str
    data: str = field(repr=False)
    counter: int
    at: dt.datetime
    used: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser. `proven`: when the person last proved who they are; `ends`: when it ends in any case."""

    id: str
    person: str
    method: str
    address: str
    agent: str
    at: dt.datetime
    proven: dt.datetime
    seen: dt.datetime
    ends: dt.datetime


@dataclass(frozen=True, slots=True)
class Token:
    """One API token, without the token itself. `address` is where it was last used from."""

    id: str
    person: str
    label: str
    rights: frozenset[str]
    areas: frozenset[str] | None
    at: dt.datetime
    ends: dt.datetime
    revoked: dt.datetime | None
    seen: dt.datetime | None
    address: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """What somebody holds who is in the middle of something."""

    digest: str = field(repr=False)
    kind: TicketKind
    person: str | None
    data: dict[str, Any] = field(repr=False)
    at: dt.datetime
    ends: dt.datetime


@dataclass(frozen=True, slots=True)
class Attempts:
    """How many attempts failed in a row, and when the last one did."""

    count: int
    last: dt.datetime
