"""Exports: they agree with the database, read back, show nothing sealed, and are put on record."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, update

from marketplace.accounts import actions as account_actions
from marketplace.auditors import actions, casefile, queries, writing
from marketplace.auditors.exports import EXPORTS, Scope, get_export
from marketplace.auditors.exports.journal import chain_fault
from marketplace.core import clock, db, journal
from marketplace.core.csvfile import uncell, write_csv
from marketplace.core.errors import Conflict, NotFound, Problems
from marketplace.core.journal import JournalHead, record
from tenders.assessment.models import ConflictDeclaration, Score
from tenders.awards import queries as awards
from tenders.bids import events as bid_events
from tenders.bids import handing_over, opener_keys, opening, submission
from tenders.bids.models import SealedPart
from tenders.clarifications import actions as clarifications
from tenders.contracts.models import Contract
from tests import assessing, bidding, contracting, making
from tests.actions import test_recovery
from tests.lines import lines_of

pytestmark = pytest.mark.usefixtures("house")
FILES = [each.file_name for each in EXPORTS]


def read(path: Path) -> io.StringIO:
    """A file's text with its line ends as they are."""
    return io.StringIO(path.read_bytes().decode(), newline="")


def rows_of(name: str, tmp_path: Path, scope: Scope | None = None) -> list[dict[str, str]]:
    """One export, written and read back with the csv module."""
    export = get_export(name)
    made = writing.write_one(export, scope or Scope(clock.now()), tmp_path)
    rows = list(csv.DictReader(read(tmp_path / export.file_name)))
    assert len(rows) == made.files[0].rows
    return rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


# -- files


def test_an_empty_service_gives_every_file_with_its_header(folder: Path) -> None:
    said: list[str] = []
    assert actions.export_everything(folder, said.append)[0].startswith("15 CSV files, ")
    assert sorted(each.name for each in folder.iterdir()) == sorted([*FILES, "dictionary.csv", "manifest.json"])
    for export in EXPORTS:
        rows = list(csv.reader(read(folder / export.file_name)))
        assert rows == [[column.heading for column in export.columns]]
    assert len(said) == 14
    dictionary = list(csv.DictReader(read(folder / "dictionary.csv")))
    assert list(dictionary[0]) == ["file", "column", "meaning", "unit", "source"]
    assert {each["file"] for each in dictionary} == set(FILES)
    assert len(dictionary) == sum(len(each.columns) for each in EXPORTS)


def test_the_manifest_holds_rows_and_sums_of_every_file(folder: Path) -> None:
    contracting.running()
    actions.export_everything(folder, lambda _line: None)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["as_of"] == journal.plain(clock.now()) and manifest["filters"] == {}
    assert [each["name"] for each in manifest["files"]] == [*FILES, "dictionary.csv"]
    for each in manifest["files"]:
        content = (folder / each["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == each["sha256"]
        assert len(list(csv.reader(io.StringIO(content.decode(), newline="")))) == each["rows"] + 1
        assert each["rows"] > 0 or each["name"] in {f"{name}.csv" for name in ("clarifications", "need_versions")}
    line = lines_of("ExportMade")[-1]
    assert (line.actor, line.role, line.subject) == ("system", "system", "everything")
    assert line.facts["sha256"] == hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert line.facts["files"] == manifest["files"]
    assert manifest["journal"]["lines"] == line.number - 1 and manifest["journal"]["hash"] == line.previous_hash


def test_a_folder_with_files_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / "needs.csv").write_text("old")
    with pytest.raises(Conflict, match="not empty"):
        actions.export_everything(folder, lambda _line: None)
    assert (folder / "needs.csv").read_text() == "old" and not lines_of("ExportMade")


def test_an_export_that_fails_leaves_nothing_and_is_not_on_record(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(path: Path, columns: object, rows: Iterator[object], **kwargs: object) -> object:
        if path.name == "people.csv":
            next(rows)
            raise OSError("disk full")
        return write_csv(path, columns, rows, **kwargs)  # type: ignore[arg-type]

    for _ in range(3):
        making.officer()
    monkeypatch.setattr(writing, "write_csv", torn)
    with pytest.raises(OSError, match="disk full"):
        actions.export_everything(folder, lambda _line: None)
    assert not list(folder.parent.glob("*out*")) and not lines_of("ExportMade")


def test_an_auditors_export_is_on_record_before_it_is_handed_over() -> None:
    council = making.council("Lincoln Council")
    making.open_need(council)
    auditor = making.auditor()
    scope = Scope(clock.now(), "lincoln-council", date(2026, 11, 1))
    made = actions.make_export("needs", scope, auditor)
    with made.file as file:
        content = file.read()
    assert made.name == "needs-20261124T100000Z.csv" and made.rows == 1
    line = lines_of("ExportMade")[0]
    assert line.actor == auditor.person.pseudonym and line.authority == council.reference and line.subject == "needs"
    assert line.facts["council"] == "lincoln-council" and line.facts["from_on"] == "2026-11-01"
    assert line.facts["rows"] == 1 and line.facts["sha256"] == hashlib.sha256(content).hexdigest()


def test_excel_gets_a_mark_only_when_it_is_asked_for() -> None:
    auditor = making.auditor()
    with actions.make_export("needs", Scope(clock.now()), auditor).file as file:
        assert file.read().startswith(b"reference,")
    with actions.make_export("needs", Scope(clock.now()), auditor, for_excel=True).file as file:
        assert file.read().startswith(b"\xef\xbb\xbfreference,")


def test_everything_is_one_zip() -> None:
    with actions.make_export("everything", Scope(clock.now()), making.auditor()).file as file:
        names = zipfile.ZipFile(file).namelist()
    assert sorted(names) == sorted([*FILES, "dictionary.csv", "manifest.json"])
    with pytest.raises(NotFound):
        actions.make_export("passwords", Scope(clock.now()), making.auditor())


# -- one instant


def test_what_is_written_during_an_export_is_not_in_it(tmp_path: Path) -> None:
    making.open_need(title="First")
    with writing.snapshot() as current:
        making.open_need(title="Second")
        titles = [row.title for row in get_export("needs").rows(current, Scope(clock.now()))]
        lines = [row.number for row in get_export("journal").rows(current, Scope(clock.now()))]
        assert titles == ["First"]
        assert lines[-1] == writing.journal_standing(current).lines < db.session.get_one(JournalHead, 1).count
    assert len(rows_of("needs", tmp_path)) == 2


# -- agreement with the database


def test_words_that_a_spreadsheet_would_run_are_safe_and_come_back(tmp_path: Path) -> None:
    title = '=1+1\r\n"quoted", £5'
    making.open_need(title=title, summary="-5 degrees", budget_reference="'already")
    row = rows_of("needs", tmp_path)[0]
    assert row["title"] == "'" + title and uncell(row["title"]) == title
    assert uncell(row["summary"]) == "-5 degrees" and uncell(row["budget_reference"]) == "'already"


def test_needs_published_here_and_no_others(tmp_path: Path) -> None:
    made = making.open_need(estimated_value_pence=2_400_050)
    making.need()
    making.open_need(source="elsewhere", source_id="1")
    row, *more = rows_of("needs", tmp_path)
    assert not more and row["reference"] == made.reference and row["status"] == "open"
    assert row["estimated_value_gbp"] == "24000.50" and row["published_at"] == "2026-11-24T10:00:00.000000Z"
    assert row["author"] == made.author.pseudonym and row["is_demonstration"] == "false"
    clock.pass_time(days=21)
    assert rows_of("needs", tmp_path)[0]["status"] == "closed"


def test_filters_of_council_and_days_in_london(tmp_path: Path) -> None:
    lincoln, camden = making.council("Lincoln Council"), making.council("Camden Council")
    # Half past midnight on 1 July in London is still 30 June in UTC.
    at = clock.now().replace(month=6, day=30, hour=23, minute=30)
    one, two = making.open_need(lincoln, published_at=at), making.open_need(camden)
    now = clock.now()

    def found(*asked: object) -> list[str]:
        return [each["reference"] for each in rows_of("needs", tmp_path, Scope(now, *asked))]  # type: ignore[arg-type]

    assert found() == [one.reference, two.reference]
    assert found("lincoln-council") == [one.reference]
    assert found("", date(2026, 7, 1), date(2026, 7, 1)) == [one.reference]
    assert found("", None, date(2026, 6, 30)) == [] and found("camden-council", date(2026, 11, 25)) == []
    for export in EXPORTS:
        rows_of(export.name, tmp_path, Scope(now, "camden-council", date(2026, 1, 1), date(2026, 12, 31)))


def test_a_whole_purchase_agrees_with_its_rows(tmp_path: Path) -> None:
    deal = contracting.running()
    made, need = deal.made, deal.made.need
    won, lost = rows_of("bids", tmp_path)
    assert [won["reference"], lost["reference"]] == [each.reference for each in made.bids]
    assert (won["rank"], won["evaluated_price_gbp"], lost["rank"]) == ("1", "19500.00", "2")
    assert Decimal(won["total_marks"]) == Decimal(won["quality_marks"]) + Decimal(won["price_marks"])
    (row,) = rows_of("openings", tmp_path)
    assert row["bids_opened"] == "2" and row["late_attempts"] == "0"
    assert row["first_opener"] == made.openers[0].person.pseudonym
    scores = rows_of("scores", tmp_path)
    assert [each["kind"] for each in scores] == ["individual", "individual", "agreed"] * 2
    assert sum(int(each["score"]) for each in scores if each["kind"] == "individual") == sum(
        db.session.scalars(select(Score.score))
    )
    returns = rows_of("declarations", tmp_path)
    assert len(returns) == 3 == len(db.session.scalars(select(ConflictDeclaration)).all())
    assert {each["has_conflict"] for each in returns} == {"false"}
    (award,) = rows_of("awards", tmp_path)
    assert award["bid"] == made.bids[0].reference and award["approved_by"] == made.approver.person.pseudonym
    first, second = rows_of("summaries", tmp_path)
    assert (first["is_winner"], first["rank"], second["is_winner"], second["rank"]) == ("true", "1", "false", "2")
    summary = awards.summaries_of(awards.find_award(need))[0]  # type: ignore[arg-type]
    assert first["content_sha256"] == hashlib.sha256(summary.content.encode()).hexdigest()
    (contract,) = rows_of("contracts", tmp_path)
    kept = db.session.scalars(select(Contract)).one()
    assert contract["reference"] == kept.reference and contract["value_gbp"] == "23400.00"
    assert contract["modifications"] == "0" and contract["modifications_gbp"] == "0.00"
    milestones = rows_of("milestones", tmp_path)
    assert sum(Decimal(each["amount_gbp"]) for each in milestones) == Decimal(contract["value_gbp"])
    bidders = [each for each in rows_of("suppliers", tmp_path) if each["bids_opened"] == "1"]
    assert [each["awards"] for each in bidders] == ["1", "0"]


def test_people_are_named_as_far_as_an_auditor_needs_it(tmp_path: Path) -> None:
    council = making.council()
    officer = making.member(council, "officer", "approver", name="Olu", email="olu@example.org")
    bidder = making.supplier_member(name="Sue", email="sue@example.org")
    gone = making.member(council, "viewer", name="Gone Away", email="gone@example.org")
    account_actions.close_account(gone.person_id, making.PASSWORD)
    by = {each["pseudonym"]: each for each in rows_of("people", tmp_path)}
    assert by[officer.person.pseudonym]["email"] == "olu@example.org"
    assert by[officer.person.pseudonym]["roles"] == "approver officer"
    assert (by[bidder.person.pseudonym]["name"], by[bidder.person.pseudonym]["email"]) == ("Sue", "")
    assert by[gone.person.pseudonym]["name"] == "" and by[gone.person.pseudonym]["erased_at"]
    assert "password" not in " ".join(by[gone.person.pseudonym])


# -- nothing before its time


def everything(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    made = writing.write_everything(Scope(clock.now()), folder, lambda _line: None)
    assert made.files
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()))


def test_before_the_opening_no_file_knows_of_a_bid(tmp_path: Path) -> None:
    made = bidding.purchase()
    bid = bidding.submitted(made.need)
    text = everything(tmp_path / "before")
    for sealed in (bid.reference, bid.versions[0].manifest_hash, *bid_events.WITHHELD):
        assert sealed not in text
    for name in ("bids", "openings", "scores", "declarations", "summaries"):
        assert not rows_of(name, tmp_path), name
    bidding.open_all(made)
    text = everything(tmp_path / "after")
    assert bid.reference in text and "BidSubmitted" in text and bid.versions[0].manifest_hash in text


def test_a_begun_opening_is_not_shown(tmp_path: Path) -> None:
    made = bidding.purchase()
    bidding.submitted(made.need)
    bidding.close(made.need)
    opening.begin_opening(made.need.id, made.first, making.OPENING)
    assert not rows_of("openings", tmp_path) and not rows_of("bids", tmp_path)
    assert casefile.get_case_file(made.need.reference).opening is None


def test_what_went_wrong_at_the_key_stands_beside_the_opening(tmp_path: Path) -> None:
    """Tries that were refused, a share handed over, a share made good with the recovery key, one asking refused."""
    made = test_recovery.council()
    need, (first, second, third) = made.need, made.openers
    bidding.submitted(need)
    for wrong in ("not the words", "nor these"):
        with pytest.raises(Problems):
            handing_over.hand_over(need.id, second, wrong, made.successor.person_id, "Leaving.")
    handing_over.hand_over(need.id, second, making.OPENING, made.successor.person_id, "Leaving in June.")
    opener_keys.begin_anew(first, test_recovery.OTHER, test_recovery.OTHER)
    handing_over.ask_recovery(need.id, third, first.person_id, first.person_id, "Too early.")
    handing_over.refuse_recovery(need.id, made.approver)
    clock.pass_time(minutes=1)
    handing_over.ask_recovery(need.id, third, first.person_id, first.person_id, "The words are lost.")
    handing_over.approve_recovery(need.id, made.approver)
    handing_over.use_recovery(need.id, made.keeper, made.code)
    with pytest.raises(Problems):
        opening.take_part_in_opening(need.id, first, test_recovery.OTHER)
    assert not rows_of("openings", tmp_path), "nothing before the opening"
    bidding.close(need)
    opening.begin_opening(need.id, first, test_recovery.OTHER)
    opening.complete_opening(need.id, third, making.OPENING)
    other = bidding.purchase()  # a second opening, where nothing of the kind happened
    bidding.open_all(other)
    row, plain_row = rows_of("openings", tmp_path)
    assert (row["refused_attempts"], row["shares_handed_over"], row["recoveries"]) == ("3", "1", "1")
    refused = json.loads(row["refused_list"])
    assert [(each["person"], each["why"]) for each in refused] == [
        (second.person.pseudonym, "handing_over"), (second.person.pseudonym, "handing_over"), (first.person.pseudonym, "early")
    ]  # fmt: skip
    (handed,) = json.loads(row["handed_over_list"])
    assert handed["giver"] == second.person.pseudonym and handed["receiver"] == made.successor.person.pseudonym
    assert handed["reason"] == "Leaving in June."
    assert handed["at"] == journal.plain(lines_of("ShareHandedOver")[0].at)
    not_used, used = json.loads(row["recovery_list"])
    assert not_used["refused_at"] and not_used["used_at"] is None and not_used["reason"] == "Too early."
    assert [used[each] for each in ("loser", "receiver", "asked_by", "approved_by", "used_by")] == [
        each.person.pseudonym for each in (first, first, third, made.approver, made.keeper)
    ]
    assert used["reason"] == "The words are lost." and used["used_at"] == journal.plain(lines_of("ShareRecovered")[0].at)
    counts = ("refused_attempts", "shares_handed_over", "recoveries")
    assert [plain_row[each] for each in counts] == ["0"] * 3 and plain_row["recovery_list"] == "[]"


def test_late_attempts_are_counted_after_the_opening(tmp_path: Path) -> None:
    made = bidding.purchase()
    late = bidding.bidder()
    bid = bidding.drafted(made.need, late)
    bidding.submitted(made.need)
    bidding.close(made.need)
    refused = submission.submit_bid(bid.id, late, "k" * 32, clock.now(), "")
    assert not isinstance(refused, submission.Submitted)
    bidding.open_all(made)
    assert rows_of("openings", tmp_path)[0]["late_attempts"] == "1"
    case = casefile.get_case_file(made.need.reference)
    assert len(case.late_attempts) == 1 and "R030" in {each.code for each in case.questions}


def test_scores_and_prices_wait_for_the_freezing(tmp_path: Path) -> None:
    made = assessing.agreed(assessing.opened(), (4, 3))
    assert not rows_of("scores", tmp_path)
    assert {each["evaluated_price_gbp"] for each in rows_of("bids", tmp_path)} == {""}
    case = casefile.get_case_file(made.need.reference)
    assert not case.scores and not case.agreed and not case.results and len(case.bids) == 2
    from tenders.assessment import concluding

    concluding.agree_quality(made.need.id, made.chair)
    concluding.freeze_scores(made.need.id, made.chair)
    assert len(rows_of("scores", tmp_path)) == 6
    assert len(casefile.get_case_file(made.need.reference).scores) == 4


def test_who_asked_is_nowhere_and_a_waiting_question_has_no_words(tmp_path: Path) -> None:
    need = making.open_need()
    asker = making.supplier_member()
    asked = clarifications.ask_question(need.id, asker, "We at Firm X wonder: may it be hosted abroad?")
    row = rows_of("clarifications", tmp_path)[0]
    assert row["reference"] == asked.reference and row["question"] == row["answer"] == ""
    officer = making.officer(need.authority)
    clarifications.answer_question(need.id, officer, asked.reference, "May it be hosted abroad?", "Yes.")
    row = rows_of("clarifications", tmp_path)[0]
    assert (row["question"], row["answer"], row["number"]) == ("May it be hosted abroad?", "Yes.", "1")
    text = everything(tmp_path / "all").replace((tmp_path / "all" / "people.csv").read_text(), "")
    assert "Firm X" not in text
    lines = [each for each in rows_of("journal", tmp_path) if each["subject"] == asked.reference]
    assert asker.person.pseudonym not in json.dumps(lines) and asker.organisation.reference not in json.dumps(lines)


# -- the journal


def test_the_chain_can_be_followed_in_the_file_alone(tmp_path: Path) -> None:
    with db.one_action("test"):
        record(making.MadeForTest(subject="=1+1", need="'quoted"))
    made = bidding.purchase()
    bidding.submitted(made.need)
    rows = rows_of("journal", tmp_path)
    assert chain_fault(rows) == ""
    withheld = [each for each in rows if each["is_withheld"] == "true"]
    hidden = ("at", "event", "actor", "organisation", "subject", "need", "authority", "details")
    assert withheld and {each[name] for each in withheld for name in hidden} == {""}
    assert len(rows) == db.session.get_one(JournalHead, 1).count
    bidding.open_all(made)
    after = rows_of("journal", tmp_path)
    assert chain_fault(after) == "" and {each["is_withheld"] for each in after} == {"false"}
    assert [each["hash"] for each in after[: len(rows)]] == [each["hash"] for each in rows]
    after[3]["subject"] = "another"
    assert chain_fault(after) == "line 4 does not match its hash"


def test_a_filtered_journal_leaves_withheld_lines_out(tmp_path: Path) -> None:
    made = bidding.purchase()
    bidding.submitted(made.need)
    clarifications.ask_question(made.need.id, making.supplier_member(), "May it be hosted abroad?")
    council = made.need.authority
    assert council is not None
    rows = rows_of("journal", tmp_path, Scope(clock.now(), council.slug))
    assert {each["is_withheld"] for each in rows} == {"false"}
    assert {each["authority"] for each in rows} == {council.reference}
    days = rows_of("journal", tmp_path, Scope(clock.now(), "", clock.today(), clock.today()))
    assert {each["is_withheld"] for each in days} == {"false"}


def test_checking_the_journal_is_on_record_and_finds_a_fault() -> None:
    auditor = making.auditor()
    assert actions.check_journal(auditor).is_whole
    line = lines_of("JournalChecked")[0]
    assert line.facts["first_bad"] is None and line.facts["lines"] == line.number - 1
    assert queries.find_last_check() is not None
    with db.housekeeping() as current:
        head = current.get_one(JournalHead, 1)
        head.hash = "f" * 64
    assert not actions.check_journal(auditor).is_whole
    assert lines_of("JournalChecked")[1].facts["first_bad"] is not None


def test_checking_looks_at_the_rows_of_bids_too() -> None:
    auditor, made = making.auditor(), bidding.purchase()
    bidding.submitted(made.need)
    assert actions.check_journal(auditor).is_whole
    with db.housekeeping() as current:
        current.execute(update(SealedPart).values(ciphertext=b"other"))
    assert not actions.check_journal(auditor).is_whole
    facts = lines_of("JournalChecked")[1].facts
    assert facts["first_bad"] is None and facts["faults"] > 0


# -- browsing


def test_browsing_shows_nothing_sealed() -> None:
    made = bidding.purchase()
    bid = bidding.submitted(made.need)
    scope = Scope(clock.now())
    assert not set(queries.event_names()) & bid_events.WITHHELD
    assert not [each for each in queries.browse_journal(scope, "", "", 1).rows if each.subject == bid.reference]
    assert queries.browse_journal(scope, "BidSubmitted", "", 1).total == 0
    case = casefile.get_case_file(made.need.reference)
    assert not case.bids and not {each.event for each in case.lines} & bid_events.WITHHELD
    assert {row.bids_opened for row in queries.search_suppliers("", 1).rows} == {0}
    bidding.open_all(made)
    assert queries.browse_journal(scope, "BidSubmitted", made.need.reference, 1).total == 1


def test_needs_and_suppliers_are_found_by_their_words() -> None:
    council = making.council("Lincoln Council")
    one = making.open_need(council, title="Bins 100% counted")
    making.open_need(title="Potholes")
    making.supplier("Acme_Ltd")
    assert [each.reference for each in queries.search_needs("100% BINS", "", "", 1).rows] == [one.reference]
    assert queries.search_needs("", "open", "lincoln-council", 1).total == 1
    assert queries.search_needs("%", "closed", "", 1).total == 0
    assert [row[0].name for row in queries.search_suppliers("e_l", 1).rows] == ["Acme_Ltd"]


def test_the_case_file_of_a_draft_or_an_imported_need_is_not_found() -> None:
    for need in (making.need(), making.open_need(source="elsewhere", source_id="1")):
        with pytest.raises(NotFound):
            casefile.get_case_file(need.reference)


def test_the_case_file_tells_the_whole_purchase() -> None:
    deal = contracting.running()
    case = casefile.get_case_file(deal.made.need.reference)
    assert len(case.bids) == 2 and len(case.scores) == 4 and len(case.agreed) == 2 and len(case.summaries) == 2
    assert case.contract is not None and all(each.has_declared for each in case.panel)
    assert case.name_of(case.awards[0].approved_by_id) == "Dev" and case.name_of(None) == ""
    assert "R018" not in {each.code for each in case.questions}


def test_a_single_bid_and_a_short_window_raise_questions() -> None:
    made = bidding.purchase(closes_at=clock.now() + timedelta(days=6))
    bidding.submitted(made.need)
    assert [each.code for each in casefile.get_case_file(made.need.reference).questions] == ["R003"]
    bidding.open_all(made)
    assert {"R003", "R018"} <= {each.code for each in casefile.get_case_file(made.need.reference).questions}


def test_an_empty_council_slug_names_no_council() -> None:
    assert queries.council_reference("") == "" and queries.council_reference("nowhere") == ""
