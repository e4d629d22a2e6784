"""A council's recovery key, one share more of each need for it, and each use of it by two people.

Why: an opener who forgot the passphrase, or left without handing over, could leave bids shut for ever. Needs published
before have no recovery share, and cannot get one. Going down drops the recovery shares; bids open without them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

IN_USE = sa.text("retired_at is null")
UNDER_WAY = sa.text("used_at is null and refused_at is null")
PEOPLE = ("loser_id", "receiver_id", "asked_by_id", "approved_by_id", "used_by_id")
NEEDED = PEOPLE[:3]


def upgrade() -> None:
    op.create_table(
        "recovery_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "confirmed_by_id is null or confirmed_by_id <> made_by_id", name=op.f("recovery_key_made_by_two")
        ),
        sa.CheckConstraint("(confirmed_at is null) = (confirmed_by_id is null)", name=op.f("confirmed_by_somebody")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_recovery_keys_organisation_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["people.id"], name=op.f("fk_recovery_keys_made_by_id")),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["people.id"], name=op.f("fk_recovery_keys_confirmed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_keys")),
    )
    op.create_index(
        "one_recovery_key_in_use", "recovery_keys", ["organisation_id"], unique=True, sqlite_where=IN_USE,
        postgresql_where=IN_USE,
    )  # fmt: skip
    op.create_table(
        "recovery_shares",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("recovery_key_id", sa.Integer(), nullable=False),
        sa.Column("point", sa.Integer(), nullable=False),
        sa.Column("wrapped_share", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_recovery_shares_need_id")),
        sa.ForeignKeyConstraint(
            ["recovery_key_id"], ["recovery_keys.id"], name=op.f("fk_recovery_shares_recovery_key_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_shares")),
        sa.UniqueConstraint("need_id", name="one_recovery_share"),
    )
    op.create_index(op.f("ix_recovery_shares_recovery_key_id"), "recovery_shares", ["recovery_key_id"])
    op.create_table(
        "share_recoveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=name not in NEEDED) for name in PEOPLE),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("approved_at", "refused_at", "used_at")),
        sa.CheckConstraint(
            "approved_by_id is null or (approved_by_id <> asked_by_id and approved_by_id <> receiver_id)",
            name=op.f("recovery_approved_by_another"),
        ),
        sa.CheckConstraint(
            "used_by_id is null or (approved_by_id is not null and used_by_id <> approved_by_id"
            " and used_by_id <> receiver_id)",
            name=op.f("recovery_takes_two"),
        ),
        sa.CheckConstraint("(used_at is null) = (used_by_id is null)", name=op.f("recovery_used_by_somebody")),
        sa.CheckConstraint("reason <> ''", name=op.f("recovery_has_a_reason")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_share_recoveries_need_id")),
        *(sa.ForeignKeyConstraint([name], ["people.id"], name=op.f(f"fk_share_recoveries_{name}")) for name in PEOPLE),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_recoveries")),
    )
    op.create_index(op.f("ix_share_recoveries_need_id"), "share_recoveries", ["need_id"])
    op.create_index(
        "one_recovery_under_way", "share_recoveries", ["need_id"], unique=True, sqlite_where=UNDER_WAY,
        postgresql_where=UNDER_WAY,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("share_recoveries")
    op.drop_table("recovery_shares")
    op.drop_table("recovery_keys")
