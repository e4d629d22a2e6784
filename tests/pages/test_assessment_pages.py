"""The panel's pages as its members see them: declare, read, score blind, agree, open prices, freeze."""

from __future__ import annotations

import pytest

from marketplace.accounts.models import Membership
from marketplace.core import db
from tenders.assessment import actions, concluding, queries
from tests import assessing, bidding, making
from tests.assessing import REASON
from tests.pageclient import Page, PageClient


def as_member(client: PageClient, who: Membership) -> PageClient:
    client.sign_out()
    client.sign_in(who.person.email, making.PASSWORD)
    return client


def home(made: assessing.Purchase) -> str:
    return f"/council/needs/{made.need.reference}/assessment"


def score(client: PageClient, page: Page, value: int) -> Page:
    return client.submit(page, "Save this score", score=str(value), reason=REASON)


def test_from_declaring_to_the_frozen_ranking(client: PageClient) -> None:
    made = assessing.opened((1_000_000, 2_000_000), minimum=1)
    first, second = (each.supplier.name for each in made.bids)
    for who, values in zip(made.evaluators, ((2, 4), (4, 4)), strict=True):
        as_member(client, who)
        page = client.get(home(made))
        page = client.follow(page, "Declare conflicts of interest")
        assert page.has(first) and page.has(second)
        page = client.submit(page, "Make this return", has_conflict="no")
        page = client.follow(page, "Score the bids")
        page = client.follow(page, f"{first} , Quality of the service")
        assert page.has("We will build it plainly.") and page.has("5 words, of at most 200") and page.has("Exceptional")
        page = score(client, page, values[0])
        assert page.h1.endswith(second)  # straight on to the next bid
        score(client, page, values[1])

    as_member(client, made.chair)
    page = client.submit(client.get(home(made) + "/declare"), "Make this return", has_conflict="no")
    page = client.follow(page, "Agree on the scores")
    assert page.has("Talk about this") and page.has("Asha: 2") and page.has("Ben: 4")
    for name in (first, second):
        page = client.follow(page, f"Agree on a score for {name} under Quality of the service")
        page = client.submit(page, "Save the agreed score", score="3", reason="The panel agreed on this.")
    page = client.follow(page, "Every score is agreed: go on to the prices")
    assert not page.has("£10,000")
    page = client.submit(page, "Quality is agreed: open the prices")
    assert page.has("£10,000") and page.has("is abnormally low")
    page = client.follow(page, f"Note the explanation of {made.bids[0].reference}")
    page = client.submit(page, "Keep the note", note="It reuses its own product.")
    page = client.follow(page, "Go on to freeze the ranking")
    page = client.submit(page, "Freeze the ranking")
    assert page.table("Bids in their order")[0]["Total"] == "76.00"

    as_member(client, made.officer)
    page = client.follow(client.get(home(made)), "Ranking")
    assert page.has("Frozen at") and not page.has("Change the note")


def test_what_cannot_be_read_before_declaring_or_off_the_panel(client: PageClient) -> None:
    made = assessing.opened()
    bid = made.bids[0].reference
    slot = queries.opened.opened_files(made.bids[0])[0].slot
    closed = [
        f"{home(made)}/bids",
        f"{home(made)}/bids/{bid}",
        f"{home(made)}/bids/{bid}/files/{slot}",
        f"{home(made)}/bids/{bid}/score/{made.quality.id}",
        f"{home(made)}/scores",
    ]
    as_member(client, made.evaluators[0])
    for path in closed:
        assert client.get(path, status=422).has("Declare first")
    client.get(f"{home(made)}/ranking", status=403)
    as_member(client, made.officer)
    for path in closed:
        page = client.get(path, status=403 if "/score/" in path else 422)
        assert not page.has("We will build it plainly.")
    stranger = making.officer()
    as_member(client, stranger)
    for path in [home(made), *closed]:
        client.get(path, status=403 if "/score/" in path else 404)


def test_files_are_sent_as_downloads_and_never_sniffed(client: PageClient) -> None:
    made = assessing.declared(assessing.opened())
    slot = queries.opened.opened_files(made.bids[0])[0].slot
    as_member(client, made.evaluators[0])
    sent = client.get(f"{home(made)}/bids/{made.bids[0].reference}/files/{slot}").response
    assert sent.headers["Content-Disposition"] == "attachment; filename=plan.pdf"
    assert sent.headers["X-Content-Type-Options"] == "nosniff" and sent.data == bidding.PDF + b"plan"
    client.get(f"{home(made)}/bids/{made.bids[0].reference}/files/none", status=404)


def test_colleagues_scores_and_prices_are_on_no_page_while_blind(client: PageClient) -> None:
    made = assessing.declared(assessing.opened((1_234_500, 2_000_000)))
    asha, ben = made.evaluators
    actions.give_score(made.need.id, made.bids[0].reference, made.quality.id, asha, 5, "A canary reason.")
    for who in (ben, made.chair, made.officer, made.approver):
        as_member(client, who)
        for path in ("", "/bids", f"/bids/{made.bids[0].reference}", "/scores", "/ranking"):
            response = client.client.get(home(made) + path)
            text = response.get_data(as_text=True)
            assert "canary" not in text and "12,345" not in text
    as_member(client, ben)
    assert client.get(home(made) + "/scores", status=422).has("once every evaluator")


def test_a_conflict_is_decided_on_its_own_page(client: PageClient) -> None:
    made = assessing.opened()
    as_member(client, made.evaluators[0])
    page = client.get(home(made) + "/declare")
    page = client.submit(page, "Make this return", status=422, has_conflict="yes", details="")
    assert "Describe the conflict: who, and what connects you" in page.errors
    page = client.submit(page, "Make this return", has_conflict="yes", details="My sister owns a bidder.")
    assert page.has("Your conflict is to be decided on")
    as_member(client, made.chair)
    client.submit(client.get(home(made) + "/declare"), "Make this return", has_conflict="no")
    page = client.follow(client.get(home(made)), "Decide on the conflict of Asha")
    assert page.has("My sister owns a bidder.")
    page = client.submit(page, "Record this decision", outcome="aside", reason="Too near.")
    assert page.table("The panel")[0]["Conflicts"] == "Stands aside"
    as_member(client, made.approver)
    new = making.member(made.council, "evaluator", name="Ffion")
    page = client.follow(client.get(home(made)), "Name somebody in the place of who stands aside")
    page = client.submit(page, "Name to the panel", duty="evaluator", person=new.person.name)
    assert page.has("Ffion")


def test_an_approver_decides_whether_a_bid_is_set_aside(client: PageClient) -> None:
    made = assessing.declared(assessing.opened())
    bid = made.bids[0].reference
    as_member(client, made.chair)
    page = client.follow(client.get(f"{home(made)}/bids/{bid}"), "Propose to disregard this bid")
    page = client.submit(page, "Propose to disregard", status=422, ground="improper_behaviour", reason="It wrote to members.")
    assert "Let the supplier answer first, then confirm it here" in page.errors
    client.submit(page, "Propose to disregard", was_heard=True)
    as_member(client, made.approver)
    page = client.follow(client.get(home(made)), f"Decide whether bid {bid} is disregarded")
    assert page.has("It wrote to members.") and page.has("The supplier could answer.")
    page = client.submit(page, "Record this decision", outcome="approve")
    assert page.has(f"{bid}: disregarded")


def test_an_agreed_score_is_not_overwritten_by_an_older_page(client: PageClient) -> None:
    made = assessing.scored(assessing.opened(), (3, 4))
    as_member(client, made.chair)
    page = client.get(f"{home(made)}/scores/{made.bids[0].reference}/{made.quality.id}")
    actions.agree_score(made.need.id, made.bids[0].reference, made.quality.id, made.chair, 2, "From another window.")
    page = client.submit(page, "Save the agreed score", status=422, score="5", reason="My own words.")
    assert "Another agreed score was saved" in page.errors[0] and page.field("reason") == "My own words."


@pytest.mark.parametrize("bids", [(), (2_000_000,)])
def test_before_the_opening_and_without_bids_the_page_says_so(client: PageClient, bids: tuple[int, ...]) -> None:
    made = assessing.opened(bids)
    sealed = making.open_need(made.council)
    as_member(client, made.officer)
    assert client.get(f"/council/needs/{sealed.reference}/assessment").has("The bids are not opened yet")
    assert client.get(home(made)).has("No bids were submitted") is (not bids)


def test_a_tie_is_decided_on_its_own_page(client: PageClient) -> None:
    made = assessing.agreed(assessing.opened((2_000_000, 2_000_000)), (4, 4))
    concluding.agree_quality(made.need.id, made.chair)
    as_member(client, made.chair)
    page = client.get(f"{home(made)}/ranking")
    words = f"{made.bids[0].reference} and {made.bids[1].reference} tie for the first place: decide by the published tie-break"
    page = client.follow(page, words)
    assert page.has("The higher quality score wins.")
    page = client.submit(page, "Keep this decision", bid=made.bids[1].reference, reason="Sent first.")
    assert page.table("Bids in their order")[0]["Bid"].startswith(made.bids[1].supplier.name)
    db.session.rollback()
