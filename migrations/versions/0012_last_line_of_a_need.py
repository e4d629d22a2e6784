"""An index that finds a need's last journal line.

Why: each page of a need asks whether anything was said of the need since it was last read.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_journal_lines_need_number", "journal_lines", ["need", "number"])
    op.drop_index("ix_journal_lines_need", "journal_lines")


def downgrade() -> None:
    op.create_index("ix_journal_lines_need", "journal_lines", ["need"])
    op.drop_index("ix_journal_lines_need_number", "journal_lines")
