"""The tables of what passes: long work with its lease, and answers kept for a day so that a request may be repeated.

Times are whole seconds since 1970 (UTC). Nothing here is part of a backup: what was done is in revisions and audit.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from sealgate.store.people_tables import PASSING as PASSING_OF_PEOPLE
from sealgate.store.schema import metadata

_NUMBER = BigInteger().with_variant(Integer(), "sqlite")
_WORD = Text().with_variant(Text(collation="C"), "postgresql")

work = Table(
    "work",
    metadata,
    Column("id", _WORD, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("owner", _WORD, nullable=False),
    Column("actor", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("lease_until", _NUMBER, nullable=False),
    Column("state", Text, nullable=False),
    Column("steps", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("at", _NUMBER, nullable=False),
    Column("ended", _NUMBER),
)
"""One piece of long work. `steps` and `outcome` are JSON; `holder` is the process that does it."""

Index("work_at", work.c.at)

answer = Table(
    "answer",
    metadata,
    Column("key", _WORD, primary_key=True),
    Column("request", Text, nullable=False),
    Column("status", _NUMBER),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("ends", _NUMBER, nullable=False),
)
"""What a request with a key was answered; `status` is empty while it is being worked at."""

Index("answer_ends", answer.c.ends)

PASSING = PASSING_OF_PEOPLE | {work, answer}
"""All tables that are never part of a backup."""
