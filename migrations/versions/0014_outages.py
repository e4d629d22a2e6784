"""When the service was last seen at work, when it was away, and the deadlines that it touched.

Why: a bidder who could not reach the service before a deadline has lost time through no fault of its own. Councils moved
such deadlines by hand, or not at all; now each is found and put before two people.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "beats",
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_beats")),
    )
    op.create_table(
        "outages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed", sa.String(length=60), nullable=False),
        sa.CheckConstraint("ended_at is null or ended_at > began_at", name=op.f("outage_ends_after_it_began")),
        sa.CheckConstraint("failed <> ''", name=op.f("outage_says_what_failed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
        sa.UniqueConstraint("began_at", name="one_outage_per_beginning"),
    )
    op.create_table(
        "deadline_hits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("outage_id", sa.Integer(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("choice", sa.String(length=10), nullable=False),
        sa.Column("new_closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proposed_by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("choice in ('', 'extend', 'keep')", name=op.f("choice_known")),
        sa.CheckConstraint("(proposed_at is null) = (choice = '')", name=op.f("proposed_with_a_choice")),
        sa.CheckConstraint("(choice = 'extend') = (new_closes_at is not null)", name=op.f("time_if_extended")),
        sa.CheckConstraint("choice = '' or reason <> ''", name=op.f("choice_has_a_reason")),
        sa.CheckConstraint("decided_at is null or proposed_at is not null", name=op.f("decided_after_proposed")),
        sa.CheckConstraint(
            "decided_by_id is null or decided_by_id <> proposed_by_id", name=op.f("decided_by_another")
        ),
        sa.CheckConstraint("(decided_at is null) = (decided_by_id is null)", name=op.f("decided_by_somebody")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["people.id"], name=op.f("fk_deadline_hits_decided_by_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_deadline_hits_need_id")),
        sa.ForeignKeyConstraint(["outage_id"], ["outages.id"], name=op.f("fk_deadline_hits_outage_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["people.id"], name=op.f("fk_deadline_hits_proposed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_hits")),
        sa.UniqueConstraint("need_id", "outage_id", name="one_hit_per_need_and_outage"),
    )
    op.create_index(op.f("ix_deadline_hits_need_id"), "deadline_hits", ["need_id"], unique=False)
    op.create_index(op.f("ix_deadline_hits_outage_id"), "deadline_hits", ["outage_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_deadline_hits_outage_id"), table_name="deadline_hits")
    op.drop_index(op.f("ix_deadline_hits_need_id"), table_name="deadline_hits")
    op.drop_table("deadline_hits")
    op.drop_table("outages")
    op.drop_table("beats")
