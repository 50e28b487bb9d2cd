"""Beds and what grows in them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "garden_bed",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.CheckConstraint("name <> ''", name="named"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "garden_plant",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("bed_id", sa.Integer, sa.ForeignKey("garden_bed.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
    )
    op.create_index("ix_garden_plant_bed_id", "garden_plant", ["bed_id"])


def downgrade() -> None:
    op.drop_table("garden_plant")
    op.drop_table("garden_bed")
