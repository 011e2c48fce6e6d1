"""Objects, edits, revisions, audit and what belongs to them: the first shape."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make all tables, the row of counters, and the lock on the audit."""
    _objects()
    _revisions()
    _audit()
    _belongings()
    op.execute(
        "INSERT INTO head (id, edit, revision, in_force, audit, audit_hash) VALUES (1, 0, 0, 0, 0, '" + "0" * 64 + "')"
    )


def _partial(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, "object", columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _objects() -> None:
    op.create_table(
        "object",
        sa.Column("since", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("until", _NUMBER),
        sa.Column("noun", _WORD, nullable=False),
        sa.Column("key", _WORD, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("position", _NUMBER, nullable=False),
        sa.Column("tag", _WORD),
        sa.Column("words", sa.Text, nullable=False),
    )
    _partial("object_standing", ["noun", "key"], "until IS NULL", unique=True)
    _partial("object_order", ["noun", "position", "key"], "until IS NULL AND position <> 0")
    _partial("object_ended", ["noun", "key", "until", "since"], "until IS NOT NULL")
    _partial("object_until", ["until"], "until IS NOT NULL")
    _partial("object_tag", ["noun", "tag"], "until IS NULL AND tag IS NOT NULL")
    op.create_table(
        "edit",
        sa.Column("first", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_table(
        "draft_total",
        sa.Column("noun", _WORD, primary_key=True),
        sa.Column("sum", sa.LargeBinary, nullable=False),
    )


def _revisions() -> None:
    op.create_table(
        "revision",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("parent", _NUMBER, nullable=False),
        sa.Column("edit", _NUMBER, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("revision_edit", "revision", ["edit"])
    op.create_table(
        "revision_total",
        sa.Column("revision", _NUMBER, sa.ForeignKey("revision.number"), primary_key=True, autoincrement=False),
        sa.Column("noun", _WORD, primary_key=True),
        sa.Column("sum", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "head",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("edit", _NUMBER, nullable=False),
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("in_force", _NUMBER, nullable=False),
        sa.Column("audit", _NUMBER, nullable=False),
        sa.Column("audit_hash", sa.Text, nullable=False),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{what.lower()} BEFORE {what} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
    )


def _belongings() -> None:
    op.create_table(
        "secret",
        sa.Column("id", _WORD, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_table(
        "content",
        sa.Column("digest", _WORD, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "judgement",
        sa.Column("digest", _WORD, primary_key=True),
        sa.Column("grade", _WORD, primary_key=True),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_table(
        "node",
        sa.Column("name", _WORD, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_table(
        "meta",
        sa.Column("name", _WORD, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
