"""Notices have an inbox and name what they speak of; who wants them by e-mail gets them so, save in the quiet hours."""

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcDateTime, UuidKey

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("core_account") as account:
        account.add_column(sa.Column("email", sa.String(), nullable=True))
        kinds = '["reminder", "change", "request", "news"]'  # all of them, once there is an address
        account.add_column(sa.Column("mail_kinds", sa.JSON(), nullable=False, server_default=kinds))
    with op.batch_alter_table("core_account") as account:
        account.alter_column("mail_kinds", server_default=None)
    with op.batch_alter_table("core_outbox") as outbox:
        # What older ones are for cannot be told from them; nobody has read them, for there was no inbox.
        outbox.add_column(sa.Column("kind", sa.String(32), nullable=False, server_default="news"))
        outbox.add_column(sa.Column("page", sa.String(), nullable=True))
        outbox.add_column(sa.Column("about_id", UuidKey(), nullable=True))
        outbox.add_column(sa.Column("begins_at", UtcDateTime(), nullable=True))
        outbox.add_column(sa.Column("read_at", UtcDateTime(), nullable=True))
        outbox.create_check_constraint(
            op.f("ck_core_outbox_kind"), "kind IN ('reminder', 'change', 'request', 'news', 'inside')"
        )
    with op.batch_alter_table("core_outbox") as outbox:
        outbox.alter_column("kind", server_default=None)
        outbox.create_index(op.f("ix_core_outbox_about_id"), ["community_id", "about_id"])
        outbox.create_index(op.f("ix_core_outbox_account_id_read_at"), ["community_id", "account_id", "read_at"])
        outbox.create_index(op.f("ix_core_outbox_resident_id_read_at"), ["community_id", "resident_id", "read_at"])
    op.create_table(
        "core_quiet_hours",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("begins", sa.Integer(), nullable=False),
        sa.Column("ends", sa.Integer(), nullable=False),
        sa.CheckConstraint("begins BETWEEN 0 AND 1439", name=op.f("ck_core_quiet_hours_begins")),
        sa.CheckConstraint("ends BETWEEN 0 AND 1439", name=op.f("ck_core_quiet_hours_ends")),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_quiet_hours_community_id")),
        sa.PrimaryKeyConstraint("community_id", name=op.f("pk_core_quiet_hours")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "core_mail",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("notice_id", UuidKey(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("taken_until", UtcDateTime(), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'dropped', 'given_up')", name=op.f("ck_core_mail_state")),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_core_mail_tries")),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["core_account.community_id", "core_account.id"],
            name=op.f("fk_core_mail_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "notice_id"],
            ["core_outbox.community_id", "core_outbox.id"],
            name=op.f("fk_core_mail_notice_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_mail_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_core_mail")),
        sa.UniqueConstraint("community_id", "notice_id", "account_id", name=op.f("uq_core_mail_notice_id_account_id")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_core_mail_state_due_at"), "core_mail", ["community_id", "state", "due_at"])


def downgrade() -> None:
    op.drop_table("core_mail")
    op.drop_table("core_quiet_hours")
    with op.batch_alter_table("core_outbox") as outbox:
        for index in (
            "ix_core_outbox_resident_id_read_at",
            "ix_core_outbox_account_id_read_at",
            "ix_core_outbox_about_id",
        ):
            outbox.drop_index(op.f(index))
        outbox.drop_constraint(op.f("ck_core_outbox_kind"), type_="check")
        for column in "read_at", "begins_at", "about_id", "page", "kind":
            outbox.drop_column(column)
    with op.batch_alter_table("core_account") as account:
        account.drop_column("mail_kinds")
        account.drop_column("email")
