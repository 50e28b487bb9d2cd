"""The first tables of points: rules, contributions, the ledger."""

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcDateTime, UuidKey

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "points_category",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_category_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_points_category")),
        sa.UniqueConstraint("community_id", "code", name=op.f("uq_points_category_code")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "points_transfer",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("reason", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("posted_at", UtcDateTime(), nullable=False),
        sa.Column("reverses_id", UuidKey(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id", "reverses_id"],
            ["points_transfer.community_id", "points_transfer.id"],
            name=op.f("fk_points_transfer_reverses_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_transfer_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_points_transfer")),
        sa.UniqueConstraint("community_id", "key", name=op.f("uq_points_transfer_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "points_account",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("holder_id", UuidKey(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("lots", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('own', 'issue', 'spent', 'expired')", name=op.f("ck_points_account_kind")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_points_account_held")),
        sa.ForeignKeyConstraint(
            ["community_id", "holder_id"],
            ["core_holder.community_id", "core_holder.id"],
            name=op.f("fk_points_account_holder_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_account_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_points_account")),
        sa.UniqueConstraint("community_id", "holder_id", "kind", name=op.f("uq_points_account_holder_id_kind")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "points_hold",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=False),
        sa.Column("holder_id", UuidKey(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("captured", sa.Integer(), nullable=False),
        sa.Column("released", sa.Integer(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("reason", sa.JSON(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "captured >= 0 AND released >= 0 AND captured + released <= points", name=op.f("ck_points_hold_parts")
        ),
        sa.CheckConstraint("open = points - captured - released", name=op.f("ck_points_hold_open")),
        sa.CheckConstraint("points > 0", name=op.f("ck_points_hold_points")),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["points_account.community_id", "points_account.id"],
            name=op.f("fk_points_hold_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "holder_id"],
            ["core_holder.community_id", "core_holder.id"],
            name=op.f("fk_points_hold_holder_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_hold_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_points_hold")),
        sa.UniqueConstraint("community_id", "key", name=op.f("uq_points_hold_key")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_points_hold_account_id_open"), "points_hold", ["community_id", "account_id", "open"], unique=False
    )
    op.create_index(op.f("ix_points_hold_open_until"), "points_hold", ["community_id", "open", "until"], unique=False)
    op.create_table(
        "points_line",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("transfer_id", UuidKey(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.CheckConstraint("points <> 0", name=op.f("ck_points_line_points")),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["points_account.community_id", "points_account.id"],
            name=op.f("fk_points_line_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "transfer_id"],
            ["points_transfer.community_id", "points_transfer.id"],
            name=op.f("fk_points_line_transfer_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_line_community_id")),
        sa.PrimaryKeyConstraint("community_id", "transfer_id", "account_id", name=op.f("pk_points_line")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_points_line_account_id_at"), "points_line", ["community_id", "account_id", "at"], unique=False
    )
    op.create_table(
        "points_contribution",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("category_id", UuidKey(), nullable=False),
        sa.Column("holder_id", UuidKey(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("acts", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("credits_on", sa.Date(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('posted', 'objected', 'credited', 'withdrawn')", name=op.f("ck_points_contribution_state")
        ),
        sa.CheckConstraint("(minutes IS NULL) <> (acts IS NULL)", name=op.f("ck_points_contribution_one_amount")),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["core_account.community_id", "core_account.id"],
            name=op.f("fk_points_contribution_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "category_id"],
            ["points_category.community_id", "points_category.id"],
            name=op.f("fk_points_contribution_category_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "holder_id"],
            ["core_holder.community_id", "core_holder.id"],
            name=op.f("fk_points_contribution_holder_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["core_community.id"], name=op.f("fk_points_contribution_community_id")
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_points_contribution")),
        sa.UniqueConstraint("community_id", "key", name=op.f("uq_points_contribution_key")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_points_contribution_occurred_on_id"),
        "points_contribution",
        ["community_id", "occurred_on", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_points_contribution_state_credits_on"),
        "points_contribution",
        ["community_id", "state", "credits_on"],
        unique=False,
    )
    op.create_table(
        "points_rule",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("category_id", UuidKey(), nullable=False),
        sa.Column("per", sa.String(32), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("member_share", sa.Integer(), nullable=False),
        sa.Column("daily_cap", sa.Integer(), nullable=True),
        sa.Column("monthly_cap", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("per IN ('act', 'hour')", name=op.f("ck_points_rule_per")),
        sa.CheckConstraint("points > 0", name=op.f("ck_points_rule_points")),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["core_account.community_id", "core_account.id"],
            name=op.f("fk_points_rule_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "category_id"],
            ["points_category.community_id", "points_category.id"],
            name=op.f("fk_points_rule_category_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_rule_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_points_rule")),
        sa.UniqueConstraint(
            "community_id", "category_id", "valid_from", "seq", name=op.f("uq_points_rule_category_id_valid_from_seq")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "points_award",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("contribution_id", UuidKey(), nullable=False),
        sa.Column("holder_id", UuidKey(), nullable=False),
        sa.Column("category_id", UuidKey(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reason", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("transfer_id", UuidKey(), nullable=True),
        sa.CheckConstraint(
            "state IN ('posted', 'objected', 'credited', 'withdrawn')", name=op.f("ck_points_award_state")
        ),
        sa.CheckConstraint("points >= 0", name=op.f("ck_points_award_points")),
        sa.ForeignKeyConstraint(
            ["community_id", "category_id"],
            ["points_category.community_id", "points_category.id"],
            name=op.f("fk_points_award_category_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "contribution_id"],
            ["points_contribution.community_id", "points_contribution.id"],
            name=op.f("fk_points_award_contribution_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "holder_id"],
            ["core_holder.community_id", "core_holder.id"],
            name=op.f("fk_points_award_holder_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "transfer_id"],
            ["points_transfer.community_id", "points_transfer.id"],
            name=op.f("fk_points_award_transfer_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_award_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_points_award")),
        sa.UniqueConstraint(
            "community_id", "contribution_id", "holder_id", name=op.f("uq_points_award_contribution_id_holder_id")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_points_award_holder_id_day"), "points_award", ["community_id", "holder_id", "day"], unique=False
    )
    op.create_table(
        "points_lot",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("transfer_id", UuidKey(), nullable=False),
        sa.Column("contribution_id", UuidKey(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "held >= 0 AND held <= remaining AND remaining <= points", name=op.f("ck_points_lot_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["points_account.community_id", "points_account.id"],
            name=op.f("fk_points_lot_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "contribution_id"],
            ["points_contribution.community_id", "points_contribution.id"],
            name=op.f("fk_points_lot_contribution_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "transfer_id"],
            ["points_transfer.community_id", "points_transfer.id"],
            name=op.f("fk_points_lot_transfer_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_lot_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_points_lot")),
        sa.UniqueConstraint("community_id", "account_id", "seq", name=op.f("uq_points_lot_account_id_seq")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_points_lot_account_id_remaining"),
        "points_lot",
        ["community_id", "account_id", "remaining"],
        unique=False,
    )
    op.create_index(
        op.f("ix_points_lot_expires_on_remaining"),
        "points_lot",
        ["community_id", "expires_on", "remaining"],
        unique=False,
    )
    op.create_table(
        "points_set_aside",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("hold_id", UuidKey(), nullable=False),
        sa.Column("lot_id", UuidKey(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_points_set_aside_points")),
        sa.ForeignKeyConstraint(
            ["community_id", "hold_id"],
            ["points_hold.community_id", "points_hold.id"],
            name=op.f("fk_points_set_aside_hold_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "lot_id"],
            ["points_lot.community_id", "points_lot.id"],
            name=op.f("fk_points_set_aside_lot_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_set_aside_community_id")),
        sa.PrimaryKeyConstraint("community_id", "hold_id", "lot_id", name=op.f("pk_points_set_aside")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_points_set_aside_lot_id"), "points_set_aside", ["community_id", "lot_id"], unique=False)
    op.create_table(
        "points_use",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("transfer_id", UuidKey(), nullable=False),
        sa.Column("lot_id", UuidKey(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_points_use_points")),
        sa.ForeignKeyConstraint(
            ["community_id", "lot_id"], ["points_lot.community_id", "points_lot.id"], name=op.f("fk_points_use_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "transfer_id"],
            ["points_transfer.community_id", "points_transfer.id"],
            name=op.f("fk_points_use_transfer_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_points_use_community_id")),
        sa.PrimaryKeyConstraint("community_id", "transfer_id", "lot_id", name=op.f("pk_points_use")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_points_use_lot_id"), "points_use", ["community_id", "lot_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_points_use_lot_id"), table_name="points_use")
    op.drop_table("points_use")
    op.drop_index(op.f("ix_points_set_aside_lot_id"), table_name="points_set_aside")
    op.drop_table("points_set_aside")
    op.drop_index(op.f("ix_points_lot_expires_on_remaining"), table_name="points_lot")
    op.drop_index(op.f("ix_points_lot_account_id_remaining"), table_name="points_lot")
    op.drop_table("points_lot")
    op.drop_index(op.f("ix_points_award_holder_id_day"), table_name="points_award")
    op.drop_table("points_award")
    op.drop_table("points_rule")
    op.drop_index(op.f("ix_points_contribution_state_credits_on"), table_name="points_contribution")
    op.drop_index(op.f("ix_points_contribution_occurred_on_id"), table_name="points_contribution")
    op.drop_table("points_contribution")
    op.drop_index(op.f("ix_points_line_account_id_at"), table_name="points_line")
    op.drop_table("points_line")
    op.drop_index(op.f("ix_points_hold_open_until"), table_name="points_hold")
    op.drop_index(op.f("ix_points_hold_account_id_open"), table_name="points_hold")
    op.drop_table("points_hold")
    op.drop_table("points_account")
    op.drop_table("points_transfer")
    op.drop_table("points_category")
