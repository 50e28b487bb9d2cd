"""The first tables of the core: communities, people, accounts, audit, notices."""

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcDateTime, UuidKey

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "core_community",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("revision", UuidKey(), nullable=False),
        sa.Column("plugins", sa.JSON(), nullable=False),
        sa.Column("seeded", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_community")),
        sa.UniqueConstraint("slug", name=op.f("uq_core_community_slug")),
    )
    op.create_table(
        "core_lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_lease")),
    )
    op.create_table(
        "core_grant",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("permission", sa.String(), nullable=False),
        sa.Column("reach", sa.String(), nullable=False),
        sa.CheckConstraint("role IN ('manager', 'staff', 'resident')", name=op.f("ck_core_grant_role")),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_grant_community_id")),
        sa.PrimaryKeyConstraint("community_id", "role", "permission", name=op.f("pk_core_grant")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "core_holder",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("initials", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('resident', 'group', 'centre')", name=op.f("ck_core_holder_kind")),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_holder_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_core_holder")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_core_holder_kind_initials_name"),
        "core_holder",
        ["community_id", "kind", "initials", "name"],
        unique=False,
    )
    op.create_table(
        "core_import_row",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("subject_id", UuidKey(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_import_row_community_id")),
        sa.PrimaryKeyConstraint("community_id", "kind", "ref", name=op.f("pk_core_import_row")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "core_plugin_fault",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("hook", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["core_community.id"], name=op.f("fk_core_plugin_fault_community_id")
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_core_plugin_fault")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "core_group",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("dissolved_on", sa.Date(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "id"], ["core_holder.community_id", "core_holder.id"], name=op.f("fk_core_group_id")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_group_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_core_group")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "core_resident",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("telephone", sa.String(), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "id"], ["core_holder.community_id", "core_holder.id"], name=op.f("fk_core_resident_id")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_resident_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_core_resident")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "core_account",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("resident_id", UuidKey(), nullable=True),
        sa.Column("stamp", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=True),
        sa.Column("large_print", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("role IN ('manager', 'staff', 'resident')", name=op.f("ck_core_account_role")),
        sa.ForeignKeyConstraint(
            ["community_id", "resident_id"],
            ["core_resident.community_id", "core_resident.id"],
            name=op.f("fk_core_account_resident_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_account_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_core_account")),
        sa.UniqueConstraint("community_id", "user_name", name=op.f("uq_core_account_user_name")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "core_membership",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("group_id", UuidKey(), nullable=False),
        sa.Column("resident_id", UuidKey(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.CheckConstraint("role IN ('member', 'leader')", name=op.f("ck_core_membership_role")),
        sa.CheckConstraint("to_day IS NULL OR to_day >= from_day", name=op.f("ck_core_membership_days")),
        sa.ForeignKeyConstraint(
            ["community_id", "group_id"],
            ["core_group.community_id", "core_group.id"],
            name=op.f("fk_core_membership_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "resident_id"],
            ["core_resident.community_id", "core_resident.id"],
            name=op.f("fk_core_membership_resident_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_membership_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_core_membership")),
        sa.UniqueConstraint(
            "community_id",
            "group_id",
            "resident_id",
            "from_day",
            name=op.f("uq_core_membership_group_id_resident_id_from_day"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_core_membership_resident_id"), "core_membership", ["community_id", "resident_id"], unique=False
    )
    op.create_table(
        "core_outbox",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("resident_id", UuidKey(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id", "resident_id"],
            ["core_resident.community_id", "core_resident.id"],
            name=op.f("fk_core_outbox_resident_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_outbox_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_core_outbox")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_core_outbox_sent_at"), "core_outbox", ["community_id", "sent_at"], unique=False)
    op.create_table(
        "core_audit",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("on_behalf_of", UuidKey(), nullable=True),
        sa.Column("on_behalf_name", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", UuidKey(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["core_account.community_id", "core_account.id"],
            name=op.f("fk_core_audit_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "on_behalf_of"],
            ["core_resident.community_id", "core_resident.id"],
            name=op.f("fk_core_audit_on_behalf_of"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_audit_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_core_audit")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_core_audit_at"), "core_audit", ["community_id", "at"], unique=False)
    op.create_table(
        "core_policy",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["core_account.community_id", "core_account.id"],
            name=op.f("fk_core_policy_account_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_policy_community_id")),
        sa.PrimaryKeyConstraint("community_id", "plugin", "valid_from", "seq", name=op.f("pk_core_policy")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "core_replay",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["core_account.community_id", "core_account.id"],
            name=op.f("fk_core_replay_account_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_replay_community_id")),
        sa.PrimaryKeyConstraint("community_id", "account_id", "method", "path", "key", name=op.f("pk_core_replay")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_core_replay_at"), "core_replay", ["community_id", "at"], unique=False)
    op.create_table(
        "core_token",
        sa.Column("community_id", sa.SmallInteger(), nullable=False),
        sa.Column("id", UuidKey(), nullable=False),
        sa.Column("account_id", UuidKey(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["core_account.community_id", "core_account.id"],
            name=op.f("fk_core_token_account_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["core_community.id"], name=op.f("fk_core_token_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_core_token")),
        sa.UniqueConstraint("community_id", "secret_hash", name=op.f("uq_core_token_secret_hash")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("core_token")
    op.drop_index(op.f("ix_core_replay_at"), table_name="core_replay")
    op.drop_table("core_replay")
    op.drop_table("core_policy")
    op.drop_index(op.f("ix_core_audit_at"), table_name="core_audit")
    op.drop_table("core_audit")
    op.drop_index(op.f("ix_core_outbox_sent_at"), table_name="core_outbox")
    op.drop_table("core_outbox")
    op.drop_index(op.f("ix_core_membership_resident_id"), table_name="core_membership")
    op.drop_table("core_membership")
    op.drop_table("core_account")
    op.drop_table("core_resident")
    op.drop_table("core_group")
    op.drop_table("core_plugin_fault")
    op.drop_table("core_import_row")
    op.drop_index(op.f("ix_core_holder_kind_initials_name"), table_name="core_holder")
    op.drop_table("core_holder")
    op.drop_table("core_grant")
    op.drop_table("core_lease")
    op.drop_table("core_community")
