"""People as they stand: accounts, credentials, sessions, tokens, tickets, failed attempts.

Reads one snapshot, like everything in this package; changes are in `people_changes.py`. What ended is still given out
with its end: whether it counts is the services' decision, by the time of day that they go by.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from sealgate.store.people_records import (
    Attempts,
    Credential,
    CredentialKind,
    Person,
    Session,
    Ticket,
    TicketKind,
    Token,
)
from sealgate.store.people_tables import attempt, credential, person, session, ticket, token

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from sealgate.store.schema import AnyRow


class People:
    """Everything about people in one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def every(self) -> list[Person]:
        """Return all people by name."""
        return [_person(row) for row in self._connection.execute(select(person).order_by(person.c.name))]

    def get(self, id_: str) -> Person | None:
        """Return a person by id."""
        row = self._connection.execute(select(person).where(person.c.id == id_)).first()
        return None if row is None else _person(row)

    def named(self, name: str) -> Person | None:
        """Return a person by name."""
        row = self._connection.execute(select(person).where(person.c.name == name)).first()
        return None if row is None else _person(row)

    def with_role(self, role: str) -> list[Person]:
        """Return the people with a role who are not locked and have something to sign in with."""
        able = select(credential.c.person).where(credential.c.kind.in_(_SIGNS_IN))
        where = (person.c.role == role, person.c.locked.is_(False), person.c.id.in_(able))
        return [_person(row) for row in self._connection.execute(select(person).where(*where).order_by(person.c.name))]

    def credentials(self, of: str, kind: CredentialKind | None = None) -> list[Credential]:
        """Return what a person proves who they are with, oldest first."""
        query = select(credential).where(credential.c.person == of).order_by(credential.c.at, credential.c.id)
        if kind is not None:
            query = query.where(credential.c.kind == kind)
        return [_credential(row) for row in self._connection.execute(query)]

    def credential(self, kind: CredentialKind, key: str) -> Credential | None:
        """Return the passkey or outside identity with a key."""
        where = (credential.c.kind == kind, credential.c.key == key)
        row = self._connection.execute(select(credential).where(*where)).first()
        return None if row is None else _credential(row)

    def kinds(self) -> dict[str, dict[str, int]]:
        """Return how many credentials of each kind each person has."""
        query = select(credential.c.person, credential.c.kind, func.count()).group_by(
            credential.c.person, credential.c.kind
        )
        found: dict[str, dict[str, int]] = {}
        for of, kind, number in self._connection.execute(query):
            found.setdefault(of, {})[kind] = number
        return found

    def session(self, digest: str) -> Session | None:
        """Return the session with a digest."""
        row = self._connection.execute(select(session).where(session.c.digest == digest)).first()
        return None if row is None else _session(row)

    def sessions(self, of: str | None = None) -> list[Session]:
        """Return the sessions of a person, or all, those used last first."""
        query = select(session).order_by(session.c.seen.desc(), session.c.id)
        if of is not None:
            query = query.where(session.c.person == of)
        return [_session(row) for row in self._connection.execute(query)]

    def token(self, digest: str) -> Token | None:
        """Return the token with a digest."""
        row = self._connection.execute(select(token).where(token.c.digest == digest)).first()
        return None if row is None else _token(row)

    def tokens(self, of: str | None = None) -> list[Token]:
        """Return the tokens of a person, or all, the newest first; revoked ones too."""
        query = select(token).order_by(token.c.at.desc(), token.c.id)
        if of is not None:
            query = query.where(token.c.person == of)
        return [_token(row) for row in self._connection.execute(query)]

    def revoked_tokens(self) -> dict[str, int]:
        """Return the digests of all revoked tokens, with the second they were revoked in."""
        query = select(token.c.digest, token.c.revoked).where(token.c.revoked.is_not(None))
        return {row.digest: row.revoked for row in self._connection.execute(query)}

    def ticket(self, kind: TicketKind, digest: str) -> Ticket | None:
        """Return the ticket of a kind with a digest."""
        where = (ticket.c.digest == digest, ticket.c.kind == kind)
        row = self._connection.execute(select(ticket).where(*where)).first()
        return None if row is None else _ticket(row)

    def attempts(self, keys: Iterable[str]) -> dict[str, Attempts]:
        """Return the failed attempts under these keys; a key without any is left out."""
        rows = self._connection.execute(select(attempt).where(attempt.c.key.in_(list(keys))))
        return {row.key: Attempts(row.times, moment(row.last)) for row in rows}


_SIGNS_IN = (CredentialKind.PASSWORD, CredentialKind.PASSKEY, CredentialKind.OPENID)


def moment(seconds: int) -> dt.datetime:
    """Return a time of the database as a time of day, aware, in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _maybe(seconds: int | None) -> dt.datetime | None:
    return None if seconds is None else moment(seconds)


def _words(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))


def _maybe_words(text: str | None) -> frozenset[str] | None:
    return None if text is None else _words(text)


def _person(row: AnyRow) -> Person:
    return Person(
        row.id, row.name, row.title, row.email, row.role, _words(row.extra), _maybe_words(row.areas),
        row.locked, row.managed, row.version, moment(row.at), row.by, _maybe(row.seen),
    )  # fmt: skip


def _credential(row: AnyRow) -> Credential:
    kind = CredentialKind(row.kind)
    return Credential(
        row.id, row.person, kind, row.key, row.label, row.data, row.counter, moment(row.at), _maybe(row.used)
    )


def _session(row: AnyRow) -> Session:
    times = (moment(row.at), moment(row.proven), moment(row.seen), moment(row.ends))
    return Session(row.id, row.person, row.method, row.address, row.agent, *times)


def _token(row: AnyRow) -> Token:
    return Token(
        row.id, row.person, row.label, _words(row.rights), _maybe_words(row.areas), moment(row.at), moment(row.ends),
        _maybe(row.revoked), _maybe(row.seen), row.address,
    )  # fmt: skip


def _ticket(row: AnyRow) -> Ticket:
    return Ticket(row.digest, TicketKind(row.kind), row.person, json.loads(row.data), moment(row.at), moment(row.ends))
