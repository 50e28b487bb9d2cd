"""Cups of tea, poured by holders."""

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcDateTime, UuidKey

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "tea_cup",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("holder_id", UuidKey(), nullable=False),
        sa.Column("cups", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("cups > 0", name=op.f("ck_tea_cup_cups")),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_tea_cup_community_id")),
        sa.ForeignKeyConstraint(
            ["community_id", "holder_id"],
            ["core_holder.community_id", "core_holder.id"],
            name=op.f("fk_tea_cup_holder_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_tea_cup")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("tea_cup")
