"""Sheets that somebody is looking through before they are recorded."""

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcDateTime, UuidKey

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "core_sheet_draft",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("headings", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["core_account.community_id", "core_account.id"],
            name=op.f("fk_core_sheet_draft_account_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_sheet_draft_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_core_sheet_draft")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_core_sheet_draft_made_at"), "core_sheet_draft", ["community_id", "made_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_core_sheet_draft_made_at"), table_name="core_sheet_draft")
    op.drop_table("core_sheet_draft")
