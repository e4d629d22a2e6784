"""The administrator's pages, and who is kept out of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.accounts import actions, queries
from marketplace.accounts.emails import EMAILS
from marketplace.core import clock, db, jobs, mail
from marketplace.core.journal import JournalLine
from marketplace.core.mail import Mail
from tenders.bids import emails as bid_emails
from tenders.needs.models import Need
from tests import bidding, making
from tests.letterbox import link_in, mails_to, write_mails
from tests.pageclient import PageClient

PASSWORD = "wobbly table leg"
PLACES = ("/admin", "/admin/people", "/admin/people/p_x/erase", "/admin/requests", "/admin/organisations", "/admin/organisations/new", "/admin/reference")


@pytest.fixture
def admin(client: PageClient) -> PageClient:
    platform = making.organisation("platform", "Market Cross")
    making.member(platform, "administrator", email="root@example.org", name="Rita Root")
    client.sign_in("root@example.org", making.PASSWORD)
    return client


@pytest.mark.parametrize("path", PLACES)
def test_nobody_else_gets_in(client: PageClient, path: str) -> None:
    assert client.get(path).h1 == "Sign in"
    making.officer(email="ann@example.org")
    client.submit(client.get("/sign-in"), "Sign in", email="ann@example.org", password=making.PASSWORD, next="/account")
    client.get(path, status=403)


def test_a_request_that_waits_for_us_is_approved(admin: PageClient) -> None:
    actions.load_councils()
    actions.join_council("Bob Brown", "bob@gmail.example", PASSWORD, queries.find_council("HCK"), "Call 12")
    write_mails(admin.app, EMAILS)
    bob = PageClient(admin.app)
    bob.submit(bob.get(link_in(mails_to("bob@gmail.example")[0], "/confirm/")), "Confirm my address")
    write_mails(admin.app, EMAILS)
    assert "/admin/requests" in mails_to("root@example.org")[0].body
    page = admin.follow(admin.get("/admin"), "1 request to join an organisation")
    page = admin.follow(page, "Approve or refuse Bob Brown")
    assert page.has("Call 12")
    page = admin.submit(page, "Approve", roles=["officer"])
    assert page.has("No request waits") and queries.find_council("HCK").is_active


def test_a_request_that_waits_for_us_is_refused(admin: PageClient) -> None:
    council = making.council()
    request = actions.ask_to_join(making.person(email="bob@gmail.example"), council)
    page = admin.submit(admin.get(f"/admin/requests/{request.id}"), "Refuse")
    assert page.has("No request waits")
    write_mails(admin.app, EMAILS)
    assert mails_to("bob@gmail.example")[0].subject.startswith("Your request to join")


def test_an_organisation_is_found_suspended_and_lifted(admin: PageClient) -> None:
    making.supplier_member(making.supplier("Doubtful Ltd"), email="dee@example.org")
    page = admin.submit(admin.get("/admin/organisations"), "Search", q="doubt", kind="supplier")
    assert page.table("Organisations found")[0]["State"] == "May act"
    page = admin.follow(page, "Doubtful Ltd")
    page = admin.follow(page, "Suspend")
    assert admin.submit(page, "Suspend", status=422).errors == ["Enter the reason"]
    page = admin.submit(page, "Suspend", reason="False certificates.")
    assert page.has("False certificates.")
    page = admin.submit(admin.follow(page, "Lift the suspension"), "Lift the suspension")
    assert page.notices == ["Doubtful Ltd may act again"]
    assert [row["What"] for row in page.table("Journal lines about Doubtful Ltd")][:2] == [
        "SuspensionLifted", "OrganisationSuspended",
    ]  # fmt: skip


def test_an_audit_body_is_set_up_and_its_auditor_invited(admin: PageClient) -> None:
    page = admin.submit(admin.get("/admin/organisations/new"), "Set up", name="National Audit Office")
    assert page.h1 == "Audit body National Audit Office"
    page = admin.follow(page, "Invite somebody")
    assert page.field("roles") == ["auditor"]
    page = admin.submit(page, "Send invitation", email="au@nao.example")
    assert page.has("au@nao.example: Auditor")
    write_mails(admin.app, EMAILS)
    auditor = PageClient(admin.app)
    page = auditor.get(link_in(mails_to("au@nao.example")[0], "/invitations/"))
    home = 200 if "auditors" in admin.app.blueprints else 404
    auditor.submit(page, "Make my account and join", name="Au Ditor", password=PASSWORD, status=home)
    assert auditor.get("/account").has("Auditor")


def test_the_dashboard_shows_the_worker_and_tries_again(admin: PageClient) -> None:
    assert admin.get("/admin").has("The worker has not run yet")

    def react(_lines: object) -> None:
        raise ValueError("no room left")

    broken = jobs.Listener("index", frozenset({"MadeForTest"}), react)
    jobs.enter_deliveries(broken)
    for _ in range(len(jobs.RETRIES) + 1):
        jobs.deliver(broken)
        clock.pass_time(hours=7)
    with db.housekeeping() as current:
        mail.post(current, key="1", to="a@example.org", subject="Hello", body="Text")
        current.query(mail.Mail).one().last_error = "refused"
    page = admin.get("/admin")
    assert page.has("no room left") and page.has("1 email not sent yet") and page.has("“Hello” to a@example.org")
    assert int(page.table("How far each listener has read the journal")[0]["Given up"]) > 0
    button = next(each for each in page.buttons if each.startswith("Try again"))
    page = admin.submit(page, button)
    assert page.notices == ["The worker will try again at once"]
    assert admin.submit(page, "Send again to a@example.org").notices == ["The worker will send it again at once"]


def test_reference_files_and_reading_the_councils_again(admin: PageClient) -> None:
    page = admin.get("/admin/reference")
    files = {row["File"]: row for row in page.table("Files")}
    assert (
        files["councils.csv"]["Rows"] == "397"
        and "Open Government Licence" in files["councils.csv"]["Source and licence"]
    )
    page = admin.submit(page, "Read the councils again")
    assert page.notices == ["Councils read again: 397 added, 0 changed"]
    assert admin.submit(page, "Read the councils again").notices == ["Councils read again: 0 added, 0 changed"]


def test_before_the_opening_the_page_tells_of_no_bid_and_tries_again_all_the_same(admin: PageClient) -> None:
    made = bidding.purchase()
    firm = bidding.bidder("Quiet Firm Ltd")
    bidding.submitted(made.need, firm)
    line = db.session.scalars(select(JournalLine).where(JournalLine.event == "BidSubmitted")).one()
    with db.housekeeping() as current:
        current.add(
            jobs.Delivery(listener="bids.emails", line=line.number, due_at=clock.now(), attempts=1, last_error="down")
        )
        mail.post(current, key=f"{line.number}:bid-submitted:q@quiet.example", to="q@quiet.example", subject="In", body="B")
        current.query(mail.Mail).one().last_error = "550 q@quiet.example unknown"
        current.add(jobs.Cursor(listener="bids.emails", scanned_to=line.number))
    telling = ("BidSubmitted", "“bids.emails”", "Quiet", "quiet.example", made.need.reference, f"Line {line.number} ")
    page = admin.get("/admin")
    assert not [each for each in telling if each in page.text]
    [standing] = page.table("How far each listener has read the journal")
    assert (standing["Waiting"], standing["Given up"], standing["In time?"]) == ("0", "0", "Yes")
    assert page.has("A line about a bid") and page.has("An email about a bid") and page.has("0 emails not sent yet")
    page = admin.submit(page, "Try again for a line about a bid")
    page = admin.submit(page, "Send again an email about a bid")
    again = db.session.scalars(select(JournalLine).where(JournalLine.event == "DeliveryTriedAgain")).one()
    tried = db.session.scalars(select(JournalLine).where(JournalLine.event == "MailTriedAgain")).one()
    assert len(tried.facts["mail"]) > 20, "not its number, which counts the mails before it"
    assert again.facts["line"] is None and "emails" not in str(again.subject)
    with db.housekeeping() as current:
        assert current.get_one(jobs.Delivery, ("bids.emails", line.number)).attempts == 0
        current.query(jobs.Delivery).update({"attempts": 1})
        need = current.scalars(select(Need)).one()
        need.opened_at = need.closes_at + timedelta(hours=1)
    page = admin.get("/admin")
    assert page.has("BidSubmitted") and page.has("q@quiet.example") and page.has("1 email not sent yet")


# -- erasing a person


def test_a_person_is_erased_in_two_steps(admin: PageClient) -> None:
    officer = making.officer(email="ann@example.org", name="Ann Smith")
    making.officer(officer.organisation)
    reference = officer.person.pseudonym
    page = admin.follow(admin.get("/admin"), "Erase a person")
    page = admin.submit(page, "Find the account", status=422, who="nobody@example.org")
    assert page.errors == ["No account has this address or reference."]
    page = admin.submit(page, "Find the account", who=" Ann@Example.org")
    assert page.url.endswith(f"/{reference}/erase"), "the address is in no address line"
    admin.get("/admin/people/ann@example.org/erase", status=404)
    assert page.summary["Name"] == "Ann Smith" and page.summary["Email addresses"] == "ann@example.org"
    assert page.has("What stays, and why") and page.has("This cannot be undone.")
    page = admin.submit(page, "Erase this person", status=422, reason="Ann Smith asked for it", is_sure=True)
    assert page.errors == ["Leave name and address out of the reason: it stays in the journal for ever"]
    page = admin.submit(page, "Erase this person", status=422, reason="Asked for by letter", is_sure=False)
    assert page.errors == ["Make sure who asks, then tick the box"]
    page = admin.submit(page, "Erase this person", reason="Asked for by letter", is_sure=True)
    assert page.notices == [f"{reference} is erased. The name and the email addresses are gone"]
    line = db.session.scalars(select(JournalLine).where(JournalLine.event == "PersonErased")).one()
    assert line.subject == reference and line.role == "administrator" and "Ann" not in line.details
    admin.get(f"/admin/people/{reference}/erase", status=404)
    ann = PageClient(admin.app)
    assert ann.submit(ann.get("/sign-in"), "Sign in", status=422, email="ann@example.org", password=making.PASSWORD).errors


def test_what_would_be_erased_does_not_tell_that_the_person_bids(admin: PageClient, app: Flask) -> None:
    need, bidder = bidding.purchase().need, bidding.bidder()
    address = f"/admin/people/{bidder.person.pseudonym}/erase"
    before = admin.get(address).summary
    bidding.submit(bidding.drafted(need, bidder), bidder)
    write_mails(app, bid_emails.EMAILS)
    assert db.session.scalar(select(Mail.id).where(Mail.recipient == bidder.person.email)) is not None
    assert admin.get(address).summary == before


def test_who_holds_a_duty_in_an_open_purchase_is_replaced_first(admin: PageClient) -> None:
    made = bidding.purchase()
    need_id = made.need.id
    page = admin.get(f"/admin/people/{made.evaluator.person.pseudonym}/erase")
    wanted = f"This person is named to score the bids for {made.need.reference}."
    assert page.has(wanted) and "Erase this person" not in page.buttons
    with db.housekeeping() as current:
        need = current.get_one(Need, need_id)
        need.withdrawn_at, need.withdrawal_reason = clock.now(), "No money."
    assert "Erase this person" in admin.get(page.url).buttons


def test_nobody_erases_the_own_or_the_last_account(admin: PageClient) -> None:
    me = queries.get_person_at("root@example.org").pseudonym
    assert admin.get(f"/admin/people/{me}/erase").has("This is your own account.")
    last = making.officer()
    making.member(last.organisation, "viewer")
    page = admin.get(f"/admin/people/{last.person.pseudonym}/erase")
    assert page.has(f"Nobody else looks after the people of {last.organisation.name}.")
