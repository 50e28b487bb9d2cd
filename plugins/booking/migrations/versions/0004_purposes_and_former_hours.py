"""What a room serves, so that floor area for service can be shown; weeks as they were, so that past open time stays known."""

import sqlalchemy as sa
from alembic import op

from core.db.types import UuidKey

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table(
        "booking_room"
    ) as room:  # rooms that people book serve them; offices are told apart by hand
        room.add_column(sa.Column("purpose", sa.String(32), nullable=False, server_default="service"))
        room.create_check_constraint(op.f("ck_booking_room_purpose"), "purpose IN ('service', 'office')")
    with op.batch_alter_table("booking_room") as room:
        room.alter_column("purpose", existing_type=sa.String(32), server_default=None)
    op.create_table(
        "booking_former_hours",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("room_id", UuidKey(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("week", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "room_id"],
            ["booking_room.community_id", "booking_room.id"],
            name=op.f("fk_booking_former_hours_room_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["core_community.id"], name=op.f("fk_booking_former_hours_community_id")
        ),
        sa.PrimaryKeyConstraint("community_id", "room_id", "until", name=op.f("pk_booking_former_hours")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("booking_former_hours")
    with op.batch_alter_table("booking_room") as room:
        room.drop_constraint(op.f("ck_booking_room_purpose"), type_="check")
        room.drop_column("purpose")
