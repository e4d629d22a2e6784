"""Alembic's environment, driven by marketplace/upgrade.py: one connection, batch mode on SQLite."""

from alembic import context

from marketplace.core.db import Base
from marketplace.core.failpoints import failpoint

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=False,
    # One revision, one transaction: a kill leaves whole revisions only.
    transaction_per_migration=True,
    on_version_apply=lambda **_told: failpoint("migration: tables changed, not yet committed"),
)
with context.begin_transaction():
    context.run_migrations()
