"""Openers keep a key pair under a passphrase of their own; a share knows its place in the splitting.

Why: shares lay under key files of the service, so whoever ran it could open bids early. Shares that hang on key files
stay openable, and move when their opener sets a passphrase. Going down is refused while a share of a need that is still
sealed is wrapped to an opener's own key pair: the older form cannot read it, and the bids would be lost.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Shares were dealt to openers in the order of their numbers, from 1.
POINTS = """
UPDATE opener_shares SET point = (
    SELECT count(*) FROM opener_shares AS other
    WHERE other.need_id = opener_shares.need_id AND other.person_id <= opener_shares.person_id
)
"""
THRESHOLDS = """
UPDATE opener_shares SET threshold = (SELECT openers_needed FROM needs WHERE needs.id = opener_shares.need_id)
"""
UNREADABLE = """
SELECT count(*) FROM opener_shares JOIN needs ON needs.id = opener_shares.need_id
WHERE opener_shares.wrapping = 'keypair-1' AND needs.opened_at IS NULL AND needs.withdrawn_at IS NULL
"""


def upgrade() -> None:
    op.create_table(
        "opener_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_private_key", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_opener_keys_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opener_keys")),
        sa.UniqueConstraint("person_id", name="one_key_per_opener"),
    )
    with op.batch_alter_table("opener_shares") as table:
        table.add_column(sa.Column("point", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("threshold", sa.Integer(), nullable=False, server_default="2"))
    op.execute(POINTS)
    op.execute(THRESHOLDS)
    with op.batch_alter_table("opener_shares") as table:
        table.alter_column("point", server_default=None)
        table.alter_column("threshold", server_default=None)
        table.create_unique_constraint("one_opener_per_point", ["need_id", "point"])
        table.create_check_constraint(op.f("two_or_more_open"), "threshold >= 2")
        table.create_check_constraint(op.f("share_wrapping_known"), "wrapping in ('keypair-1', 'keyfile-1')")


def downgrade() -> None:
    if op.get_bind().scalar(sa.text(UNREADABLE)):
        raise RuntimeError(
            "Shares of needs that are still sealed are wrapped to openers' own keys, which the older form cannot read. "
            "Open or withdraw these needs first."
        )
    with op.batch_alter_table("opener_shares") as table:
        table.drop_constraint(op.f("share_wrapping_known"), type_="check")
        table.drop_constraint(op.f("two_or_more_open"), type_="check")
        table.drop_constraint("one_opener_per_point", type_="unique")
        table.drop_column("threshold")
        table.drop_column("point")
    op.drop_table("opener_keys")
