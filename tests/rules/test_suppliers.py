"""Numbers, names and addresses of firms; what a registration lacks; when a paper's holder is reminded; import lines."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from suppliers.evidence.models import Evidence
from suppliers.evidence.rules import EvidenceFacts, evidence_problems, reminder_due
from suppliers.profiles import identity
from suppliers.profiles.capability_list import grouped
from suppliers.profiles.reading import ReadSupplier, RefusedLine, Unreadable, Work, read_line, read_suppliers
from suppliers.profiles.rules import Description, Identity, capability_problems, description_problems, identity_problems
from suppliers.solutions.rules import SolutionWords, solution_problems

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("1234567", "01234567"),
        (" 01 234 567 ", "01234567"),
        ("sc001234", "SC001234"),
        ("1234", None),
        ("sc1234", None),
        ("NI612345", "NI612345"),
        ("oc301234", "OC301234"),
        ("R0000123", "R0000123"),
        ("IP12345R", "IP12345R"),
        ("123456789", None),
        ("00000000", None),
        ("XX123456", None),
        ("SC1234567", None),
        ("", None),
        ("١٢٣٤٥٦٧٨", None),
    ],
)
def test_company_numbers(typed: str, kept: str | None) -> None:
    assert identity.normalise_company_number(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("1123456", "1123456"),
        ("200 123", "200123"),
        ("1123456-1", "1123456-1"),
        ("sc012345", "SC012345"),
        ("NIC100123", "NIC100123"),
        ("12345", None),
        ("SC112345", None),
        ("0123456", None),
    ],
)
def test_charity_numbers(typed: str, kept: str | None) -> None:
    assert identity.normalise_charity_number(typed) == kept


@pytest.mark.parametrize("typed", ["831495816", "GB 831 4958 16", "gb337440071", "337440071001"])
def test_vat_numbers_that_check(typed: str) -> None:
    assert (identity.normalise_vat_number(typed) or "").startswith("GB")


@pytest.mark.parametrize("typed", ["831495817", "83149581", "000000000", "GB", "DE831495816"])
def test_vat_numbers_that_do_not(typed: str) -> None:
    assert identity.normalise_vat_number(typed) is None


def test_central_platform_numbers() -> None:
    assert identity.normalise_ppon("gb-ppon pdnz 6783 rynb") == "PDNZ-6783-RYNB"
    assert identity.normalise_ppon("DDNZ-6783-RYNB") is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Example.co.uk", "https://example.co.uk"),
        ("http://example.org/About?x=1", "http://example.org/About?x=1"),
        ("example.org:8080/a", "https://example.org:8080/a"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("https://localhost", None),
        ('https://example.org/"onclick', None),
        ("https://user@example.org", None),
    ],
)
def test_websites(typed: str, kept: str | None) -> None:
    assert identity.normalise_website(typed) == kept


def test_one_firm_under_several_spellings() -> None:
    names = ("Acme Limited", "ACME LTD.", "The Acme Ltd", "acme", "Acmé Ltd")
    assert {identity.name_key(each) for each in names} == {"acme"}
    assert identity.name_key("Smith & Sons") == identity.name_key("Smith and Sons Ltd")
    assert identity.name_key("Acme Works") != "acme"
    assert identity.name_key("Limited") == "limited"


def whole(**facts: object) -> Identity:
    usual = {
        "name": "Acme Ltd",
        "legal_form": "company",
        "company_number": "01234567",
        "size": "micro",
        "postcode": "LN1 1YL",
    }
    return Identity(**{**usual, **facts})  # type: ignore[arg-type]


def test_a_whole_identity_has_no_problems() -> None:
    assert identity_problems(whole()) == []
    assert identity_problems(whole(legal_form="sole_trader", company_number="")) == []
    assert identity_problems(whole(legal_form="charity", company_number="", charity_number="SC012345")) == []


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": ""}, "firm_name"),
        ({"name": "171,330.00"}, "firm_name"),
        ({"company_number": ""}, "company_number"),
        ({"company_number": "12345678901"}, "company_number"),
        ({"legal_form": "charity", "company_number": ""}, "charity_number"),
        ({"legal_form": "club"}, "legal_form"),
        ({"charity_number": "12"}, "charity_number"),
        ({"vat_number": "831495817"}, "vat_number"),
        ({"ppon": "123"}, "ppon"),
        ({"size": ""}, "size"),
        ({"postcode": "LN1"}, "postcode"),
    ],
)
def test_each_fault_of_an_identity_is_named(facts: dict[str, str], field: str) -> None:
    assert [each.field for each in identity_problems(whole(**facts))] == [field]


def test_words_and_capabilities() -> None:
    assert description_problems(Description(website="www.example.org")) == []
    assert [each.field for each in description_problems(Description(website="not one"))] == ["website"]
    assert capability_problems(["booking"]) == []
    assert [each.field for each in capability_problems(["levitation"])] == ["capabilities"]


def test_the_list_of_capabilities_narrows_but_never_hides_what_is_ticked() -> None:
    everything = [each for group in grouped([]) for each in group.rows]
    found = grouped(["booking"], "direct debit")
    codes = {each.code for group in found for each in group.rows}
    assert {"booking", "online-payments"} <= codes
    assert len(codes) < len(everything)
    assert all(group.is_open for group in found)
    assert grouped([], "no such trade") == []


def test_solutions_need_a_title_and_words() -> None:
    assert solution_problems(SolutionWords(title="A", text="B"), "solution", TODAY) == []
    assert [p.field for p in solution_problems(SolutionWords(title=""), "solution", TODAY)] == ["title", "text"]
    late = SolutionWords(title="A", text="B", ended_on=TODAY + timedelta(days=1))
    assert [each.field for each in solution_problems(late, "past_work", TODAY)] == ["ended_on"]


def test_insurance_needs_cover_and_an_end() -> None:
    bare = EvidenceFacts(kind="insurance", name="Public liability")
    assert [each.field for each in evidence_problems(bare, TODAY)] == ["cover_pence", "expires_on"]
    assert evidence_problems(EvidenceFacts(kind="certificate", name="ISO 27001"), TODAY) == []


def test_a_day_that_has_passed_may_stay_but_not_come() -> None:
    yesterday = TODAY - timedelta(days=1)
    facts = EvidenceFacts(kind="certificate", name="Cyber Essentials", expires_on=yesterday)
    assert [each.field for each in evidence_problems(facts, TODAY)] == ["expires_on"]
    assert evidence_problems(facts, TODAY, known_end=yesterday) == []


@pytest.mark.parametrize(
    ("days_left", "told_at", "due"),
    [
        (31, None, None),
        (30, None, 30),
        (29, 30, None),
        (7, 30, 7),
        (3, None, 7),
        (0, 7, 0),
        (0, 0, None),
        (-1, 7, 0),
        (-14, 30, 0),
        (-15, None, None),
    ],
)
def test_reminders(days_left: int, told_at: int | None, due: int | None) -> None:
    end = TODAY + timedelta(days=days_left)
    paper = Evidence(expires_on=end, reminded_for=end if told_at is not None else None, reminded_days=told_at)
    assert reminder_due(paper, TODAY) == due


def test_a_renewed_paper_is_reminded_of_again() -> None:
    end = TODAY + timedelta(days=7)
    paper = Evidence(expires_on=end, reminded_for=end - timedelta(days=365), reminded_days=0)
    assert reminder_due(paper, TODAY) == 7


# -- lines of an import


def read(**values: object) -> ReadSupplier:
    return read_line(json.dumps({"id": "s-1", "name": "Acme Ltd", **values}).encode(), 1)


def test_each_line_of_the_text_is_a_past_contract() -> None:
    text = "Repairs booking. Web booking for tenants\nSupport for a finance system\n\n  "
    assert read(text=text).works == (
        Work("past_work", "Repairs booking", "Web booking for tenants"),
        Work("past_work", "Support for a finance system", ""),
    )


def test_a_line_without_a_title_keeps_every_word() -> None:
    line = "word " * 100
    (work,) = read(text=line).works
    assert work.text == line.strip()
    assert len(work.title) <= 120


def test_further_facts_are_read_when_they_are_there() -> None:
    supplier = read(
        postcode="ln11yl",
        website="example.org",
        description="We build.",
        capabilities=["booking", "levitation"],
        company_number="1234567",
        solutions=[{"title": "Tracker", "text": "Tracks.", "features": ["Fast"]}, "Forms. For councils"],
    )
    assert (supplier.postcode, supplier.outcode, supplier.website) == ("LN1 1YL", "LN1", "https://example.org")
    assert (supplier.about, supplier.capabilities, supplier.company_number) == ("We build.", ("booking",), "01234567")
    assert supplier.works == (
        Work("solution", "Tracker", "Tracks.\n- Fast"),
        Work("solution", "Forms", "For councils"),
    )


def test_a_rows_own_source_and_clients_are_read() -> None:
    raw = b'{"source": "dm", "source_id": 7, "name": "Acme", "about": "We build.", "clients": ["Leeds", "Hull", 3]}'
    supplier = read_line(raw, 1)
    assert (supplier.key, supplier.about) == (("dm", "7"), "We build.\n\nClients: Leeds; Hull")


def test_a_foreign_postcode_has_no_place() -> None:
    assert (read(postcode="46100").postcode, read(postcode="46100").outcode) == ("", "")


def test_text_that_no_database_takes_is_cleaned() -> None:
    supplier = read(name="Ac\x00me \ud800 Ltd", text="a\x00b. c")
    assert "\x00" not in supplier.name
    supplier.name.encode()
    assert supplier.works[0].title == "ab" or "\x00" not in supplier.works[0].title


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"name": "A"}', "id is missing"),
        (b'{"id": "1"}', "name is missing"),
        (b'{"id": "1", "name": "..."}', "name has neither letter nor digit in it"),
        (b'{"id": "1", "name": ["A"]}', "name is not text"),
        (b'{"id": "1", "name": "A", "text": {}}', "text is not text"),
        (b'{"id": "1", "name": "A", "solutions": [3]}', "solutions holds something that is neither text nor an object"),
        (b'{"id": "1", "name": "A", "company_number": "zz"}', "company_number 'zz' does not have the shape of one"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"^{reason.replace('(', '.')}$"):
        read_line(raw, 1)


def test_the_hash_follows_the_content_and_nothing_else() -> None:
    assert read(text="a").content_hash == read_line(b'{"text":"a","name":"Acme Ltd","id":"s-1"}', 9).content_hash
    assert read(text="a").content_hash != read(text="b").content_hash


def test_a_file_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "firms.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"id": "1", "name": "One"}\r\n\n{"id": "1", "name": "Again"}\n'
        + b'{"id": "3", "name": "'
        + b"x" * 5_000_001
        + b'"}\nnonsense\n{"id": "4", "name": "Four"}'
    )
    rows = list(read_suppliers(path))
    assert [(each.line, type(each)) for each in rows] == [
        (1, ReadSupplier),
        (3, RefusedLine),
        (4, RefusedLine),
        (5, RefusedLine),
        (6, ReadSupplier),
    ]
    assert [each.reason for each in rows if isinstance(each, RefusedLine)] == [
        "id 1 is on line 1 already",
        "longer than 2,000,000 bytes",
        "not JSON",
    ]
