"""Reports of how promptly a council pays, kept as they were published.

Why: the law asks for them twice a year, and what was published must not change when a payment is corrected later.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payments_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=False),
        sa.Column("period_ended_on", sa.Date(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("director_name", sa.String(120), nullable=False),
        sa.Column("director_title", sa.String(120), nullable=False),
        sa.Column("approved_on", sa.Date(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by_id", sa.Integer(), nullable=False),
        sa.Column("notice_number", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["authority_id"], ["organisations.id"], name="fk_payments_reports_authority_id"),
        sa.ForeignKeyConstraint(["published_by_id"], ["people.id"], name="fk_payments_reports_published_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_payments_reports"),
        sa.UniqueConstraint("reference", name="payments_reports_reference_unique"),
        sa.UniqueConstraint("authority_id", "period_ended_on", name="one_report_per_half_year"),
    )
    op.create_index("ix_payments_reports_authority_id", "payments_reports", ["authority_id"])


def downgrade() -> None:
    op.drop_index("ix_payments_reports_authority_id", table_name="payments_reports")
    op.drop_table("payments_reports")
