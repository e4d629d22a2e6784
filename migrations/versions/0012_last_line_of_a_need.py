"""An index that finds a need's last journal line that everybody may know of.

Why: each page of a need asks whether anything was said of the need since it was last read; what bidders do must not
show in how long that takes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TOLD = sa.text("(organisation <> '' OR role = 'system')")


def upgrade() -> None:
    op.create_index(
        "ix_journal_lines_told", "journal_lines", ["need", "number"], sqlite_where=TOLD, postgresql_where=TOLD
    )


def downgrade() -> None:
    op.drop_index("ix_journal_lines_told", "journal_lines")
