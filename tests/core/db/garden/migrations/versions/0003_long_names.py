"""Names of plants are long."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("garden_plant") as table:
        table.alter_column("name", type_=sa.Text, existing_type=sa.String, existing_nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("garden_plant") as table:
        table.alter_column("name", type_=sa.String, existing_type=sa.Text, existing_nullable=False)
