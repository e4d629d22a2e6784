"""Money: a ledger, what Stripe tells, suppliers' invoices and their payments, councils' subscriptions.

Why: every pound is on record from the accepted milestone to the day on which the supplier has it, and every balance
can be explained from rows that nobody can change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

SQLITE = (
    *(
        f"CREATE TRIGGER ledger_transfers_refuse_{verb.lower()} BEFORE {verb} ON ledger_transfers "
        "BEGIN SELECT RAISE(ABORT, 'ledger_transfers_are_append_only'); END"
        for verb in ("UPDATE", "DELETE")
    ),
    "CREATE TRIGGER invoices_keep_received_at BEFORE UPDATE OF received_at ON invoices "
    "WHEN NEW.received_at IS NOT OLD.received_at BEGIN SELECT RAISE(ABORT, 'invoices_keep_received_at'); END",
)
POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION ledger_transfers_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'ledger_transfers_are_append_only'; END $$",
    "CREATE TRIGGER ledger_transfers_refuse_change BEFORE UPDATE OR DELETE ON ledger_transfers "
    "FOR EACH ROW EXECUTE FUNCTION ledger_transfers_refuse()",
    "CREATE TRIGGER ledger_transfers_refuse_truncate BEFORE TRUNCATE ON ledger_transfers "
    "FOR EACH STATEMENT EXECUTE FUNCTION ledger_transfers_refuse()",
    "CREATE OR REPLACE FUNCTION invoices_keep_received_at() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN IF NEW.received_at IS DISTINCT FROM OLD.received_at THEN "
    "RAISE EXCEPTION 'invoices_keep_received_at'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER invoices_keep_received_at BEFORE UPDATE ON invoices "
    "FOR EACH ROW EXECUTE FUNCTION invoices_keep_received_at()",
)


def upgrade() -> None:
    op.create_table("gateway_differences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("object_id", sa.String(120), nullable=False),
        sa.Column("what", sa.String(80), nullable=False),
        sa.Column("ours", sa.String(200), nullable=False),
        sa.Column("theirs", sa.String(200), nullable=False),
        sa.Column("difference_pence", sa.BigInteger(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gateway_differences"),
    )
    op.create_index("one_open_difference", "gateway_differences", ["object_id", "what"], unique=True, sqlite_where=sa.text("resolved_at IS NULL"), postgresql_where=sa.text("resolved_at IS NULL"))
    op.create_table("gateway_events",
        sa.Column("event_id", sa.String(120), nullable=False),
        sa.Column("type", sa.String(120), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("object_id", sa.String(120), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("api_version", sa.String(40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_gateway_events"),
    )
    op.create_index("ix_gateway_events_object_id", "gateway_events", ["object_id"], unique=False)
    op.create_index("ix_gateway_events_type", "gateway_events", ["type"], unique=False)
    op.create_table("gateway_mode",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name="one_mode"),
        sa.PrimaryKeyConstraint("id", name="pk_gateway_mode"),
    )
    op.create_table("ledger_transfers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("debit", sa.String(120), nullable=False),
        sa.Column("credit", sa.String(120), nullable=False),
        sa.Column("amount_pence", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_pence > 0", name="transfer_moves_something"),
        sa.CheckConstraint("debit <> credit", name="transfer_goes_elsewhere"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_transfers"),
        sa.UniqueConstraint("source", name="one_posting_per_fact"),
    )
    op.create_index("ix_ledger_transfers_credit", "ledger_transfers", ["credit"], unique=False)
    op.create_index("ix_ledger_transfers_debit", "ledger_transfers", ["debit"], unique=False)
    op.create_index("ix_ledger_transfers_kind", "ledger_transfers", ["kind"], unique=False)
    op.create_index("ix_ledger_transfers_subject", "ledger_transfers", ["subject"], unique=False)
    op.create_table("remittances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["authority_id"], ["organisations.id"], name="fk_remittances_authority_id"),
        sa.ForeignKeyConstraint(["imported_by_id"], ["people.id"], name="fk_remittances_imported_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_remittances"),
        sa.UniqueConstraint("authority_id", "sha256", name="one_import_per_file"),
        sa.UniqueConstraint("reference", name="remittances_reference_unique"),
    )
    op.create_index("ix_remittances_authority_id", "remittances", ["authority_id"], unique=False)
    op.create_table("subscriptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=False),
        sa.Column("band", sa.String(40), nullable=False),
        sa.Column("annual_pence", sa.BigInteger(), nullable=False),
        sa.Column("vat_basis_points", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by_id", sa.Integer(), nullable=False),
        sa.Column("trial_ends_on", sa.Date(), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ordered_by_id", sa.Integer(), nullable=True),
        sa.Column("pays_by", sa.String(10), nullable=False),
        sa.Column("purchase_order", sa.String(60), nullable=False),
        sa.Column("period_starts_on", sa.Date(), nullable=True),
        sa.Column("period_ends_on", sa.Date(), nullable=True),
        sa.Column("cancel_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.String(120), nullable=False),
        sa.Column("subscription_id", sa.String(120), nullable=False),
        sa.Column("session_id", sa.String(120), nullable=False),
        sa.Column("session_url", sa.Text(), nullable=False),
        sa.Column("gateway_status", sa.String(40), nullable=False),
        sa.CheckConstraint("pays_by in ('', 'transfer', 'card')", name="subscription_payment_known"),
        sa.CheckConstraint("annual_pence >= 0", name="subscription_costs_something"),
        sa.ForeignKeyConstraint(["authority_id"], ["organisations.id"], name="fk_subscriptions_authority_id"),
        sa.ForeignKeyConstraint(["ordered_by_id"], ["people.id"], name="fk_subscriptions_ordered_by_id"),
        sa.ForeignKeyConstraint(["started_by_id"], ["people.id"], name="fk_subscriptions_started_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
        sa.UniqueConstraint("reference", name="subscriptions_reference_unique"),
    )
    op.create_index("ix_subscriptions_authority_id", "subscriptions", ["authority_id"], unique=False)
    op.create_index("ix_subscriptions_customer_id", "subscriptions", ["customer_id"], unique=False)
    op.create_index("ix_subscriptions_subscription_id", "subscriptions", ["subscription_id"], unique=False)
    op.create_index("one_live_subscription", "subscriptions", ["authority_id"], unique=True, sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL"))
    op.create_table("remittance_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("remittance_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["remittance_id"], ["remittances.id"], name="fk_remittance_lines_remittance_id"),
        sa.PrimaryKeyConstraint("id", name="pk_remittance_lines"),
        sa.UniqueConstraint("remittance_id", "number", name="one_line_per_number"),
    )
    op.create_index("ix_remittance_lines_remittance_id", "remittance_lines", ["remittance_id"], unique=False)
    op.create_table("subscription_invoices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.String(120), nullable=False),
        sa.Column("number", sa.String(60), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("net_pence", sa.BigInteger(), nullable=False),
        sa.Column("vat_pence", sa.BigInteger(), nullable=False),
        sa.Column("total_pence", sa.BigInteger(), nullable=False),
        sa.Column("paid_pence", sa.BigInteger(), nullable=False),
        sa.Column("credited_pence", sa.BigInteger(), nullable=False),
        sa.Column("refunded_pence", sa.BigInteger(), nullable=False),
        sa.Column("gateway_status", sa.String(40), nullable=False),
        sa.Column("purchase_order", sa.String(60), nullable=False),
        sa.Column("page_url", sa.Text(), nullable=False),
        sa.Column("pdf_url", sa.Text(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("total_pence = net_pence + vat_pence", name="subscription_invoice_adds_up"),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscriptions.id"], name="fk_subscription_invoices_subscription_id"),
        sa.PrimaryKeyConstraint("id", name="pk_subscription_invoices"),
        sa.UniqueConstraint("invoice_id", name="subscription_invoices_invoice_id_unique"),
    )
    op.create_index("ix_subscription_invoices_subscription_id", "subscription_invoices", ["subscription_id"], unique=False)
    op.create_table("supplier_accounts",
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("can_be_charged", sa.Boolean(), nullable=False),
        sa.Column("can_be_paid_out", sa.Boolean(), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consented_by_id", sa.Integer(), nullable=True),
        sa.Column("consent_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_by_id"], ["people.id"], name="fk_supplier_accounts_asked_by_id"),
        sa.ForeignKeyConstraint(["consented_by_id"], ["people.id"], name="fk_supplier_accounts_consented_by_id"),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name="fk_supplier_accounts_supplier_id"),
        sa.PrimaryKeyConstraint("supplier_id", name="pk_supplier_accounts"),
        sa.UniqueConstraint("account_id", name="one_supplier_per_account"),
    )
    op.create_table("invoices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("milestone_id", sa.Integer(), nullable=True),
        sa.Column("authority_id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(60), nullable=False),
        sa.Column("invoiced_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("purchase_order", sa.String(60), nullable=False),
        sa.Column("net_pence", sa.BigInteger(), nullable=False),
        sa.Column("vat_basis_points", sa.Integer(), nullable=False),
        sa.Column("vat_pence", sa.BigInteger(), nullable=False),
        sa.Column("total_pence", sa.BigInteger(), nullable=False),
        sa.Column("supplier_name", sa.String(200), nullable=False),
        sa.Column("supplier_address", sa.Text(), nullable=False),
        sa.Column("vat_number", sa.String(20), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("file_key", sa.String(80), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_by_id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_by_id", sa.Integer(), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("reminded_for", sa.Date(), nullable=True),
        sa.CheckConstraint("returned_at is null or return_reason <> ''", name="reason_if_returned"),
        sa.CheckConstraint("approved_at is null or returned_at is null", name="returned_is_not_approved"),
        sa.CheckConstraint("net_pence > 0 and vat_pence >= 0", name="invoice_asks_for_money"),
        sa.CheckConstraint("total_pence = net_pence + vat_pence", name="invoice_adds_up"),
        sa.CheckConstraint("withdrawn_at is null or approved_at is null", name="withdrawn_is_not_approved"),
        sa.ForeignKeyConstraint(["approved_by_id"], ["people.id"], name="fk_invoices_approved_by_id"),
        sa.ForeignKeyConstraint(["authority_id"], ["organisations.id"], name="fk_invoices_authority_id"),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name="fk_invoices_contract_id"),
        sa.ForeignKeyConstraint(["milestone_id"], ["milestones.id"], name="fk_invoices_milestone_id"),
        sa.ForeignKeyConstraint(["raised_by_id"], ["people.id"], name="fk_invoices_raised_by_id"),
        sa.ForeignKeyConstraint(["returned_by_id"], ["people.id"], name="fk_invoices_returned_by_id"),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name="fk_invoices_supplier_id"),
        sa.PrimaryKeyConstraint("id", name="pk_invoices"),
        sa.UniqueConstraint("reference", name="invoices_reference_unique"),
    )
    op.create_index("ix_invoices_authority_id", "invoices", ["authority_id"], unique=False)
    op.create_index("ix_invoices_contract_id", "invoices", ["contract_id"], unique=False)
    op.create_index("ix_invoices_milestone_id", "invoices", ["milestone_id"], unique=False)
    op.create_index("ix_invoices_received_at", "invoices", ["received_at"], unique=False)
    op.create_index("ix_invoices_supplier_id", "invoices", ["supplier_id"], unique=False)
    op.create_index("one_invoice_per_number", "invoices", ["contract_id", "number"], unique=True, sqlite_where=sa.text("returned_at IS NULL AND withdrawn_at IS NULL"), postgresql_where=sa.text("returned_at IS NULL AND withdrawn_at IS NULL"))
    op.create_table("credit_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("net_pence", sa.BigInteger(), nullable=False),
        sa.Column("vat_pence", sa.BigInteger(), nullable=False),
        sa.Column("total_pence", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("net_pence >= 0 and vat_pence >= 0 and total_pence > 0", name="credit_note_gives_money"),
        sa.CheckConstraint("total_pence = net_pence + vat_pence", name="credit_note_adds_up"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name="fk_credit_notes_invoice_id"),
        sa.ForeignKeyConstraint(["raised_by_id"], ["people.id"], name="fk_credit_notes_raised_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_credit_notes"),
        sa.UniqueConstraint("invoice_id", "number", name="one_credit_note_per_number"),
        sa.UniqueConstraint("reference", name="credit_notes_reference_unique"),
    )
    op.create_index("ix_credit_notes_invoice_id", "credit_notes", ["invoice_id"], unique=False)
    op.create_table("invoice_disputes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_by_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by_id", sa.Integer(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.CheckConstraint("reason <> ''", name="dispute_has_reason"),
        sa.CheckConstraint("resolved_at is null or resolution <> ''", name="resolution_if_resolved"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name="fk_invoice_disputes_invoice_id"),
        sa.ForeignKeyConstraint(["raised_by_id"], ["people.id"], name="fk_invoice_disputes_raised_by_id"),
        sa.ForeignKeyConstraint(["resolved_by_id"], ["people.id"], name="fk_invoice_disputes_resolved_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_invoice_disputes"),
    )
    op.create_index("ix_invoice_disputes_invoice_id", "invoice_disputes", ["invoice_id"], unique=False)
    op.create_index("one_open_dispute", "invoice_disputes", ["invoice_id"], unique=True, sqlite_where=sa.text("resolved_at IS NULL"), postgresql_where=sa.text("resolved_at IS NULL"))
    op.create_table("payments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(10), nullable=False),
        sa.Column("amount_pence", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("bank_reference", sa.String(60), nullable=False),
        sa.Column("remittance_line_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(120), nullable=False),
        sa.Column("session_url", sa.Text(), nullable=False),
        sa.Column("intent_id", sa.String(120), nullable=True),
        sa.Column("charge_id", sa.String(120), nullable=False),
        sa.Column("charged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payout_id", sa.String(120), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.CheckConstraint("method = 'card' or intent_id is null", name="only_cards_have_intents"),
        sa.CheckConstraint("method in ('bacs', 'card')", name="payment_method_known"),
        sa.CheckConstraint("amount_pence > 0", name="payment_pays_something"),
        sa.CheckConstraint("failed_at is null or paid_on is null", name="failed_is_not_paid"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["people.id"], name="fk_payments_asked_by_id"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name="fk_payments_invoice_id"),
        sa.ForeignKeyConstraint(["remittance_line_id"], ["remittance_lines.id"], name="fk_payments_remittance_line_id"),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
        sa.UniqueConstraint("intent_id", name="one_payment_per_intent"),
        sa.UniqueConstraint("invoice_id", "attempt", name="one_payment_per_attempt"),
        sa.UniqueConstraint("reference", name="payments_reference_unique"),
        sa.UniqueConstraint("remittance_line_id", name="payments_remittance_line_id_unique"),
    )
    op.create_index("ix_payments_charge_id", "payments", ["charge_id"], unique=False)
    op.create_index("ix_payments_invoice_id", "payments", ["invoice_id"], unique=False)
    op.create_index("ix_payments_paid_on", "payments", ["paid_on"], unique=False)
    op.create_index("ix_payments_payout_id", "payments", ["payout_id"], unique=False)
    op.create_index("ix_payments_session_id", "payments", ["session_id"], unique=False)
    op.create_table("payment_refunds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("amount_pence", sa.BigInteger(), nullable=False),
        sa.Column("refunded_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("stripe_id", sa.String(120), nullable=True),
        sa.CheckConstraint("kind in ('refund', 'chargeback', 'chargeback_won')", name="refund_kind_known"),
        sa.CheckConstraint("amount_pence > 0", name="refund_gives_something"),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_payment_refunds_payment_id"),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["people.id"], name="fk_payment_refunds_recorded_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_payment_refunds"),
        sa.UniqueConstraint("stripe_id", name="one_refund_per_stripe_id"),
    )
    op.create_index("ix_payment_refunds_payment_id", "payment_refunds", ["payment_id"], unique=False)
    op.add_column("authorities", sa.Column("new_needs_stopped_at", sa.DateTime(timezone=True), nullable=True))
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_column("authorities", "new_needs_stopped_at")
    op.drop_index("ix_payment_refunds_payment_id", table_name="payment_refunds")
    op.drop_table("payment_refunds")
    op.drop_index("ix_payments_session_id", table_name="payments")
    op.drop_index("ix_payments_payout_id", table_name="payments")
    op.drop_index("ix_payments_paid_on", table_name="payments")
    op.drop_index("ix_payments_invoice_id", table_name="payments")
    op.drop_index("ix_payments_charge_id", table_name="payments")
    op.drop_table("payments")
    op.drop_index("one_open_dispute", table_name="invoice_disputes", sqlite_where=sa.text("resolved_at IS NULL"), postgresql_where=sa.text("resolved_at IS NULL"))
    op.drop_index("ix_invoice_disputes_invoice_id", table_name="invoice_disputes")
    op.drop_table("invoice_disputes")
    op.drop_index("ix_credit_notes_invoice_id", table_name="credit_notes")
    op.drop_table("credit_notes")
    op.drop_index("one_invoice_per_number", table_name="invoices", sqlite_where=sa.text("returned_at IS NULL AND withdrawn_at IS NULL"), postgresql_where=sa.text("returned_at IS NULL AND withdrawn_at IS NULL"))
    op.drop_index("ix_invoices_supplier_id", table_name="invoices")
    op.drop_index("ix_invoices_received_at", table_name="invoices")
    op.drop_index("ix_invoices_milestone_id", table_name="invoices")
    op.drop_index("ix_invoices_contract_id", table_name="invoices")
    op.drop_index("ix_invoices_authority_id", table_name="invoices")
    op.drop_table("invoices")
    op.drop_table("supplier_accounts")
    op.drop_index("ix_subscription_invoices_subscription_id", table_name="subscription_invoices")
    op.drop_table("subscription_invoices")
    op.drop_index("ix_remittance_lines_remittance_id", table_name="remittance_lines")
    op.drop_table("remittance_lines")
    op.drop_index("one_live_subscription", table_name="subscriptions", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_subscriptions_subscription_id", table_name="subscriptions")
    op.drop_index("ix_subscriptions_customer_id", table_name="subscriptions")
    op.drop_index("ix_subscriptions_authority_id", table_name="subscriptions")
    op.drop_table("subscriptions")
    op.drop_index("ix_remittances_authority_id", table_name="remittances")
    op.drop_table("remittances")
    op.drop_index("ix_ledger_transfers_subject", table_name="ledger_transfers")
    op.drop_index("ix_ledger_transfers_kind", table_name="ledger_transfers")
    op.drop_index("ix_ledger_transfers_debit", table_name="ledger_transfers")
    op.drop_index("ix_ledger_transfers_credit", table_name="ledger_transfers")
    op.drop_table("ledger_transfers")
    op.drop_table("gateway_mode")
    op.drop_index("ix_gateway_events_type", table_name="gateway_events")
    op.drop_index("ix_gateway_events_object_id", table_name="gateway_events")
    op.drop_table("gateway_events")
    op.drop_index("one_open_difference", table_name="gateway_differences", sqlite_where=sa.text("resolved_at IS NULL"), postgresql_where=sa.text("resolved_at IS NULL"))
    op.drop_table("gateway_differences")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ledger_transfers_refuse")
        op.execute("DROP FUNCTION invoices_keep_received_at")
