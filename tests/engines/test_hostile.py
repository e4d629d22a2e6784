"""No string breaks an engine, and all find the same for it."""

from __future__ import annotations

from functools import partial

import pytest

from search.engine import Filters
from search.fallback import FallbackEngine
from search.queries import parse_query
from tests.engines.documents import NEEDS, NOW, SUPPLIERS
from tests.quick import cpu_of
from tests.rules.hostile import hostile_strings

PLAIN = FallbackEngine([*NEEDS, *SUPPLIERS])


@pytest.mark.parametrize("first", range(0, len(hostile_strings()), 100))
def test_hostile_strings_find_what_the_plain_engine_finds(engine, first: int) -> None:
    for text in hostile_strings()[first : first + 100]:
        query = parse_query(text)
        found = engine.search_needs(query, Filters(), now=NOW)
        for search in (engine.search_needs, engine.search_suppliers):
            assert cpu_of(partial(search, query, Filters(), now=NOW)) < 1, text[:80]
        wanted = PLAIN.search_needs(query, Filters(), now=NOW)
        assert {hit.reference for hit in found.hits} == {hit.reference for hit in wanted.hits}, text[:80]
