"""The first tables of every room.

Why: the first version. Later migrations change these tables and carry the rows along; this one is never edited again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The database itself refuses to change or delete a line of the journal. Told here in full: what the models say later
# must not change what this revision did.
GUARDS = {
    "sqlite": [
        "CREATE TRIGGER journal_lines_refuse_update BEFORE UPDATE ON journal_lines BEGIN SELECT RAISE(ABORT, 'journal_lines_are_append_only'); END",
        "CREATE TRIGGER journal_lines_refuse_delete BEFORE DELETE ON journal_lines BEGIN SELECT RAISE(ABORT, 'journal_lines_are_append_only'); END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION journal_lines_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'journal_lines_are_append_only'; END $$",
        "CREATE TRIGGER journal_lines_refuse_change BEFORE UPDATE OR DELETE ON journal_lines FOR EACH ROW EXECUTE FUNCTION journal_lines_refuse()",
        "CREATE TRIGGER journal_lines_refuse_truncate BEFORE TRUNCATE ON journal_lines FOR EACH STATEMENT EXECUTE FUNCTION journal_lines_refuse()",
    ],
}


def upgrade() -> None:
    op.create_table(
        "journal_cursors",
        sa.Column("listener", sa.String(length=80), nullable=False),
        sa.Column("scanned_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("listener", name=op.f("pk_journal_cursors")),
    )
    op.create_table(
        "journal_deliveries",
        sa.Column("listener", sa.String(length=80), nullable=False),
        sa.Column("line", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gave_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("listener", "line", name=op.f("pk_journal_deliveries")),
    )
    op.create_index("ix_journal_deliveries_due", "journal_deliveries", ["listener", "done_at", "due_at"], unique=False)
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_head")),
    )
    op.create_table(
        "journal_lines",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=80), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("organisation", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("need", sa.String(length=40), nullable=False),
        sa.Column("authority", sa.String(length=120), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_journal_lines")),
    )
    op.create_index(op.f("ix_journal_lines_actor"), "journal_lines", ["actor"], unique=False)
    op.create_index(op.f("ix_journal_lines_authority"), "journal_lines", ["authority"], unique=False)
    op.create_index(op.f("ix_journal_lines_event"), "journal_lines", ["event"], unique=False)
    op.create_index(op.f("ix_journal_lines_need"), "journal_lines", ["need"], unique=False)
    op.create_index(op.f("ix_journal_lines_subject"), "journal_lines", ["subject"], unique=False)
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("stop_url", sa.String(length=500), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("key", name=op.f("mails_key_unique")),
    )
    op.create_index(op.f("ix_mails_recipient"), "mails", ["recipient"], unique=False)
    op.create_index("ix_mails_unsent", "mails", ["sent_at", "due_at"], unique=False)
    op.create_table(
        "organisations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspension_reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind in ('authority', 'supplier', 'audit_body', 'platform')", name=op.f("organisation_kind_known")
        ),
        sa.CheckConstraint("suspended_at is null or suspension_reason <> ''", name=op.f("reason_if_suspended")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("kind", "slug", name="one_organisation_per_address"),
        sa.UniqueConstraint("reference", name=op.f("organisations_reference_unique")),
    )
    op.create_index(op.f("ix_organisations_kind"), "organisations", ["kind"], unique=False)
    op.create_index(op.f("ix_organisations_name"), "organisations", ["name"], unique=False)
    op.create_index(op.f("ix_organisations_slug"), "organisations", ["slug"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pseudonym", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("email_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("email", name=op.f("people_email_unique")),
        sa.UniqueConstraint("pseudonym", name=op.f("people_pseudonym_unique")),
    )
    op.create_table(
        "sequences",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sequences")),
    )
    op.create_table(
        "sign_in_tries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("was_right", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_tries")),
    )
    op.create_index("ix_sign_in_tries_who", "sign_in_tries", ["who", "at"], unique=False)
    op.create_table(
        "timetable_runs",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_timetable_runs")),
    )
    op.create_table(
        "authorities",
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("gss_code", sa.String(length=12), nullable=False),
        sa.Column("nation", sa.String(length=30), nullable=False),
        sa.Column("region", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("population", sa.Integer(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("homepage", sa.String(length=300), nullable=False),
        sa.Column("email_domains", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_authorities_organisation_id")),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_authorities")),
        sa.UniqueConstraint("code", name=op.f("authorities_code_unique")),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("roles", sa.String(length=200), nullable=False),
        sa.Column("invited_by_id", sa.Integer(), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["invited_by_id"], ["people.id"], name=op.f("fk_invitations_invited_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_invitations_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
    )
    op.create_index(op.f("ix_invitations_email"), "invitations", ["email"], unique=False)
    op.create_index(op.f("ix_invitations_organisation_id"), "invitations", ["organisation_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_memberships_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_memberships_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("person_id", "organisation_id", name="one_membership_per_person"),
    )
    op.create_index(op.f("ix_memberships_organisation_id"), "memberships", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_memberships_person_id"), "memberships", ["person_id"], unique=False)
    op.create_table(
        "needs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("buyer_name", sa.String(length=300), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("who_is_affected", sa.Text(), nullable=False),
        sa.Column("outcomes", sa.Text(), nullable=False),
        sa.Column("what_exists", sa.Text(), nullable=False),
        sa.Column("constraints", sa.Text(), nullable=False),
        sa.Column("location", sa.String(length=300), nullable=False),
        sa.Column("postcode", sa.String(length=10), nullable=False),
        sa.Column("region", sa.String(length=60), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("estimated_value_pence", sa.BigInteger(), nullable=True),
        sa.Column("value_workings", sa.Text(), nullable=False),
        sa.Column("budget_note", sa.Text(), nullable=False),
        sa.Column("budget_reference", sa.String(length=80), nullable=False),
        sa.Column("jurisdiction", sa.String(length=5), nullable=False),
        sa.Column("regime", sa.Text(), nullable=False),
        sa.Column("reserved_to", sa.String(length=20), nullable=False),
        sa.Column("reserved_areas", sa.String(length=300), nullable=False),
        sa.Column("is_reserved_for_smes", sa.Boolean(), nullable=False),
        sa.Column("reservation_reason", sa.Text(), nullable=False),
        sa.Column("sme_barriers", sa.Text(), nullable=False),
        sa.Column("lots_reason", sa.Text(), nullable=False),
        sa.Column("conflicts_assessment", sa.Text(), nullable=False),
        sa.Column("central_notice_number", sa.String(length=40), nullable=False),
        sa.Column("central_notice_url", sa.String(length=300), nullable=False),
        sa.Column("ocid", sa.String(length=80), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("questions_close_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("award_expected_on", sa.Date(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("price_formula", sa.String(length=30), nullable=False),
        sa.Column("tie_break", sa.Text(), nullable=False),
        sa.Column("cpv_codes", sa.String(length=300), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("openers_needed", sa.Integer(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("review_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_note", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scores_frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("awarded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("no_award_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("no_award_reason", sa.Text(), nullable=False),
        sa.Column("contracted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("copied_from_reference", sa.String(length=40), nullable=False),
        sa.Column("copied_from_buyer", sa.String(length=300), nullable=False),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("source_id", sa.String(length=160), nullable=True),
        sa.Column("source_url", sa.String(length=500), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("source_status", sa.String(length=40), nullable=False),
        sa.CheckConstraint("authority_id is not null or source <> ''", name=op.f("need_has_a_buyer")),
        sa.CheckConstraint("no_award_at is null or no_award_reason <> ''", name=op.f("reason_if_no_award")),
        sa.CheckConstraint(
            "published_at is null or closes_at is not null or source <> ''", name=op.f("closing_if_published")
        ),
        sa.CheckConstraint("withdrawn_at is null or withdrawal_reason <> ''", name=op.f("reason_if_withdrawn")),
        sa.CheckConstraint(
            "approved_by_id is null or approved_by_id <> author_id", name=op.f("approver_is_not_author")
        ),
        sa.CheckConstraint("awarded_at is null or no_award_at is null", name=op.f("awarded_or_not_awarded")),
        sa.CheckConstraint("opened_at is null or opened_at >= closes_at", name=op.f("opened_after_closing")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["people.id"], name=op.f("fk_needs_approved_by_id")),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_needs_author_id")),
        sa.ForeignKeyConstraint(["authority_id"], ["organisations.id"], name=op.f("fk_needs_authority_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_needs")),
        sa.UniqueConstraint("reference", name=op.f("needs_reference_unique")),
        sa.UniqueConstraint("source", "source_id", name="one_need_per_source_id"),
    )
    op.create_index(op.f("ix_needs_authority_id"), "needs", ["authority_id"], unique=False)
    op.create_index("ix_needs_authority_published", "needs", ["authority_id", "published_at"], unique=False)
    op.create_index(op.f("ix_needs_closes_at"), "needs", ["closes_at"], unique=False)
    op.create_index("ix_needs_open", "needs", ["published_at", "closes_at"], unique=False)
    op.create_index(op.f("ix_needs_published_at"), "needs", ["published_at"], unique=False)
    op.create_index(op.f("ix_needs_region"), "needs", ["region"], unique=False)
    op.create_index(op.f("ix_needs_source"), "needs", ["source"], unique=False)
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("query_string", sa.String(length=1000), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_saved_searches_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
    )
    op.create_index(op.f("ix_saved_searches_person_id"), "saved_searches", ["person_id"], unique=False)
    op.create_table(
        "suppliers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_number", sa.String(length=12), nullable=True),
        sa.Column("charity_number", sa.String(length=12), nullable=True),
        sa.Column("vat_number", sa.String(length=12), nullable=False),
        sa.Column("ppon", sa.String(length=20), nullable=False),
        sa.Column("name_key", sa.String(length=200), nullable=True),
        sa.Column("is_sole_trader", sa.Boolean(), nullable=False),
        sa.Column("is_vcse", sa.Boolean(), nullable=False),
        sa.Column("size", sa.String(length=10), nullable=False),
        sa.Column("postcode", sa.String(length=10), nullable=False),
        sa.Column("outcode", sa.String(length=5), nullable=False),
        sa.Column("region", sa.String(length=60), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("summary", sa.String(length=300), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("website", sa.String(length=300), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("source_id", sa.String(length=120), nullable=True),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("size in ('', 'micro', 'small', 'medium', 'large')", name=op.f("supplier_size_known")),
        sa.ForeignKeyConstraint(["id"], ["organisations.id"], name=op.f("fk_suppliers_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppliers")),
        sa.UniqueConstraint("source", "source_id", name="one_supplier_per_source_id"),
    )
    op.create_index(op.f("ix_suppliers_name_key"), "suppliers", ["name_key"], unique=False)
    op.create_index(op.f("ix_suppliers_region"), "suppliers", ["region"], unique=False)
    op.create_index("one_supplier_per_charity_number", "suppliers", ["charity_number"], unique=True)
    op.create_index("one_supplier_per_company_number", "suppliers", ["company_number"], unique=True)
    op.create_index(
        "one_unnumbered_supplier_per_name_and_outcode",
        "suppliers",
        ["name_key", "outcode"],
        unique=True,
        sqlite_where=sa.text("company_number is null and charity_number is null and source = ''"),
        postgresql_where=sa.text("company_number is null and charity_number is null and source = ''"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=30), nullable=False),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_tokens_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
    )
    op.create_index(op.f("ix_tokens_person_id"), "tokens", ["person_id"], unique=False)
    op.create_table(
        "assessments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("quality_agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quality_agreed_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_assessments_need_id")),
        sa.ForeignKeyConstraint(
            ["quality_agreed_by_id"], ["people.id"], name=op.f("fk_assessments_quality_agreed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
        sa.UniqueConstraint("need_id", name="one_assessment_per_need"),
    )
    op.create_table(
        "bid_openings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("first_opener_id", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entrusted", sa.LargeBinary(), nullable=True),
        sa.Column("second_opener_id", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bids_opened", sa.Integer(), nullable=False),
        sa.Column("opening_list", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(opened_at is null) = (second_opener_id is null)", name=op.f("opened_by_the_second_opener")
        ),
        sa.CheckConstraint(
            "second_opener_id is null or second_opener_id <> first_opener_id", name=op.f("two_different_openers")
        ),
        sa.ForeignKeyConstraint(["first_opener_id"], ["people.id"], name=op.f("fk_bid_openings_first_opener_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_bid_openings_need_id")),
        sa.ForeignKeyConstraint(["second_opener_id"], ["people.id"], name=op.f("fk_bid_openings_second_opener_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_openings")),
        sa.UniqueConstraint("need_id", name="one_opening_per_need"),
    )
    op.create_table(
        "bids",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("journal_salt", sa.String(length=64), nullable=False),
        sa.Column("current_version", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(submitted_at is null) = (current_version = 0)", name=op.f("submitted_with_a_version")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_bids_need_id")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_bids_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bids")),
        sa.UniqueConstraint("reference", name=op.f("bids_reference_unique")),
    )
    op.create_index(op.f("ix_bids_need_id"), "bids", ["need_id"], unique=False)
    op.create_index(op.f("ix_bids_supplier_id"), "bids", ["supplier_id"], unique=False)
    op.create_index(
        "one_live_bid_per_supplier",
        "bids",
        ["need_id", "supplier_id"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at is null"),
        postgresql_where=sa.text("withdrawn_at is null"),
    )
    op.create_table(
        "clarifications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("asked_by_supplier_id", sa.Integer(), nullable=True),
        sa.Column("asked_by_person_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("published_question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.Column("changes_the_need", sa.Boolean(), nullable=False),
        sa.CheckConstraint("answered_at is null or answer <> ''", name=op.f("answered_if_published")),
        sa.ForeignKeyConstraint(["answered_by_id"], ["people.id"], name=op.f("fk_clarifications_answered_by_id")),
        sa.ForeignKeyConstraint(
            ["asked_by_person_id"], ["people.id"], name=op.f("fk_clarifications_asked_by_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_supplier_id"], ["suppliers.id"], name=op.f("fk_clarifications_asked_by_supplier_id")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_clarifications_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clarifications")),
        sa.UniqueConstraint("need_id", "number", name="one_clarification_per_number"),
        sa.UniqueConstraint("reference", name=op.f("clarifications_reference_unique")),
    )
    op.create_index(
        op.f("ix_clarifications_asked_by_supplier_id"), "clarifications", ["asked_by_supplier_id"], unique=False
    )
    op.create_index(op.f("ix_clarifications_need_id"), "clarifications", ["need_id"], unique=False)
    op.create_table(
        "conflict_declarations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("has_conflict", sa.Boolean(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("stood_aside_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.CheckConstraint("decided_at is null or decision <> ''", name=op.f("conflict_decided_with_reason")),
        sa.CheckConstraint("has_conflict = false or details <> ''", name=op.f("details_if_conflict")),
        sa.CheckConstraint(
            "decided_by_id is null or decided_by_id <> person_id", name=op.f("conflict_decided_by_another")
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["people.id"], name=op.f("fk_conflict_declarations_decided_by_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_conflict_declarations_need_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_conflict_declarations_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict_declarations")),
        sa.UniqueConstraint("need_id", "person_id", name="one_declaration_per_person"),
    )
    op.create_index(op.f("ix_conflict_declarations_need_id"), "conflict_declarations", ["need_id"], unique=False)
    op.create_table(
        "criteria",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("minimum_score", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind in ('quality', 'price')", name=op.f("criterion_kind_known")),
        sa.CheckConstraint("weight >= 0 and weight <= 100", name=op.f("weight_is_a_percentage")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_criteria_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_criteria")),
    )
    op.create_index(op.f("ix_criteria_need_id"), "criteria", ["need_id"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("cover_pence", sa.BigInteger(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("file_key", sa.String(length=80), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_for", sa.Date(), nullable=True),
        sa.Column("reminded_days", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind in ('certificate', 'insurance')", name=op.f("evidence_kind_known")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_evidence_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_expires_on"), "evidence", ["expires_on"], unique=False)
    op.create_index(op.f("ix_evidence_supplier_id"), "evidence", ["supplier_id"], unique=False)
    op.create_table(
        "follows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_follows_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follows")),
        sa.UniqueConstraint("need_id", "email", name="one_follow_per_address"),
    )
    op.create_index(op.f("ix_follows_email"), "follows", ["email"], unique=False)
    op.create_index(op.f("ix_follows_need_id"), "follows", ["need_id"], unique=False)
    op.create_table(
        "late_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_late_attempts_need_id")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_late_attempts_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_attempts")),
    )
    op.create_index(op.f("ix_late_attempts_need_id"), "late_attempts", ["need_id"], unique=False)
    op.create_index(op.f("ix_late_attempts_supplier_id"), "late_attempts", ["supplier_id"], unique=False)
    op.create_table(
        "membership_roles",
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["memberships.id"], name=op.f("fk_membership_roles_membership_id")),
        sa.PrimaryKeyConstraint("membership_id", "role", name=op.f("pk_membership_roles")),
    )
    op.create_table(
        "need_amendments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by_id", sa.Integer(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_need_amendments_need_id")),
        sa.ForeignKeyConstraint(["started_by_id"], ["people.id"], name=op.f("fk_need_amendments_started_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_amendments")),
        sa.UniqueConstraint("need_id", name=op.f("need_amendments_need_id_unique")),
    )
    op.create_table(
        "need_capabilities",
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_need_capabilities_need_id")),
        sa.PrimaryKeyConstraint("need_id", "code", name=op.f("pk_need_capabilities")),
    )
    op.create_index(op.f("ix_need_capabilities_code"), "need_capabilities", ["code"], unique=False)
    op.create_table(
        "need_documents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("file_key", sa.String(length=80), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_need_documents_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_documents")),
    )
    op.create_index(op.f("ix_need_documents_need_id"), "need_documents", ["need_id"], unique=False)
    op.create_table(
        "need_invitations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("invited_by_id", sa.Integer(), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["invited_by_id"], ["people.id"], name=op.f("fk_need_invitations_invited_by_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_need_invitations_need_id")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_need_invitations_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_invitations")),
        sa.UniqueConstraint("need_id", "supplier_id", name="one_invitation_per_supplier"),
    )
    op.create_index(op.f("ix_need_invitations_need_id"), "need_invitations", ["need_id"], unique=False)
    op.create_index(op.f("ix_need_invitations_supplier_id"), "need_invitations", ["supplier_id"], unique=False)
    op.create_table(
        "need_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("is_material", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["made_by_id"], ["people.id"], name=op.f("fk_need_versions_made_by_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_need_versions_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_versions")),
        sa.UniqueConstraint("need_id", "number", name="one_version_per_number"),
    )
    op.create_index(op.f("ix_need_versions_need_id"), "need_versions", ["need_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_notices_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("need_id", "kind", "subject", name="one_notice_per_kind"),
    )
    op.create_index(op.f("ix_notices_need_id"), "notices", ["need_id"], unique=False)
    op.create_table(
        "opener_shares",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_private_key", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_share", sa.LargeBinary(), nullable=False),
        sa.Column("wrapping", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_opener_shares_need_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_opener_shares_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opener_shares")),
        sa.UniqueConstraint("need_id", "person_id", name="one_share_per_opener"),
    )
    op.create_index(op.f("ix_opener_shares_need_id"), "opener_shares", ["need_id"], unique=False)
    op.create_table(
        "outside_awards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("supplier_name", sa.String(length=300), nullable=False),
        sa.Column("value_pence", sa.BigInteger(), nullable=True),
        sa.Column("awarded_on", sa.Date(), nullable=True),
        sa.Column("is_sme", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_outside_awards_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_awards")),
    )
    op.create_index(op.f("ix_outside_awards_need_id"), "outside_awards", ["need_id"], unique=False)
    op.create_index(op.f("ix_outside_awards_supplier_name"), "outside_awards", ["supplier_name"], unique=False)
    op.create_table(
        "panel_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("duty", sa.String(length=20), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("duty in ('opener', 'evaluator', 'chair', 'award_approver')", name=op.f("duty_known")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_panel_members_need_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_panel_members_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_members")),
        sa.UniqueConstraint("need_id", "person_id", "duty", name="one_duty_once"),
    )
    op.create_index(op.f("ix_panel_members_need_id"), "panel_members", ["need_id"], unique=False)
    op.create_index(op.f("ix_panel_members_person_id"), "panel_members", ["person_id"], unique=False)
    op.create_table(
        "price_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("quantity_is_positive")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_price_lines_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_lines")),
    )
    op.create_index(op.f("ix_price_lines_need_id"), "price_lines", ["need_id"], unique=False)
    op.create_table(
        "requirements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("kind in ('essential', 'desirable')", name=op.f("requirement_kind_known")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_requirements_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requirements")),
    )
    op.create_index(op.f("ix_requirements_need_id"), "requirements", ["need_id"], unique=False)
    op.create_table(
        "solutions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("customer", sa.String(length=200), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('solution', 'past_work')", name=op.f("solution_kind_known")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_solutions_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_solutions")),
    )
    op.create_index(op.f("ix_solutions_supplier_id"), "solutions", ["supplier_id"], unique=False)
    op.create_table(
        "supplier_capabilities",
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_supplier_capabilities_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "code", name=op.f("pk_supplier_capabilities")),
    )
    op.create_index(op.f("ix_supplier_capabilities_code"), "supplier_capabilities", ["code"], unique=False)
    op.create_table(
        "awards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Integer(), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=False),
        sa.Column("summaries_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("central_notice_number", sa.String(length=40), nullable=False),
        sa.CheckConstraint("reasons <> ''", name=op.f("award_has_reasons")),
        sa.CheckConstraint("approved_by_id is null or approved_by_id <> proposed_by_id", name=op.f("award_takes_two")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["people.id"], name=op.f("fk_awards_approved_by_id")),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name=op.f("fk_awards_bid_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_awards_need_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["people.id"], name=op.f("fk_awards_proposed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awards")),
        sa.UniqueConstraint("reference", name=op.f("awards_reference_unique")),
    )
    op.create_index(op.f("ix_awards_need_id"), "awards", ["need_id"], unique=False)
    op.create_table(
        "bid_questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("criterion_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("guidance", sa.Text(), nullable=False),
        sa.Column("word_limit", sa.Integer(), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.CheckConstraint("word_limit > 0", name=op.f("word_limit_is_positive")),
        sa.ForeignKeyConstraint(
            ["criterion_id"], ["criteria.id"], name=op.f("fk_bid_questions_criterion_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_bid_questions_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_questions")),
    )
    op.create_index(op.f("ix_bid_questions_need_id"), "bid_questions", ["need_id"], unique=False)
    op.create_table(
        "bid_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by_id", sa.Integer(), nullable=True),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("manifest_hash", sa.String(length=64), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("own_copy", sa.LargeBinary(), nullable=True),
        sa.Column("own_copy_files", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name=op.f("fk_bid_versions_bid_id")),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["people.id"], name=op.f("fk_bid_versions_submitted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_versions")),
        sa.UniqueConstraint("bid_id", "idempotency_key", name="one_submission_per_key"),
        sa.UniqueConstraint("bid_id", "number", name="one_bid_version_per_number"),
    )
    op.create_index(op.f("ix_bid_versions_bid_id"), "bid_versions", ["bid_id"], unique=False)
    op.create_table(
        "disregards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Integer(), nullable=False),
        sa.Column("ground", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("was_heard", sa.Boolean(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "approved_by_id is null or approved_by_id <> proposed_by_id", name=op.f("disregard_takes_two")
        ),
        sa.ForeignKeyConstraint(["approved_by_id"], ["people.id"], name=op.f("fk_disregards_approved_by_id")),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name=op.f("fk_disregards_bid_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["people.id"], name=op.f("fk_disregards_proposed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disregards")),
        sa.UniqueConstraint("bid_id", name="one_disregard_per_bid"),
    )
    op.create_table(
        "draft_parts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=80), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("file_key", sa.String(length=80), nullable=False),
        sa.Column("sealed_key", sa.String(length=80), nullable=False),
        sa.Column("sealed_size", sa.Integer(), nullable=False),
        sa.Column("sealed_sha256", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name=op.f("fk_draft_parts_bid_id")),
        sa.ForeignKeyConstraint(["saved_by_id"], ["people.id"], name=op.f("fk_draft_parts_saved_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_parts")),
        sa.UniqueConstraint("bid_id", "slot", name="one_draft_part_per_slot"),
    )
    op.create_index(op.f("ix_draft_parts_bid_id"), "draft_parts", ["bid_id"], unique=False)
    op.create_table(
        "low_price_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("note <> ''", name=op.f("low_price_note_says_something")),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name=op.f("fk_low_price_notes_bid_id")),
        sa.ForeignKeyConstraint(["noted_by_id"], ["people.id"], name=op.f("fk_low_price_notes_noted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_low_price_notes")),
        sa.UniqueConstraint("bid_id", name="one_low_price_note_per_bid"),
    )
    op.create_table(
        "moderations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Integer(), nullable=False),
        sa.Column("criterion_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("agreed_score_has_a_reason")),
        sa.CheckConstraint("score >= 0 and score <= 5", name=op.f("agreed_score_on_the_scale")),
        sa.ForeignKeyConstraint(["agreed_by_id"], ["people.id"], name=op.f("fk_moderations_agreed_by_id")),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name=op.f("fk_moderations_bid_id")),
        sa.ForeignKeyConstraint(["criterion_id"], ["criteria.id"], name=op.f("fk_moderations_criterion_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_moderations_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderations")),
        sa.UniqueConstraint("bid_id", "criterion_id", name="one_agreed_score"),
    )
    op.create_index(op.f("ix_moderations_bid_id"), "moderations", ["bid_id"], unique=False)
    op.create_index(op.f("ix_moderations_need_id"), "moderations", ["need_id"], unique=False)
    op.create_table(
        "opened_parts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("file_key", sa.String(length=80), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name=op.f("fk_opened_parts_bid_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opened_parts")),
        sa.UniqueConstraint("bid_id", "name", name="one_opened_part_per_name"),
    )
    op.create_index(op.f("ix_opened_parts_bid_id"), "opened_parts", ["bid_id"], unique=False)
    op.create_table(
        "results",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Integer(), nullable=False),
        sa.Column("price_pence", sa.BigInteger(), nullable=False),
        sa.Column("quality_score", sa.Numeric(precision=12, scale=6), nullable=False),
        sa.Column("price_score", sa.Numeric(precision=12, scale=6), nullable=False),
        sa.Column("total_score", sa.Numeric(precision=12, scale=6), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("can_win", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name=op.f("fk_results_bid_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_results_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_results")),
        sa.UniqueConstraint("need_id", "bid_id", name="one_result_per_bid"),
    )
    op.create_index(op.f("ix_results_need_id"), "results", ["need_id"], unique=False)
    op.create_table(
        "scores",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Integer(), nullable=False),
        sa.Column("criterion_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("score_has_a_reason")),
        sa.CheckConstraint("score >= 0 and score <= 5", name=op.f("score_on_the_scale")),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name=op.f("fk_scores_bid_id")),
        sa.ForeignKeyConstraint(["criterion_id"], ["criteria.id"], name=op.f("fk_scores_criterion_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_scores_need_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_scores_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scores")),
        sa.UniqueConstraint("bid_id", "criterion_id", "person_id", name="one_score_per_evaluator"),
    )
    op.create_index(op.f("ix_scores_bid_id"), "scores", ["bid_id"], unique=False)
    op.create_index(op.f("ix_scores_need_id"), "scores", ["need_id"], unique=False)
    op.create_table(
        "tie_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("tie_decided_with_reason")),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name=op.f("fk_tie_decisions_bid_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["people.id"], name=op.f("fk_tie_decisions_decided_by_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_tie_decisions_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tie_decisions")),
        sa.UniqueConstraint("bid_id", name="one_tie_decision_per_bid"),
    )
    op.create_index(op.f("ix_tie_decisions_need_id"), "tie_decisions", ["need_id"], unique=False)
    op.create_table(
        "assessment_summaries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("award_id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Integer(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["award_id"], ["awards.id"], name=op.f("fk_assessment_summaries_award_id")),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name=op.f("fk_assessment_summaries_bid_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_assessment_summaries_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_summaries")),
        sa.UniqueConstraint("award_id", "bid_id", name="one_summary_per_bid"),
    )
    op.create_index(op.f("ix_assessment_summaries_award_id"), "assessment_summaries", ["award_id"], unique=False)
    op.create_index(op.f("ix_assessment_summaries_bid_id"), "assessment_summaries", ["bid_id"], unique=False)
    op.create_index(op.f("ix_assessment_summaries_need_id"), "assessment_summaries", ["need_id"], unique=False)
    op.create_table(
        "contracts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("award_id", sa.Integer(), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("value_pence", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("first_value_pence", sa.BigInteger(), nullable=True),
        sa.Column("first_ends_on", sa.Date(), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=False),
        sa.Column("signature_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=False),
        sa.Column("council_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("council_signed_by_id", sa.Integer(), nullable=True),
        sa.Column("supplier_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("supplier_signed_by_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_kind", sa.String(length=20), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.Column("ending_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.CheckConstraint("ended_at is null or end_reason <> ''", name=op.f("reason_if_ended")),
        sa.CheckConstraint(
            "council_signed_by_id is null or council_signed_by_id <> written_by_id", name=op.f("signer_is_not_writer")
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("contract_ends_after_it_starts")),
        sa.CheckConstraint(
            "supplier_signed_at is null or council_signed_at is not null",
            name=op.f("supplier_signs_what_the_council_signed"),
        ),
        sa.ForeignKeyConstraint(["authority_id"], ["organisations.id"], name=op.f("fk_contracts_authority_id")),
        sa.ForeignKeyConstraint(["award_id"], ["awards.id"], name=op.f("fk_contracts_award_id")),
        sa.ForeignKeyConstraint(
            ["council_signed_by_id"], ["people.id"], name=op.f("fk_contracts_council_signed_by_id")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_contracts_need_id")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_contracts_supplier_id")),
        sa.ForeignKeyConstraint(
            ["supplier_signed_by_id"], ["people.id"], name=op.f("fk_contracts_supplier_signed_by_id")
        ),
        sa.ForeignKeyConstraint(["written_by_id"], ["people.id"], name=op.f("fk_contracts_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts")),
        sa.UniqueConstraint("award_id", name="one_contract_per_award"),
        sa.UniqueConstraint("reference", name=op.f("contracts_reference_unique")),
    )
    op.create_index(op.f("ix_contracts_authority_id"), "contracts", ["authority_id"], unique=False)
    op.create_index(op.f("ix_contracts_need_id"), "contracts", ["need_id"], unique=False)
    op.create_index(op.f("ix_contracts_supplier_id"), "contracts", ["supplier_id"], unique=False)
    op.create_table(
        "sealed_parts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=True),
        sa.Column("file_key", sa.String(length=80), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["bid_versions.id"], name=op.f("fk_sealed_parts_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_parts")),
        sa.UniqueConstraint("version_id", "name", name="one_sealed_part_per_name"),
    )
    op.create_index(op.f("ix_sealed_parts_version_id"), "sealed_parts", ["version_id"], unique=False)
    op.create_table(
        "standstills",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("award_id", sa.Integer(), nullable=False),
        sa.Column("applies", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspension_reason", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lift_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["awards.id"], name=op.f("fk_standstills_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standstills")),
        sa.UniqueConstraint("award_id", name="one_standstill_per_award"),
    )
    op.create_table(
        "milestones",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_pence", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivery_note", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by_id", sa.Integer(), nullable=True),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["accepted_by_id"], ["people.id"], name=op.f("fk_milestones_accepted_by_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name=op.f("fk_milestones_contract_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestones")),
    )
    op.create_index(op.f("ix_milestones_contract_id"), "milestones", ["contract_id"], unique=False)
    op.create_table(
        "modifications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ground", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("value_change_pence", sa.BigInteger(), nullable=False),
        sa.Column("new_ends_on", sa.Date(), nullable=True),
        sa.Column("needs_notice", sa.Boolean(), nullable=False),
        sa.Column("test_result", sa.Text(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_by_id", sa.Integer(), nullable=True),
        sa.Column("refusal_reason", sa.Text(), nullable=False),
        sa.Column("notice_number", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "approved_by_id is null or approved_by_id <> proposed_by_id", name=op.f("modification_takes_two")
        ),
        sa.ForeignKeyConstraint(["approved_by_id"], ["people.id"], name=op.f("fk_modifications_approved_by_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name=op.f("fk_modifications_contract_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["people.id"], name=op.f("fk_modifications_proposed_by_id")),
        sa.ForeignKeyConstraint(["refused_by_id"], ["people.id"], name=op.f("fk_modifications_refused_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_modifications")),
        sa.UniqueConstraint("contract_id", "number", name="one_modification_per_number"),
    )
    op.create_index(op.f("ix_modifications_contract_id"), "modifications", ["contract_id"], unique=False)
    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))


def downgrade() -> None:
    op.drop_index(op.f("ix_modifications_contract_id"), table_name="modifications")
    op.drop_table("modifications")
    op.drop_index(op.f("ix_milestones_contract_id"), table_name="milestones")
    op.drop_table("milestones")
    op.drop_table("standstills")
    op.drop_index(op.f("ix_sealed_parts_version_id"), table_name="sealed_parts")
    op.drop_table("sealed_parts")
    op.drop_index(op.f("ix_contracts_supplier_id"), table_name="contracts")
    op.drop_index(op.f("ix_contracts_need_id"), table_name="contracts")
    op.drop_index(op.f("ix_contracts_authority_id"), table_name="contracts")
    op.drop_table("contracts")
    op.drop_index(op.f("ix_assessment_summaries_need_id"), table_name="assessment_summaries")
    op.drop_index(op.f("ix_assessment_summaries_bid_id"), table_name="assessment_summaries")
    op.drop_index(op.f("ix_assessment_summaries_award_id"), table_name="assessment_summaries")
    op.drop_table("assessment_summaries")
    op.drop_index(op.f("ix_tie_decisions_need_id"), table_name="tie_decisions")
    op.drop_table("tie_decisions")
    op.drop_index(op.f("ix_scores_need_id"), table_name="scores")
    op.drop_index(op.f("ix_scores_bid_id"), table_name="scores")
    op.drop_table("scores")
    op.drop_index(op.f("ix_results_need_id"), table_name="results")
    op.drop_table("results")
    op.drop_index(op.f("ix_opened_parts_bid_id"), table_name="opened_parts")
    op.drop_table("opened_parts")
    op.drop_index(op.f("ix_moderations_need_id"), table_name="moderations")
    op.drop_index(op.f("ix_moderations_bid_id"), table_name="moderations")
    op.drop_table("moderations")
    op.drop_table("low_price_notes")
    op.drop_index(op.f("ix_draft_parts_bid_id"), table_name="draft_parts")
    op.drop_table("draft_parts")
    op.drop_table("disregards")
    op.drop_index(op.f("ix_bid_versions_bid_id"), table_name="bid_versions")
    op.drop_table("bid_versions")
    op.drop_index(op.f("ix_bid_questions_need_id"), table_name="bid_questions")
    op.drop_table("bid_questions")
    op.drop_index(op.f("ix_awards_need_id"), table_name="awards")
    op.drop_table("awards")
    op.drop_index(op.f("ix_supplier_capabilities_code"), table_name="supplier_capabilities")
    op.drop_table("supplier_capabilities")
    op.drop_index(op.f("ix_solutions_supplier_id"), table_name="solutions")
    op.drop_table("solutions")
    op.drop_index(op.f("ix_requirements_need_id"), table_name="requirements")
    op.drop_table("requirements")
    op.drop_index(op.f("ix_price_lines_need_id"), table_name="price_lines")
    op.drop_table("price_lines")
    op.drop_index(op.f("ix_panel_members_person_id"), table_name="panel_members")
    op.drop_index(op.f("ix_panel_members_need_id"), table_name="panel_members")
    op.drop_table("panel_members")
    op.drop_index(op.f("ix_outside_awards_supplier_name"), table_name="outside_awards")
    op.drop_index(op.f("ix_outside_awards_need_id"), table_name="outside_awards")
    op.drop_table("outside_awards")
    op.drop_index(op.f("ix_opener_shares_need_id"), table_name="opener_shares")
    op.drop_table("opener_shares")
    op.drop_index(op.f("ix_notices_need_id"), table_name="notices")
    op.drop_table("notices")
    op.drop_index(op.f("ix_need_versions_need_id"), table_name="need_versions")
    op.drop_table("need_versions")
    op.drop_index(op.f("ix_need_invitations_supplier_id"), table_name="need_invitations")
    op.drop_index(op.f("ix_need_invitations_need_id"), table_name="need_invitations")
    op.drop_table("need_invitations")
    op.drop_index(op.f("ix_need_documents_need_id"), table_name="need_documents")
    op.drop_table("need_documents")
    op.drop_index(op.f("ix_need_capabilities_code"), table_name="need_capabilities")
    op.drop_table("need_capabilities")
    op.drop_table("need_amendments")
    op.drop_table("membership_roles")
    op.drop_index(op.f("ix_late_attempts_supplier_id"), table_name="late_attempts")
    op.drop_index(op.f("ix_late_attempts_need_id"), table_name="late_attempts")
    op.drop_table("late_attempts")
    op.drop_index(op.f("ix_follows_need_id"), table_name="follows")
    op.drop_index(op.f("ix_follows_email"), table_name="follows")
    op.drop_table("follows")
    op.drop_index(op.f("ix_evidence_supplier_id"), table_name="evidence")
    op.drop_index(op.f("ix_evidence_expires_on"), table_name="evidence")
    op.drop_table("evidence")
    op.drop_index(op.f("ix_criteria_need_id"), table_name="criteria")
    op.drop_table("criteria")
    op.drop_index(op.f("ix_conflict_declarations_need_id"), table_name="conflict_declarations")
    op.drop_table("conflict_declarations")
    op.drop_index(op.f("ix_clarifications_need_id"), table_name="clarifications")
    op.drop_index(op.f("ix_clarifications_asked_by_supplier_id"), table_name="clarifications")
    op.drop_table("clarifications")
    op.drop_index(
        "one_live_bid_per_supplier",
        table_name="bids",
        sqlite_where=sa.text("withdrawn_at is null"),
        postgresql_where=sa.text("withdrawn_at is null"),
    )
    op.drop_index(op.f("ix_bids_supplier_id"), table_name="bids")
    op.drop_index(op.f("ix_bids_need_id"), table_name="bids")
    op.drop_table("bids")
    op.drop_table("bid_openings")
    op.drop_table("assessments")
    op.drop_index(op.f("ix_tokens_person_id"), table_name="tokens")
    op.drop_table("tokens")
    op.drop_index(
        "one_unnumbered_supplier_per_name_and_outcode",
        table_name="suppliers",
        sqlite_where=sa.text("company_number is null and charity_number is null and source = ''"),
        postgresql_where=sa.text("company_number is null and charity_number is null and source = ''"),
    )
    op.drop_index("one_supplier_per_company_number", table_name="suppliers")
    op.drop_index("one_supplier_per_charity_number", table_name="suppliers")
    op.drop_index(op.f("ix_suppliers_region"), table_name="suppliers")
    op.drop_index(op.f("ix_suppliers_name_key"), table_name="suppliers")
    op.drop_table("suppliers")
    op.drop_index(op.f("ix_saved_searches_person_id"), table_name="saved_searches")
    op.drop_table("saved_searches")
    op.drop_index(op.f("ix_needs_source"), table_name="needs")
    op.drop_index(op.f("ix_needs_region"), table_name="needs")
    op.drop_index(op.f("ix_needs_published_at"), table_name="needs")
    op.drop_index("ix_needs_open", table_name="needs")
    op.drop_index(op.f("ix_needs_closes_at"), table_name="needs")
    op.drop_index("ix_needs_authority_published", table_name="needs")
    op.drop_index(op.f("ix_needs_authority_id"), table_name="needs")
    op.drop_table("needs")
    op.drop_index(op.f("ix_memberships_person_id"), table_name="memberships")
    op.drop_index(op.f("ix_memberships_organisation_id"), table_name="memberships")
    op.drop_table("memberships")
    op.drop_index(op.f("ix_invitations_organisation_id"), table_name="invitations")
    op.drop_index(op.f("ix_invitations_email"), table_name="invitations")
    op.drop_table("invitations")
    op.drop_table("authorities")
    op.drop_table("timetable_runs")
    op.drop_index("ix_sign_in_tries_who", table_name="sign_in_tries")
    op.drop_table("sign_in_tries")
    op.drop_table("sequences")
    op.drop_table("people")
    op.drop_index(op.f("ix_organisations_slug"), table_name="organisations")
    op.drop_index(op.f("ix_organisations_name"), table_name="organisations")
    op.drop_index(op.f("ix_organisations_kind"), table_name="organisations")
    op.drop_table("organisations")
    op.drop_index("ix_mails_unsent", table_name="mails")
    op.drop_index(op.f("ix_mails_recipient"), table_name="mails")
    op.drop_table("mails")
    op.drop_index(op.f("ix_journal_lines_subject"), table_name="journal_lines")
    op.drop_index(op.f("ix_journal_lines_need"), table_name="journal_lines")
    op.drop_index(op.f("ix_journal_lines_event"), table_name="journal_lines")
    op.drop_index(op.f("ix_journal_lines_authority"), table_name="journal_lines")
    op.drop_index(op.f("ix_journal_lines_actor"), table_name="journal_lines")
    op.drop_table("journal_lines")
    op.drop_table("journal_head")
    op.drop_index("ix_journal_deliveries_due", table_name="journal_deliveries")
    op.drop_table("journal_deliveries")
    op.drop_table("journal_cursors")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS journal_lines_refuse")
