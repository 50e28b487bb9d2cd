"""Several charges of a reservation; the prices it was booked under, and until when shortening gives points back."""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcDateTime, UuidKey

revision = "0003"
down_revision = "0002"

SHORTEN_HOURS = 2  # the figure there always was; nothing went by it
FIRST = ("held", "capture_due", "captured", "release_due", "released")  # which one says most about a reservation


def upgrade() -> None:
    with op.batch_alter_table("booking_charge") as charge:
        charge.drop_constraint(op.f("uq_booking_charge_reservation_id"), type_="unique")
        charge.create_index(op.f("ix_booking_charge_reservation_id"), ["community_id", "reservation_id"], unique=False)
    with op.batch_alter_table("booking_reservation") as reservation:
        reservation.add_column(sa.Column("tariff", sa.JSON(), nullable=True))
        reservation.add_column(sa.Column("shorten_until", UtcDateTime(), nullable=True))
    _fill()
    with op.batch_alter_table("booking_reservation") as reservation:
        reservation.alter_column("shorten_until", existing_type=UtcDateTime(), nullable=False)


def _fill() -> None:
    """What is booked already may be shortened like what will be."""
    table = sa.table(
        "booking_reservation",
        sa.column("community_id", sa.SmallInteger()),
        sa.column("id", UuidKey()),
        sa.column("starts_at", UtcDateTime()),
        sa.column("shorten_until", UtcDateTime()),
    )
    bind, before = op.get_bind(), timedelta(hours=SHORTEN_HOURS)
    rows = bind.execute(sa.select(table.c.community_id, table.c.id, table.c.starts_at)).all()
    one = (table.c.community_id == sa.bindparam("of_community"), table.c.id == sa.bindparam("of_id"))
    filled = [{"of_community": a, "of_id": b, "at": starts_at - before} for a, b, starts_at in rows]
    if filled:
        bind.execute(table.update().where(*one).values(shorten_until=sa.bindparam("at")), filled)


def downgrade() -> None:
    _keep_one_charge_each()
    with op.batch_alter_table("booking_reservation") as reservation:
        reservation.drop_column("shorten_until")
        reservation.drop_column("tariff")
    with op.batch_alter_table("booking_charge") as charge:
        charge.drop_index(op.f("ix_booking_charge_reservation_id"))
        charge.create_unique_constraint(op.f("uq_booking_charge_reservation_id"), ["community_id", "reservation_id"])


def _keep_one_charge_each() -> None:
    """Of several charges the one that is still to be settled stays, or all that was taken as one; nothing else is to come."""
    table = sa.table(
        "booking_charge",
        sa.column("community_id", sa.SmallInteger()),
        *(sa.column(name, UuidKey()) for name in ("id", "reservation_id")),
        sa.column("state", sa.String()),
        sa.column("points", sa.Integer()),
    )
    bind = op.get_bind()
    found: dict[tuple[object, object], list[sa.Row[tuple[object, ...]]]] = {}
    for row in bind.execute(sa.select(*table.c).order_by(table.c.id)):
        found.setdefault((row.community_id, row.reservation_id), []).append(row)
    for (community_id, _reservation_id), charges in found.items():
        kept, *gone = sorted(charges, key=lambda row: FIRST.index(row.state))
        for row in gone:
            bind.execute(table.delete().where(table.c.community_id == community_id, table.c.id == row.id))
        if gone and kept.state == "captured":
            taken = sum(row.points for row in charges if row.state == "captured")
            own = (table.c.community_id == community_id, table.c.id == kept.id)
            bind.execute(table.update().where(*own).values(points=taken))
