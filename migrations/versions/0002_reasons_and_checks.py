"""Why a contract's value is not the winner's price, and when an officer saved an explanation to a bidder.

Why: a contract was worth more than the award with nobody saying why, and a drafted explanation counted as written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("contracts") as table:
        table.add_column(sa.Column("difference_reason", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("assessment_summaries") as table:
        table.add_column(sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
    # What was sent had been read by whoever sent it.
    op.execute("UPDATE assessment_summaries SET checked_at = sent_at WHERE sent_at IS NOT NULL")


def downgrade() -> None:
    with op.batch_alter_table("assessment_summaries") as table:
        table.drop_column("checked_at")
    with op.batch_alter_table("contracts") as table:
        table.drop_column("difference_reason")
