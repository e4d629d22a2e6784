"""Writing and rebuilding, for every engine that keeps an index: found at once, nothing lost, swapped as a whole."""

import threading
from dataclasses import replace
from random import Random

import pytest

from search.documents import Kind
from search.engine import Filters, RebuildRunning, SearchUnavailable, Sort
from search.fallback import FallbackEngine
from search.queries import parse_query
from tests.engines.documents import NEEDS, NOW, SUPPLIERS, need
from tests.engines.test_contract import found


def test_nothing_is_there_before_the_first_rebuild(open_engine):
    engine = open_engine()
    assert not engine.is_ready() and not engine.is_healthy()
    with pytest.raises(SearchUnavailable):
        found(engine, "housing")
    assert engine.rebuild(NEEDS + SUPPLIERS) == 7 and engine.is_ready() and engine.is_healthy()
    assert engine.rebuild([]) == 0 and engine.is_ready() and found(engine, "housing") == []


def test_of_two_documents_with_one_reference_the_later_counts(open_engine):
    engine = open_engine()
    assert engine.rebuild([NEEDS[0], replace(NEEDS[0], title="Report damp online")]) == 1
    assert found(engine, "damp") == ["N-1"] and found(engine, "") == ["N-1"]


def test_written_documents_are_found_at_once_and_removed_ones_are_not(open_engine):
    engine, reader = open_engine(), open_engine()
    engine.write(NEEDS)
    assert len(found(reader, "")) == 4
    engine.write([replace(NEEDS[0], title="Report damp online")], [(Kind.NEED, "N-2"), (Kind.SUPPLIER, "S-9")])
    assert found(reader, "damp") == ["N-1"] and found(reader, "bin") == []
    assert set(reader.references(Kind.NEED)) == {"N-1", "N-3", "N-4", "N-5"}
    engine.write(NEEDS)
    engine.write(NEEDS)
    assert reader.references(Kind.NEED) == FallbackEngine(NEEDS).references(Kind.NEED)
    assert found(reader, "housing") == ["N-1", "N-3"] and found(reader, "damp") == []


def test_many_small_writes_keep_facts_and_documents_together(open_engine):
    engine, rng = open_engine(), Random(4)
    kept = {}
    for step in range(25):
        document = need(f"N-{rng.randrange(12)}", f"Title {step}", f"unique{step}", value_pence=step * 1000)
        kept[document.reference] = document
        engine.write([document])
    plain = FallbackEngine(kept.values())
    assert engine.references(Kind.NEED) == plain.references(Kind.NEED)
    assert found(engine, "", Sort.VALUE) == found(plain, "", Sort.VALUE)
    for document in kept.values():
        hit = engine.search_needs(parse_query(document.passages[0].text), Filters(), now=NOW).hits[0]
        assert hit.document == document


def test_search_answers_during_a_rebuild_and_writes_meanwhile_are_kept(open_engine):
    engine, other = open_engine(), open_engine()
    engine.rebuild(NEEDS)

    def documents():
        yield NEEDS[0]
        assert found(other, "bin") == ["N-2"], "the old index answers"
        other.write([need("N-9", "Written meanwhile")], [(Kind.NEED, "N-3")])
        with pytest.raises(RebuildRunning):
            other.rebuild([])
        yield from NEEDS[1:3]

    assert engine.rebuild(documents()) == 3
    assert set(other.references(Kind.NEED)) == {"N-1", "N-2", "N-9"}
    assert found(other, "meanwhile") == ["N-9"]


def test_a_rebuild_that_fails_leaves_the_old_index(open_engine):
    engine = open_engine()
    engine.rebuild(NEEDS)

    def broken():
        yield NEEDS[0]
        raise OSError("the database went away")

    with pytest.raises(OSError, match="database"):
        engine.rebuild(broken())
    assert len(engine.references(Kind.NEED)) == 5 and open_engine().is_healthy()
    assert engine.rebuild(NEEDS[:2]) == 2 and len(found(engine, "")) == 2


def test_threads_share_one_engine_while_another_writes(open_engine):
    engine, errors = open_engine(), []
    engine.write(NEEDS)

    def search():
        try:
            for _ in range(15):
                assert "N-1" in found(engine, "housing repair")
        except (AssertionError, SearchUnavailable) as error:
            errors.append(error)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(5):
        engine.write([need(f"T-{number}", "Housing")])
    for thread in threads:
        thread.join()
    assert not errors
