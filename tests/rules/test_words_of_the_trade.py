"""British and American, words of the trade, numbers, names of languages, and words that were mistyped."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

import search
from search.documents import NeedDocument, Passage
from search.engine import Filters
from search.fallback import FallbackEngine
from search.queries import also_searched, parse_query
from search.snippets import Highlighter
from search.spelling import did_you_mean
from search.words import clean, stems

TABLE = Path(search.__file__).parent / "synonyms.csv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
SAME = [
    ("organisation", "organizations"), ("centre", "centers"), ("programme", "programs"), ("licence", "license"),
    ("licensing", "licence"), ("colour", "colored"), ("behaviour", "behavioral"), ("labour", "labor"),
    ("analyse", "analyzed"), ("catalogue", "catalogs"), ("travelling", "traveling"), ("enrolment", "enrollment"),
    ("e-mail", "email"), ("e-procurement", "eprocurement"), ("E-Tendering", "etendering"), ("£30,000", "30k"),
    ("£30,000.00", "30000"), ("£1.5m", "1,500,000"), ("children’s", "children's"), ("children`s", "childrenʼs"),
    (".NET", "dotnet"), ("ASP.NET", "asp dotnet"), ("R&D", "r and d"), ("café", "CAFE\u0301"), ("ｃｒｍ", "crm"),
    ("c\u00adrm", "crm"), ("20%", "20"),
]  # fmt: skip
APART = [
    ("bin", "binary"), ("programme", "programmer"), ("news", "new"), ("authority", "author"), ("C++", "C#"),
    ("C#", "C"), (".NET", "net zero"), ("community", "communication"), ("important", "import"), ("size", "sise"),
    ("meter", "metre"), ("tire", "tyre"), ("parking", "park"), ("universities", "universal"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_word_written_otherwise(one: str, other: str) -> None:
    assert stems(clean(one)) == stems(clean(other))


@pytest.mark.parametrize(("one", "other"), APART)
def test_words_that_only_look_alike(one: str, other: str) -> None:
    assert stems(one) != stems(other)


def test_every_group_has_a_reason_and_every_term_one_meaning() -> None:
    assert len(ROWS) >= 150
    seen: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(ROWS):
        assert row["why"] and row["field"], row["terms"]
        terms = [*row["terms"].split(";"), *filter(None, row["typed_only"].split(";"))]
        assert len({tuple(stems(each)) for each in terms}) > 1, f"{row['terms']} is one word"
        for term in terms:
            assert seen.setdefault(tuple(stems(term)), number) == number, f"“{term}” stands in two groups"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("crm", "customer relationship management"), ("customer relationship management", "crm"), ("bin", "refuse"),
        ("waste", "rubbish"), ("edrms", "electronic document management"), ("asb", "anti social behaviour"),
        ("SEND", "special educational needs"), ("ehcp", "education health and care plan"), ("rpa", "robotic process automation"),
        ("mis", "management information system"), ("gis", "geographic information system"), ("foi", "freedom of information"),
        ("dsar", "subject access request"), ("anpr", "number plate recognition"), ("revs & bens", "revenues and benefits"),
        ("multi-agency", "multiagency"), ("cybersecurity", "cyber security"),
    ],
)  # fmt: skip
def test_words_of_the_same_meaning(typed: str, meant: str) -> None:
    assert meant in also_searched(parse_query(typed))


@pytest.mark.parametrize("typed", ["special educational needs", "disaster recovery", "management information system"])
def test_abbreviations_that_are_also_words_are_not_looked_for(typed: str) -> None:
    assert not {"send", "sen", "dr", "mis"} & set(also_searched(parse_query(typed)))


def test_a_postcode_is_looked_for_by_its_first_half() -> None:
    now = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    need = NeedDocument(reference="N-1", title="Bins", buyer="Lincoln", published_at=now, outcode="LN1")
    for typed in ("LN1 1YL", "ln11yl", "LN1"):
        assert [term.stems for clause in parse_query(typed).clauses for term in clause.typed] == [("ln1",)]
        assert FallbackEngine([need]).search_needs(parse_query(typed), Filters(), now=now).total == 1


def test_a_dash_of_any_kind_takes_away() -> None:
    for dash in "-–−":
        assert [term.typed for term in parse_query(f"cloud {dash}training").excluded] == ["training"]


@pytest.mark.parametrize(
    ("typed", "text"),
    [("colour", "A color scheme"), ("programme", "Two programs"), ("email", "By e-mail only"), ("c#", "Written in C#"),
     (".net", "A .NET service"), ("30000", "Up to 30k"), ("licence", "Each license"), ("organise", "To organize")],
)  # fmt: skip
def test_the_words_are_marked_however_they_are_written(typed: str, text: str) -> None:
    snippets, _ = Highlighter(parse_query(typed)).snippets([Passage("About", text)])
    assert any(is_match for _, is_match in snippets[0].pieces)


def test_mistyped_words_are_mended() -> None:
    known = {"housing": 9, "repairs": 8, "maintenance": 7, "management": 200, "managment": 2, "customer": 4, "repair": 5}
    assert did_you_mean(parse_query("huosing repiars"), known) == "housing repairs"
    assert did_you_mean(parse_query("hosuing"), known | {"hosting": 90}) == "housing", "swapped letters before others"
    assert did_you_mean(parse_query('"custmer" -x maintainance'), known) == '"customer" -x maintenance'
    assert did_you_mean(parse_query("housing"), known) is None and did_you_mean(parse_query("zzzz"), known) is None
    assert did_you_mean(parse_query("managment"), known, found=2) == "management"
    assert did_you_mean(parse_query("managment"), known, found=9) is None
    assert did_you_mean(parse_query("repair"), known, found=1) is None, "a plural is no slip"
