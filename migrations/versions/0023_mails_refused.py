"""When a mail server last refused a mail for good.

Why: mails to one address leave in their order, but not behind one that its server will never take.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mails", sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("mails", "refused_at")
