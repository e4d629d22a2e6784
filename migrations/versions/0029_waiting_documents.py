"""Files of invoices that are not sent yet.

Why: an electronic invoice is read first and sent afterwards, and browsers do not keep a chosen file from one page to the
next. Whoever chose one must not choose it again for each problem that the form had.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting_documents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("file_key", sa.String(80), nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name="fk_waiting_documents_contract_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_waiting_documents_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_waiting_documents"),
        sa.UniqueConstraint("contract_id", "person_id", name="one_waiting_document"),
    )
    op.create_index("ix_waiting_documents_person_id", "waiting_documents", ["person_id"])
    op.create_index("ix_waiting_documents_kept_at", "waiting_documents", ["kept_at"])


def downgrade() -> None:
    op.drop_index("ix_waiting_documents_kept_at", table_name="waiting_documents")
    op.drop_index("ix_waiting_documents_person_id", table_name="waiting_documents")
    op.drop_table("waiting_documents")
