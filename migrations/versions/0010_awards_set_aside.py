"""A told award that two people gave up again, with the reason.

Why: when the winner would not sign, the purchase could neither go on to the next bid nor end.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ASKED_BY, BY = "fk_awards_set_aside_asked_by_id", "fk_awards_set_aside_by_id"
HAS_REASON, TAKES_TWO = "reason_if_set_aside", "setting_aside_takes_two"


def upgrade() -> None:
    with op.batch_alter_table("awards") as table:
        table.add_column(sa.Column("set_aside_asked_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("set_aside_asked_by_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("set_aside_reason", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("set_aside_by_id", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f(ASKED_BY), "people", ["set_aside_asked_by_id"], ["id"])
        table.create_foreign_key(op.f(BY), "people", ["set_aside_by_id"], ["id"])
        table.create_check_constraint(op.f(HAS_REASON), "set_aside_asked_at is null or set_aside_reason <> ''")
        table.create_check_constraint(
            op.f(TAKES_TWO), "set_aside_by_id is null or set_aside_by_id <> set_aside_asked_by_id"
        )


def downgrade() -> None:
    with op.batch_alter_table("awards") as table:
        for name in (HAS_REASON, TAKES_TWO):
            table.drop_constraint(op.f(name), type_="check")
        for name in (ASKED_BY, BY):
            table.drop_constraint(op.f(name), type_="foreignkey")
        for name in ("set_aside_by_id", "set_aside_reason", "set_aside_asked_by_id", "set_aside_asked_at"):
            table.drop_column(name)
