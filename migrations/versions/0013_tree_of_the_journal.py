"""The journal's head keeps the frontier of a Merkle tree over the lines.

Why: a receipt can then prove in the transaction that makes it that its line is in the journal, and a checkpoint kept
by somebody else shows any later change of the past. Lines that are here already become the tree's first leaves.
"""

from collections.abc import Iterator
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

HEAD = sa.table("journal_head", sa.column("id"), sa.column("count"), sa.column("frontier", sa.LargeBinary))
LINES = sa.table("journal_lines", sa.column("number"), sa.column("hash"))


def upgrade() -> None:
    with op.batch_alter_table("journal_head") as table:
        table.add_column(sa.Column("frontier", sa.LargeBinary(), nullable=True))
    connection = op.get_bind()
    for head in connection.execute(sa.select(HEAD.c.id, HEAD.c.count)).all():
        frontier = _frontier(_hashes(connection, head.count))
        connection.execute(sa.update(HEAD).where(HEAD.c.id == head.id).values(frontier=frontier))
    with op.batch_alter_table("journal_head") as table:
        table.alter_column("frontier", existing_type=sa.LargeBinary(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("journal_head") as table:
        table.drop_column("frontier")


def _hashes(connection: sa.Connection, count: int) -> Iterator[str]:
    chosen = sa.select(LINES.c.hash).where(LINES.c.number <= count).order_by(LINES.c.number)
    yield from connection.execute(chosen.execution_options(yield_per=5000)).scalars()


# Told here in full: what the application says later must not change what this revision made.
def _frontier(hashes: Iterator[str]) -> bytes:
    """The roots of the perfect subtrees over the lines' hashes, largest first (RFC 6962, section 2.1)."""
    subtrees: list[bytes] = []
    for size, each in enumerate(hashes):
        node = sha256(b"\0" + bytes.fromhex(each)).digest()
        while size & 1:
            node = sha256(b"\1" + subtrees.pop() + node).digest()
            size >>= 1
        subtrees.append(node)
    return b"".join(subtrees)
