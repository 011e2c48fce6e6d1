"""Changing what is kept of people, inside one transaction of the store.

Rows are written as they are asked for: whether somebody may, and what the audit says of it, is the services' part and
happens in the same transaction. What can be taken only once (`take_ticket`, `step_counter`) is decided by the database
in one statement, so that of two who try at once one gets it. What has ended is removed on the way.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, update

from sealgate.store.people import People
from sealgate.store.people_tables import attempt, credential, person, session, ticket, token

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping

    from sealgate.store.people_records import CredentialKind, Ticket, TicketKind
    from sealgate.store.transaction import Transaction


def _seconds(when: dt.datetime) -> int:
    return int(when.timestamp())


def _words(words: Iterable[str] | None) -> str | None:
    return None if words is None else json.dumps(sorted(words))


class PeopleWriter(People):
    """Everything about people, to be changed in one transaction; `now` is the transaction's time."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__(tx.connection)
        self._tx = tx

    @property
    def now(self) -> dt.datetime:
        """The time of day of this transaction."""
        return self._tx.at

    def add(
        self,
        name: str,
        *,
        title: str,
        email: str,
        role: str,
        extra: Collection[str] = (),
        areas: Collection[str] | None = None,
        managed: bool = False,
    ) -> str:
        """Add a person and return the id; the name must be free."""
        id_ = secrets.token_hex(8)
        row = {
            "id": id_, "name": name, "title": title, "email": email, "role": role, "extra": _words(extra),
            "areas": _words(areas), "locked": False, "managed": managed, "version": 1, "at": _seconds(self.now),
            "by": self._tx.actor, "seen": None,
        }  # fmt: skip
        self._connection.execute(insert(person).values(row))
        return id_

    def change(self, id_: str, **values: Any) -> None:
        """Change columns of a person (title, email, role, extra, areas, locked, managed) and count the version."""
        for name in ("extra", "areas"):
            if name in values:
                values[name] = _words(values[name])
        where = person.c.id == id_
        self._connection.execute(update(person).where(where).values(version=person.c.version + 1, **values))

    def saw(self, id_: str) -> None:
        """Note that a person signed in now."""
        self._connection.execute(update(person).where(person.c.id == id_).values(seen=_seconds(self.now)))

    def remove(self, id_: str) -> None:
        """Remove a person with everything that belongs to them."""
        for table in (session, token, ticket, credential):
            self._connection.execute(delete(table).where(table.c.person == id_))
        self._connection.execute(delete(person).where(person.c.id == id_))

    def add_credential(
        self,
        of: str,
        kind: CredentialKind,
        data: str,
        *,
        key: str | None = None,
        label: str = "",
        counter: int = 0,
    ) -> str:
        """Keep something that proves who a person is; return its id."""
        id_ = secrets.token_hex(8)
        row = {
            "id": id_, "person": of, "kind": kind, "key": key, "label": label, "data": data, "counter": counter,
            "at": _seconds(self.now), "used": None,
        }  # fmt: skip
        self._connection.execute(insert(credential).values(row))
        return id_

    def renew_credential(self, id_: str, data: str) -> None:
        """Replace what a credential holds, when it is kept in a better form."""
        self._connection.execute(update(credential).where(credential.c.id == id_).values(data=data))

    def step_counter(self, id_: str, counter: int, *, equal: bool = False) -> bool:
        """Note a use with a higher counter (with `equal`: or the same); False if it is not higher, so used before."""
        higher = credential.c.counter <= counter if equal else credential.c.counter < counter
        values = {"counter": counter, "used": _seconds(self.now)}
        done = self._connection.execute(update(credential).where(credential.c.id == id_, higher).values(values))
        return bool(done.rowcount)

    def drop_credentials(self, of: str, kinds: Collection[CredentialKind], id_: str | None = None) -> int:
        """Remove credentials of these kinds, or the one of them with an id; return how many there were."""
        where = [credential.c.person == of, credential.c.kind.in_(list(kinds))]
        if id_ is not None:
            where.append(credential.c.id == id_)
        return self._connection.execute(delete(credential).where(*where)).rowcount

    def add_session(
        self, digest: str, of: str, *, method: str, address: str, agent: str, ends: dt.datetime, proven: dt.datetime
    ) -> str:
        """Start a session and return its id; those that have ended are removed."""
        self._connection.execute(delete(session).where(session.c.ends <= _seconds(self.now)))
        id_, now = secrets.token_hex(8), _seconds(self.now)
        row = {
            "id": id_, "digest": digest, "person": of, "method": method, "address": address, "agent": agent,
            "at": now, "proven": _seconds(proven), "seen": now, "ends": _seconds(ends),
        }  # fmt: skip
        self._connection.execute(insert(session).values(row))
        return id_

    def change_session(self, id_: str, **values: dt.datetime | str) -> bool:
        """Change columns of a session (digest, seen, proven, address); False if there is none."""
        plain = {name: value if isinstance(value, str) else _seconds(value) for name, value in values.items()}
        return bool(self._connection.execute(update(session).where(session.c.id == id_).values(plain)).rowcount)

    def end_sessions(self, of: str, *, only: str | None = None, but: str | None = None) -> int:
        """End a person's sessions: the one with an id, all but that one, or all; return how many there were."""
        where = [session.c.person == of]
        if only is not None:
            where.append(session.c.id == only)
        if but is not None:
            where.append(session.c.id != but)
        return self._connection.execute(delete(session).where(*where)).rowcount

    def add_token(
        self,
        digest: str,
        of: str,
        *,
        label: str,
        rights: Collection[str],
        areas: Collection[str] | None,
        ends: dt.datetime,
    ) -> str:
        """Keep a new token's digest and return its id."""
        id_ = secrets.token_hex(8)
        row = {
            "id": id_, "digest": digest, "person": of, "label": label, "rights": _words(rights),
            "areas": _words(areas), "at": _seconds(self.now), "ends": _seconds(ends), "revoked": None, "seen": None,
            "address": "",
        }  # fmt: skip
        self._connection.execute(insert(token).values(row))
        return id_

    def saw_token(self, id_: str, address: str) -> None:
        """Note that a token was used now."""
        self._connection.execute(
            update(token).where(token.c.id == id_).values(seen=_seconds(self.now), address=address)
        )

    def revoke_tokens(self, of: str, only: str | None = None) -> int:
        """Revoke a person's tokens, or the one with an id; return how many were not revoked yet."""
        where = [token.c.person == of, token.c.revoked.is_(None)]
        if only is not None:
            where.append(token.c.id == only)
        return self._connection.execute(update(token).where(*where).values(revoked=_seconds(self.now))).rowcount

    def keep_revoked(self, revoked: Mapping[str, int]) -> int:
        """Revoke the tokens with these digests again, after a backup brought them back; return how many."""
        done = 0
        for digest, when in revoked.items():
            where = (token.c.digest == digest, token.c.revoked.is_(None))
            done += self._connection.execute(update(token).where(*where).values(revoked=when)).rowcount
        return done

    def add_ticket(
        self, digest: str, kind: TicketKind, ends: dt.datetime, data: Mapping[str, Any], of: str | None = None
    ) -> None:
        """Keep what somebody in the middle of something holds; what has ended is removed."""
        now = _seconds(self.now)
        self._connection.execute(delete(ticket).where(ticket.c.ends <= now))
        row = {"digest": digest, "kind": kind, "person": of, "data": json.dumps(data), "at": now}
        self._connection.execute(insert(ticket).values({**row, "ends": _seconds(ends)}))

    def take_ticket(self, kind: TicketKind, digest: str) -> Ticket | None:
        """Take a ticket away and return it; None if it is not there, was taken, or has ended."""
        found = self.ticket(kind, digest)
        if found is None or found.ends <= self.now:
            return None
        gone = self._connection.execute(delete(ticket).where(ticket.c.digest == digest)).rowcount
        return found if gone else None

    def change_ticket(self, digest: str, data: Mapping[str, Any]) -> None:
        """Replace what a ticket holds."""
        self._connection.execute(update(ticket).where(ticket.c.digest == digest).values(data=json.dumps(data)))

    def drop_tickets(self, kinds: Collection[TicketKind], of: str | None) -> int:
        """Remove the tickets of these kinds that belong to a person (None: to nobody); return how many there were."""
        whose = ticket.c.person.is_(None) if of is None else ticket.c.person == of
        return self._connection.execute(delete(ticket).where(ticket.c.kind.in_(list(kinds)), whose)).rowcount

    def note_attempts(self, keys: Iterable[str], forgotten_before: dt.datetime) -> None:
        """Count one more attempt under each key; counts older than a time begin anew."""
        now, old = _seconds(self.now), _seconds(forgotten_before)
        self._connection.execute(delete(attempt).where(attempt.c.last < old))
        for key in sorted(set(keys)):
            where = attempt.c.key == key
            done = self._connection.execute(update(attempt).where(where).values(times=attempt.c.times + 1, last=now))
            if not done.rowcount:
                self._connection.execute(insert(attempt).values(key=key, times=1, last=now))

    def forget_attempts(self, keys: Collection[str]) -> None:
        """Begin the counts under these keys anew."""
        self._connection.execute(delete(attempt).where(attempt.c.key.in_(list(keys))))

    def take_back_attempt(self, keys: Collection[str]) -> None:
        """Count one attempt less under each key."""
        where = (attempt.c.key.in_(list(keys)), attempt.c.times > 0)
        self._connection.execute(update(attempt).where(*where).values(times=attempt.c.times - 1))
