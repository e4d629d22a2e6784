"""Lists, filters, following, saved searches and matching, as people use them."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.journal import record
from marketplace.core.mail import Mail
from search import actions, alerts, indexing, kept
from search.asking import ask_again
from search.emails import CONFIRM_FOLLOW, STOP_FOLLOW, follow_address
from search.models import Follow
from suppliers.solutions.models import Solution
from tests import making
from tests.actions.test_searching import published
from tests.pageclient import Page, PageClient


def reindex() -> None:
    indexing.rebuild_index(lambda _: None)


def titles(page: Page) -> list[str]:
    return [" ".join(each.get_text().split()) for each in page.main.select(".market-card h2")]


def path_of(address: str) -> str:
    return re.sub(r"^https?://[^/]+", "", address)


def test_the_plain_list_shows_open_needs_soonest_first(client: PageClient) -> None:
    council = making.council()
    now = clock.now()
    making.open_need(council, title="Later", closes_at=now + timedelta(days=9))
    making.open_need(council, title="Sooner", closes_at=now + timedelta(days=2))
    making.open_need(council, title="Opened", opened_at=now, closes_at=now - timedelta(days=1),
                     published_at=now - timedelta(days=9))  # fmt: skip
    making.open_need(council, title="Withdrawn", withdrawn_at=now, withdrawal_reason="No money")
    assert titles(client.get("/needs")) == ["Sooner", "Later"]


def test_the_plain_list_goes_on_by_key(client: PageClient) -> None:
    council = making.council()
    same = clock.now() + timedelta(days=3)
    for number in range(45):
        making.open_need(council, title=f"Need {number}", closes_at=same + timedelta(days=number // 30))
    seen, page = [], client.get("/needs")
    while True:
        seen += titles(page)
        if "Next page" not in page.links:
            break
        page = client.follow(page, "Next page")
    assert len(seen) == 45 == len(set(seen)) and page.has("Back to the first page")
    client.get("/needs?after=nonsense", 400)


def test_suppliers_go_on_by_key(client: PageClient) -> None:
    for number in range(25):
        making.supplier(f"Twin {number:02} Ltd", source="test", source_id=str(number))
    first = client.get("/suppliers")
    second = client.follow(first, "Next page")
    hrefs = [a["href"] for page in (first, second) for a in page.main.select(".market-card h2 a")]
    assert len(hrefs) == 25 == len(set(hrefs))


def test_words_and_filters_find_and_count(client: PageClient) -> None:
    now = clock.now()
    making.open_need(title="Parking permits", region="London")
    making.open_need(title="Parking meters", region="Wales")
    making.open_need(title="Old parking", published_at=now - timedelta(days=9), closes_at=now - timedelta(days=1))
    making.open_need(title="Housing repairs")
    reindex()
    page = client.submit(client.get("/needs"), "Search", q="parking")
    assert titles(page) == ["Parking meters", "Parking permits"] or titles(page) == ["Parking permits", "Parking meters"]
    assert page.has("2 open needs for parking. Best match first.")
    page = client.follow(page, "Show past ones too (1)")
    assert titles(page)[2] == "Old parking" and len(titles(page)) == 3, "open needs come first"
    assert page.has("3 needs for parking. Best match first, open ones before past ones.") and page.has("Wales (1)") and page.has("Closed (1)")
    narrowed = client.submit(page, "Use these filters", region=["Wales"])
    assert titles(narrowed) == ["Parking meters"] and "Remove the filter Wales" in narrowed.links
    assert len(titles(client.follow(narrowed, "Remove the filter Wales"))) == 3
    assert page.main.select("mark.market-mark")


def test_nothing_found_says_what_to_try(client: PageClient) -> None:
    making.open_need(title="Parking permits")
    reindex()
    assert "parking" in client.get("/needs?q=parkin").text or client.get("/needs?q=parkng").links.get("parking")
    page = client.get("/needs?q=parking+zeppelin")
    assert titles(page) == ["Parking permits"] and page.has("Close matches") and page.has("Nothing has what you asked.")
    assert client.get("/needs?q=parking&page=9").has("There is only 1 page.")
    assert titles(client.follow(page, "See the whole list for parking or zeppelin")) == ["Parking permits"]
    page = client.get("/needs?q=parkng+permtis")
    assert titles(page) == ["Parking permits"] and "parking permits" in page.links
    making.open_need(title="Library of tools", published_at=clock.now() - timedelta(days=9),
                     closes_at=clock.now() - timedelta(days=1))  # fmt: skip
    reindex()
    page = client.follow(client.get("/needs?q=libary"), "library")
    assert page.has("No open need found for library"), "a mended word is offered where only past needs have it"
    page = client.get("/needs?q=parking&region=Wales")
    assert titles(client.follow(page, "Search everywhere, without filters")) == ["Parking permits"]


def test_unknown_filters_are_refused_in_words(client: PageClient) -> None:
    for path in ("/needs?colour=red", "/suppliers?status=open", "/needs?status=lost", "/needs?council=nowhere"):
        page = client.get(path, 400)
        assert page.has("“") and page.h1 == "We could not read that request"
    assert client.get("/needs?near=QQ9+9QQ&q=a").has("We do not know the postcode")


def test_when_the_index_is_missing_the_page_says_so(client: PageClient) -> None:
    making.open_need(title="Parking permits")
    page = client.get("/needs?q=parking")
    assert titles(page) == ["Parking permits"] and page.has("The search index is being mended")


def test_following_by_the_links_in_the_mails(app, client: PageClient) -> None:
    need = making.open_need(title="Parking permits")
    page = client.follow(client.get(f"/needs/{need.reference}"), "Follow by email")
    assert client.submit(page, "Send me the link", 422, email="no address").errors
    assert client.submit(page, "Send me the link", email="ann@example.org").h1.endswith("Check your email")
    follow = db.session.scalars(select(Follow)).one()
    confirm, stop = (path_of(follow_address(each, follow)) for each in (CONFIRM_FOLLOW, STOP_FOLLOW))
    page = client.get(confirm)
    db.session.refresh(follow)
    assert follow.confirmed_at is None, "opening the link changed something"
    assert client.submit(page, "Yes, tell me").notices
    db.session.refresh(follow)
    assert follow.confirmed_at is not None
    client.submit(client.get(stop), "Stop the mails")
    db.session.refresh(follow)
    assert follow.stopped_at is not None
    client.get(confirm.replace("confirm", "stop"), 404)


def test_a_search_is_saved_listed_and_stopped(client: PageClient) -> None:
    member = making.supplier_member()
    need, email = making.open_need(title="Parking permits"), member.person.email
    line = published(need)
    db.session.expunge(line)
    reindex()
    assert "Save this search" not in client.get("/needs?q=parking").buttons
    client.sign_in(email, making.PASSWORD)
    page = client.submit(client.get("/needs?q=parking&region=London"), "Save this search")
    assert page.notices and "“parking”, London" in page.links
    with client.app.app_context():
        alerts.react([line])
    stop_url = db.session.scalars(select(Mail.stop_url)).one()
    stopped = client.submit(client.get(path_of(stop_url)), "Stop the mails")
    assert stopped.notices
    assert client.get("/account/searches").has("No saved searches yet")
    client.post("/saved-searches", 400)


def test_a_saved_search_has_a_rhythm_and_feeds(client: PageClient) -> None:
    member = making.supplier_member()
    need, email = making.open_need(title="Parking permits"), member.person.email
    line = published(need)
    db.session.expunge(line)
    reindex()
    client.sign_in(email, making.PASSWORD)
    page = client.submit(client.get("/needs?q=parking"), "Save this search", rhythm="weekly")
    assert "every Monday morning" in page.notices[0] and page.field("rhythm") == "weekly"
    page = client.submit(page, "Change how often we mail you about “parking”", rhythm="Every morning")
    assert "every morning" in page.notices[0] and page.field("rhythm") == "daily"
    again = client.get("/needs?q=parking")
    assert again.has("You saved this search.") and again.field("rhythm") == "daily"
    feed, dates = (page.links[f"{each} : “parking”"] for each in ("Feed (Atom)", "Calendar of closing times"))
    assert b"Parking permits" in client.get(feed).content and b"BEGIN:VEVENT" in client.get(dates).content
    with client.app.app_context():
        alerts.react([line])
    page = client.get("/account/searches")
    assert page.has("Waits for the next mail")
    page = client.submit(page, "Mute Parking permits")
    assert page.has("Muted needs") and not page.has("Waits for the next mail")
    assert client.submit(page, "Unmute Parking permits").has("Waits for the next mail")


def test_a_mail_mutes_its_need_and_the_mail_program_stops_the_search(client: PageClient) -> None:
    member = making.supplier_member()
    need, email = making.open_need(title="Parking permits"), member.person.email
    for asked in ("q=parking", "q=permits"):
        search = actions.save_search(ask_again(asked), member)
    other = actions.save_search(ask_again("q=libraries"), member, "daily")
    ids, person, need_id = (search.id, other.id), member.person_id, need.id
    line = published(need)
    db.session.expunge(line)
    with client.app.app_context():
        alerts.alert(line)
    mail = db.session.scalars(select(Mail).where(Mail.recipient == email)).one()
    body, stop = mail.body, path_of(mail.stop_url)
    mute = path_of(re.findall(r"\S+/mute", body)[0])
    page = client.get(mute)
    assert kept.find_mute(person, need_id) is None, "opening the link changed something"
    assert client.submit(page, "Mute this need").notices
    assert kept.find_mute(person, need_id) is not None
    client.get(mute.replace("/saved-searches/", "/saved-searches/9"), 404)
    page = client.get(stop)
    assert page.has("“parking”") and page.has("“permits”") and not page.has("libraries")
    client.post(stop, 422)  # neither a form of ours nor one click
    press = client.app.test_client()
    answer = press.post(stop, data={"List-Unsubscribe": "One-Click"})  # no cookie, no form of ours (RFC 8058)
    assert answer.status_code == 200 and answer.mimetype == "text/plain"
    db.session.expire_all()
    assert [kept.get_saved_search(each).stopped_at is None for each in ids] == [False, True]
    forged = press.post(stop.replace("at-once", "daily"), data={"List-Unsubscribe": "One-Click"})
    assert forged.status_code == 404


def test_a_follow_too_is_stopped_by_the_mail_program(client: PageClient) -> None:
    need = making.open_need(title="Parking permits")
    actions.ask_to_follow(need.reference, "ann@example.org")
    follow = db.session.scalars(select(Follow)).one()
    actions.confirm_follow(follow.id)
    stop = path_of(follow_address(STOP_FOLLOW, follow))
    stopped_at = select(Follow.stopped_at)
    assert client.app.test_client().post(stop, data={"x": "y"}).status_code == 422
    assert db.session.scalar(stopped_at) is None
    answer = client.app.test_client().post(stop, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200 and db.session.scalar(stopped_at) is not None


def test_a_supplier_sees_needs_that_fit_and_why(client: PageClient) -> None:
    firm = making.supplier(about="We build case management for councils and missed bin reports.", summary="Case work")
    email, name = making.supplier_member(firm).person.email, firm.name
    making.open_need(title="Report a missed bin")
    reindex()
    client.sign_in(email, making.PASSWORD)
    page = client.get("/supplier")
    assert page.h1.endswith(name) and "Report a missed bin" in page.links
    assert page.has("Matched:") and page.has("To be found more easily")


def test_a_council_ranks_and_invites_with_a_reason(client: PageClient) -> None:
    officer = making.officer()
    need = making.open_need(officer.organisation)
    firm = making.supplier(
        "Bin Reports Ltd", about="Missed bin reports and case management.", source="t", source_id="1"
    )
    making.supplier("Roofers Ltd", about="Slate roofs.", source="t", source_id="2")
    other = making.open_need().reference
    reindex()
    reference, firm_id, email = need.reference, str(firm.id), officer.person.email
    client.sign_in(email, making.PASSWORD)
    page = client.get(f"/council/needs/{reference}/matches")
    assert titles(page)[0] == "Bin Reports Ltd" and page.has("Matched:")
    refused = client.submit(page, "Invite the ticked suppliers", 422, **{"Invite Bin Reports Ltd": True})
    assert refused.errors and refused.field("supplier") == [firm_id]
    done = client.submit(refused, "Invite the ticked suppliers", reason="They know bins.")
    assert done.has("Bin Reports Ltd has no account here yet") and done.has("They know bins.")
    client.get(f"/council/needs/{other}/matches", 404)


def test_the_long_tail_of_fits_is_folded_and_can_be_invited_too(client: PageClient) -> None:
    officer = making.officer()
    need = making.open_need(officer.organisation)
    for number in range(10):
        making.supplier(f"Bin Firm {number}", about="Missed bin reports and case management.", source="t", source_id=str(number))
    reindex()
    reference, email = need.reference, officer.person.email
    client.sign_in(email, making.PASSWORD)
    page = client.get(f"/council/needs/{reference}/matches")
    assert page.has("2 more that have less in common with the need") and len(titles(page)) == 10
    done = client.submit(page, "Invite the ticked suppliers", reason="New here.", reason_for_others="Asked already.",
                         **{f"Invite {titles(page)[9]}": True})  # fmt: skip
    assert done.notices and done.has("New here.")


def test_an_invited_supplier_finds_the_invitation(client: PageClient) -> None:
    officer, firm = making.officer(), making.supplier()
    member = making.supplier_member(firm)
    need = making.open_need(officer.organisation, title="Report a missed bin")
    actions.invite_suppliers(need.id, [firm.id], "They know bins.", officer)
    client.sign_in(member.person.email, making.PASSWORD)
    assert client.get("/supplier").has("They know bins.")


def test_a_ticked_capability_is_the_first_reason(client: PageClient) -> None:
    firm = making.supplier(capabilities=("case-management",), about="We keep case notes for Hackney.")
    email = making.supplier_member(firm).person.email
    making.open_need(making.council("London Borough of Hackney"), title="Report a missed bin in Hackney")
    reindex()
    client.sign_in(email, making.PASSWORD)
    fit = next(each.get_text(" ", strip=True) for each in client.get("/supplier").main.select(".market-card"))
    assert "Capabilities: Case management" in fit
    reasons = fit.split("Capabilities:")[1].split("About:")[0]
    assert "Not mentioned:" in reasons and "Hackney" not in reasons


def test_one_shared_word_is_no_reason(client: PageClient) -> None:
    email = making.supplier_member(making.supplier(about="Rooms for weddings, booked by phone.")).person.email
    making.open_need(title="Missed bins")
    reindex()
    client.sign_in(email, making.PASSWORD)
    assert client.get("/supplier").has("No open need fits your profile yet")


def test_numbers_lead_to_the_need(client: PageClient) -> None:
    need = making.open_need(title="Parking permits", central_notice_number="2026/S 000-012345", cpv_codes="72200000",
                            closes_at=clock.now() - timedelta(days=1), published_at=clock.now() - timedelta(days=9))  # fmt: skip
    making.open_need(title="Bins", cpv_codes="72200000")
    path = f"/needs/{need.reference}"
    reindex()
    for typed in (need.reference.lower(), "2026/S 000-012345"):
        assert client.submit(client.get("/needs"), "Search", q=typed).h1.endswith("Parking permits"), path
    for typed in ("72200000", "72200000-7"):
        assert titles(client.get(f"/needs?q={typed}")) == ["Bins"]
    assert client.get("/needs?q=N-2026-9999").has("Nothing found")


def test_the_words_own_form_comes_before_others_of_its_stem(client: PageClient) -> None:
    making.open_need(title="A park at Carpenders Park", problem="The park needs a park keeper for the park.")
    making.open_need(title="Parking permits")
    making.open_need(title="Access to the town hall, step-free access", problem="Access, access and access.")
    making.open_need(title="A website for everyone", problem="Many things, one of them accessibility.")
    reindex()
    assert titles(client.get("/needs?q=parking"))[0] == "Parking permits"
    assert titles(client.get("/needs?q=accessibility"))[0] == "A website for everyone"


def test_nothing_searchable_is_said_and_not_called_everything(client: PageClient) -> None:
    making.open_need(title="Parking permits")
    reindex()
    page = client.get("/needs?q=%C2%A3")
    assert page.has("There is nothing to search for in “£”") and not page.has("everything")
    near = client.get("/needs?near=nonsense&region=London")
    assert near.has("We do not know the postcode") and not near.has("Remove the filter Near nonsense")
    assert "nonsense" not in near.links["feed (Atom)"]


def test_signing_in_comes_back_to_the_search(client: PageClient) -> None:
    member = making.supplier_member()
    making.open_need(title="Parking permits")
    reindex()
    email = member.person.email
    page = client.follow(client.get("/needs?q=parking&region=London"), "Sign in to save this search")
    page = client.submit(page, "Sign in", email=email, password=making.PASSWORD)
    assert "Save this search" in page.buttons and titles(page) == ["Parking permits"]


def test_a_page_that_is_not_there_is_not_the_first_one(client: PageClient) -> None:
    for path in ("/needs", "/suppliers"):
        assert client.get(f"{path}?page=2", 404).has("This list has no page 2")


def test_suppliers_stand_by_name_whatever_the_case(client: PageClient) -> None:
    for name in ("Zeta", "abritas", "Beta"):
        making.supplier(name, source="test", source_id=name, about="Words and words, " * 30)
    page = client.get("/suppliers")
    shown = titles(page)
    start = shown.index("abritas")
    assert shown[start:] + shown[:start] == ["abritas", "Beta", "Zeta"], "round the alphabet from today's first"
    assert page.main.select(".market-card p")[-1].get_text().strip().endswith(", Words …")


def test_a_result_leads_to_the_solution_that_matched(client: PageClient) -> None:
    firm = making.supplier("Acme Ltd", source="test", source_id="1")
    with db.one_action("test"):
        for title in ("Cemetery records & plots", "Cemetery records plots", "Payroll"):
            db.session.add(Solution(supplier_id=firm.id, kind="solution", title=title, text=f"{title} on a map",
                                    added_at=clock.now()))  # fmt: skip
        record(making.MadeForTest(subject="test"))
    reindex()
    page = client.get("/suppliers?q=cemetery")
    href = page.links["Solution: Cemetery records & plots"]
    assert href.endswith("#solution-cemetery-records-and-plots")
    shown = client.get(href.partition("#")[0])
    assert shown.main.select_one("#" + href.partition("#")[2]).get_text() == "Cemetery records & plots"


def test_every_supplier_has_its_day_at_the_top(client: PageClient) -> None:
    for number in range(6):
        making.supplier(f"Firm {number}", source="test", source_id=str(number))
    firsts = set()
    for _ in range(40):
        clock.pass_time(days=1)
        page = client.get("/suppliers")
        firsts.add(titles(page)[0])
    assert len(firsts) == 6


def test_an_officer_sees_who_fits_while_writing(client: PageClient) -> None:
    officer = making.officer()
    empty = making.need(officer.organisation, problem="", title="Bins").reference
    full = making.need(officer.organisation, title="Report a missed bin").reference
    making.supplier("Bin Reports Ltd", about="Missed bin reports and case management.", source="t", source_id="1")
    reindex()
    client.sign_in(officer.person.email, making.PASSWORD)
    assert client.get(f"/council/needs/{empty}").has("Write the problem")
    page = client.get(f"/council/needs/{full}")
    assert page.has("1 supplier fits what is written so far") and "Bin Reports Ltd" in page.links
    assert page.has("Not mentioned:")
    assert client.follow(page, "See all of them with the reasons").h1.endswith("Suppliers that fit")
