"""Another address for an account: asked for, and done once its link was used.

Why: whoever changed post had to register anew and leave every membership and record behind.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("email_before", sa.String(length=254), nullable=False),
        sa.Column("email_after", sa.String(length=254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_address_changes_person_id")),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name=op.f("fk_address_changes_token_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_changes")),
        sa.UniqueConstraint("token_id", name=op.f("address_changes_token_id_unique")),
    )
    op.create_index(op.f("ix_address_changes_person_id"), "address_changes", ["person_id"])


def downgrade() -> None:
    op.drop_table("address_changes")
