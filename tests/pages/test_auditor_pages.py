"""The auditor's pages: reading everything that may be seen, exporting, checking; and who is kept out."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from marketplace.core import clock
from tests import assessing, bidding, contracting, making
from tests.pageclient import PageClient

PLACES = ("/audit", "/audit/suppliers", "/audit/journal", "/audit/exports", "/audit/exports/bids")


@pytest.fixture
def auditor(client: PageClient) -> PageClient:
    making.member(making.organisation("audit_body", "Audit Office"), "auditor", email="au@example.org", name="Au Ditor")
    client.sign_in("au@example.org", making.PASSWORD)
    return client


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("path", PLACES)
def test_nobody_else_gets_in(client: PageClient, path: str) -> None:
    assert client.get(path).h1 == "Sign in"
    for kind, role in (("platform", "administrator"), ("authority", "approver")):
        client.sign_out()
        email = f"{role}@example.org"
        making.member(making.organisation(kind), role, email=email)
        client.submit(client.get("/sign-in"), "Sign in", email=email, password=making.PASSWORD, next="/account")
        client.get(path, status=403)


@pytest.mark.parametrize("path", PLACES)
def test_every_page_stands_on_an_empty_service(auditor: PageClient, path: str) -> None:
    auditor.get(path)


def test_needs_are_searched_and_their_case_files_read(auditor: PageClient) -> None:
    reference = contracting.running(contracting.split(contracting.drafted(), 1_000_000)).made.need.reference
    making.open_need(title="Potholes")
    page = auditor.get("/audit")
    assert len(page.table("Needs found")) == 2
    page = auditor.submit(page, "Search", q="missed BIN", Status="Contract signed")
    (row,) = page.table("Needs found")
    assert row["Status"] == "Contract signed" and row["Estimate with VAT"] == "£24,000"
    page = auditor.follow(page, f"{reference} case file")
    assert page.h1.startswith(f"Case file {reference}")
    assert [each["Place"] for each in page.table("Bids opened")] == ["1", "2"]
    assert {each["Declared"] for each in page.table("Returns on conflicts")} == {"No conflict"}
    assert len(page.table("Scores")) == 6 and len(page.table("Milestones")) == 2
    assert page.has("Approved by Dev, ") and page.has("Sal, ") and page.has("What each bidder was told")
    assert page.has("SummariesSent") and page.has("Milestone")
    assert auditor.submit(auditor.get("/audit"), "Search", q="nothing like it").has("No need found")


def test_a_sealed_need_shows_nothing_of_its_bids(auditor: PageClient) -> None:
    made = bidding.purchase()
    bid, need = bidding.submitted(made.need).reference, made.need.reference
    for path in (f"/audit/needs/{need}", "/audit/journal", "/audit/suppliers", "/audit"):
        page = auditor.get(path)
        assert bid not in page.html and "BidSubmitted" not in page.html and "BidStarted" not in page.html
    assert auditor.get(f"/audit/needs/{need}").has("nobody sees who bids or how many")
    assert not rows_of(auditor.submit(auditor.get("/audit/exports"), "Download bids.csv").content)


def test_opened_bids_are_shown_with_their_time(auditor: PageClient) -> None:
    made = assessing.opened()
    need, bids = made.need.reference, [each.reference for each in made.bids]
    page = auditor.get(f"/audit/needs/{need}")
    assert [each["Bid"] for each in page.table("Bids opened")] == bids and page.has("2 bids opened")
    assert [each["reference"] for each in rows_of(auditor.submit(
        auditor.get("/audit/exports"), "Download bids.csv").content)] == bids
    assert auditor.get(f"/audit/journal?q={need}&event=BidSubmitted").has("2 lines")


def test_scores_under_way_are_not_shown(auditor: PageClient) -> None:
    made = assessing.agreed(assessing.opened(), (4, 3))
    page = auditor.get(f"/audit/needs/{made.need.reference}")
    assert page.has("Scores are shown once the ranking is frozen") and assessing.REASON not in page.text
    assert {each["Place"] for each in page.table("Bids opened")} == {""}


def test_questions_are_asked_not_judged(auditor: PageClient) -> None:
    made = bidding.purchase(closes_at=clock.now().replace(day=29))
    bidding.submitted(made.need)
    bidding.open_all(made)
    page = auditor.get(f"/audit/needs/{made.need.reference}")
    assert page.has("Was there enough time to bid?") and page.has("Why did only one supplier bid?")
    assert page.has("never accusations")


def test_one_file_is_downloaded_and_on_record(auditor: PageClient) -> None:
    council = making.council("Lincoln Council")
    making.open_need(council, title="=cmd()")
    making.open_need()
    page = auditor.get("/audit/exports")
    sent = auditor.submit(page, "Download needs.csv", council="Lincoln Council", from_on=clock.today())
    assert sent.response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert "needs-20261124T100000Z.csv" in sent.response.headers["Content-Disposition"]
    assert [each["title"] for each in rows_of(sent.content)] == ["'=cmd()"]
    made = auditor.get("/audit/exports").table("Exports on record")[0]
    assert made["Export"] == "needs" and made["Rows"] == "1" and made["Filters"] == "lincoln-council, 2026-11-24"


def test_everything_is_downloaded_as_a_zip_for_excel(auditor: PageClient) -> None:
    sent = auditor.submit(auditor.get("/audit/exports"), "Download everything as a zip", for_excel=True)
    archive = zipfile.ZipFile(io.BytesIO(sent.content))
    assert len(archive.namelist()) == 16 and archive.read("people.csv").startswith(b"\xef\xbb\xbf")
    assert json.loads(archive.read("manifest.json"))["filters"] == {}


def test_wrong_days_are_told_and_nothing_is_made(auditor: PageClient) -> None:
    page = auditor.get("/audit/exports")
    today = clock.today()
    page = auditor.submit(page, "Download people.csv", status=422, from_on=today, to_on=today.replace(day=1))
    assert page.errors == ["Enter a last day that is the first day or later"]
    assert page.field("from_on-day") == "24" and page.has("None yet")


def test_an_unknown_export_is_not_found(auditor: PageClient) -> None:
    auditor.get("/audit/exports/passwords", status=404)
    page = auditor.get("/audit/exports")
    token = page.field("csrf_token")
    auditor.post("/audit/exports", data={"csrf_token": token, "export": "passwords"}, status=404)


def test_the_columns_of_each_file_are_told(auditor: PageClient) -> None:
    page = auditor.follow(auditor.get("/audit/exports"), "Columns of journal.csv")
    assert page.has("market-journal-1")
    assert [each["Column"] for each in page.table("Columns")][:3] == ["number", "at", "event"]


def test_the_journal_is_browsed_and_checked(auditor: PageClient) -> None:
    reference = making.open_need(making.council("Lincoln Council")).reference
    page = auditor.get("/audit/journal")
    assert page.has("It has not been checked") and page.table("Journal lines")
    page = auditor.submit(page, "Check it now")
    assert page.notices[0].startswith("The journal is whole: ") and page.has("Last checked")
    page = auditor.submit(page, "Search", event="JournalChecked")
    (line,) = page.table("Journal lines")
    assert line["What"] == "Somebody had the record checked JournalChecked"
    assert line["Who"].startswith("Au Ditor p_"), "by name, with the pseudonym"
    assert auditor.submit(page, "Search", q=reference, event="").has("No line found")
    assert auditor.get("/audit/journal?from=2026-11-25&to=rubbish").has("No line found")


def test_suppliers_are_listed(auditor: PageClient) -> None:
    making.supplier("Acme Ltd")
    page = auditor.submit(auditor.get("/audit/suppliers"), "Search", q="acme")
    assert page.table("Suppliers found")[0]["Bids opened"] == "0"
    assert auditor.submit(page, "Search", q="zzz").has("No supplier found")
