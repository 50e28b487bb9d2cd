"""Merging groups; notices to accounts, once for each key."""

import sqlalchemy as sa
from alembic import op

from core.db.types import UuidKey

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("core_group") as group:
        group.add_column(sa.Column("merged_into", UuidKey(), nullable=True))
        group.create_foreign_key(
            op.f("fk_core_group_merged_into"), "core_group", ["community_id", "merged_into"], ["community_id", "id"]
        )
    with op.batch_alter_table("core_outbox") as outbox:
        outbox.add_column(sa.Column("account_id", UuidKey(), nullable=True))
        outbox.add_column(sa.Column("key", sa.String(), nullable=True))
        outbox.alter_column("resident_id", existing_type=UuidKey(), nullable=True)
        outbox.create_unique_constraint(op.f("uq_core_outbox_key"), ["community_id", "key"])
        outbox.create_check_constraint(
            op.f("ck_core_outbox_one_reader"), "(resident_id IS NULL) <> (account_id IS NULL)"
        )
        outbox.create_foreign_key(
            op.f("fk_core_outbox_account_id"), "core_account", ["community_id", "account_id"], ["community_id", "id"]
        )


def downgrade() -> None:
    op.execute("DELETE FROM core_outbox WHERE resident_id IS NULL")  # what the older table cannot say
    with op.batch_alter_table("core_outbox") as outbox:
        outbox.drop_constraint(op.f("fk_core_outbox_account_id"), type_="foreignkey")
        outbox.drop_constraint(op.f("ck_core_outbox_one_reader"), type_="check")
        outbox.drop_constraint(op.f("uq_core_outbox_key"), type_="unique")
        outbox.alter_column("resident_id", existing_type=UuidKey(), nullable=False)
        outbox.drop_column("key")
        outbox.drop_column("account_id")
    with op.batch_alter_table("core_group") as group:
        group.drop_constraint(op.f("fk_core_group_merged_into"), type_="foreignkey")
        group.drop_column("merged_into")
