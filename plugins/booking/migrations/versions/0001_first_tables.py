"""The first tables of booking: rooms, reservations, claims, charges."""

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcDateTime, UuidKey

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "booking_room",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("equipment", sa.String(), nullable=False),
        sa.Column("floor_area", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("capacity >= 1", name=op.f("ck_booking_room_capacity")),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_booking_room_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_booking_room")),
        sa.UniqueConstraint("community_id", "name", name=op.f("uq_booking_room_name")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "booking_space",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_booking_space_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_booking_space")),
        sa.UniqueConstraint("community_id", "code", name=op.f("uq_booking_space_code")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "booking_closure",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("room_id", UuidKey(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_booking_closure_interval")),
        sa.ForeignKeyConstraint(
            ["community_id", "room_id"],
            ["booking_room.community_id", "booking_room.id"],
            name=op.f("fk_booking_closure_room_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_booking_closure_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_booking_closure")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_booking_closure_room_id_ends_at"),
        "booking_closure",
        ["community_id", "room_id", "ends_at"],
        unique=False,
    )
    op.create_table(
        "booking_hours",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("room_id", UuidKey(), nullable=False),
        sa.Column("weekday", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("opens", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("closes", sa.Integer(), nullable=False),
        sa.CheckConstraint("0 <= opens AND opens < closes AND closes <= 1440", name=op.f("ck_booking_hours_interval")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_booking_hours_weekday")),
        sa.ForeignKeyConstraint(
            ["community_id", "room_id"],
            ["booking_room.community_id", "booking_room.id"],
            name=op.f("fk_booking_hours_room_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_booking_hours_community_id")),
        sa.PrimaryKeyConstraint("community_id", "room_id", "weekday", "opens", name=op.f("pk_booking_hours")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "booking_reservation",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("room_id", UuidKey(), nullable=False),
        sa.Column("holder_id", UuidKey(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("base_minutes", sa.Integer(), nullable=False),
        sa.Column("extension_minutes", sa.Integer(), nullable=False),
        sa.Column("price_points", sa.Integer(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("explanation", sa.JSON(), nullable=False),
        sa.Column("override_reason", sa.String(), nullable=False),
        sa.Column("overridden", sa.JSON(), nullable=False),
        sa.Column("booked_at", UtcDateTime(), nullable=False),
        sa.Column("cancel_until", UtcDateTime(), nullable=False),
        sa.Column("check_in_from", UtcDateTime(), nullable=True),
        sa.Column("check_in_until", UtcDateTime(), nullable=True),
        sa.Column("checked_in_at", UtcDateTime(), nullable=True),
        sa.Column("cancelled_at", UtcDateTime(), nullable=True),
        sa.Column("cancelled_by", sa.String(32), nullable=True),
        sa.Column("cancelled_late", sa.Boolean(), nullable=False),
        sa.Column("cancel_reason", sa.String(), nullable=False),
        sa.Column("excused", sa.Boolean(), nullable=False),
        sa.Column("forgiven_at", UtcDateTime(), nullable=True),
        sa.Column("forgiven_reason", sa.String(), nullable=False),
        sa.CheckConstraint("cancelled_by IN ('group', 'centre')", name=op.f("ck_booking_reservation_cancelled_by")),
        sa.CheckConstraint(
            "status IN ('confirmed', 'checked_in', 'missed', 'cancelled')", name=op.f("ck_booking_reservation_status")
        ),
        sa.CheckConstraint(
            "base_minutes >= 0 AND extension_minutes >= 0 AND price_points >= 0",
            name=op.f("ck_booking_reservation_amounts"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_booking_reservation_interval")),
        sa.ForeignKeyConstraint(
            ["community_id", "holder_id"],
            ["core_holder.community_id", "core_holder.id"],
            name=op.f("fk_booking_reservation_holder_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "room_id"],
            ["booking_room.community_id", "booking_room.id"],
            name=op.f("fk_booking_reservation_room_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["core_community.id"], name=op.f("fk_booking_reservation_community_id")
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_booking_reservation")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_booking_reservation_day"), "booking_reservation", ["community_id", "day"], unique=False)
    op.create_index(
        op.f("ix_booking_reservation_holder_id_day"),
        "booking_reservation",
        ["community_id", "holder_id", "day"],
        unique=False,
    )
    op.create_index(
        op.f("ix_booking_reservation_room_id_day"),
        "booking_reservation",
        ["community_id", "room_id", "day"],
        unique=False,
    )
    op.create_index(
        op.f("ix_booking_reservation_status_check_in_until"),
        "booking_reservation",
        ["community_id", "status", "check_in_until"],
        unique=False,
    )
    op.create_table(
        "booking_room_space",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("room_id", UuidKey(), nullable=False),
        sa.Column("space_id", UuidKey(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "room_id"],
            ["booking_room.community_id", "booking_room.id"],
            name=op.f("fk_booking_room_space_room_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "space_id"],
            ["booking_space.community_id", "booking_space.id"],
            name=op.f("fk_booking_room_space_space_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["core_community.id"], name=op.f("fk_booking_room_space_community_id")
        ),
        sa.PrimaryKeyConstraint("community_id", "room_id", "space_id", name=op.f("pk_booking_room_space")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "booking_charge",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("reservation_id", UuidKey(), nullable=False),
        sa.Column("hold_id", UuidKey(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('held', 'capture_due', 'release_due', 'captured', 'released')",
            name=op.f("ck_booking_charge_state"),
        ),
        sa.CheckConstraint("points > 0", name=op.f("ck_booking_charge_points")),
        sa.ForeignKeyConstraint(
            ["community_id", "reservation_id"],
            ["booking_reservation.community_id", "booking_reservation.id"],
            name=op.f("fk_booking_charge_reservation_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_booking_charge_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_booking_charge")),
        sa.UniqueConstraint("community_id", "reservation_id", name=op.f("uq_booking_charge_reservation_id")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_booking_charge_state_due_at"), "booking_charge", ["community_id", "state", "due_at"], unique=False
    )
    op.create_table(
        "booking_claim",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("room_id", UuidKey(), nullable=False),
        sa.Column("reservation_id", UuidKey(), nullable=True),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('reservation')", name=op.f("ck_booking_claim_kind")),
        sa.ForeignKeyConstraint(
            ["community_id", "reservation_id"],
            ["booking_reservation.community_id", "booking_reservation.id"],
            name=op.f("fk_booking_claim_reservation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "room_id"],
            ["booking_room.community_id", "booking_room.id"],
            name=op.f("fk_booking_claim_room_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_booking_claim_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_booking_claim")),
        sa.UniqueConstraint("community_id", "reservation_id", name=op.f("uq_booking_claim_reservation_id")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_booking_claim_ends_at"), "booking_claim", ["community_id", "ends_at"], unique=False)
    op.create_table(
        "booking_occupancy",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("space_id", UuidKey(), nullable=False),
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("claim_id", UuidKey(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "claim_id"],
            ["booking_claim.community_id", "booking_claim.id"],
            name=op.f("fk_booking_occupancy_claim_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "space_id"],
            ["booking_space.community_id", "booking_space.id"],
            name=op.f("fk_booking_occupancy_space_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["core_community.id"], name=op.f("fk_booking_occupancy_community_id")
        ),
        sa.PrimaryKeyConstraint("community_id", "space_id", "quarter", name=op.f("pk_booking_occupancy")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_booking_occupancy_claim_id"), "booking_occupancy", ["community_id", "claim_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_booking_occupancy_claim_id"), table_name="booking_occupancy")
    op.drop_table("booking_occupancy")
    op.drop_index(op.f("ix_booking_claim_ends_at"), table_name="booking_claim")
    op.drop_table("booking_claim")
    op.drop_index(op.f("ix_booking_charge_state_due_at"), table_name="booking_charge")
    op.drop_table("booking_charge")
    op.drop_table("booking_room_space")
    op.drop_index(op.f("ix_booking_reservation_status_check_in_until"), table_name="booking_reservation")
    op.drop_index(op.f("ix_booking_reservation_room_id_day"), table_name="booking_reservation")
    op.drop_index(op.f("ix_booking_reservation_holder_id_day"), table_name="booking_reservation")
    op.drop_index(op.f("ix_booking_reservation_day"), table_name="booking_reservation")
    op.drop_table("booking_reservation")
    op.drop_table("booking_hours")
    op.drop_index(op.f("ix_booking_closure_room_id_ends_at"), table_name="booking_closure")
    op.drop_table("booking_closure")
    op.drop_table("booking_space")
    op.drop_table("booking_room")
