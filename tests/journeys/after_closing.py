"""The second half of a purchase: from the opening to the end of the contract and the auditor's exports."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

from marketplace.core import clock, db, journal
from tenders.bids.rules import SETTLES
from tests.journeys.people import COUNCIL, FIRST, OPENING, PRICES, SECOND, TITLE, WORDS, World

WHY = "The answer says how, and shows it."
SCORES = {FIRST: ("4", "5", "5"), SECOND: ("3", "3", "2")}
DELIVERED = "Everything delivered"


def two_open(world: World) -> None:
    first, second = world.screen("Fin"), world.screen("Mo")
    first.go(f"{world.home}/opening")
    world.wait_until(world.closes_at() + SETTLES + timedelta(seconds=1))
    world.screen("Asha").go(f"{world.home}/opening", status=403)  # an evaluator never opens
    first.go(f"{world.home}/opening")
    first.fill("Begin the opening", {"Your opening passphrase": OPENING["Mo"]}, status=422)
    assert first.errors == ["That is not your opening passphrase"]
    first.fill("Begin the opening", {"Your opening passphrase": OPENING["Fin"]})
    assert FIRST not in first.source and not first.offers("Complete the opening")
    second.go(f"{world.home}/opening")
    assert FIRST not in second.source
    second.fill("Complete the opening", {"Your opening passphrase": OPENING["Mo"]})
    assert second.reads(FIRST) and second.reads(SECOND) and second.reads("Bids opened 2")
    assert PRICES[FIRST] not in second.source and WORDS[FIRST] not in second.source
    world.work()


def the_panel_declares(world: World) -> None:
    """Three make a nil return; one has a conflict, stands aside, and is replaced."""
    evaluator = world.screen("Asha")
    evaluator.go(f"{world.home}/assessment/bids", status=422)
    assert evaluator.reads("Declare first") and WORDS[FIRST] not in evaluator.source
    for name in ("Asha", "Ben", "Cerys"):
        _declares(world, name)
    conflicted = world.screen("Caz")
    conflicted.go(f"{world.home}/assessment")
    conflicted.follow("Declare conflicts of interest")
    told = {
        "Do you have a conflict of interest?": "Yes, or people could think so",
        "If yes, describe it": f"My sister owns {SECOND}.",
    }
    conflicted.fill("Send declaration", told)
    conflicted.go(f"{world.home}/assessment/bids", status=422)
    chair = world.screen("Cerys")
    chair.go(f"{world.home}/assessment")
    chair.follow("Decide on the conflict of Caz")
    decision = {"What do you decide?": "Stand aside: no reading and no scoring", "Reason": "Too near."}
    chair.fill("Record this decision", decision)
    conflicted.go(f"{world.home}/assessment")
    assert conflicted.reads("You stand aside from this need") and not conflicted.offers("Read the bids")
    approver = world.screen("Ana")
    approver.go(f"{world.home}/assessment")
    approver.follow("Name somebody in the place of who stands aside")
    approver.fill("Name to the panel", {"Which place?": "Evaluator", "Colleague": "Ffion"})
    _declares(world, "Ffion")


def _declares(world: World, name: str) -> None:
    hand = world.screen(name)
    hand.go(f"{world.home}/assessment")
    hand.follow("Declare conflicts of interest")
    assert hand.reads(FIRST) and hand.reads(SECOND)
    hand.fill("Send declaration", {"Do you have a conflict of interest?": "No, with none of these bidders"})


def each_scores_alone(world: World) -> None:
    for number, name in enumerate(("Asha", "Ben", "Ffion")):
        hand = world.screen(name)
        hand.go(f"{world.home}/assessment")
        hand.follow("Score the bids")
        hand.follow(f"{FIRST}, Quality")
        for firm in (FIRST, SECOND):
            assert hand.reads(WORDS[firm]) and PRICES[firm] not in hand.source
            for other in {"Asha", "Ben", "Ffion"} - {name}:
                assert f"Reason of {other}" not in hand.source
            score = SCORES[firm][number]
            hand.fill("Save this score", {"Score": score, "Reason": f"Reason of {name}. {WHY}"})
        if number == 0:
            world.screen("Ben").go(f"{world.home}/assessment/scores", status=422)
            assert "Reason of Asha" not in world.screen("Ben").source
    world.work()


def the_chair_agrees_and_freezes(world: World) -> None:
    chair = world.screen("Cerys")
    chair.go(f"{world.home}/assessment")
    chair.follow("Agree on the scores")
    assert chair.reads("Asha: 4") and chair.reads("Ffion: 5")
    for firm, score in ((FIRST, "5"), (SECOND, "3")):
        chair.follow(f"Agree on a score for {firm} under Quality")
        chair.fill("Save the agreed score", {"Score": score, "Reason": f"The panel agreed: {WHY}"})
    assert PRICES[FIRST] not in chair.source
    chair.follow("Every score is agreed: go on to the prices")
    chair.send("Quality is agreed: open the prices")
    assert chair.reads("£18,000") and chair.reads("£19,876")
    chair.follow("Go on to freeze the ranking")
    chair.send("Freeze the ranking")
    assert chair.reads("Frozen at")
    world.work()


def the_award_is_decided(world: World) -> None:
    officer, approver, loser = world.screen("Olu"), world.screen("Dev"), world.screen(SECOND)
    officer.go(f"{world.home}/award")
    officer.follow("Propose the award")
    proposal = {"What do you propose?": f"Award to {FIRST} ({world.bids[FIRST]})", "Reasons": "It ranks first."}
    officer.fill("Propose", proposal)
    officer.go(f"{world.home}/award/decide", status=403)
    world.screen("Ana").go(f"{world.home}/award")
    assert not world.screen("Ana").offers("Decide on this proposal"), "another approver than the one named"
    approver.go("/council")
    approver.follow(f"Decide on the proposed award: {TITLE}")
    approver.fill("Record this decision", {"What do you decide?": "Approve"})
    loser.go(f"/supplier/bids/{world.bids[SECOND]}/feedback")
    assert loser.reads("has not told the outcome yet") and FIRST not in loser.source
    world.screen("A reader").go(f"/needs/{world.need}")
    assert FIRST not in world.screen("A reader").source
    world.work()


def the_bidders_are_told(world: World) -> None:
    officer = world.screen("Olu")
    officer.go(f"{world.home}/award")
    officer.follow("Explain the decision and tell every bidder")
    assert not officer.offers("Go on to tell every bidder"), "nobody has looked at the drafts"
    officer.follow(f"{FIRST} (winner)")
    officer.send("Save this explanation")
    officer.follow(SECOND)
    officer.fill("Save this explanation", {"Explanation": "Your plan named no dates. With dates it scores higher."})
    officer.follow("Go on to tell every bidder")
    officer.send("Tell every bidder now")
    world.work()
    winner, loser = world.screen(FIRST), world.screen(SECOND)
    winner.go(f"/supplier/bids/{world.bids[FIRST]}")
    winner.follow("How your bid was assessed")
    assert winner.reads("Your bid won") and SECOND not in winner.source and PRICES[SECOND] not in winner.source
    loser.go(f"/supplier/bids/{world.bids[SECOND]}")
    loser.follow("How your bid was assessed")
    assert loser.reads("Your plan named no dates.") and loser.reads(FIRST)
    assert WORDS[FIRST] not in loser.source
    loser.go(f"/supplier/bids/{world.bids[FIRST]}/feedback", status=404)
    reader = world.screen("A reader")
    reader.go(f"/needs/{world.need}")
    assert reader.reads(FIRST) and SECOND not in reader.source


def the_contract_is_signed(world: World) -> None:
    manager, approver, winner = world.screen("Mo"), world.screen("Ana"), world.screen(FIRST)
    manager.go("/council/contracts")
    manager.follow(f"Draft the contract : {TITLE}")
    starts_on = clock.today() + timedelta(days=7)
    manager.fill("Save the terms", {"Starts on": starts_on, "Ends on": starts_on + timedelta(days=90)})
    world.contract = manager.path.rsplit("/", 1)[-1]
    manager.send("Ask an approver to sign")
    approver.go(f"/council/contracts/{world.contract}")
    approver.follow("Sign for the council")
    approver.send("Sign for the council")
    world.screen(SECOND).go(f"/supplier/contracts/{world.contract}", status=404)
    world.screen("A stranger").go(f"/council/contracts/{world.contract}", status=404)
    winner.go("/supplier/contracts")
    winner.follow(TITLE)
    winner.follow("Sign for your firm")
    winner.send("Sign for your firm")
    assert winner.reads("Active")
    world.work()


def the_work_is_delivered(world: World) -> None:
    manager, winner, reader = world.screen("Mo"), world.screen(FIRST), world.screen("A reader")
    winner.go(f"/supplier/contracts/{world.contract}")
    winner.follow(f"Report “{DELIVERED}” as delivered")
    winner.fill("Report it as delivered", {"What was delivered": "Live for all residents."})
    manager.go(f"/council/contracts/{world.contract}")
    manager.follow(f"Accept or reject “{DELIVERED}”")
    manager.send("Accept")
    assert manager.reads("Accepted at")
    manager.follow("Record that it was completed or has expired")
    outcome = {
        "How does the contract end?": "Completed: everything was delivered and accepted",
        "Why": "All of it is in use.",
        "What residents got": "Nine in ten reports come without a call.",
    }
    manager.fill("End the contract", outcome)
    reader.go(f"/needs/{world.need}")
    assert reader.reads("Nine in ten reports come without a call.") and reader.reads(COUNCIL)
    world.work()


def the_auditor_checks(world: World) -> None:
    auditor = world.screen("Auditor")
    auditor.go(f"/audit/needs/{world.need}")
    assert auditor.reads(SECOND) and auditor.reads("My sister owns") and auditor.reads("Reason of Ffion")
    assert auditor.reads("Too late"), "the late attempt is on record"
    assert f"We at {SECOND} ask" not in auditor.source, "who asked is shown to nobody"
    auditor.go("/audit/journal")
    auditor.send("Check it now")
    assert auditor.reads("The journal is whole")
    with db.session() as current:
        assert journal.verify(current).is_whole
    db.session.remove()
    for name in ("Olu", FIRST, "A stranger"):
        world.screen(name).go("/audit/exports", status=403)


def the_auditor_exports(world: World) -> None:
    auditor = world.screen("Auditor")
    auditor.go("/audit/exports")
    packed = auditor.download("Download everything as a zip")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        texts = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist() if name.endswith(".csv")}
    named = [name for name, text in texts.items() if world.need in text]
    assert len(named) >= 8, f"the purchase is only in {named}"
    assert not [name for name, text in texts.items() if f"We at {SECOND} ask" in text]
