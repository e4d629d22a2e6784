"""Who took over whose duty on a published need, by whom and why.

Why: an award approver who left the council after publication held the purchase up for ever.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PEOPLE = ("left_id", "named_id", "replaced_by_id")


def upgrade() -> None:
    op.create_table(
        "duty_replacements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("duty", sa.String(length=20), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in PEOPLE),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("left_id <> named_id", name=op.f("duty_goes_to_another")),
        sa.CheckConstraint("named_id <> replaced_by_id", name=op.f("nobody_names_themselves")),
        sa.CheckConstraint("reason <> ''", name=op.f("replacement_has_a_reason")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_duty_replacements_need_id")),
        *(
            sa.ForeignKeyConstraint([name], ["people.id"], name=op.f(f"fk_duty_replacements_{name}"))
            for name in PEOPLE
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_replacements")),
    )
    op.create_index(op.f("ix_duty_replacements_need_id"), "duty_replacements", ["need_id"])


def downgrade() -> None:
    op.drop_table("duty_replacements")
