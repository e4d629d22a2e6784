"""The search engines by name; the one place that knows which there are."""

from __future__ import annotations

from pathlib import Path

from marketplace.config import SEARCH_ENGINES
from search.engine import SearchEngine


def make_engine(name: str, folder: Path, url: str = "") -> SearchEngine:
    """The engine of that name over an index folder, or over the database at the URL; raises ValueError."""
    if name == "whoosh":
        from search.whoosh_engine import WhooshEngine

        return WhooshEngine(folder)
    if name == "postgresql":
        from search.postgresql_engine import PostgresqlEngine

        return PostgresqlEngine(url)
    if name == "tantivy":
        from search.tantivy_engine import TantivyEngine

        return TantivyEngine(folder)
    if name in SEARCH_ENGINES:
        raise ValueError(f"The engine {name} is not there yet.")
    raise ValueError(f"There is no search engine {name!r}. Choose one of {', '.join(SEARCH_ENGINES)}.")
