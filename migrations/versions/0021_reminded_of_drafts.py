"""For which closing time a firm was reminded of a draft that nobody has submitted.

Why: one reminder for each closing time, whatever stops and starts in between.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bids", sa.Column("reminded_for", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("bids", "reminded_for")
