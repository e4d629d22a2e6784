"""The panel's pages as its members see them: declare, read, score blind, agree, open prices, freeze."""

from __future__ import annotations

import pytest

from tenders.assessment import actions, concluding
from tests import assessing, bidding, making
from tests.assessing import REASON
from tests.pageclient import Page, PageClient


def score(client: PageClient, page: Page, value: int) -> Page:
    return client.submit(page, "Save this score", score=str(value), reason=REASON)


def test_from_declaring_to_the_frozen_ranking(client: PageClient) -> None:
    seen = assessing.seen(assessing.opened((1_000_000, 2_000_000), minimum=1))
    home, (first, second) = seen.home + "/assessment", seen.firms
    for who, values in (("asha", (2, 4)), ("ben", (4, 4))):
        client.act_as(seen.emails[who])
        page = client.follow(client.get(home), "Declare conflicts of interest")
        assert page.has(first) and page.has(second)
        page = client.submit(page, "Send declaration", has_conflict="no")
        page = client.follow(page, "Score the bids")
        page = client.follow(page, f"{first}, Quality of the service")
        assert page.has("We will build it plainly.") and page.has("5 words, of at most 200") and page.has("Exceptional")
        page = score(client, page, values[0])
        assert page.h1.endswith(second)  # straight on to the next bid
        score(client, page, values[1])

    client.act_as(seen.emails["chair"])
    page = client.submit(client.get(home + "/declare"), "Send declaration", has_conflict="no")
    page = client.follow(page, "Agree on the scores")
    assert page.has("Talk about this") and page.has("Asha: 2") and page.has("Ben: 4")
    for name in (first, second):
        page = client.follow(page, f"Agree on a score for {name} under Quality of the service")
        page = client.submit(page, "Save the agreed score", score="3", reason="The panel agreed on this.")
    page = client.follow(page, "Every score is agreed: go on to the prices")
    assert not page.has("£10,000")
    page = client.submit(page, "Quality is agreed: open the prices")
    assert page.has("£10,000") and page.has("is abnormally low")
    page = client.follow(page, f"Note the explanation of {seen.bids[0]}")
    page = client.submit(page, "Keep the note", note="It reuses its own product.")
    page = client.follow(page, "Go on to freeze the ranking")
    page = client.submit(page, "Freeze the ranking")
    assert page.table("Bids in their order")[0]["Total"] == "76.00"

    client.act_as(seen.emails["officer"])
    page = client.follow(client.get(home), "Ranking")
    assert page.has("Frozen at") and not page.has("Change the note")


def test_what_cannot_be_read_before_declaring_or_off_the_panel(client: PageClient) -> None:
    seen = assessing.seen(assessing.opened())
    stranger = making.officer().person.email
    home = seen.home + "/assessment"
    bid = f"{home}/bids/{seen.bids[0]}"
    closed = [f"{home}/bids", bid, f"{bid}/files/{seen.slot}", f"{bid}/score/{seen.criterion}", f"{home}/scores"]
    client.act_as(seen.emails["asha"])
    for path in closed:
        assert client.get(path, status=422).has("Declare first")
    client.get(f"{home}/ranking", status=403)
    client.act_as(seen.emails["officer"])
    for path in closed:
        page = client.get(path, status=403 if "/score/" in path else 422)
        assert not page.has("We will build it plainly.")
    client.act_as(stranger)
    for path in [home, *closed]:
        client.get(path, status=403 if "/score/" in path else 404)


def test_files_are_sent_as_downloads_and_never_sniffed(client: PageClient) -> None:
    seen = assessing.seen(assessing.declared(assessing.opened()))
    files = f"{seen.home}/assessment/bids/{seen.bids[0]}/files"
    client.act_as(seen.emails["asha"])
    sent = client.get(f"{files}/{seen.slot}").response
    assert sent.headers["Content-Disposition"] == "attachment; filename=plan.pdf"
    assert sent.headers["X-Content-Type-Options"] == "nosniff" and sent.data == bidding.PDF + b"plan"
    client.get(f"{files}/none", status=404)


def test_colleagues_scores_and_prices_are_on_no_page_while_blind(client: PageClient) -> None:
    made = assessing.declared(assessing.opened((1_234_500, 2_000_000)))
    actions.give_score(made.need.id, made.bids[0].reference, made.quality.id, made.evaluators[0], 5, "A canary reason.")
    seen = assessing.seen(made)
    for who in ("ben", "chair", "officer", "approver", "asha"):
        client.act_as(seen.emails[who])
        for path in (
            "",
            "/bids",
            f"/bids/{seen.bids[0]}",
            "/scores",
            "/ranking",
            f"/bids/{seen.bids[0]}/score/{seen.criterion}",
        ):
            response = client.client.get(f"{seen.home}/assessment{path}")
            text = response.get_data(as_text=True)
            assert "12,345" not in text
            # Asha reads her own reason, where she may change it.
            assert ("canary" in text) == (who == "asha" and "/score/" in path)
    client.act_as(seen.emails["ben"])
    assert client.get(f"{seen.home}/assessment/scores", status=422).has("once every evaluator")


def test_a_conflict_is_decided_on_its_own_page(client: PageClient) -> None:
    made = assessing.opened()
    making.member(made.council, "evaluator", name="Ffion")
    seen = assessing.seen(made)
    home = seen.home + "/assessment"
    client.act_as(seen.emails["asha"])
    page = client.get(home + "/declare")
    page = client.submit(page, "Send declaration", status=422, has_conflict="yes", details="")
    assert "Describe the conflict: who, and what connects you" in page.errors
    page = client.submit(page, "Send declaration", has_conflict="yes", details="My sister owns a bidder.")
    assert page.has("Your conflict is to be decided on")
    client.act_as(seen.emails["chair"])
    client.submit(client.get(home + "/declare"), "Send declaration", has_conflict="no")
    page = client.follow(client.get(home), "Decide on the conflict of Asha")
    assert page.has("My sister owns a bidder.")
    page = client.submit(page, "Record this decision", outcome="aside", reason="Too near.")
    assert page.table("The panel")[0]["Conflicts"] == "Stands aside"
    client.act_as(seen.emails["approver"])
    page = client.follow(client.get(home), "Name somebody in the place of who stands aside")
    page = client.submit(page, "Name to the panel", duty="evaluator", person="Ffion")
    assert page.has("Ffion")


def test_an_approver_decides_whether_a_bid_is_set_aside(client: PageClient) -> None:
    seen = assessing.seen(assessing.declared(assessing.opened()))
    home, bid = seen.home + "/assessment", seen.bids[0]
    client.act_as(seen.emails["chair"])
    page = client.follow(client.get(f"{home}/bids/{bid}"), "Propose to disregard this bid")
    page = client.submit(
        page, "Propose to disregard", status=422, ground="improper_behaviour", reason="It wrote to members."
    )
    assert "Let the supplier answer first, then confirm it here" in page.errors
    client.submit(page, "Propose to disregard", was_heard=True)
    client.act_as(seen.emails["approver"])
    page = client.follow(client.get(home), f"Decide whether bid {bid} is disregarded")
    assert page.has("It wrote to members.") and page.has("The supplier could answer.")
    page = client.submit(page, "Record this decision", outcome="approve")
    assert page.has(f"{bid}: disregarded")


def test_an_agreed_score_is_not_overwritten_by_an_older_page(client: PageClient) -> None:
    made = assessing.scored(assessing.opened(), (3, 4))
    seen = assessing.seen(made)
    client.act_as(seen.emails["chair"])
    path = f"{seen.home}/assessment/scores/{seen.bids[0]}/{seen.criterion}"
    old, other = client.get(path), client.get(path)
    client.submit(other, "Save the agreed score", score="2", reason="From another window.")
    page = client.submit(old, "Save the agreed score", status=422, score="5", reason="My own words, and many of them.")
    assert "Another agreed score was saved" in page.errors[0]
    assert page.field("reason") == "My own words, and many of them."


def test_a_score_that_no_evaluator_came_near_is_warned_of_and_explained_not_stopped(client: PageClient) -> None:
    seen = assessing.seen(assessing.scored(assessing.opened(), (3, 4)))
    client.act_as(seen.emails["chair"])
    page = client.get(f"{seen.home}/assessment/scores/{seen.bids[0]}/{seen.criterion}")
    assert page.has("The evaluators gave 3 to 3.")
    wrong = client.submit(page, "Save the agreed score", status=422, score="5", reason="Panel agreed.")
    assert wrong.errors == ["The evaluators gave 3. Say in at least 20 characters why 5 is right"]
    page = client.submit(wrong, "Save the agreed score", reason="The demonstration showed all that the words left open.")
    assert page.has("That score lies outside what the evaluators gave.") and page.has("Outside the individual scores")


@pytest.mark.parametrize("prices", [(), (2_000_000,)])
def test_before_the_opening_and_without_bids_the_page_says_so(client: PageClient, prices: tuple[int, ...]) -> None:
    made = assessing.opened(prices)
    sealed = making.open_need(made.council).reference
    seen = assessing.seen(made)
    client.act_as(seen.emails["officer"])
    assert client.get(f"/council/needs/{sealed}/assessment").has("The bids are not opened yet")
    assert client.get(seen.home + "/assessment").has("No bids were submitted") is (not prices)


def test_a_tie_is_decided_on_its_own_page(client: PageClient) -> None:
    made = assessing.agreed(assessing.opened((2_000_000, 2_000_000)), (4, 4))
    concluding.agree_quality(made.need.id, made.chair)
    seen = assessing.seen(made)
    client.act_as(seen.emails["chair"])
    page = client.get(f"{seen.home}/assessment/ranking")
    page = client.follow(
        page, f"{seen.bids[0]} and {seen.bids[1]} tie for the first place: decide by the published tie-break"
    )
    assert page.has("The higher quality score wins.")
    page = client.submit(page, "Keep this decision", bid=seen.bids[1], reason="Sent first.")
    assert page.table("Bids in their order")[0]["Bid"].startswith(seen.firms[1])


def test_what_waits_stands_on_the_council_dashboard(client: PageClient) -> None:
    seen = assessing.seen(assessing.opened())
    client.act_as(seen.emails["asha"])
    page = client.follow(client.get("/council"), f"Declare conflicts of interest: {seen.title}")
    client.submit(page, "Send declaration", has_conflict="no")
    assert client.get("/council").has("Score the bids")
    client.act_as(seen.emails["officer"])
    assert client.get(seen.home).has("Assessment")
