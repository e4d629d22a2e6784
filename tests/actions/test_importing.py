"""Taking in other places' notices: twice is once, the newest release rules, what cannot be read is kept aside."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from marketplace.core import db
from marketplace.core.journal import JournalLine
from search.gathering import document_of_need
from tenders.needs.models import Need
from tenders.needs.status import status_of
from tenders.notices import importing
from tenders.notices.contracts_finder import UnknownFormat
from tenders.notices.importing import import_notices
from tenders.notices.models import OutsideAward
from tests.rules.test_notice_readers import NAMES, PLAIN

WINNER = "[Pear Tree Software Ltd|1 Mill Lane|COMPANIES_HOUSE|01234567|Yes|No]"
AWARDED = {
    "Notice Identifier": "TH-9",
    "Status": "Awarded",
    "Awarded Date": "05/08/2026",
    "Awarded Value": "61000",
    "Supplier [Name|Address|Ref type|Ref Number|Is SME|Is VCSE]": WINNER,
}


def export(folder: Path, *rows: dict[str, str], name: str = "export.csv") -> Path:
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, NAMES, restval="")
        writer.writeheader()
        writer.writerows({**PLAIN, **row} for row in rows)
    return path


def release(day: int, tag: str = "tender", **changes: Any) -> dict[str, Any]:
    tender = {"id": "t1", "title": "Repairs diary", "description": "A diary for repairs", "status": "active"}
    return {
        "ocid": "ocds-b5fd17-0001",
        "id": f"r{day}",
        "date": f"2026-07-{day:02}T09:00:00Z",
        "tag": [tag],
        "buyer": {"name": "Thornbury Vale Council"},
        "tender": {**tender, **changes.pop("tender", {})},
        **changes,
    }


def lines(folder: Path, *releases: Any) -> Path:
    path = folder / "releases.jsonl"
    path.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in releases))
    return path


@pytest.fixture
def take(app, tmp_path):
    told: list[str] = []

    def run(file: Path) -> dict[str, int]:
        counts = import_notices(file, told.append, tmp_path / "refused")
        assert counts["rows"] == counts["new"] + counts["changed"] + counts["unchanged"] + counts["refused"]
        return counts

    run.told = told
    return run


def the_need(source_id: str) -> Need:
    return db.session.scalars(select(Need).where(Need.source_id.like(f"{source_id}%"))).unique().one()


def test_a_second_import_changes_nothing(take, tmp_path):
    file = export(tmp_path, {}, AWARDED, {"Notice Identifier": "TH-3"}, {"Notice Identifier": "TH-3"})

    assert take(file) == {"rows": 4, "new": 3, "changed": 0, "unchanged": 1, "refused": 0}
    lines_before = db.session.scalar(select(func.count(JournalLine.number)))
    assert take(file) == {"rows": 4, "new": 0, "changed": 0, "unchanged": 4, "refused": 0}
    assert db.session.scalar(select(func.count(JournalLine.number))) == lines_before
    assert db.session.scalar(select(func.count(OutsideAward.id))) == 1


def test_the_source_says_whether_a_need_suits_small_firms(take, tmp_path):
    take(export(tmp_path, {"Notice Identifier": "TH-1"}, {"Notice Identifier": "TH-2", "Suitable for SME": "No"}))

    assert the_need("TH-1").is_suitable_for_smes is True and the_need("TH-2").is_suitable_for_smes is False
    assert [document_of_need(the_need(each)).small_firms for each in ("TH-1", "TH-2")] == ["suits", None]


def test_a_notice_becomes_a_need_of_others(take, tmp_path):
    take(export(tmp_path, AWARDED))

    need = the_need("TH-9")
    assert need.reference == "X-2026-00001"
    assert (need.authority_id, need.buyer_name, need.title) == (None, "Thornbury Vale Council", "Repairs diary")
    assert need.problem == "A diary for repairs"
    assert need.region == "South West"
    assert need.estimated_value_pence == 80_000_50
    assert need.budget_note == "Published as £50,000 to £80,000.50."
    assert need.cpv_codes.split() == ["72212420", "48420000"]
    assert status_of(need) == "awarded"
    award = db.session.scalars(select(OutsideAward)).one()
    assert (award.need_id, award.supplier_name, award.value_pence) == (need.id, "Pear Tree Software Ltd", 61_000_00)
    assert award.is_sme is True


def test_the_name_of_a_council_here_gives_it_nothing(take, tmp_path):
    from tests import making

    making.council("Thornbury Vale Council")
    take(export(tmp_path, {}))
    assert the_need("TH-114").authority_id is None


def test_a_changed_notice_changes_its_need_and_nothing_else(take, tmp_path):
    take(export(tmp_path, {}, {"Notice Identifier": "TH-3"}))
    reference = the_need("TH-114").reference

    changed = export(tmp_path, {"Title": "Repairs diary and calls"}, {"Notice Identifier": "TH-3"})
    assert take(changed) == {"rows": 2, "new": 0, "changed": 1, "unchanged": 1, "refused": 0}
    need = the_need("TH-114")
    assert (need.reference, need.title) == (reference, "Repairs diary and calls")
    line = db.session.scalars(select(JournalLine).order_by(JournalLine.number.desc())).first()
    assert line.event == "NeedsImported"
    assert line.facts["references"] == [reference]


@pytest.mark.parametrize("newest_first", [True, False])
def test_the_newest_release_rules_in_whatever_order_they_come(take, tmp_path, newest_first):
    tender = release(1, tender={"tenderPeriod": {"endDate": "2026-07-20T12:00:00Z"}})
    award = release(
        28,
        "award",
        tender={"title": "Repairs diary, awarded"},
        awards=[{"id": "a", "date": "2026-07-27", "suppliers": [{"id": "s", "name": "Pear Tree"}]}],
    )
    file = lines(tmp_path, *([award, tender] if newest_first else [tender, award]))

    assert take(file) == {"rows": 2, "new": 1, "changed": 0, "unchanged": 1, "refused": 0}
    need = the_need("ocds-b5fd17-0001")
    assert need.title == "Repairs diary, awarded"
    assert need.closes_at == datetime(2026, 7, 20, 12, tzinfo=UTC)
    assert need.published_at == datetime(2026, 7, 1, 9, tzinfo=UTC)
    assert status_of(need) == "awarded"
    assert take(file)["unchanged"] == 2


def test_two_texts_of_one_instant_do_not_take_turns(take, tmp_path):
    file = export(tmp_path, {"Title": "First"}, {"Title": "Second"})
    assert take(file) == {"rows": 2, "new": 1, "changed": 0, "unchanged": 1, "refused": 0}
    assert take(file) == {"rows": 2, "new": 0, "changed": 0, "unchanged": 2, "refused": 0}
    assert the_need("TH-114").title == "First"


def test_a_cancelled_purchase_is_withdrawn_with_a_reason(take, tmp_path):
    take(lines(tmp_path, release(1), release(3, "tenderCancellation", tender={"status": "cancelled"})))
    need = the_need("ocds-b5fd17-0001")
    assert status_of(need) == "withdrawn"
    assert "cancelled" in need.withdrawal_reason


def test_what_cannot_be_read_is_counted_and_kept_with_its_line(take, tmp_path):
    file = lines(tmp_path, release(1), '{"ocid": "broken', release(2, ocid="ocds-b5fd17-0002"))
    assert take(file) == {"rows": 3, "new": 2, "changed": 0, "unchanged": 0, "refused": 1}
    written = (tmp_path / "refused" / "releases.jsonl.refused.jsonl").read_text()
    kept = [json.loads(each) for each in written.splitlines()]
    assert [each["line"] for each in kept] == [2]
    assert kept[0]["raw"].startswith('{"ocid": "broken')
    assert kept[0]["reason"]
    assert "could not be read" in take.told[-1]


def test_a_long_file_is_taken_in_by_batches(take, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 3)
    file = export(tmp_path, *({"Notice Identifier": f"TH-{number}"} for number in range(8)))
    assert take(file)["new"] == 8
    assert len(take.told) == 3
    sizes = [
        len(each.facts["references"])
        for each in db.session.scalars(
            select(JournalLine).where(JournalLine.event == "NeedsImported").order_by(JournalLine.number)
        )
    ]
    assert sizes == [3, 3, 2]
    references = db.session.scalars(select(Need.reference).order_by(Need.reference)).all()
    assert references == [f"X-2026-{number:05d}" for number in range(1, 9)]


def test_another_file_is_refused_in_words(take, tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear council\n")
    with pytest.raises(UnknownFormat):
        take(path)
