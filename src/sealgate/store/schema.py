"""The tables, once, for SQLite and PostgreSQL.

Every edit of an object takes the next number of one counter. A row of `object` says: from edit `since` on, until edit
`until` (empty: still so), this was the object's content. A revision is the number of its last edit. So the draft, any
revision and any candidate are the rows with `since <= n` that had not ended at n; making a revision touches no row of
`object`, and two revisions differ in the rows that began or ended between their numbers. Decision 0040 tells why.

Keys and tags are compared byte by byte (collation C), so that both databases and Python sort alike.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    text,
)

AnyRow = Row[*tuple[Any, ...]]

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_name)s_fk",
    }
)

# SQLite makes a column the row id itself only if its type is spelled INTEGER.
_NUMBER = BigInteger().with_variant(Integer(), "sqlite")
_WORD = Text().with_variant(Text(collation="C"), "postgresql")

object_ = Table(
    "object",
    metadata,
    Column("since", _NUMBER, primary_key=True, autoincrement=False),
    Column("until", _NUMBER),
    Column("noun", _WORD, nullable=False),
    Column("key", _WORD, nullable=False),
    Column("fields", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("position", _NUMBER, nullable=False),
    Column("tag", _WORD),
    Column("words", Text, nullable=False),
)
"""`fields` is canonical JSON; `words` is what a search looks at (see views.py)."""

_standing = text("until IS NULL")
_ended = text("until IS NOT NULL")

Index(
    "object_standing",
    object_.c.noun,
    object_.c.key,
    unique=True,
    sqlite_where=_standing,
    postgresql_where=_standing,
)
Index(
    "object_order",
    object_.c.noun,
    object_.c.position,
    object_.c.key,
    sqlite_where=text("until IS NULL AND position <> 0"),
    postgresql_where=text("until IS NULL AND position <> 0"),
)
Index(
    "object_ended",
    object_.c.noun,
    object_.c.key,
    object_.c.until,
    object_.c.since,
    sqlite_where=_ended,
    postgresql_where=_ended,
)
Index("object_until", object_.c.until, sqlite_where=_ended, postgresql_where=_ended)
Index(
    "object_tag",
    object_.c.noun,
    object_.c.tag,
    sqlite_where=text("until IS NULL AND tag IS NOT NULL"),
    postgresql_where=text("until IS NULL AND tag IS NOT NULL"),
)

edit = Table(
    "edit",
    metadata,
    Column("first", _NUMBER, primary_key=True, autoincrement=False),
    Column("actor", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("at", Text, nullable=False),
)
"""One row for each transaction that edited objects: its numbers run from `first` to the next row's."""

draft_total = Table(
    "draft_total",
    metadata,
    Column("noun", _WORD, primary_key=True),
    Column("sum", LargeBinary, nullable=False),
)

revision = Table(
    "revision",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    Column("parent", _NUMBER, nullable=False),
    Column("edit", _NUMBER, nullable=False),
    Column("digest", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("report", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
Index("revision_edit", revision.c.edit)

revision_total = Table(
    "revision_total",
    metadata,
    Column("revision", _NUMBER, ForeignKey("revision.number"), primary_key=True, autoincrement=False),
    Column("noun", _WORD, primary_key=True),
    Column("sum", LargeBinary, nullable=False),
)

head = Table(
    "head",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=False),
    Column("edit", _NUMBER, nullable=False),
    Column("revision", _NUMBER, nullable=False),
    Column("in_force", _NUMBER, nullable=False),
    Column("audit", _NUMBER, nullable=False),
    Column("audit_hash", Text, nullable=False),
)
"""One row: the last number of each counter. Every writer locks it first, so there is one writer at a time."""

audit = Table(
    "audit",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

secret = Table(
    "secret",
    metadata,
    Column("id", _WORD, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("at", Text, nullable=False),
)

content = Table(
    "content",
    metadata,
    Column("digest", _WORD, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

judgement = Table(
    "judgement",
    metadata,
    Column("digest", _WORD, primary_key=True),
    Column("grade", _WORD, primary_key=True),
    Column("report", Text, nullable=False),
    Column("at", Text, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("name", _WORD, primary_key=True),
    Column("about", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("lease_until", Text, nullable=False),
    Column("finished", Text, nullable=False),
    Column("result", Text, nullable=False),
)

node = Table(
    "node",
    metadata,
    Column("name", _WORD, primary_key=True),
    Column("state", Text, nullable=False),
    Column("at", Text, nullable=False),
)

fetch = Table(
    "fetch",
    metadata,
    Column("provider", _WORD, primary_key=True),
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("ended", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("revision", _NUMBER, nullable=False),
    Column("detail", Text, nullable=False),
)
"""What came of fetching a provider's list, the newest of each. `detail` is JSON: what came and went, remarks."""

meta = Table(
    "meta",
    metadata,
    Column("name", _WORD, primary_key=True),
    Column("value", Text, nullable=False),
)
