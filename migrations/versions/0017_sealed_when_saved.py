"""Drafts know the version that they are written for, and a complete one is sealed when it is saved.

Why: submitting is one small request then: nothing is left to read, to seal or to clear away while the need is locked.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

PART_OF_VERSION = "UPDATE sealed_parts SET {0} = (SELECT v.{1} FROM bid_versions v WHERE v.id = sealed_parts.version_id)"
VERSION_OF_PART = (
    "UPDATE sealed_parts SET version_id = (SELECT v.id FROM bid_versions v "
    "WHERE v.bid_id = sealed_parts.bid_id AND v.number = sealed_parts.number)"
)
WRITTEN_NEXT = "UPDATE draft_parts SET for_version = (SELECT b.current_version + 1 FROM bids b WHERE b.id = bid_id)"
NO_VERSION = "DELETE FROM sealed_parts WHERE version_id IS NULL"
# Drafts of versions submitted since, which the worker has not swept away yet.
OVER = "DELETE FROM draft_parts WHERE for_version <= (SELECT b.current_version FROM bids b WHERE b.id = bid_id)"
ONE_SEALED, ONE_DRAFT = "one_sealed_part_per_name", "one_draft_part_per_slot"
TO_VERSION, TO_BID = "fk_sealed_parts_version_id", "fk_sealed_parts_bid_id"


def upgrade() -> None:
    with op.batch_alter_table("bids") as table:
        table.add_column(sa.Column("ready_mark", sa.String(32), nullable=False, server_default=""))
        table.add_column(sa.Column("ready_for", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("ready_manifest", sa.Text(), nullable=False, server_default=""))
    op.add_column("draft_parts", sa.Column("for_version", sa.Integer(), nullable=True))
    op.execute(WRITTEN_NEXT)
    with op.batch_alter_table("draft_parts") as table:
        table.alter_column("for_version", existing_type=sa.Integer(), nullable=False)
        table.drop_constraint(op.f(ONE_DRAFT), type_="unique")
        table.create_unique_constraint(op.f(ONE_DRAFT), ["bid_id", "for_version", "slot"])
    op.add_column("sealed_parts", sa.Column("bid_id", sa.Integer(), nullable=True))
    op.add_column("sealed_parts", sa.Column("number", sa.Integer(), nullable=True))
    op.execute(PART_OF_VERSION.format("bid_id", "bid_id"))
    op.execute(PART_OF_VERSION.format("number", "number"))
    op.drop_index(op.f("ix_sealed_parts_version_id"), table_name="sealed_parts")
    with op.batch_alter_table("sealed_parts") as table:
        table.drop_constraint(op.f(ONE_SEALED), type_="unique")
        table.drop_constraint(op.f(TO_VERSION), type_="foreignkey")
        table.drop_column("version_id")
        table.alter_column("bid_id", existing_type=sa.Integer(), nullable=False)
        table.alter_column("number", existing_type=sa.Integer(), nullable=False)
        table.create_foreign_key(op.f(TO_BID), "bids", ["bid_id"], ["id"])
        table.create_unique_constraint(op.f(ONE_SEALED), ["bid_id", "number", "name"])


def downgrade() -> None:
    op.add_column("sealed_parts", sa.Column("version_id", sa.Integer(), nullable=True))
    op.execute(VERSION_OF_PART)
    op.execute(NO_VERSION)
    with op.batch_alter_table("sealed_parts") as table:
        table.drop_constraint(op.f(ONE_SEALED), type_="unique")
        table.drop_constraint(op.f(TO_BID), type_="foreignkey")
        table.drop_column("number")
        table.drop_column("bid_id")
        table.alter_column("version_id", existing_type=sa.Integer(), nullable=False)
        table.create_foreign_key(op.f(TO_VERSION), "bid_versions", ["version_id"], ["id"])
        table.create_unique_constraint(op.f(ONE_SEALED), ["version_id", "name"])
    op.create_index(op.f("ix_sealed_parts_version_id"), "sealed_parts", ["version_id"])
    op.execute(OVER)
    with op.batch_alter_table("draft_parts") as table:
        table.drop_constraint(op.f(ONE_DRAFT), type_="unique")
        table.drop_column("for_version")
        table.create_unique_constraint(op.f(ONE_DRAFT), ["bid_id", "slot"])
    with op.batch_alter_table("bids") as table:
        for name in ("ready_manifest", "ready_for", "ready_mark"):
            table.drop_column(name)
