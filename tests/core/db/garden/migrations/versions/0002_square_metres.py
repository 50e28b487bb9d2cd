"""A bed has a size: old ones are taken to be one square metre."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("garden_bed") as table:
        table.add_column(sa.Column("square_metres", sa.Integer, nullable=False, server_default="1"))
        table.create_check_constraint("square_metres", "square_metres > 0")
    with op.batch_alter_table("garden_bed") as table:
        table.alter_column("square_metres", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("garden_bed") as table:
        table.drop_constraint(op.f("ck_garden_bed_square_metres"), type_="check")
        table.drop_column("square_metres")
