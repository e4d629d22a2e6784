"""Amendments that wait for an approver.

Why: a material change of a published need is decided by somebody other than its author, like the need itself.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ASKED_BY = "fk_need_amendments_asked_by_id"


def upgrade() -> None:
    with op.batch_alter_table("need_amendments") as table:
        table.add_column(sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("asked_by_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("reason", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("says_material", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("review_note", sa.Text(), nullable=False, server_default=""))
        table.create_foreign_key(op.f(ASKED_BY), "people", ["asked_by_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("need_amendments") as table:
        table.drop_constraint(op.f(ASKED_BY), type_="foreignkey")
        for name in ("review_note", "says_material", "reason", "asked_by_id", "asked_at"):
            table.drop_column(name)
