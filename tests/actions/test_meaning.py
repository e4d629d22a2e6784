"""Closeness of meaning follows the journal where the setting is on, and leaves no trace where it is off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from marketplace import config
from search import fits, indexing, meaning
from search.sentences import ModelMissing
from search.vectors import Vectors
from tests import making
from tests.actions.test_searching import change, published
from tests.rules.test_vectors import ToyModel


@pytest.fixture
def model(app, monkeypatch):
    settings = replace(config.current(), search_vectors=True)
    config.install(settings)
    toy = ToyModel()
    path = settings.home / "index" / "vectors.db"
    monkeypatch.setattr(meaning, "_open", {path: Vectors(path, toy)})
    return toy


def test_the_worker_reads_a_need_and_keeps_up_with_the_database(model) -> None:
    need = making.open_need(title="Bus for pupils", summary="Minibus")
    line = published(need)
    indexing.react([line])
    assert meaning.keep() == 1 and meaning.keep() == 0
    before = list(model.read)
    change(lambda: setattr(need, "title", "Coach for children"))
    meaning.react([line])
    assert "Coach for children" in model.read and "Coach for children" not in before


def test_a_firm_without_a_shared_word_is_not_shown_without_a_reason(model) -> None:
    need = making.open_need(title="Payroll software", summary="Payroll software with finance reports")
    firm = making.supplier(name="Paywell", summary="Payroll software and finance reports for schools")
    making.supplier_member(firm)
    making.supplier_member(making.supplier(name="Coaches", summary="Coach for children"))
    indexing.rebuild_index(lambda _: None)
    meaning.rebuild(lambda _: None)
    shown = fits.suppliers_for(need)
    assert [each.row.name for each in shown] == [firm.name]


def test_the_administrator_is_told_whether_meaning_is_used(model) -> None:
    making.open_need(title="Bus for pupils")
    assert "still reads" in meaning.meaning_state()
    meaning.keep()
    assert "uses closeness of meaning" in meaning.meaning_state()
    model.is_broken = True
    assert "make install-vectors" in meaning.meaning_state()
    config.install(replace(config.current(), search_vectors=False))
    assert meaning.meaning_state() == ""


def test_a_model_that_is_not_there_stops_nobody(model, monkeypatch, caplog) -> None:
    def missing() -> None:
        raise ModelMissing("The sentence model is not installed.")

    monkeypatch.setattr(model, "check", missing)
    need = making.open_need(title="Bus for pupils")
    meaning.react([published(need)])
    assert meaning.keep() == 0 and meaning.rebuild(lambda _: None) == 0
    assert "goes by words alone" in caplog.text


def test_nothing_is_kept_where_the_setting_is_off(app) -> None:
    meaning.react([published(making.open_need())])
    assert meaning.keep() == 0 and meaning.meaning() is None
    assert not (config.current().home / "index" / "vectors.db").exists()


@pytest.mark.parametrize("spoil", [lambda whole: b"no database" * 500, lambda whole: whole[:4096] + b"?" * len(whole[4096:])])
def test_a_broken_file_is_made_anew(model, spoil) -> None:
    published(making.open_need(title="Bus for pupils", summary="Minibus"))
    indexing.rebuild_index(lambda _: None)
    path = config.current().home / "index" / "vectors.db"
    assert meaning.keep() == 1
    for each in path.parent.glob("vectors.db-*"):
        each.unlink()
    path.write_bytes(spoil(path.read_bytes()))
    assert meaning.rebuild(lambda _: None) == 1
    assert Vectors(path, model).is_there() and meaning.keep() == 0
