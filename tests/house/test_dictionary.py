"""The data dictionary is current: every export's every column stands in it, in the words of the code."""

from __future__ import annotations

import re

from marketplace.auditors.dictionary import DOCUMENT, document
from marketplace.auditors.exports import EXPORTS, OFFERED


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "Run: python -m marketplace.auditors.dictionary"


def test_the_fourteen_exports_are_all_there() -> None:
    assert " ".join(each.name for each in EXPORTS) == (
        "needs need_versions clarifications bids openings scores declarations awards summaries "
        "contracts milestones suppliers people journal"
    )


def test_every_column_says_what_it_is() -> None:
    for export in OFFERED:
        headings = [each.heading for each in export.columns]
        assert len(headings) == len(set(headings)), f"{export.name} has a heading twice"
        for column in export.columns:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", column.heading), column.heading
            assert column.meaning and column.unit and column.source, column.heading


def test_money_is_in_pounds_and_says_whether_vat_is_in_it() -> None:
    for export in OFFERED:
        for column in export.columns:
            is_money = column.heading.endswith("_gbp")
            assert is_money == column.unit.startswith("pounds"), column.heading
            assert not is_money or column.unit.endswith(("including VAT", "excluding VAT"))
            assert not column.heading.endswith("_pence")


def test_no_column_says_who_asked_a_question() -> None:
    clarifications = next(each for each in EXPORTS if each.name == "clarifications")
    assert not [each.heading for each in clarifications.columns if "asked_by" in each.heading + each.source]
