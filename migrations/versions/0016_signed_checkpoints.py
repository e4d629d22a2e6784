"""Signed checkpoints of the journal's tree, and the roots of its full tiles.

Why: somebody who keeps one old checkpoint can show any later change of what stood in the journal then, also by those
who run this service. Kept for ever, and guarded like the journal's own lines.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LARGE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SQLITE = tuple(
    f"CREATE TRIGGER journal_checkpoints_refuse_{verb.lower()} BEFORE {verb} ON journal_checkpoints "
    "BEGIN SELECT RAISE(ABORT, 'journal_checkpoints_are_append_only'); END"
    for verb in ("UPDATE", "DELETE")
)
POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION journal_checkpoints_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'journal_checkpoints_are_append_only'; END $$",
    "CREATE TRIGGER journal_checkpoints_refuse_change BEFORE UPDATE OR DELETE ON journal_checkpoints "
    "FOR EACH ROW EXECUTE FUNCTION journal_checkpoints_refuse()",
    "CREATE TRIGGER journal_checkpoints_refuse_truncate BEFORE TRUNCATE ON journal_checkpoints "
    "FOR EACH STATEMENT EXECUTE FUNCTION journal_checkpoints_refuse()",
)


def upgrade() -> None:
    op.create_table(
        "journal_checkpoints",
        sa.Column("number", LARGE, autoincrement=False, nullable=False),
        sa.Column("size", LARGE, nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_journal_checkpoints"),
        sa.UniqueConstraint("size", name="journal_checkpoints_size_unique"),
    )
    op.create_table(
        "journal_subtrees",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", LARGE, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name="pk_journal_subtrees"),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("journal_subtrees")
    op.drop_table("journal_checkpoints")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION journal_checkpoints_refuse()")
