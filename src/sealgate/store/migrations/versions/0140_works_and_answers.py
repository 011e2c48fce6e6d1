"""Long work with leases, and answers to requests that may be repeated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0140"
down_revision = "0120"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make both tables, empty."""
    op.create_table(
        "work",
        sa.Column("id", _WORD, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("owner", _WORD, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("lease_until", _NUMBER, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("steps", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("at", _NUMBER, nullable=False),
        sa.Column("ended", _NUMBER),
    )
    op.create_index("work_at", "work", ["at"])
    op.create_table(
        "answer",
        sa.Column("key", _WORD, primary_key=True),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("status", _NUMBER),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("ends", _NUMBER, nullable=False),
    )
    op.create_index("answer_ends", "answer", ["ends"])
