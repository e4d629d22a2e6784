"""Who fits a need and why: small firms are found, the reasons are in people's words, equals take turns."""

from datetime import UTC, datetime, timedelta

import pytest

from search.documents import Kind, NeedDocument, Passage, SupplierDocument
from search.fallback import FallbackEngine
from search.reasons import KeyPhrase, give_reasons, key_phrases
from search.whoosh_engine import WhooshEngine
from search.words import stems

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
NEED = (
    Passage("Title", "Housing repairs case management"),
    Passage("Requirement 1", "Tenants report damp and book housing repairs by phone or web"),
    Passage("Requirement 2", "Staff follow each report with case management"),
    Passage("Requirement 3", "Everything can be used in Welsh"),
)


def supplier(reference, *texts):
    passages = tuple(Passage(f"Past work {n}", text) for n, text in enumerate(texts, 1))
    return SupplierDocument(reference=reference, name=reference, updated_at=NOW, passages=passages)


NEWCOMER = supplier(
    "newcomer",
    "We built housing repairs booking for Oldham. Tenants report damp, and staff see it in case management.",
)
BIG = supplier(
    "big",
    *(f"Supply of network hardware, lot {n}, with managed case of laptops and general repairs" for n in range(50)),
)
OTHERS = [supplier(f"other-{n}", f"Payroll and finance software number {n} for schools") for n in range(30)]


def open_need(reference, title, *texts, days=5):
    passages = tuple(Passage(f"Requirement {n}", text) for n, text in enumerate(texts, 1))
    closes_at = NOW + timedelta(days=days)
    return NeedDocument(
        reference=reference, title=title, buyer="Leeds", published_at=NOW, closes_at=closes_at, passages=passages
    )


NEEDS = [
    open_need("N-repairs", NEED[0].text, *(text for _, text in NEED[1:])),
    open_need("N-payroll", "Payroll for schools", "Finance software for forty schools"),
    open_need("N-closed", "Housing repairs booking", "Tenants report damp", days=-1),
    open_need("N-long", "A platform of everything", " ".join(f"module{n} reporting finance case" for n in range(60))),
]


@pytest.fixture(scope="module", params=["whoosh", "fallback"])
def engine(request, tmp_path_factory):
    documents = [NEWCOMER, BIG, *OTHERS, *NEEDS]
    if request.param == "fallback":
        return FallbackEngine(documents)
    made = WhooshEngine(tmp_path_factory.mktemp("index"))
    made.rebuild(documents)
    return made


def test_one_good_paragraph_is_not_buried_by_fifty_contracts(engine):
    best = [match.reference for match in engine.match(NEED, Kind.SUPPLIER, now=NOW)]
    assert best[0] == "newcomer" and "big" in best


def test_more_of_the_same_work_brings_nothing(tmp_path):
    few, many = (supplier(f"times-{n}", *["Housing repairs booking for tenants"] * n) for n in (5, 50))
    one = supplier("once", "Housing repairs and damp reports, followed in case management")
    for engine in (FallbackEngine(), WhooshEngine(tmp_path)):
        engine.write([few, many, one, *OTHERS])
        scores = {match.reference: match.score for match in engine.match(NEED, Kind.SUPPLIER, now=NOW)}
        assert scores["times-50"] == pytest.approx(scores["times-5"])
        assert scores["once"] > 0.6 * scores["times-50"]


def test_reasons_are_worked_out_only_for_those_shown(engine):
    matches = engine.match(NEED, Kind.SUPPLIER, now=NOW)
    short = engine.match(NEED, Kind.SUPPLIER, now=NOW, explained=1)
    assert [(each.reference, each.score) for each in short] == [(each.reference, each.score) for each in matches]
    assert short[0] == matches[0] and matches[1].matched and not short[1].matched


def test_reasons_name_the_requirement_the_passage_and_the_sentence(engine):
    match = engine.match(NEED, Kind.SUPPLIER, now=NOW)[0]
    reasons = {reason.term.lower(): reason for reason in match.matched}
    assert {"housing repairs", "case management"} <= set(reasons)
    assert reasons["housing repairs"].sentence == "We built housing repairs booking for Oldham."
    assert reasons["housing repairs"].passage_label == "Past work 1"
    assert reasons["case management"].asked_in == "Requirement 2"
    assert "Welsh" in match.not_mentioned
    assert not set(match.not_mentioned) & {reason.term for reason in match.matched}


def test_every_reason_is_really_there(engine):
    texts = {document.reference: {p.text for p in document.passages} for document in (NEWCOMER, BIG, *OTHERS)}
    for match in engine.match(NEED, Kind.SUPPLIER, now=NOW):
        for reason in match.matched:
            assert any(reason.sentence.strip("… ") in text for text in texts[match.reference])


def test_a_supplier_hears_of_open_needs_that_fit(engine):
    matches = engine.match(NEWCOMER.passages, Kind.NEED, now=NOW)
    assert matches[0].reference == "N-repairs"
    assert "N-closed" not in {match.reference for match in matches}
    assert matches[0].matched[0].passage_label == "Past work 1"


def test_a_long_need_does_not_come_first_for_everyone(engine):
    assert engine.match(OTHERS[0].passages, Kind.NEED, now=NOW)[0].reference == "N-payroll"


def test_both_directions_agree_on_the_score(engine):
    for_need = {m.reference: m.score for m in engine.match(NEED, Kind.SUPPLIER, now=NOW)}
    for_supplier = {m.reference: m.score for m in engine.match(NEWCOMER.passages, Kind.NEED, now=NOW)}
    assert for_need["newcomer"] == pytest.approx(for_supplier["N-repairs"], rel=0.05)


def test_equals_take_turns_and_not_by_name(tmp_path):
    twins = [supplier(f"twin-{letter}", "Housing repairs booking") for letter in "abcdef"]
    for engine in (FallbackEngine(twins), WhooshEngine(tmp_path)):
        engine.write(twins)
        days = [NOW + timedelta(days=n) for n in range(30)]
        firsts = {engine.match(NEED, Kind.SUPPLIER, now=day)[0].reference for day in days}
        assert len(firsts) >= 4
        again = [m.reference for m in engine.match(NEED, Kind.SUPPLIER, now=NOW + timedelta(hours=1))]
        assert again == [m.reference for m in engine.match(NEED, Kind.SUPPLIER, now=NOW)]


def test_half_of_a_compound_with_a_little_word_is_no_reason():
    asked = [Passage("Desirable 1", "Skills passed on to in-house crews"), Passage("Desirable 2", "Housing allocations")]
    typed = {each.typed for each in key_phrases(asked, lambda _: 1.0)}
    assert not any("house" in each for each in typed) and any("crews" in each for each in typed)
    assert any("Housing" in each or "housing" in each for each in typed)


def test_a_software_house_does_no_housing():
    sentence = "We are a software house; we fit damp sensors;"
    matched, missing = give_reasons(
        [KeyPhrase("housing", tuple(stems("housing")), "Title"), KeyPhrase("damp", tuple(stems("damp")), "Title")],
        [Passage("About", sentence)],
    )
    assert [(each.term, each.sentence) for each in matched] == [("damp", "we fit damp sensors")]
    assert missing == ("housing",)


def test_same_meaning_is_a_reason():
    firm = supplier("crm-firm", "We sell customer relationship management to councils.")
    engine = FallbackEngine([firm, *OTHERS])
    need = (Passage("Title", "New CRM for customer enquiries"),)
    match = next(m for m in engine.match(need, Kind.SUPPLIER, now=NOW) if m.reference == "crm-firm")
    assert "CRM" in {reason.term for reason in match.matched}


@pytest.mark.parametrize("text", ["", " ", "the of and", "£%", "\x00", "\U0001f4a9" * 50, "zzzunknown"])
def test_nothing_to_match_matches_nobody(engine, text):
    assert engine.match((Passage("Title", text),), Kind.SUPPLIER, now=NOW) == []
    assert engine.match((Passage("Work", text),), Kind.NEED, now=NOW) == []
