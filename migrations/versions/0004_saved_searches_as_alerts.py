"""Saved searches tell at once, daily or weekly; who was told of which need is on record; one need can be muted.

Why: a digest has to know what was not told yet, and fifty thousand searches cannot be tried one by one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WAITING = sa.text("told_at is null and let_go_at is null")


def upgrade() -> None:
    with op.batch_alter_table("saved_searches") as table:
        # Whoever saved a search was promised a mail at once.
        table.add_column(sa.Column("rhythm", sa.String(length=10), nullable=False, server_default="at-once"))
        # No keys yet: the worker makes them before it compares the next need.
        table.add_column(sa.Column("keyed_by", sa.String(length=16), nullable=False, server_default=""))
        table.create_check_constraint(op.f("rhythm_known"), "rhythm in ('at-once', 'daily', 'weekly')")
    op.create_table(
        "saved_search_keys",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("search_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["search_id"], ["saved_searches.id"], name=op.f("fk_saved_search_keys_search_id")),
        sa.PrimaryKeyConstraint("key", "search_id", name=op.f("pk_saved_search_keys")),
    )
    op.create_index(op.f("ix_saved_search_keys_search_id"), "saved_search_keys", ["search_id"], unique=False)
    op.create_table(
        "search_alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("search_id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("let_go_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("told_at is null or let_go_at is null", name=op.f("alert_told_or_let_go")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_search_alerts_need_id")),
        sa.ForeignKeyConstraint(["search_id"], ["saved_searches.id"], name=op.f("fk_search_alerts_search_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_alerts")),
        sa.UniqueConstraint("search_id", "need_id", name="one_alert_per_search_and_need"),
    )
    op.create_index(op.f("ix_search_alerts_need_id"), "search_alerts", ["need_id"], unique=False)
    op.create_index(
        "ix_search_alerts_waiting", "search_alerts", ["search_id"], sqlite_where=WAITING, postgresql_where=WAITING
    )
    op.create_table(
        "need_mutes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("muted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_need_mutes_need_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_need_mutes_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_mutes")),
        sa.UniqueConstraint("person_id", "need_id", name="one_mute_per_person_and_need"),
    )
    op.create_index(op.f("ix_need_mutes_need_id"), "need_mutes", ["need_id"], unique=False)
    op.create_index(op.f("ix_need_mutes_person_id"), "need_mutes", ["person_id"], unique=False)
    _keep_who_was_told()


def _keep_who_was_told() -> None:
    """A mail written before this revision counts: an amendment must not tell the same person of the need again."""
    told = """
        INSERT INTO search_alerts (search_id, need_id, happened_at, found_at, told_at)
        SELECT s.id, n.id, j.at, m.made_at, m.made_at
        FROM mails m
        JOIN people p ON p.email = m.recipient
        JOIN saved_searches s ON s.person_id = p.id
        JOIN journal_lines j ON m.key = CAST(j.number AS VARCHAR(20)) || ':saved-search-found:' || m.recipient
        JOIN needs n ON n.reference = j.need
        WHERE m.key LIKE '%:saved-search-found:%' AND s.saved_at <= m.made_at
    """
    op.execute(sa.text(told.replace(":saved-search-found:", r"\:saved-search-found\:")))


def downgrade() -> None:
    op.drop_index(op.f("ix_need_mutes_person_id"), table_name="need_mutes")
    op.drop_index(op.f("ix_need_mutes_need_id"), table_name="need_mutes")
    op.drop_table("need_mutes")
    op.drop_index("ix_search_alerts_waiting", table_name="search_alerts")
    op.drop_index(op.f("ix_search_alerts_need_id"), table_name="search_alerts")
    op.drop_table("search_alerts")
    op.drop_index(op.f("ix_saved_search_keys_search_id"), table_name="saved_search_keys")
    op.drop_table("saved_search_keys")
    with op.batch_alter_table("saved_searches") as table:
        table.drop_constraint(op.f("rhythm_known"), type_="check")
        table.drop_column("keyed_by")
        table.drop_column("rhythm")
