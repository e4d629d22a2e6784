"""Drafts that their council discarded.

Why: a draft begun by mistake stayed in every list of the council for ever; deleting its row would leave its journal
lines without a subject.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CHECK = "discarded_was_never_published"


def upgrade() -> None:
    with op.batch_alter_table("needs") as table:
        table.add_column(sa.Column("discarded_at", sa.DateTime(timezone=True), nullable=True))
        table.create_check_constraint(op.f(CHECK), "discarded_at is null or published_at is null")


def downgrade() -> None:
    with op.batch_alter_table("needs") as table:
        table.drop_constraint(op.f(CHECK), type_="check")
        table.drop_column("discarded_at")
