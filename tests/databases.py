"""Empty databases for tests: a template made once, copied for each test."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from marketplace import upgrade
from marketplace.core import db
from marketplace.tables import all_tables


@dataclass
class Template:
    """Where the empty database lies and how to copy it."""

    url: str
    server: str = ""
    file: Path | None = None

    def copy(self, folder: Path) -> str:
        if self.file:
            target = folder / "test.db"
            shutil.copyfile(self.file, target)
            return f"sqlite:///{target}"
        name = f"t_{secrets.token_hex(6)}"
        source = make_url(self.url).database
        self._administer(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY FILE_COPY')
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        if self.server:
            self._administer(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def remove(self) -> None:
        db.session.remove()
        self.drop(self.url)

    def _administer(self, statement: str) -> None:
        engine = create_engine(self.server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


def empty(folder: Path, server_url: str) -> Template:
    """A database without tables: SQLite in `folder`, or one of its own on the PostgreSQL server that is named."""
    if not server_url:
        return Template(f"sqlite:///{folder / 'template.db'}", file=folder / "template.db")
    name = f"template_{secrets.token_hex(6)}"
    url = make_url(server_url).set(drivername="postgresql+psycopg")
    made = Template(
        url.set(database=name).render_as_string(hide_password=False), url.render_as_string(hide_password=False)
    )
    made._administer(f'CREATE DATABASE "{name}"')
    return made


def template(folder: Path, server_url: str) -> Template:
    """The same with every table, as after an upgrade, to be copied for each test."""
    made = empty(folder, server_url)
    engine = db.make_engine(made.url)
    all_tables().create_all(engine)
    with engine.begin() as connection:
        command.stamp(upgrade._config(connection), "head")
    if made.file:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return made
