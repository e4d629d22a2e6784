"""Names that a person had before the present one.

Why: mails to others hold the name of their day. Who erases a person must know each name to take it out of them. Names
that were changed before this are not known any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("earlier_names", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("people", "earlier_names")
