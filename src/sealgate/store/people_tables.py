"""The tables of people: who they are, what they prove it with, their sessions and tokens.

Every time is a whole number of seconds since 1970 (UTC). No table holds a password, a session or a token in clear:
passwords are argon2id strings, everything random is kept as its SHA-256. The secret of a time-based code is the one
exception, since codes cannot be computed without it (docs/people.md).

`PASSING` names the tables that are never part of a backup: what they hold ends soon anyway, and must not come back.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from sealgate.store.schema import metadata

_NUMBER = BigInteger().with_variant(Integer(), "sqlite")
_WORD = Text().with_variant(Text(collation="C"), "postgresql")

person = Table(
    "person",
    metadata,
    Column("id", _WORD, primary_key=True),
    Column("name", _WORD, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("extra", Text, nullable=False),
    Column("areas", Text),
    Column("locked", Boolean, nullable=False),
    Column("managed", Boolean, nullable=False),
    Column("version", _NUMBER, nullable=False),
    Column("at", _NUMBER, nullable=False),
    Column("by", Text, nullable=False),
    Column("seen", _NUMBER),
)
"""`extra` are rights beyond the role, `areas` those that may be edited (null: all); both are JSON lists of words.

`managed`: role and areas come from the groups of an identity provider.
"""

credential = Table(
    "credential",
    metadata,
    Column("id", _WORD, primary_key=True),
    Column("person", _WORD, ForeignKey("person.id"), nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("key", _WORD),
    Column("label", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("counter", _NUMBER, nullable=False),
    Column("at", _NUMBER, nullable=False),
    Column("used", _NUMBER),
)
"""`key` is what a passkey or an outside identity is found by; `counter` the last time step or signature count."""

Index("credential_person", credential.c.person, credential.c.kind)
Index("credential_key", credential.c.kind, credential.c.key, unique=True)

session = Table(
    "session",
    metadata,
    Column("id", _WORD, primary_key=True),
    Column("digest", _WORD, nullable=False, unique=True),
    Column("person", _WORD, ForeignKey("person.id"), nullable=False),
    Column("method", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("at", _NUMBER, nullable=False),
    Column("proven", _NUMBER, nullable=False),
    Column("seen", _NUMBER, nullable=False),
    Column("ends", _NUMBER, nullable=False),
)
"""`proven` is when the person last proved who they are, `ends` the end that no use puts off."""

Index("session_person", session.c.person)

token = Table(
    "token",
    metadata,
    Column("id", _WORD, primary_key=True),
    Column("digest", _WORD, nullable=False, unique=True),
    Column("person", _WORD, ForeignKey("person.id"), nullable=False),
    Column("label", Text, nullable=False),
    Column("rights", Text, nullable=False),
    Column("areas", Text),
    Column("at", _NUMBER, nullable=False),
    Column("ends", _NUMBER, nullable=False),
    Column("revoked", _NUMBER),
    Column("seen", _NUMBER),
    Column("address", Text, nullable=False),
)
"""A revoked token stays as a row, so that it is known as such for ever."""

Index("token_person", token.c.person)

ticket = Table(
    "ticket",
    metadata,
    Column("digest", _WORD, primary_key=True),
    Column("kind", _WORD, nullable=False),
    Column("person", _WORD, ForeignKey("person.id")),
    Column("data", Text, nullable=False),
    Column("at", _NUMBER, nullable=False),
    Column("ends", _NUMBER, nullable=False),
)
"""What somebody holds who is in the middle of something: a link, a second step, a ceremony, a known browser."""

Index("ticket_ends", ticket.c.ends)

attempt = Table(
    "attempt",
    metadata,
    Column("key", _WORD, primary_key=True),
    Column("times", _NUMBER, nullable=False),
    Column("last", _NUMBER, nullable=False),
)
"""Failed attempts by what is throttled; the key is a digest, since people type passwords into name fields."""

Index("attempt_last", attempt.c.last)

PEOPLE = frozenset({person, credential, session, token, ticket, attempt})
PASSING = frozenset({session, ticket, attempt})
