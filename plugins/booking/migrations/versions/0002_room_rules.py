"""A room's own rules: time to set up and clear up, the longest session, notice, who may book; equipment with counts."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcDateTime, UuidKey

revision = "0002"
down_revision = "0001"

QUARTER = 15 * 60  # seconds


def upgrade() -> None:
    with op.batch_alter_table("booking_room") as room:
        room.add_column(sa.Column("who", sa.String(32), nullable=False, server_default="anyone"))
        for name in ("setup_minutes", "clearup_minutes", "notice_minutes"):
            room.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        room.add_column(sa.Column("longest_minutes", sa.Integer(), nullable=True))
        room.add_column(sa.Column("items", sa.JSON(), nullable=True))
    _count_equipment()
    with op.batch_alter_table("booking_room") as room:
        room.drop_column("equipment")
        room.alter_column("items", existing_type=sa.JSON(), new_column_name="equipment", nullable=False)
        room.alter_column("who", existing_type=sa.String(32), server_default=None)
        for name in ("setup_minutes", "clearup_minutes", "notice_minutes"):
            room.alter_column(name, existing_type=sa.Integer(), server_default=None)
        room.create_check_constraint(op.f("ck_booking_room_setup"), "setup_minutes BETWEEN 0 AND 240")
        room.create_check_constraint(op.f("ck_booking_room_clearup"), "clearup_minutes BETWEEN 0 AND 240")
        room.create_check_constraint(op.f("ck_booking_room_longest"), "longest_minutes > 0")
        room.create_check_constraint(op.f("ck_booking_room_notice"), "notice_minutes >= 0")
        room.create_check_constraint(op.f("ck_booking_room_who"), "who IN ('anyone', 'groups', 'staff')")
    with op.batch_alter_table("booking_reservation") as reservation:
        for name in ("setup_minutes", "clearup_minutes"):  # what was booked before holds none
            reservation.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        reservation.create_check_constraint(
            op.f("ck_booking_reservation_buffers"), "setup_minutes >= 0 AND clearup_minutes >= 0"
        )
    with op.batch_alter_table("booking_reservation") as reservation:
        for name in ("setup_minutes", "clearup_minutes"):
            reservation.alter_column(name, existing_type=sa.Integer(), server_default=None)


def _room(kind: sa.JSON | sa.String, name: str) -> sa.TableClause:
    return sa.table("booking_room", sa.column("id", UuidKey()), sa.column("equipment"), sa.column(name, kind))


def _count_equipment() -> None:
    """What stood there as a text is one thing, once."""
    room, bind = _room(sa.JSON(), "items"), op.get_bind()
    for room_id, text in bind.execute(sa.select(room.c.id, room.c.equipment)).all():
        items = [{"name": text, "count": 1}] if text else []
        bind.execute(room.update().where(room.c.id == room_id).values(items=items))


def downgrade() -> None:
    _free_buffers()
    with op.batch_alter_table("booking_reservation") as reservation:
        reservation.drop_constraint(op.f("ck_booking_reservation_buffers"), type_="check")
        reservation.drop_column("clearup_minutes")
        reservation.drop_column("setup_minutes")
    with op.batch_alter_table("booking_room") as room:
        room.add_column(sa.Column("words", sa.String(), nullable=False, server_default=""))
    _say_equipment()
    with op.batch_alter_table("booking_room") as room:
        for name in ("who", "notice", "longest", "clearup", "setup"):
            room.drop_constraint(op.f(f"ck_booking_room_{name}"), type_="check")
        for name in ("equipment", "longest_minutes", "notice_minutes", "clearup_minutes", "setup_minutes", "who"):
            room.drop_column(name)
        room.alter_column("words", existing_type=sa.String(), new_column_name="equipment", server_default=None)


def _say_equipment() -> None:
    """Things in one line; a single one without its count, so that a text comes back as it was."""
    room, bind = _room(sa.String(), "words"), op.get_bind()
    kept = sa.table("booking_room", sa.column("id", UuidKey()), sa.column("equipment", sa.JSON()))
    for room_id, items in bind.execute(sa.select(kept.c.id, kept.c.equipment)).all():
        said = [item["name"] if item["count"] == 1 else f"{item['name']} ×{item['count']}" for item in items]
        bind.execute(room.update().where(room.c.id == room_id).values(words=", ".join(said)))


def _free_buffers() -> None:
    """Sessions hold themselves alone: the first revision knows of nothing else."""
    reservation = sa.table(
        "booking_reservation",
        sa.column("community_id", sa.Integer()),
        sa.column("id", UuidKey()),
        *(sa.column(name, UtcDateTime()) for name in ("starts_at", "ends_at")),
        *(sa.column(name, sa.Integer()) for name in ("setup_minutes", "clearup_minutes")),
    )
    claim = sa.table(
        "booking_claim",
        sa.column("community_id", sa.Integer()),
        *(sa.column(name, UuidKey()) for name in ("id", "reservation_id")),
        *(sa.column(name, UtcDateTime()) for name in ("starts_at", "ends_at")),
    )
    occupancy = sa.table(
        "booking_occupancy",
        *(sa.column(name, sa.Integer()) for name in ("community_id", "quarter")),
        sa.column("claim_id", UuidKey()),
    )
    bind, whose = op.get_bind(), reservation.c.id == claim.c.reservation_id
    wide = (
        sa.select(claim.c.community_id, claim.c.id, reservation.c.starts_at, reservation.c.ends_at)
        .join(reservation, (reservation.c.community_id == claim.c.community_id) & whose)
        .where(reservation.c.setup_minutes + reservation.c.clearup_minutes > 0)
    )
    for community_id, claim_id, starts_at, ends_at in bind.execute(wide).all():
        own = (claim.c.community_id == community_id) & (claim.c.id == claim_id)
        bind.execute(claim.update().where(own).values(starts_at=starts_at, ends_at=ends_at))
        theirs = (occupancy.c.community_id == community_id) & (occupancy.c.claim_id == claim_id)
        first, stop = _quarter(starts_at), _quarter(ends_at + timedelta(seconds=QUARTER - 1))
        outside = (occupancy.c.quarter < first) | (occupancy.c.quarter >= stop)
        bind.execute(occupancy.delete().where(theirs & outside))


def _quarter(moment: datetime) -> int:
    return int(moment.timestamp()) // QUARTER
