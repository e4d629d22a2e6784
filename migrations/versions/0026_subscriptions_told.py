"""What a council was told of its subscription, what our administrator granted, and what Stripe last said of it.

Why: every mail goes out once, a council is never stopped without its reminders, and a trial begins by itself. On the
way down, a trial that began by itself is lost with its start, since the older table wants to know who began it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

INSTANTS = ("first_told_at", "last_told_at")
REMINDED = ("first_reminded_at", "last_reminded_at")


def upgrade() -> None:
    with op.batch_alter_table("subscriptions") as table:
        table.alter_column("started_by_id", existing_type=sa.Integer(), nullable=True)
        for name in INSTANTS:
            table.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("renewal_told_on", sa.Date(), nullable=True))
        table.add_column(sa.Column("kept_open_until_on", sa.Date(), nullable=True))
        table.add_column(sa.Column("kept_open_reason", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("is_by_hand", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("gateway_cancels", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("gateway_purchase_order", sa.String(60), nullable=False, server_default=""))
        table.create_check_constraint(
            op.f("reason_if_kept_open"), "kept_open_until_on is null or kept_open_reason <> ''"
        )
    with op.batch_alter_table("subscription_invoices") as table:
        for name in REMINDED:
            table.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("subscription_invoices") as table:
        for name in REMINDED:
            table.drop_column(name)
    op.execute(
        "DELETE FROM subscriptions WHERE started_by_id IS NULL "
        "AND id NOT IN (SELECT subscription_id FROM subscription_invoices)"
    )
    op.execute("UPDATE subscriptions SET started_by_id = ordered_by_id WHERE started_by_id IS NULL")
    with op.batch_alter_table("subscriptions") as table:
        table.drop_constraint(op.f("reason_if_kept_open"), type_="check")
        for name in (
            "gateway_purchase_order", "gateway_cancels", "tries", "is_by_hand", "kept_open_reason",
            "kept_open_until_on", "renewal_told_on", *INSTANTS,
        ):  # fmt: skip
            table.drop_column(name)
        table.alter_column("started_by_id", existing_type=sa.Integer(), nullable=False)
