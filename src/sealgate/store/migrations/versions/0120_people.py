"""People: accounts, credentials, sessions, tokens, tickets, attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0120"
down_revision = "0003"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables of people, all of them empty."""
    _who()
    _access()
    _passing()


def _who() -> None:
    op.create_table(
        "person",
        sa.Column("id", _WORD, primary_key=True),
        sa.Column("name", _WORD, nullable=False, unique=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("extra", sa.Text, nullable=False),
        sa.Column("areas", sa.Text),
        sa.Column("locked", sa.Boolean, nullable=False),
        sa.Column("managed", sa.Boolean, nullable=False),
        sa.Column("version", _NUMBER, nullable=False),
        sa.Column("at", _NUMBER, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("seen", _NUMBER),
    )
    op.create_table(
        "credential",
        sa.Column("id", _WORD, primary_key=True),
        sa.Column("person", _WORD, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("kind", _WORD, nullable=False),
        sa.Column("key", _WORD),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("counter", _NUMBER, nullable=False),
        sa.Column("at", _NUMBER, nullable=False),
        sa.Column("used", _NUMBER),
    )
    op.create_index("credential_person", "credential", ["person", "kind"])
    op.create_index("credential_key", "credential", ["kind", "key"], unique=True)


def _access() -> None:
    op.create_table(
        "session",
        sa.Column("id", _WORD, primary_key=True),
        sa.Column("digest", _WORD, nullable=False, unique=True),
        sa.Column("person", _WORD, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("at", _NUMBER, nullable=False),
        sa.Column("proven", _NUMBER, nullable=False),
        sa.Column("seen", _NUMBER, nullable=False),
        sa.Column("ends", _NUMBER, nullable=False),
    )
    op.create_index("session_person", "session", ["person"])
    op.create_table(
        "token",
        sa.Column("id", _WORD, primary_key=True),
        sa.Column("digest", _WORD, nullable=False, unique=True),
        sa.Column("person", _WORD, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("rights", sa.Text, nullable=False),
        sa.Column("areas", sa.Text),
        sa.Column("at", _NUMBER, nullable=False),
        sa.Column("ends", _NUMBER, nullable=False),
        sa.Column("revoked", _NUMBER),
        sa.Column("seen", _NUMBER),
        sa.Column("address", sa.Text, nullable=False),
    )
    op.create_index("token_person", "token", ["person"])


def _passing() -> None:
    op.create_table(
        "ticket",
        sa.Column("digest", _WORD, primary_key=True),
        sa.Column("kind", _WORD, nullable=False),
        sa.Column("person", _WORD, sa.ForeignKey("person.id")),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("at", _NUMBER, nullable=False),
        sa.Column("ends", _NUMBER, nullable=False),
    )
    op.create_index("ticket_ends", "ticket", ["ends"])
    op.create_table(
        "attempt",
        sa.Column("key", _WORD, primary_key=True),
        sa.Column("times", _NUMBER, nullable=False),
        sa.Column("last", _NUMBER, nullable=False),
    )
    op.create_index("attempt_last", "attempt", ["last"])
