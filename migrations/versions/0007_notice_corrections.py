"""What a notice's record said before it was corrected.

Why: a mistyped number of a published notice could never be put right, and sent every reader nowhere.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("number_before", sa.String(length=40), nullable=False),
        sa.Column("url_before", sa.String(length=300), nullable=False),
        sa.Column("published_on_before", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("corrected_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("correction_has_a_reason")),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_corrections_notice_id")),
        sa.ForeignKeyConstraint(["corrected_by_id"], ["people.id"], name=op.f("fk_notice_corrections_corrected_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_corrections")),
    )
    op.create_index(op.f("ix_notice_corrections_notice_id"), "notice_corrections", ["notice_id"])


def downgrade() -> None:
    op.drop_table("notice_corrections")
