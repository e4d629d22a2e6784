"""The register of received bids, closed before anything is opened; what becomes of drafts that nobody submitted.

Why: with its root published, nobody can add, drop or change a bid afterwards without its showing; and a bidder knows
before it begins whether a complete draft counts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

AFTER = "register_after_closing"


def upgrade() -> None:
    with op.batch_alter_table("needs") as table:
        table.add_column(sa.Column("left_drafts", sa.String(20), nullable=False, server_default="not_counted"))
        table.add_column(sa.Column("bids_closed_at", sa.DateTime(timezone=True), nullable=True))
        table.create_check_constraint(op.f(AFTER), "bids_closed_at is null or bids_closed_at > closes_at")
    op.create_table(
        "closed_registers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("blinding", sa.String(64), nullable=False),
        sa.CheckConstraint("closed_at > closes_at", name=op.f("closed_after_the_deadline")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_closed_registers_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closed_registers")),
        sa.UniqueConstraint("need_id", "closes_at", name=op.f("one_register_per_closing")),
    )


def downgrade() -> None:
    op.drop_table("closed_registers")
    with op.batch_alter_table("needs") as table:
        table.drop_constraint(op.f(AFTER), type_="check")
        table.drop_column("bids_closed_at")
        table.drop_column("left_drafts")
