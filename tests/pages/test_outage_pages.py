"""After an outage: the council's pages, the administrator's and the public one, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner

from marketplace import cli, config
from marketplace.core import clock
from tenders.outages import actions
from tests import bidding, making
from tests.pageclient import PageClient, signed_in

pytestmark = pytest.mark.usefixtures("rows_stay_attached")
LIMIT = timedelta(seconds=60)


@pytest.fixture
def hit() -> bidding.Purchase:
    """A purchase whose deadline fell into ten minutes without a service."""
    made = bidding.purchase(closes_at=clock.now() + timedelta(minutes=5))
    actions.beat(("worker", "web"), LIMIT)
    clock.pass_time(minutes=10)
    actions.beat(("worker", "web"), LIMIT)
    return made


def test_the_front_door_answers_lightly(client: PageClient) -> None:
    answer = client.app.test_client().get("/alive")
    assert answer.status_code == 200 and answer.text == "alive\n"
    assert answer.headers["Cache-Control"] == "no-store"


def test_two_people_give_more_time(client: PageClient, hit: bidding.Purchase) -> None:
    home = f"/council/needs/{hit.need.reference}"
    officer, approver = signed_in(client.app, hit.first), signed_in(client.app, hit.second)
    assert client.get(f"/needs/{hit.need.reference}").has("The council decides whether bids close later")
    assert officer.get("/council").has(f"Decide on more time after an outage: {hit.need.title}")
    assert officer.get(f"{home}/opening").has("decide first whether bids close later")
    form = officer.follow(officer.get(home), "More time after an outage")
    assert form.has("10:00:00am") and form.has("10:10:00am") and form.has("10:10am on Wednesday 25 November 2026")
    refused = officer.submit(form, "Put it to an approver", status=422, reason="")
    assert refused.errors
    asked = officer.submit(form, "Put it to an approver", reason="Two firms telephoned.")
    assert asked.has("Your approvers are asked") and asked.has("Waits for an approver")
    assert not officer.get("/council").has("after an outage: ")
    page = approver.follow(approver.get("/council"), f"Approve the answer to an outage: {hit.need.title}")
    assert page.has("Two firms telephoned.")
    done = approver.submit(page, "Approve")
    assert done.has("The new closing time is public") and done.has("More time given")
    public = client.get(f"/needs/{hit.need.reference}")
    assert public.has("Open. Bids close at 10:10am on Wednesday 25 November 2026")
    assert not public.has("The council decides whether")
    history = client.get(f"/needs/{hit.need.reference}/history")
    assert history.has("This service was away from 10:00:00am") and history.has("Two firms telephoned.")


def test_two_people_let_the_closing_time_stand(client: PageClient, hit: bidding.Purchase) -> None:
    home = f"/council/needs/{hit.need.reference}"
    officer, approver = signed_in(client.app, hit.first), signed_in(client.app, hit.second)
    officer.submit(officer.get(f"{home}/outage"), "Put it to an approver", choice="keep", reason="x")
    page = approver.get(f"{home}/outage/decide")
    back = approver.submit(page, "Send back to the officer", comment="Say more.")
    assert back.has("Sent back with your comment")
    form = officer.get(f"{home}/outage")
    assert form.has("Say more.")
    officer.submit(form, "Put it to an approver", choice="keep", reason="Every bidder had submitted the day before.")
    assert approver.submit(approver.get(f"{home}/outage/decide"), "Approve").has("The closing time stands")
    assert client.get(f"/needs/{hit.need.reference}").has(
        "The council decided that the closing time stands: Every bidder had submitted the day before."
    )
    assert not officer.get(f"{home}/opening").has("decide first")


def test_a_bidder_who_came_too_late_reads_why(client: PageClient) -> None:
    made, member = bidding.purchase(closes_at=clock.now() + timedelta(minutes=5)), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    actions.beat(("worker", "web"), LIMIT)
    firm = signed_in(client.app, member)
    form = firm.get(f"/supplier/bids/{bid.reference}/review")
    clock.pass_time(minutes=10)
    actions.beat(("worker", "web"), LIMIT)
    late = firm.submit(form, "Submit the bid", status=409)
    assert late.has("The council decides whether bids close later")
    assert firm.follow(late, "Every request about this bid").has("Too late")
    assert firm.get(f"/supplier/bids/{bid.reference}").has("The council decides whether bids close later")


def test_nobody_decides_on_an_own_proposal_nor_for_another_council(client: PageClient, hit: bidding.Purchase) -> None:
    both = making.member(hit.first.organisation, "officer", "approver")
    home = f"/council/needs/{hit.need.reference}"
    alone = signed_in(client.app, both)
    alone.submit(alone.get(f"{home}/outage"), "Put it to an approver", choice="keep", reason="x")
    page = alone.get(f"{home}/outage/decide")
    assert page.has("You proposed this, so another approver decides on it") and "Approve" not in page.buttons
    stranger = signed_in(client.app, making.member(making.council(), "officer", "approver"))
    assert stranger.get(f"{home}/outage", status=404)
    assert stranger.get(f"{home}/outage/decide", status=404)


def test_the_administrator_and_one_command_list_all_of_it(
    client: PageClient, hit: bidding.Purchase, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = signed_in(client.app, making.administrator()).get("/admin")
    assert page.has("10 minutes")
    assert page.has(hit.need.reference) and page.has("waits for an officer")
    monkeypatch.setattr(cli, "prepare_current", config.current)
    said = CliRunner().invoke(cli.outages, [])
    assert said.exit_code == 0 and hit.need.reference in said.output and "1 deadlines hit" in said.output
