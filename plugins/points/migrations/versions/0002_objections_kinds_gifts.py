"""Objections, kinds of transfers, reversed parts, gifts, and the past of holds."""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcDateTime, UuidKey

revision = "0002"
down_revision = "0001"

KINDS = ("earned", "spent", "expired", "withdrawn", "reversed", "corrected", "given", "moved")
PREFIXES = {
    "award": "earned",
    "capture": "spent",
    "expiry": "expired",
    "withdrawal": "withdrawn",
    # there are such only after a way back; of a gift nobody remembers who agreed
    "reversal": "reversed",
    "merged": "moved",
    "closed": "moved",
}


def upgrade() -> None:
    _tell_names_apart()
    with op.batch_alter_table("points_award") as award:
        award.add_column(sa.Column("reversed", sa.Integer(), nullable=False, server_default="0"))
        award.create_check_constraint(op.f("ck_points_award_reversed"), "reversed >= 0 AND reversed <= points")
    with op.batch_alter_table("points_award") as award:
        award.alter_column("reversed", existing_type=sa.Integer(), server_default=None)
    with op.batch_alter_table("points_contribution") as contribution:
        contribution.add_column(sa.Column("evidence", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("points_contribution") as contribution:
        contribution.alter_column("evidence", existing_type=sa.String(), server_default=None)
    _add_kinds()
    _count_reversed()
    _add_tables()
    _remember_parts()
    _add_ways_back()


def _add_ways_back() -> None:
    """From a line of a statement to the contribution behind it, and from a contribution to what became of its points."""
    op.create_index(op.f("ix_points_award_transfer_id"), "points_award", ["community_id", "transfer_id"])
    op.create_index(op.f("ix_points_lot_contribution_id"), "points_lot", ["community_id", "contribution_id"])


def _tell_names_apart() -> None:
    """Sheets know a category by its name: of several alike all but the first get their code added."""
    columns = (sa.column("community_id", sa.Integer()), sa.column("id", UuidKey()))
    category = sa.table("points_category", *columns, sa.column("code", sa.String()), sa.column("name", sa.String()))
    seen: set[tuple[int, str]] = set()
    bind = op.get_bind()
    for row in bind.execute(sa.select(category).order_by(category.c.community_id, category.c.id)).all():
        if (row.community_id, row.name) in seen:
            mine = (category.c.community_id == row.community_id, category.c.id == row.id)
            bind.execute(category.update().where(*mine).values(name=f"{row.name} ({row.code})"))
        seen.add((row.community_id, row.name))
    with op.batch_alter_table("points_category") as batch:
        batch.create_unique_constraint(op.f("uq_points_category_name"), ["community_id", "name"])


def _add_kinds() -> None:
    """What a transfer is, its key says."""
    op.add_column("points_transfer", sa.Column("kind", sa.String(32), nullable=True))
    transfer = sa.table("points_transfer", sa.column("key", sa.String()), sa.column("kind", sa.String()))
    for prefix, kind in PREFIXES.items():
        op.execute(transfer.update().where(transfer.c.key.startswith(f"{prefix}:")).values(kind=kind))
    op.execute(transfer.update().where(transfer.c.kind.is_(None)).values(kind="corrected"))
    with op.batch_alter_table("points_transfer") as batch:
        batch.alter_column("kind", existing_type=sa.String(32), nullable=False)
        batch.create_check_constraint(op.f("ck_points_transfer_kind"), sa.column("kind", sa.String()).in_(KINDS))
        batch.create_index(op.f("ix_points_transfer_reverses_id"), ["community_id", "reverses_id"])


def _table(name: str, column: str, *, ids: tuple[str, ...]) -> sa.TableClause:
    return sa.table(name, sa.column("community_id"), sa.column(column), *(sa.column(one, UuidKey()) for one in ids))


def _count_reversed() -> None:
    """What was taken back of awards before a way back."""
    transfer = _table("points_transfer", "kind", ids=("id", "reverses_id"))
    line = _table("points_line", "points", ids=("transfer_id",))
    award = _table("points_award", "reversed", ids=("transfer_id",))
    taken = (
        sa.select(sa.func.sum(line.c.points))
        .join(transfer, (transfer.c.community_id == line.c.community_id) & (transfer.c.id == line.c.transfer_id))
        .where(transfer.c.community_id == award.c.community_id, transfer.c.reverses_id == award.c.transfer_id)
        .where(transfer.c.kind == "reversed", line.c.points > 0)
        .scalar_subquery()
    )
    op.execute(award.update().where(taken.is_not(None)).values(reversed=taken))


def _add_tables() -> None:
    op.create_table(
        "points_gift",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("giver_id", UuidKey(), nullable=False),
        sa.Column("receiver_id", UuidKey(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("offered_at", UtcDateTime(), nullable=False),
        sa.Column("offered_by", sa.String(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=True),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("transfer_id", UuidKey(), nullable=True),
        sa.CheckConstraint("(state = 'accepted') = (transfer_id IS NOT NULL)", name=op.f("ck_points_gift_moved")),
        sa.CheckConstraint(
            "state IN ('offered', 'accepted', 'declined', 'taken_back')", name=op.f("ck_points_gift_state")
        ),
        sa.CheckConstraint("giver_id <> receiver_id", name=op.f("ck_points_gift_other")),
        sa.CheckConstraint("points > 0", name=op.f("ck_points_gift_points")),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["core_account.community_id", "core_account.id"],
            name=op.f("fk_points_gift_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "giver_id"],
            ["core_holder.community_id", "core_holder.id"],
            name=op.f("fk_points_gift_giver_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "receiver_id"],
            ["core_holder.community_id", "core_holder.id"],
            name=op.f("fk_points_gift_receiver_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "transfer_id"],
            ["points_transfer.community_id", "points_transfer.id"],
            name=op.f("fk_points_gift_transfer_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_gift_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_points_gift")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_points_gift_giver_id_state_month"),
        "points_gift",
        ["community_id", "giver_id", "state", "month"],
        unique=False,
    )
    op.create_index(
        op.f("ix_points_gift_receiver_id_state"), "points_gift", ["community_id", "receiver_id", "state"], unique=False
    )
    op.create_table(
        "points_hold_part",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("hold_id", UuidKey(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("transfer_id", UuidKey(), nullable=True),
        sa.CheckConstraint("points > 0", name=op.f("ck_points_hold_part_points")),
        sa.ForeignKeyConstraint(
            ["community_id", "hold_id"],
            ["points_hold.community_id", "points_hold.id"],
            name=op.f("fk_points_hold_part_hold_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "transfer_id"],
            ["points_transfer.community_id", "points_transfer.id"],
            name=op.f("fk_points_hold_part_transfer_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_hold_part_community_id")),
        sa.PrimaryKeyConstraint("community_id", "hold_id", "number", name=op.f("pk_points_hold_part")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "points_objection",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("contribution_id", UuidKey(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("upheld", sa.Boolean(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint("(upheld IS NULL) = (decided_at IS NULL)", name=op.f("ck_points_objection_decided")),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["core_account.community_id", "core_account.id"],
            name=op.f("fk_points_objection_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "contribution_id"],
            ["points_contribution.community_id", "points_contribution.id"],
            name=op.f("fk_points_objection_contribution_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_objection_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_points_objection")),
        sa.UniqueConstraint(
            "community_id", "contribution_id", "person", name=op.f("uq_points_objection_contribution_id_person")
        ),
        sqlite_with_rowid=False,
    )


def _remember_parts() -> None:
    """Captures are dated by their transfers. When points were given back nobody wrote down: as if never held."""
    hold = sa.table(
        "points_hold",
        *(sa.column(name, sa.Integer()) for name in ("community_id", "captured", "released")),
        sa.column("id", UuidKey()),
        sa.column("made_at", UtcDateTime()),
    )
    transfer = sa.table(
        "points_transfer",
        sa.column("community_id", sa.Integer()),
        sa.column("id", UuidKey()),
        sa.column("key", sa.String()),
        sa.column("at", UtcDateTime()),
    )
    line = sa.table(
        "points_line",
        *(sa.column(name, sa.Integer()) for name in ("community_id", "points")),
        sa.column("transfer_id", UuidKey()),
    )
    part = sa.table(
        "points_hold_part",
        *(sa.column(name, sa.Integer()) for name in ("community_id", "number", "points")),
        *(sa.column(name, UuidKey()) for name in ("hold_id", "transfer_id")),
        sa.column("at", UtcDateTime()),
    )
    bind = op.get_bind()
    captures = bind.execute(
        sa.select(transfer.c.community_id, transfer.c.id, transfer.c.key, transfer.c.at, line.c.points)
        .join(line, (line.c.community_id == transfer.c.community_id) & (line.c.transfer_id == transfer.c.id))
        .where(transfer.c.key.startswith("capture:"), line.c.points > 0)
    ).all()
    rows: dict[tuple[int, UUID], list[dict[str, object]]] = {}
    for community_id, transfer_id, key, at, points in sorted(captures, key=lambda row: int(row.key.split(":")[2])):
        of = rows.setdefault((community_id, UUID(key.split(":")[1])), [])
        of.append({"at": at, "points": points, "transfer_id": transfer_id})
    given_back = sa.select(hold.c.community_id, hold.c.id, hold.c.made_at, hold.c.released).where(hold.c.released > 0)
    for community_id, hold_id, made_at, released in bind.execute(given_back).all():
        of = rows.setdefault((community_id, hold_id), [])
        of.append({"at": made_at, "points": released, "transfer_id": None})
    made = [
        {"community_id": community_id, "hold_id": hold_id, "number": number, **one}
        for (community_id, hold_id), parts in rows.items()
        for number, one in enumerate(parts, 1)
    ]
    if made:
        bind.execute(part.insert(), made)


def downgrade() -> None:
    with op.batch_alter_table("points_category") as category:
        category.drop_constraint(op.f("uq_points_category_name"), type_="unique")
    for name in (
        "points_contribution",
        "points_award",
    ):  # nobody could decide any more: posted as if nobody had objected
        table = sa.table(name, sa.column("state", sa.String()))
        op.execute(table.update().where(table.c.state == "objected").values(state="posted"))
    op.drop_index(op.f("ix_points_lot_contribution_id"), table_name="points_lot")
    op.drop_index(op.f("ix_points_award_transfer_id"), table_name="points_award")
    with op.batch_alter_table("points_transfer") as transfer:
        transfer.drop_index(op.f("ix_points_transfer_reverses_id"))
        transfer.drop_constraint(op.f("ck_points_transfer_kind"), type_="check")
        transfer.drop_column("kind")
    with op.batch_alter_table("points_contribution") as contribution:
        contribution.drop_column("evidence")
    with op.batch_alter_table("points_award") as award:
        award.drop_constraint(op.f("ck_points_award_reversed"), type_="check")
        award.drop_column("reversed")
    op.drop_table("points_objection")
    op.drop_table("points_hold_part")
    op.drop_index(op.f("ix_points_gift_receiver_id_state"), table_name="points_gift")
    op.drop_index(op.f("ix_points_gift_giver_id_state_month"), table_name="points_gift")
    op.drop_table("points_gift")
