"""A round of invitations keeps the list that was looked at: each supplier's place, why it fits, and what became of it.

Why: who was invited to a need was on record, but not who could have been and why they were not.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invitation_rounds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("invited_by_id", sa.Integer(), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reason_for_others", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["invited_by_id"], ["people.id"], name=op.f("fk_invitation_rounds_invited_by_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_invitation_rounds_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation_rounds")),
    )
    op.create_index(op.f("ix_invitation_rounds_need_id"), "invitation_rounds", ["need_id"], unique=False)
    op.create_table(
        "considered_suppliers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("fit", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "outcome in ('invited', 'invited_before', 'passed_over', 'lower_place')", name=op.f("outcome_known")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["invitation_rounds.id"], name=op.f("fk_considered_suppliers_round_id")
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_considered_suppliers_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_considered_suppliers")),
        sa.UniqueConstraint("round_id", "supplier_id", name="one_place_per_supplier_and_round"),
    )
    op.create_index(
        op.f("ix_considered_suppliers_supplier_id"), "considered_suppliers", ["supplier_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_considered_suppliers_supplier_id"), table_name="considered_suppliers")
    op.drop_table("considered_suppliers")
    op.drop_index(op.f("ix_invitation_rounds_need_id"), table_name="invitation_rounds")
    op.drop_table("invitation_rounds")
