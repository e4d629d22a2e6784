"""What a winner declared of its size when everybody was told of the award.

Why: the result, the open data and a council's record say whether a small firm won. That was read from the firm's
profile each time, so what had been published changed when the firm did. Of awards told before, today's size is all
that is known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("awards", sa.Column("winner_size", sa.String(10), nullable=False, server_default=""))
    op.execute(
        "UPDATE awards SET winner_size = coalesce((SELECT suppliers.size FROM bids JOIN suppliers"
        " ON suppliers.id = bids.supplier_id WHERE bids.id = awards.bid_id), '') WHERE summaries_sent_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("awards", "winner_size")
