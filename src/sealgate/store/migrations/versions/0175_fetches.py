"""What came of fetching the lists of providers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0175"
down_revision = "0140"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    word = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "fetch",
        sa.Column("provider", word, nullable=False),
        sa.Column("number", number, autoincrement=False, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("ended", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("revision", number, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("provider", "number", name="fetch_pk"),
    )
