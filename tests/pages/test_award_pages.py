"""The decision's pages: proposed, approved, explained, told; and what each bidder and the public then read."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask, render_template
from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, folder_of
from tenders.assessment import emails as assessment_emails
from tenders.awards import actions, queries
from tenders.awards import emails as award_emails
from tests import assessing
from tests.pageclient import PageClient

FIRST = "It came first under the published criteria."


def told(made: assessing.Purchase) -> assessing.Purchase:
    actions.propose_award(made.need.id, made.officer, made.bids[0].reference, FIRST)
    actions.approve_award(made.need.id, made.approver)
    actions.send_summaries(assessing.checked(made).need.id, made.officer)
    return made


def test_from_the_ranking_to_every_bidder_told(client: PageClient) -> None:
    seen = assessing.seen(assessing.frozen(assessing.opened(), (4, 3)))
    award = seen.home + "/award"
    client.act_as(seen.emails["officer"])
    page = client.follow(client.get(award), "Propose the award")
    page = client.submit(page, "Propose", status=422, bid=seen.bids[0], reasons="")
    assert page.errors == ["Give the reasons. They are kept with the decision"]
    page = client.submit(page, "Propose", reasons=FIRST)
    client.get(award + "/decide", status=403)

    client.act_as(seen.emails["approver"])
    page = client.follow(client.get("/council"), f"Decide on the proposed award: {seen.title}")
    assert page.has(FIRST) and page.has("£23,400")
    client.submit(page, "Record this decision", outcome="approve")

    client.act_as(seen.emails["officer"])
    page = client.follow(client.get(award), "Explain the decision and tell every bidder")
    assert page.has("Draft, not checked yet") and "Go on to tell every bidder" not in page.links
    assert f"Check the draft to bid {seen.bids[0]} and save it, as it is or in your words" in page.links
    page = client.submit(client.follow(page, f"{seen.firms[0]} (winner)"), "Save this explanation")
    page = client.follow(page, seen.firms[1])
    assert "came second of 2" in page.field("words") and page.has("The winning bid, criterion by criterion")
    page = client.submit(page, "Save this explanation", words="Your plan had no dates. With dates it scores higher.")
    page = client.follow(page, "Go on to tell every bidder")
    assert page.has("no standstill applies") and page.has("2 bidders are told at once")
    page = client.submit(page, "Tell every bidder now")
    assert page.has("The contract can be signed.")

    for number, words in ((1, "Your plan had no dates."), (0, "Your bid won, with 88.00 marks.")):
        client.act_as(seen.emails[f"bidder{number}"])
        page = client.follow(client.get(f"/supplier/bids/{seen.bids[number]}"), "How your bid was assessed")
        assert page.has(words) and page.has("Bids received 2")
        assert page.table("Marks")[-2]["Your bid"] == ("75.00" if number else "88.00")
        assert page.has("The winning bid, criterion by criterion") is (number == 1)
        client.get(f"/supplier/bids/{seen.bids[1 - number]}/feedback", status=404)


def test_before_it_is_sent_nobody_reads_the_outcome(client: PageClient) -> None:
    made = assessing.frozen(assessing.opened(), (4, 3))
    actions.propose_award(made.need.id, made.officer, made.bids[0].reference, FIRST)
    actions.approve_award(made.need.id, made.approver)
    seen = assessing.seen(made)
    client.act_as(seen.emails["bidder0"])
    page = client.get(f"/supplier/bids/{seen.bids[0]}/feedback")
    assert page.has("has not told the outcome yet") and not page.has("88.00")
    client.get(seen.home + "/award", status=403)


def test_an_empty_explanation_stops_the_sending_on_the_page(client: PageClient) -> None:
    made = assessing.frozen(assessing.opened(), (4, 3))
    actions.propose_award(made.need.id, made.officer, made.bids[0].reference, FIRST)
    actions.approve_award(made.need.id, made.approver)
    assessing.checked(made)
    actions.save_explanation(made.need.id, made.bids[1].reference, made.officer, "")
    seen = assessing.seen(made)
    client.act_as(seen.emails["officer"])
    page = client.get(seen.home + "/award/explanations")
    assert f"Explain the decision to bid {seen.bids[1]}" in page.links
    page = client.submit(client.get(seen.home + "/award/send"), "Tell every bidder now", status=422)
    assert page.errors == [f"Explain the decision to bid {seen.bids[1]}"]


def test_the_approver_sends_back_and_the_reason_is_kept(client: PageClient) -> None:
    made = assessing.frozen(assessing.opened(), (4, 3))
    actions.propose_award(made.need.id, made.officer, made.bids[1].reference, "We prefer it.")
    seen = assessing.seen(made)
    client.act_as(seen.emails["approver"])
    page = client.get(seen.home + "/award/decide")
    assert page.has("This is not the first bid of the ranking.")
    page = client.submit(page, "Record this decision", status=422, outcome="return", reason="")
    assert "Say what should change" in page.errors
    page = client.submit(page, "Record this decision", outcome="return", reason="Preference is no criterion.")
    assert page.has("Decided before") and page.has("Preference is no criterion.")


def test_a_need_without_bids_is_ended_from_its_pages(client: PageClient) -> None:
    seen = assessing.seen(assessing.opened(()))
    client.act_as(seen.emails["officer"])
    page = client.follow(client.get(seen.home + "/award"), "Propose the award")
    client.submit(page, "Propose", bid="Make no award and end this need", reasons="Nobody bid.")
    client.act_as(seen.emails["approver"])
    client.submit(client.get(seen.home + "/award/decide"), "Record this decision", outcome="approve")
    client.act_as(seen.emails["officer"])
    page = client.follow(client.get(seen.home + "/award/explanations"), "Go on to end this need")
    page = client.submit(page, "End this need now")
    assert page.has("This need has ended without award.")


def test_the_standstill_is_started_suspended_and_lifted_on_pages(client: PageClient) -> None:
    made = assessing.frozen(assessing.opened(estimated_value_pence=30_000_000), (4, 3))
    clock.set_clock(datetime(2027, 2, 1, 9, tzinfo=UTC))
    seen = assessing.seen(told(made))
    client.act_as(seen.emails["officer"])
    page = client.follow(client.get(seen.home + "/award"), "Enter the award notice (UK6)")
    page = client.submit(page, "Start the standstill", number="000001-2027", published_on=clock.today())
    assert page.has("from 1 February 2027 to the end of 10 February 2027")
    page = client.follow(page, "A challenge was notified")
    page = client.submit(page, "Suspend signing", reason="Claim of the second bidder.")
    assert page.has("Nothing can be signed until it is lifted.")
    page = client.submit(client.follow(page, "Lift the suspension"), "Lift the suspension", reason="Withdrawn.")
    assert page.has("Sign from the day after.")


def test_the_public_part_shows_the_winner_alone(app: Flask) -> None:
    made = told(assessing.frozen(assessing.opened(), (4, 3)))
    with app.test_request_context():
        text = render_template("tenders/awards/_result.html", result=queries.public_result(made.need))
        assert made.bids[0].supplier.name in text and "88.00 of 100" in text and "£23,400" in text
        assert made.bids[1].supplier.name not in text and "75.00" not in text
        assert render_template("tenders/awards/_result.html", result=None).strip() == ""


def test_every_mail_of_a_purchase_can_be_written_and_tells_no_score(app: Flask) -> None:
    made = told(assessing.frozen(assessing.opened(), (4, 3)))
    written: dict[str, list[str]] = {}
    with app.test_request_context():
        for line in db.session.scalars(select(JournalLine).order_by(JournalLine.number)):
            for room in (assessment_emails.EMAILS, award_emails.EMAILS):
                for letter in room[line.event](line) if line.event in room else ():
                    text = _rendered(line.event, letter)
                    assert "88.00" not in text and "£" not in text and assessing.REASON not in text
                    written.setdefault(line.event, []).append(letter.to)
    assert sorted(written["BidsOpened"]) == sorted(each.person.email for each in made.panel)
    assert written["ScoringCompleted"] == [made.chair.person.email]
    assert written["AwardProposed"] == [made.approver.person.email]
    assert sorted(written["SummariesSent"]) == sorted(each.person.email for each in made.bidders)
    assert "ConflictDeclared" not in written  # nil returns are nobody's mail


def _rendered(event: str, letter: Letter) -> str:
    folder = f"emails/{letter.template or folder_of(event)}"
    context = {"service_name": "Market", **letter.context}
    return render_template(f"{folder}/subject.txt", **context) + render_template(f"{folder}/body.txt", **context)


def test_an_award_is_set_aside_on_pages_and_the_next_is_proposed(client: PageClient) -> None:
    made = assessing.frozen(assessing.opened(), (4, 3))
    seen = assessing.seen(told(made))
    client.act_as(seen.emails["officer"])
    page = client.follow(client.get(seen.home + "/award"), "The winner will not sign: set the award aside")
    page = client.submit(page, "Propose to set it aside", reason="It cannot take the work on.")
    assert page.has("Nothing can be signed until that is decided.") and page.has("It cannot take the work on.")
    client.act_as(seen.emails["approver"])
    page = client.follow(client.get(seen.home + "/award"), "Decide whether the award is set aside")
    page = client.submit(page, "Record this decision", status=422)
    assert page.errors == ["Select what you decide"]
    page = client.submit(page, "Record this decision", outcome="agree")
    assert page.has("set aside at") and page.has("No award is proposed yet")
    client.act_as(seen.emails["bidder1"])
    page = client.get(f"/supplier/bids/{seen.bids[1]}/feedback")
    assert page.has("The council set this award aside") and page.has("It cannot take the work on.")
    client.act_as(seen.emails["officer"])
    page = client.follow(client.get(seen.home + "/award"), "Propose the award")
    page = client.submit(page, "Propose", bid=f"Award to {seen.firms[1]} ({seen.bids[1]})", reasons="It ranks next.")
    assert page.has(f"Award to {seen.firms[1]}")
