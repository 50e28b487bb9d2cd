"""Sessions that repeat: their series, the days that could not be had, and whether the next date of an unused one is kept."""

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcDateTime, UuidKey

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _make_series()
    _make_skipped()
    with op.batch_alter_table("booking_reservation") as reservation:
        reservation.add_column(sa.Column("series_id", UuidKey(), nullable=True))
        reservation.add_column(sa.Column("series_day", sa.Date(), nullable=True))
        reservation.add_column(sa.Column("asked_at", UtcDateTime(), nullable=True))
        reservation.add_column(sa.Column("confirm_until", UtcDateTime(), nullable=True))
        reservation.create_foreign_key(
            op.f("fk_booking_reservation_series_id"),
            "booking_series",
            ["community_id", "series_id"],
            ["community_id", "id"],
        )
        reservation.create_unique_constraint(
            op.f("uq_booking_reservation_series_id_series_day"), ["community_id", "series_id", "series_day"]
        )
        reservation.create_check_constraint(
            op.f("ck_booking_reservation_series"), "(series_id IS NULL) = (series_day IS NULL)"
        )


def _make_series() -> None:
    op.create_table(
        "booking_series",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("room_id", UuidKey(), nullable=False),
        sa.Column("holder_id", UuidKey(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("exceptions", sa.JSON(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_booking_series_interval")),
        sa.ForeignKeyConstraint(
            ["community_id", "holder_id"],
            ["core_holder.community_id", "core_holder.id"],
            name=op.f("fk_booking_series_holder_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "room_id"],
            ["booking_room.community_id", "booking_room.id"],
            name=op.f("fk_booking_series_room_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_booking_series_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_booking_series")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_booking_series_holder_id"), "booking_series", ["community_id", "holder_id"], unique=False)


def _make_skipped() -> None:
    op.create_table(
        "booking_skipped",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("series_id", UuidKey(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "series_id"],
            ["booking_series.community_id", "booking_series.id"],
            name=op.f("fk_booking_skipped_series_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_booking_skipped_community_id")),
        sa.PrimaryKeyConstraint("community_id", "series_id", "day", name=op.f("pk_booking_skipped")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Every session stays, each by itself."""
    with op.batch_alter_table("booking_reservation") as reservation:
        reservation.drop_constraint(op.f("ck_booking_reservation_series"), type_="check")
        reservation.drop_constraint(op.f("uq_booking_reservation_series_id_series_day"), type_="unique")
        reservation.drop_constraint(op.f("fk_booking_reservation_series_id"), type_="foreignkey")
        for name in ("confirm_until", "asked_at", "series_day", "series_id"):
            reservation.drop_column(name)
    op.drop_table("booking_skipped")
    op.drop_index(op.f("ix_booking_series_holder_id"), table_name="booking_series")
    op.drop_table("booking_series")
