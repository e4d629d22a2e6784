"""Pages of opening passphrases and of who holds a need's key."""

from __future__ import annotations

import pytest

from tenders.bids import opener_keys
from tests import bidding, making
from tests.making import OPENING
from tests.pageclient import PageClient, signed_in

pytestmark = pytest.mark.usefixtures("rows_stay_attached")
OTHER = "lantern otter granite thimble"
OWN = "/account/opening-passphrase"


def test_a_passphrase_is_set_changed_and_given_up_on_pages(client: PageClient) -> None:
    council = making.council()
    member = making.member(council, "finance")
    need = making.need(council, panel={"opener": [member.person, making.member(council, "approver").person]})
    own = signed_in(client.app, member)
    page = own.follow(own.get("/council"), f"Set your opening passphrase: you are named to open bids: {need.title}")
    assert "20 characters or more" in own.submit(
        page, "Set my opening passphrase", status=422, passphrase="too short", again="too short"
    ).errors[0]
    assert "not the same" in own.submit(
        page, "Set my opening passphrase", status=422, passphrase=OPENING, again=OTHER
    ).errors[0]
    page = own.submit(page, "Set my opening passphrase", passphrase=OPENING, again=OPENING)
    assert page.h1 == "Your opening passphrase" and OPENING not in page.html
    assert not own.get("/council").has("Set your opening passphrase")
    change = own.follow(page, "Change it")
    words = {"passphrase": OTHER, "again": OTHER}
    wrong = own.submit(change, "Change my opening passphrase", status=422, current=OTHER, **words)
    assert wrong.errors == ["That is not your opening passphrase"]
    page = own.submit(change, "Change my opening passphrase", current=OPENING, **words)
    lost = own.follow(page, "I have forgotten it")
    again = {"passphrase": OPENING, "again": OPENING}
    button = "Set a new opening passphrase"
    assert own.submit(lost, button, status=422, password=making.PASSWORD, **again).has("Tick the box")
    assert own.submit(lost, button, status=422, password="not mine", understood=True, **again).has("not your password")
    assert own.submit(lost, button, password=making.PASSWORD, understood=True, **again).h1 == "Your opening passphrase"
    assert opener_keys.unlock(opener_keys.find_key(member.person_id), OPENING).public


def test_the_suggestion_differs_each_time_and_can_be_used(client: PageClient) -> None:
    own = signed_in(client.app, making.member(making.council(), "finance"))
    first, second = (own.get(OWN).soup.select_one(".govuk-inset-text").get_text() for _ in range(2))
    assert first != second and len(first.split()) == 6
    assert own.submit(own.get(OWN), "Set my opening passphrase", passphrase=first, again=first).has("Needs still sealed")


def test_only_who_may_open_bids_has_one(client: PageClient) -> None:
    signed_in(client.app, making.member(making.council(), "evaluator")).get(OWN, status=403)
    signed_in(client.app, bidding.bidder()).get(OWN, status=403)


def test_the_council_sees_who_holds_the_key_and_every_refused_try(client: PageClient) -> None:
    made = bidding.purchase()
    first = signed_in(client.app, made.first)
    home = f"/council/needs/{made.need.reference}"
    opener_keys.begin_anew(made.third, OTHER, OTHER)
    page = first.follow(first.get(home), "Who holds the key")
    assert [row["How it stands"] for row in page.table("Openers")] == [
        "Holds a share", "Holds a share", "Has lost the share with an earlier passphrase",
    ]  # fmt: skip
    assert not page.has("cannot be opened as it stands")
    bidding.close(made.need)
    first.submit(first.get(f"{home}/opening"), "Begin the opening", status=422, passphrase=OTHER)
    (row,) = first.get(f"{home}/key").table("Refused tries to open the bids")
    assert row["Who"] == made.first.person.name and row["Why it was refused"] == "a wrong opening passphrase"
    opener_keys.begin_anew(made.second, OTHER, OTHER)
    assert first.get(f"{home}/key").has("The bids cannot be opened as it stands")
    signed_in(client.app, making.officer()).get(f"{home}/key", status=404)


def test_guessing_is_slowed_and_the_opener_elsewhere_is_not_locked_out(client: PageClient) -> None:
    made = bidding.purchase()
    bidding.close(made.need)
    here = f"/council/needs/{made.need.reference}/opening"
    thief, owner = signed_in(client.app, made.first), signed_in(client.app, made.first)
    page = thief.get(here)
    for _ in range(10):
        thief.submit(page, "Begin the opening", status=422, passphrase=OTHER)
    assert thief.submit(page, "Begin the opening", status=429, passphrase=OPENING).has("too many tries")
    assert owner.submit(owner.get(here), "Begin the opening", passphrase=OPENING).has("You have done your part")


def test_the_administrator_sees_what_still_hangs_on_key_files(client: PageClient) -> None:
    administrator = signed_in(client.app, making.administrator())
    assert administrator.get("/admin").has("No share of a sealed need hangs on a key file")
    made = bidding.purchase(has_passphrases=False)
    assert administrator.get("/admin").has("3 shares of 1 need still hang on key files")
    opener_keys.set_passphrase(made.first, OPENING, OPENING)
    assert administrator.get("/admin").has("2 shares of 1 need still hang on key files")


def test_the_recovery_key_from_its_making_to_its_use_on_pages(client: PageClient) -> None:
    from tests.actions.test_recovery import council

    made = council(has_key=False)
    maker, keeper, approver, opener = (
        signed_in(client.app, each) for each in (made.maker, made.keeper, made.approver, made.openers[1])
    )
    page = maker.follow(maker.get("/council"), "Recovery key")
    assert page.has("Your council has no recovery key") and page.has("Sealed needs without a recovery share")
    file = maker.submit(page, "Make a recovery key and download its file").content.decode()
    assert "recovery-key/1" in file and "recovery-key/1" not in maker.get("/council/recovery-key").html
    assert maker.get("/council/recovery-key").buttons == []
    page = keeper.follow(keeper.get("/council"), "Confirm that the recovery key is stored")
    assert "not a whole recovery code" in keeper.submit(page, "It is stored", status=422, code="recovery-key/1 0").errors[0]
    assert keeper.submit(page, "It is stored", code=file).has("Confirmed. Needs published from now on")
    need = making.open_need(made.need.authority, panel={"opener": [each.person for each in made.openers]})
    bidding.give_key(need)
    opener_keys.begin_anew(made.openers[0], OTHER, OTHER)
    home, name = f"/council/needs/{need.reference}/key", made.openers[0].person.name
    page = maker.follow(maker.get(home), f"Use the recovery key for the share of {name}")
    page = maker.submit(page, "Ask for the recovery key", person=name, reason="The words are lost.")
    assert "Approve the use of the recovery key" not in page.buttons
    approver.get(f"{home}/recovery")  # nothing to do there before it is approved
    page = approver.follow(approver.get("/council"), f"Approve the use of the recovery key: {need.title}")
    approver.submit(page, "Approve the use of the recovery key")
    page = keeper.follow(keeper.get("/council"), f"Bring the recovery file: {need.title}")
    page = keeper.submit(page, "Give the recovery share", code=file)
    assert page.has("approved by") and [row["How it stands"] for row in page.table("Openers")] == ["Holds a share"] * 3
    page = opener.follow(opener.get(home), "Hand your share over")
    words = {"person": made.successor.person.name, "reason": "Leaving.", "passphrase": OPENING}
    assert opener.submit(page, "Hand my share over", **words).has(made.successor.person.name)
    reader = PageClient(client.app)
    assert not reader.get(f"/needs/{need.reference}/history").has("recovery key was used")
    bidding.close(need)
    from tenders.bids import opening

    opening.begin_opening(need.id, made.successor, OPENING)
    opening.complete_opening(need.id, made.openers[2], OPENING)
    assert reader.get(f"/needs/{need.reference}/history").has("The words are lost.")
    page = maker.follow(maker.get("/council/recovery-key"), "Its file is lost, or somebody has it who should not")
    assert maker.submit(page, "Give this recovery key up").has("Your council has no recovery key")
