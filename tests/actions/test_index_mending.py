"""The index mends itself: missing, broken, of another version, switched to another engine, or differing."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from werkzeug.datastructures import MultiDict

from marketplace import config
from search import answering, indexing
from search.asking import ask_needs
from search.documents import Kind
from search.engine import Filters
from search.finding import find
from search.fits import suppliers_for
from search.queries import parse_query
from tests import making
from tests.actions.test_searching import published


def found(words: str) -> tuple[list[str], bool]:
    answer = find(ask_needs(MultiDict({"q": words})))
    return [hit.reference for hit in answer.results.hits], answer.is_slow


def test_the_first_event_builds_the_whole_index(app) -> None:
    older, newer = making.open_need(title="Parking permits"), making.open_need(title="Parking fines")
    indexing.react([published(newer)])
    assert set(indexing.engine().references(Kind.NEED)) == {older.reference, newer.reference}


def _remove(folder) -> None:
    shutil.rmtree(folder)


def _age(folder) -> None:
    for shape in folder.rglob("SHAPE"):
        shape.write_text("of long ago")
    answering._engines.clear()  # as after an upgrade


def _lose_the_folder(folder) -> None:
    for each in folder.glob("g-*"):
        shutil.rmtree(each)


@pytest.mark.parametrize("spoil", [_remove, _age, _lose_the_folder])
def test_an_index_that_cannot_be_read_is_replaced_by_the_database_and_then_built_anew(app, spoil) -> None:
    need = making.open_need(title="Parking permits")
    firm = making.supplier("Acme Ltd", about="Parking permits for three boroughs, with a car park survey.")
    making.supplier_member(firm)
    indexing.rebuild_index(lambda _: None)
    assert found("parking") == ([need.reference], False) and indexing.keep_index() == 0
    spoil(config.current().index_folder)
    assert found("parking") == ([need.reference], True)
    assert [fit.row.reference for fit in suppliers_for(need)] == [firm.reference]
    assert not answering.index_state().is_healthy and "worker" in answering.index_state().advice
    assert len(indexing.check_index()) == 1
    assert indexing.keep_index() == 1 and indexing.keep_index() == 0
    assert found("parking") == ([need.reference], False) and indexing.check_index() == []


def test_after_a_switch_the_other_engine_begins_anew(app) -> None:
    need = making.open_need(title="Parking permits")
    indexing.rebuild_index(lambda _: None)
    before = config.current()
    config.install(replace(before, search_engine="tantivy"))
    assert found("parking") == ([need.reference], True)
    assert indexing.keep_index() == 1
    assert found("parking") == ([need.reference], False) and indexing.engine().name == "tantivy"
    config.install(before)
    assert found("parking") == ([need.reference], False) and indexing.engine().name == "whoosh"


def test_what_differs_is_written_again(app) -> None:
    need, lost = making.open_need(title="Parking permits"), making.open_need(title="Parking fines")
    indexing.rebuild_index(lambda _: None)
    gone = [(Kind.NEED, lost.reference), (Kind.NEED, need.reference)]
    indexing.engine().write([], gone)
    assert len(indexing.check_index()) == 2
    assert indexing.mend_differences() == 2 and indexing.check_index() == []


def test_a_write_while_another_process_builds_the_first_index_is_not_lost(app) -> None:
    first, second = making.open_need(title="Parking permits"), making.open_need(title="Parking fines")
    documents = list(indexing.every_document())

    def slowly():
        yield from (each for each in documents if each.reference == first.reference)
        indexing.react([published(second)])  # the worker, meanwhile

    indexing.engine().rebuild(slowly())
    everything = indexing.engine().search_needs(parse_query("parking"), Filters(), now=first.published_at.replace(year=2030))
    assert {hit.reference for hit in everything.hits} == {first.reference, second.reference}
