"""A contract's order number, a payment that did not arrive, what a remittance's lines say, and a payer who did not approve.

Why: an invoice is compared with its order before it is approved; a supplier can say that money is missing; lines that
matched nothing can be tried again; and nobody pays what they approved themselves, whichever program writes the row.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

SQLITE = (
    "CREATE TRIGGER payments_payer_is_not_approver BEFORE INSERT ON payments "
    "WHEN NEW.asked_by_id = (SELECT approved_by_id FROM invoices WHERE id = NEW.invoice_id) "
    "BEGIN SELECT RAISE(ABORT, 'payments_payer_is_not_approver'); END",
)
POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION payments_payer_is_not_approver() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN IF NEW.asked_by_id = (SELECT approved_by_id FROM invoices WHERE id = NEW.invoice_id) THEN "
    "RAISE EXCEPTION 'payments_payer_is_not_approver'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER payments_payer_is_not_approver BEFORE INSERT ON payments "
    "FOR EACH ROW EXECUTE FUNCTION payments_payer_is_not_approver()",
)
LINE = (
    sa.Column("invoice_number", sa.String(120), nullable=False, server_default=""),
    sa.Column("supplier", sa.String(200), nullable=False, server_default=""),
    sa.Column("amount_pence", sa.BigInteger(), nullable=True),
    sa.Column("named_on", sa.Date(), nullable=True),
    sa.Column("bank_reference", sa.String(60), nullable=False, server_default=""),
)


def upgrade() -> None:
    op.add_column("contracts", sa.Column("purchase_order", sa.String(60), nullable=False, server_default=""))
    op.add_column("payments", sa.Column("not_arrived_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("remittances", sa.Column("dates", sa.String(10), nullable=False, server_default="arrives"))
    for column in LINE:
        op.add_column("remittance_lines", column._copy())
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER payments_payer_is_not_approver")
    else:
        op.execute("DROP TRIGGER payments_payer_is_not_approver ON payments")
        op.execute("DROP FUNCTION payments_payer_is_not_approver")
    for column in LINE:
        op.drop_column("remittance_lines", column.name)
    op.drop_column("remittances", "dates")
    op.drop_column("payments", "not_arrived_at")
    op.drop_column("contracts", "purchase_order")
