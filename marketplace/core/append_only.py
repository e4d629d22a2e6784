"""Tables that the database itself refuses to change or to shorten."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, event


def statements(table: str) -> dict[str, tuple[str, ...]]:
    """What makes a table append-only, by dialect; an attempt fails with "<table>_are_append_only"."""
    return {
        "sqlite": tuple(
            f"CREATE TRIGGER {table}_refuse_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table}_are_append_only'); END"
            for verb in ("UPDATE", "DELETE")
        ),
        "postgresql": (
            f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table}_are_append_only'; END $$",
            f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
            f"CREATE TRIGGER {table}_refuse_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
        ),
    }


def guard(table: Any) -> None:
    """Guards a table from the moment it is created with the metadata; migrations carry the same statements."""
    for dialect, made in statements(table.name).items():
        for each in made:
            event.listen(table, "after_create", DDL(each.replace("%", "%%")).execute_if(dialect=dialect))
