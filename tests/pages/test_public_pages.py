"""The public front: what anyone reads without an account."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from icalendar import Calendar

from marketplace.core import clock, db
from marketplace.core.journal import record
from marketplace.core.mail import post
from search import indexing
from tenders.clarifications.models import Clarification
from tenders.notices.models import OutsideAward
from tests import making
from tests.pageclient import PageClient

NASTY = '<script>alert("x")</script> & "bins"'


def keep(*rows: object) -> None:
    with db.one_action("test") as current:
        current.add_all(rows)
        record(making.MadeForTest(subject="test"))


def answered(need, number: int, question: str, answer: str = "Yes.") -> Clarification:
    return Clarification(
        reference=f"Q-{need.id}-{number}",
        need_id=need.id,
        asked_at=clock.now(),
        question=question,
        number=number,
        published_question=question,
        answer=answer,
        answered_at=clock.now(),
    )


def test_front_counts_what_is_there(app, client: PageClient) -> None:
    council = making.council("Ashby Council")
    making.open_need(council, title="Mend the roof register")
    making.need(council, title="A draft nobody may see")
    making.open_need(council, title="Closed already", closes_at=clock.now() - timedelta(days=1),
                     published_at=clock.now() - timedelta(days=9))  # fmt: skip
    page = client.get("/")
    assert page.has("1 open need") and page.has("Mend the roof register")
    assert not page.has("A draft nobody") and not page.has("Closed already")
    assert page.has("1 council with an account")


@pytest.mark.parametrize(
    "path",
    ["/how-it-works", "/accessibility", "/privacy", "/open-data", "/councils", "/outbox", "/needs", "/suppliers"],
)
def test_every_page_stands_when_nothing_is_there(app, client: PageClient, path: str) -> None:
    client.get(path)


def test_a_need_tells_all(app, client: PageClient) -> None:
    council = making.council("Ashby Council")
    need = making.open_need(council, title="Mend the roof register")
    page = client.get(f"/needs/{need.reference}")
    assert page.h1 == "Ashby Council Mend the roof register"
    assert page.has("in 20 days") and page.has("£24,000")
    assert page.has("Experience of case management for councils") and page.has("Can offer the service in Welsh")
    assert page.has("60%") and page.has("How will you solve this?") and page.has("Build")
    assert page.has("Quality of the service") and page.has("Case management")
    assert "Sign in to bid" in page.links and "Follow by email" in page.links
    assert page.links["Ashby Council: needs and track record"] == f"/councils/{council.slug}"
    assert "No questions have been answered yet." in page.text
    calendar = client.get(f"/needs/{need.reference}.ics")
    assert Calendar.from_ical(calendar.content).walk("VEVENT")[0].end == need.closes_at


def test_a_draft_is_not_found(app, client: PageClient) -> None:
    need = making.need()
    client.get(f"/needs/{need.reference}", 404)
    client.get(f"/needs/{need.reference}/history", 404)
    client.get(f"/needs/{need.reference}/documents/1", 404)


def test_typed_text_is_never_markup(app, client: PageClient) -> None:
    council = making.council("Ashby Council")
    need = making.open_need(council, title=NASTY, summary=NASTY, problem=NASTY)
    firm = making.supplier("Acme <b>Ltd</b>", summary=NASTY, about=NASTY, source="test", source_id="1")
    keep(answered(need, 1, NASTY, NASTY))
    indexing.rebuild_index(lambda _: None)
    for path in (f"/needs/{need.reference}", "/needs", "/needs?q=bins", "/", f"/suppliers/{firm.slug}", "/suppliers",
                 "/suppliers?q=bins", f"/councils/{council.slug}", "/needs?q=%3Cscript%3Ealert"):  # fmt: skip
        assert "alert(" not in "".join(each.get_text() for each in client.get(path).soup.find_all("script"))
    assert client.get("/needs?q=roof OR bins").has('<script>alert("x")</script>')


def test_long_lists_of_questions_can_be_searched(app, client: PageClient) -> None:
    need = making.open_need()
    keep(*(answered(need, number, f"About thing{number}?") for number in range(1, 8)))
    page = client.get(f"/needs/{need.reference}")
    found = client.submit(page, "Find", find="thing3")
    assert found.has("About thing3?") and not found.has("About thing4?")
    assert client.get(f"/needs/{need.reference}?find=nowhere").has("No question or answer has “nowhere”")


def test_an_imported_need_names_its_source(app, client: PageClient) -> None:
    need = making.open_need(source="Contracts Finder", source_id="cf-1", source_url="https://example.org/cf-1")
    page = client.get(f"/needs/{need.reference}")
    assert page.has("Taken from Contracts Finder") and "Sign in to bid" not in page.links


def test_a_council_has_a_track_record_once_something_ended(app, client: PageClient) -> None:
    council = making.council("Ashby Council")
    now = clock.now()
    assert not client.get(f"/councils/{council.slug}").has("Track record")
    past = {"published_at": now - timedelta(days=60), "closes_at": now - timedelta(days=30)}
    making.need(council, **past, awarded_at=now - timedelta(days=10))
    making.need(council, **past, withdrawn_at=now - timedelta(days=40), withdrawal_reason="Money gone")
    page = client.get(f"/councils/{council.slug}")
    assert page.summary["Awarded"] == "50%" and page.summary["From closing to award"] == "20 days (the middle one)"
    assert page.table("How needs ended")[0] == {"Ending": "Awarded", "Needs": "1"}
    client.get("/councils/nowhere", 404)


def test_councils_are_found_by_name(app, client: PageClient) -> None:
    making.council("Ashby Council")
    making.council("Barton Council")
    page = client.submit(client.get("/councils"), "Search", q="bart")
    assert page.has("1 council with “bart”") and "Ashby Council" not in page.links


def test_needs_csv_reads_back(app, client: PageClient) -> None:
    making.open_need(title="=1+1")
    making.need(title="A draft")
    rows = list(csv.DictReader(io.StringIO(client.get("/needs.csv").content.decode())))
    assert [row["title"] for row in rows] == ["'=1+1"] and rows[0]["status"] == "open"
    making.open_need(title="Parking permits")
    indexing.rebuild_index(lambda _: None)
    some = client.get("/needs.csv?q=parking")
    assert [row["title"] for row in csv.DictReader(io.StringIO(some.content.decode()))] == ["Parking permits"]
    assert some.response.headers["Content-Type"] == "text/csv; charset=utf-8"
    client.get("/needs.csv?status=lost", 400)


def test_suppliers_csv_has_the_rows_of_the_list(app, client: PageClient) -> None:
    for number in range(25):
        making.supplier(f"=Firm {number}", about="Drone surveys" if number % 2 else "Nothing", source="t",
                        source_id=str(number), region="Wales")  # fmt: skip
    indexing.rebuild_index(lambda _: None)
    every = list(csv.DictReader(io.StringIO(client.get("/suppliers.csv").content.decode())))
    assert len(every) == 25 and every[0]["name"] == "'=Firm 0" and every[0]["has_worked_with_councils"] == "false"
    some = list(csv.DictReader(io.StringIO(client.get("/suppliers.csv?q=drone&region=Wales").content.decode())))
    page = client.get("/suppliers?q=drone&region=Wales")
    assert len(some) == 12 and page.has("12 suppliers for drone")
    hrefs = [each["href"] for each in page.main.select(".market-card h2 a")]
    assert [row["url"].partition("/suppliers/")[2] for row in some] == [each.rpartition("/")[2] for each in hrefs]


@pytest.mark.parametrize(
    "asked",
    ["q=parking", "small-firms=reserved", "closing=7", "buyer-kind=london", "near=EC1A+1BB&within=25", "region=Wales",
     "budget=10k-30k", "capability=case-management", "source=ours", "council=hackney-council", "status=all",
     "small-firms=reserved&small-firms=suits&sort=value"],
)  # fmt: skip
def test_list_file_feed_and_calendar_hold_the_same_needs(app, client: PageClient, asked: str) -> None:
    now, hackney, kent = clock.now(), making.council("Hackney Council"), making.council("Kent County Council")
    for number in range(6):
        making.open_need(
            (hackney, kent)[number % 2], title=f"Parking {number}", is_reserved_for_smes=number < 2,
            closes_at=now + timedelta(days=(3, 30, -1)[number % 3]), published_at=now - timedelta(days=5),
            region=("London", "Wales")[number % 2], latitude=(51.52, 51.48)[number % 2], longitude=(-0.1, -3.18)[number % 2],
        )  # fmt: skip
    indexing.rebuild_index(lambda _: None)
    listed = [each["href"].rpartition("/")[2] for each in client.get(f"/needs?{asked}").main.select(".market-card h2 a")]
    rows = list(csv.DictReader(io.StringIO(client.get(f"/needs.csv?{asked}").content.decode())))
    atom = ElementTree.fromstring(client.get(f"/needs.atom?{asked}").content)
    links = atom.findall("{http://www.w3.org/2005/Atom}entry/{http://www.w3.org/2005/Atom}link")
    events = Calendar.from_ical(client.get(f"/needs.ics?{asked}").content).walk("VEVENT")
    assert listed and [row["reference"] for row in rows] == listed
    assert {each.get("href", "").rpartition("/")[2] for each in links} == set(listed) and len(events) == len(listed)


@pytest.mark.parametrize("path", ["/needs.csv", "/suppliers.csv", "/needs.atom", "/needs.ics"])
def test_files_and_feeds_refuse_what_they_cannot_mean(app, client: PageClient, path: str) -> None:
    for asked in ("page=2", "after=1-2", "colour=red", "near=QQ9+9QQ", "sort=distance"):
        client.get(f"{path}?{asked}", 400)


def test_the_outbox_shows_mails_with_links_that_work_here(app, client: PageClient) -> None:
    from marketplace.core.letters import absolute

    with db.housekeeping() as current:
        post(current, key="1", to="a@example.org", subject="Hello", body=f"Go to {absolute('/needs')}. <b>Bye</b>\n")
    page = client.get("/outbox")
    assert page.links[absolute("/needs")] == "/needs" and page.has("<b>Bye</b>")


def test_health_and_robots(app, client: PageClient) -> None:
    assert client.get("/health").response.json["status"] == "ok"
    assert b"Disallow: /council/" in client.get("/robots.txt").content


def test_feeds_parse(app, client: PageClient) -> None:
    council = making.council("Ashby Council")
    need = making.open_need(council, title=NASTY)
    making.open_need(title="Elsewhere")
    feed = ElementTree.fromstring(client.get("/needs.atom").content)
    atom = "{http://www.w3.org/2005/Atom}"
    assert {each.text for each in feed.iterfind(f"{atom}entry/{atom}title")} == {NASTY, "Elsewhere"}
    ids = [each.text or "" for each in feed.iterfind(f"{atom}entry/{atom}id")]
    assert all(each.startswith("tag:") for each in ids) and any(each.endswith(need.reference) for each in ids)
    events = Calendar.from_ical(client.get("/needs.ics").content).walk("VEVENT")
    assert {event.end for event in events} == {need.closes_at} and len(events) == 2
    indexing.rebuild_index(lambda _: None)
    own = ElementTree.fromstring(client.get(f"/needs.atom?council={council.slug}").content)
    assert [each.text for each in own.iterfind(f"{atom}entry/{atom}title")] == [NASTY]
    client.get("/needs.atom?colour=red", 400)


def test_only_people_of_councils_are_offered_a_copy(client: PageClient) -> None:
    need, words = making.open_need(), "Copy this need for your own council"
    path = f"/needs/{need.reference}"
    firm, officer = making.supplier_member().person.email, making.officer().person.email
    page = client.get(path)
    assert words not in page.links and page.has("People of a council who are signed in can copy this need")
    client.sign_in(firm, making.PASSWORD)
    page = client.get(path)
    assert words not in page.links and not page.has("can copy this need")
    council = PageClient(client.app)
    council.sign_in(officer, making.PASSWORD)
    assert words in council.get(path).links


def test_similar_needs_are_alike_and_call_a_council_by_one_name(app, client: PageClient) -> None:
    need = making.open_need(title="Housing repairs booking for tenants")
    making.open_need(making.council("Hackney Council"), title="Repairs booking: housing tenants book online")
    words = dict.fromkeys(("summary", "problem", "who_is_affected", "outcomes", "what_exists", "constraints"), "")
    other = making.open_need(title="Weights of lorries", **{**words, "problem": "The weighbridge prints on paper."})
    with db.one_action("test"):
        other.requirements, other.criteria, other.questions = [], [], []
        record(making.MadeForTest(subject="test"))
    indexing.rebuild_index(lambda _: None)
    similar = client.get(f"/needs/{need.reference}").text.split("Similar needs")[1]
    assert "London Borough of Hackney" in similar and "lorries" not in similar
    assert "Open until 10" in similar


def test_how_similar_needs_ended_is_told(app, client: PageClient) -> None:
    now = clock.now()
    need = making.open_need(title="Housing repairs booking")
    for number, (title, facts) in enumerate(
        {
            "Won by several": {},
            "Nothing known": {},
            "Taken back": {"withdrawn_at": now, "withdrawal_reason": "No money"},
        }.items()
    ):
        imported = making.open_need(title=f"Housing repairs booking: {title}", source="central", source_id=str(number),
                                    closes_at=now - timedelta(days=1), **facts)  # fmt: skip
        if title == "Won by several":
            with db.one_action("test"):
                for firm, value in (("Acme Ltd", 40_000_00), ("Other Ltd", None)):
                    db.session.add(OutsideAward(need_id=imported.id, supplier_name=firm, value_pence=value))
                record(making.MadeForTest(subject="test"))
    indexing.rebuild_index(lambda _: None)
    similar = client.get(f"/needs/{need.reference}").text.split("Similar needs")[1]
    assert "Awarded to Acme Ltd for £40,000; Other Ltd" in similar
    assert "Withdrawn" in similar and "Closed" in similar
