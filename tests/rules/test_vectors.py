"""Closeness of meaning beside the words: what is kept, what is read once, what happens when it breaks."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from search.documents import Kind, NeedDocument, Passage, SupplierDocument
from search.fallback import FallbackEngine
from search.lens import Lens
from search.sentences import WIDTH, SentenceModel
from search.vectors import Vectors

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
# Words of one meaning share a direction: that is all that this model knows.
MEANING = {"bus": "transport", "coach": "transport", "pupils": "school", "children": "school", "minibus": "transport"}


class ToyModel(SentenceModel):
    """Adds one fixed direction a meaning; counts what it was asked to read."""

    name = "toy"

    def __init__(self):
        super().__init__()
        self.read = []
        self.is_broken = False

    def is_installed(self):
        return not self.is_broken

    def embed(self, texts):
        if self.is_broken:
            raise RuntimeError("no model today")
        self.read += texts
        return np.array([self._vector(text) for text in texts], np.float32)

    def _vector(self, text):
        words = [MEANING.get(word, word) for word in re.findall(r"\w+", text.lower())] or ["nothing"]
        seeds = (int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "big") for word in words)
        found = np.sum([np.random.default_rng(seed).standard_normal(WIDTH) for seed in seeds], axis=0)
        return found / np.linalg.norm(found)


def supplier(reference, *texts):
    passages = tuple(Passage("Past work", text) for text in texts)
    return SupplierDocument(reference=reference, name=reference, updated_at=NOW, passages=passages)


def need(reference, title, text):
    return NeedDocument(
        reference=reference, title=title, buyer="Leeds", published_at=NOW, closes_at=NOW + timedelta(days=9),
        passages=(Passage("Summary", text),),
    )  # fmt: skip


COACHES = supplier("coaches", "Coach for children")
BIG = supplier("big", *(f"Network hardware and laptops, lot {n}" for n in range(50)))
OTHERS = [supplier(f"other-{n}", f"Payroll software number {n} with finance reports") for n in range(20)]
NEEDS = [need("N-bus", "Bus for pupils", "Minibus"), need("N-pay", "Payroll software", "Finance reports")]
ASKED = (Passage("Title", "Bus for pupils"), Passage("Summary", "Minibus"))
EVERYTHING = [COACHES, BIG, *OTHERS, *NEEDS]


@pytest.fixture
def model():
    return ToyModel()


@pytest.fixture
def vectors(model, tmp_path):
    made = Vectors(tmp_path / "index" / "vectors.db", model)
    made.rebuild(EVERYTHING)
    return made


def test_a_firm_that_shares_no_word_is_found_by_meaning(vectors):
    engine = FallbackEngine(EVERYTHING)
    assert "coaches" not in {each.reference for each in engine.match(ASKED[1:], Kind.SUPPLIER, now=NOW)}
    assert engine.match(ASKED, Kind.SUPPLIER, now=NOW, meaning=vectors)[0].reference == "coaches"


def test_the_firm_hears_of_the_need(vectors):
    engine = FallbackEngine(EVERYTHING)
    matches = engine.match(COACHES.passages, Kind.NEED, now=NOW, meaning=vectors)
    assert matches[0].reference == "N-bus" and matches[0].score > 0.5


def test_fifty_contracts_do_not_bury_one_good_paragraph(model, tmp_path):
    plenty = supplier("plenty", *(f"Bus timetable printing, lot {n}" for n in range(50)))
    made = Vectors(tmp_path / "vectors.db", model)
    made.rebuild([*EVERYTHING, plenty])
    engine = FallbackEngine([*EVERYTHING, plenty])
    asked = (Passage("Title", "Minibus for children"),)
    best = [each.reference for each in engine.match(asked, Kind.SUPPLIER, now=NOW, meaning=made)]
    assert best.index("coaches") < best.index("plenty")


def test_repeating_a_contract_brings_nothing_beyond_the_best_few(model, tmp_path):
    made = Vectors(tmp_path / "vectors.db", model)
    five, fifty = (supplier(f"times-{n}", *["Coach for children"] * n) for n in (5, 50))
    made.rebuild([five, fifty, *OTHERS])
    found = made.suppliers_for(ASKED)
    assert found["times-5"] == pytest.approx(found["times-50"], abs=1e-5)


def test_no_text_is_read_twice(vectors, model):
    model.read.clear()
    vectors.rebuild(EVERYTHING)
    assert model.read == ["ready"]
    vectors.write([supplier("new", "Coach for children", "Tree surgery")])
    assert model.read == ["ready", "ready", "Tree surgery"]


def test_what_is_written_and_removed_is_seen(vectors, model, tmp_path):
    reader = Vectors(tmp_path / "index" / "vectors.db", model)
    assert "new" not in reader.suppliers_for(ASKED)
    vectors.write([supplier("new", "Minibus for pupils")], [(Kind.SUPPLIER, "coaches"), (Kind.NEED, "N-pay")])
    again = Vectors(tmp_path / "index" / "vectors.db", model)
    assert again.suppliers_for(ASKED).keys() == {"new", "big", *(each.reference for each in OTHERS)}
    assert again.needs_for(COACHES.passages, ["N-bus", "N-pay"]).keys() == {"N-bus"}


def test_what_became_known_later_is_not_what_was_asked(model, tmp_path):
    made = Vectors(tmp_path / "vectors.db", model)
    passages = (Passage("Summary", "Minibus"), Passage("Result", "Awarded to Coaches"), Passage("Question 1", "Why?"))
    made.rebuild([NeedDocument(reference="N-1", title="Bus", buyer="Leeds", published_at=NOW, passages=passages)])
    assert [text for text in model.read if text != "ready"] == ["Bus", "Bus. Minibus"]


@pytest.mark.parametrize("harm", ["missing", "garbage", "model", "empty"])
def test_matching_goes_by_words_when_vectors_are_broken(vectors, model, tmp_path, harm):
    path = tmp_path / "index" / "vectors.db"
    reader = Vectors(path, model)
    if harm == "model":
        model.is_broken = True
        reader.suppliers_for((Passage("Title", "Never seen before"),))
    elif harm == "empty":
        Vectors(path, model).rebuild([])
    else:
        for each in path.parent.iterdir():
            each.unlink()
        if harm == "garbage":
            path.write_bytes(b"no database" * 999)
    engine = FallbackEngine(EVERYTHING)
    asked = (Passage("Title", "Payroll software never seen"),)
    plain = engine.match(asked, Kind.SUPPLIER, now=NOW)
    assert engine.match(asked, Kind.SUPPLIER, now=NOW, meaning=reader) == plain
    assert engine.match(OTHERS[0].passages, Kind.NEED, now=NOW, meaning=reader)


def test_another_model_starts_afresh(vectors, tmp_path):
    other = ToyModel()
    other.name = "toy-2"
    path = tmp_path / "index" / "vectors.db"
    assert Vectors(path, ToyModel()).is_there() and not Vectors(path, other).is_there()
    Vectors(path, other).rebuild(EVERYTHING)
    assert len(other.read) > 20 and Vectors(path, other).is_there()


def test_a_lens_takes_out_what_all_texts_share():
    rng = np.random.default_rng(1)
    shared = rng.standard_normal(WIDTH) * 0.6
    texts = rng.standard_normal((400, WIDTH)) * 0.3 + shared
    lens = Lens.learn(texts.astype(np.float32), [[n, n + 1] for n in range(0, 400, 2)])
    seen = lens.through(texts)
    assert np.linalg.norm(seen, axis=1) == pytest.approx(1, abs=1e-4)
    plain = texts / np.linalg.norm(texts, axis=1, keepdims=True)
    assert (plain[:50] @ plain[50:100].T).mean() > 0.7 and abs((seen[:50] @ seen[50:100].T).mean()) < 0.3
    again = Lens.from_bytes(lens.to_bytes())
    assert np.array_equal(again.through(texts), seen)
    assert Lens.learn(texts[:1].astype(np.float32), [[0]]).through(texts).shape == texts.shape
