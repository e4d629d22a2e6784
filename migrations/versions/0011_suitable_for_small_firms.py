"""Whether the source of an imported need calls it suitable for small firms.

Why: readers filter needs by it, and notices say it in so many words. Needs imported before say nothing until their
source publishes them anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("needs") as table:
        table.add_column(sa.Column("is_suitable_for_smes", sa.Boolean(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("needs") as table:
        table.drop_column("is_suitable_for_smes")
