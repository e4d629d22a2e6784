"""No string breaks an engine, and all find the same for it."""

from __future__ import annotations

import time

import pytest

from search.engine import Filters
from search.fallback import FallbackEngine
from search.queries import parse_query
from tests.engines.documents import NEEDS, NOW, SUPPLIERS
from tests.rules.hostile import hostile_strings

PLAIN = FallbackEngine([*NEEDS, *SUPPLIERS])


@pytest.mark.parametrize("first", range(0, len(hostile_strings()), 100))
def test_hostile_strings_find_what_the_plain_engine_finds(engine, first: int) -> None:
    for text in hostile_strings()[first : first + 100]:
        query = parse_query(text)
        began = time.process_time()
        found = engine.search_needs(query, Filters(), now=NOW)
        engine.search_suppliers(query, Filters(), now=NOW)
        assert time.process_time() - began < 1, text[:80]
        wanted = PLAIN.search_needs(query, Filters(), now=NOW)
        assert {hit.reference for hit in found.hits} == {hit.reference for hit in wanted.hits}, text[:80]
