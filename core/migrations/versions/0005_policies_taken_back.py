"""A version of a policy that has not yet taken effect may be taken back, and stays readable as such."""

import sqlalchemy as sa
from alembic import op

from core.db.types import UuidKey

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("core_policy") as version:
        version.add_column(sa.Column("taken_back_on", sa.Date(), nullable=True))
        version.add_column(sa.Column("taken_back_by", UuidKey(), nullable=True))
        version.create_foreign_key(
            op.f("fk_core_policy_taken_back_by"),
            "core_account",
            ["community_id", "taken_back_by"],
            ["community_id", "id"],
        )
        version.create_check_constraint(op.f("ck_core_policy_taken_back"), "taken_back_on < valid_from")


def downgrade() -> None:
    op.execute("DELETE FROM core_policy WHERE taken_back_on IS NOT NULL")  # the older table would let them take effect
    with op.batch_alter_table("core_policy") as version:
        version.drop_constraint(op.f("ck_core_policy_taken_back"), type_="check")
        version.drop_constraint(op.f("fk_core_policy_taken_back_by"), type_="foreignkey")
        version.drop_column("taken_back_by")
        version.drop_column("taken_back_on")
