"""A version of an award rule that has not yet taken effect may be taken back, and stays readable as such."""

import sqlalchemy as sa
from alembic import op

from core.db.types import UuidKey

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("points_rule") as rule:
        rule.add_column(sa.Column("taken_back_on", sa.Date(), nullable=True))
        rule.add_column(sa.Column("taken_back_by", UuidKey(), nullable=True))
        rule.create_foreign_key(
            op.f("fk_points_rule_taken_back_by"),
            "core_account",
            ["community_id", "taken_back_by"],
            ["community_id", "id"],
        )
        rule.create_check_constraint(op.f("ck_points_rule_taken_back"), "taken_back_on < valid_from")


def downgrade() -> None:
    op.execute("DELETE FROM points_rule WHERE taken_back_on IS NOT NULL")  # the older table would let them take effect
    with op.batch_alter_table("points_rule") as rule:
        rule.drop_constraint(op.f("ck_points_rule_taken_back"), type_="check")
        rule.drop_constraint(op.f("fk_points_rule_taken_back_by"), type_="foreignkey")
        rule.drop_column("taken_back_by")
        rule.drop_column("taken_back_on")
