"""The first half of a purchase: from an empty draft to the closing instant."""

from __future__ import annotations

import io
from datetime import timedelta

from tests import making
from tests.bidding import PDF
from tests.journeys.hands import Hand
from tests.journeys.people import COUNCIL, FIRST, OPENING, PRICES, QUESTION, SECOND, TITLE, WORDS, World

SECTIONS = {
    "Title and summary": {"Title": TITLE, "Summary": "Residents cannot tell us that a bin was missed without phoning."},
    "The problem": {"The problem": "Reports of missed bins come by phone, and half are typed twice. " * 6},
    "Who is affected": {"Who is affected": "112,000 households and eight people who take the calls."},
    "The outcomes you want": {"The outcomes you want": "- Nine in ten reports made without a call within a year"},
    "What exists now": {"What exists now": "A rounds system with an open interface."},
    "Where the work is": {"Where the work is": "Council offices, and from anywhere", "Postcode": "ln1 1yl"},
    "Categories": {"What suppliers must be able to do": ["Online forms and workflow"]},
    "Budget": {
        "Estimated value, including VAT": "24,000", "How the value was reached": "Two people for three months.",
    },
    "Dates": {},
    "Award criteria": {
        "How prices become marks": "Share of the lowest price",
        "If two bids have the same marks": "The higher mark for quality wins.",
    },
    "The law": {
        "Whose law applies": "Council in England",
        "Barriers to small businesses": "No turnover test.",
        "Who may bid": "Open to all",
    },
    "People and their duties": {
        "Who opens the bids": ["Fin", "Mo"],
        "Who scores": ["Asha", "Ben", "Caz"],
        "Who chairs": "Cerys",
        "Who approves the award": "Dev",
    },
}  # fmt: skip
ITEMS = (
    ("Requirements", {"Kind": "Essential", "Requirement": "Has built services for rounds"}),
    ("Requirements", {"Kind": "Desirable", "Requirement": "Works offline"}),
    ("Award criteria", {"Kind": "Quality: scored by the panel", "Name": "Quality", "Weight, as a percentage": "60"}),
    ("Award criteria", {"Kind": "Price: worked out", "Name": "Price", "Weight, as a percentage": "40"}),
    ("Questions in the bid", {"Question": QUESTION, "Word limit": "300", "Scored under": "Quality"}),
    ("Price lines", {"What is priced": "Build", "Quantity": "1"}),
)


def the_need_is_drafted(world: World) -> None:
    officer = world.screen("Olu")
    officer.go("/council/needs/new")
    officer.send("Begin")
    world.need = officer.path.rsplit("/", 1)[-1]
    for section, fields in ITEMS:
        officer.go(world.home)
        officer.follow(section)
        officer.follow("Add")
        officer.fill("Save", fields)
    for section, fields in SECTIONS.items():
        officer.go(world.home)
        officer.follow(section)
        officer.fill("Save and continue", fields)
    officer.go(world.home)
    assert officer.reads("Nothing is left to do")
    officer.follow("See it as a supplier does")
    assert officer.reads(TITLE) and officer.reads("£24,000 including VAT")
    assert not officer.reads("Two people for three months"), "the workings are not published"
    reader = world.screen("A reader")
    reader.go(f"/needs/{world.need}", status=404)
    world.screen("A stranger").go(world.home, status=404)


def the_need_is_published(world: World) -> None:
    officer, approver = world.screen("Olu"), world.screen("Ana")
    officer.go(world.home)
    officer.follow("Check it and ask for approval")
    officer.send("Ask for approval")
    assert officer.reads("Waiting for approval") and not officer.offers("Approve and publish")
    approver.go("/council")
    approver.follow(f"Approve and publish: {TITLE}")
    approver.send("Approve and publish")
    assert not approver.reads("Published") and all(
        approver.reads(f"{name} has not set an opening passphrase yet") for name in OPENING
    )
    openers_set_their_passphrases(world)
    approver.go(world.home)
    approver.send("Approve and publish")
    assert approver.reads("Open")
    world.work()


def openers_set_their_passphrases(world: World) -> None:
    for name, words in OPENING.items():
        opener = world.screen(name)
        opener.go("/council")
        opener.follow(f"Set your opening passphrase: you are named to open bids: {TITLE}")
        both = {"Choose an opening passphrase": words, "Type it again": words}
        opener.fill("Set my opening passphrase", {**both, "Type it again": "something else"}, status=422)
        opener.fill("Set my opening passphrase", both)
        assert opener.reads("Your opening passphrase") and words not in opener.source


def the_public_reads_and_follows(world: World) -> None:
    reader = world.screen("A reader")
    reader.go("/needs")
    reader.follow(TITLE)
    assert reader.reads(COUNCIL) and reader.reads("Bids close at") and reader.offers("Sign in to bid")
    assert "Two people for three months" not in reader.source
    reader.follow("Follow by email")
    reader.fill("Send me the link", {"Your email address": "resident@example.org"})
    reader.go(world.latest_mail_link("/follows/"))
    reader.send("Yes, tell me")
    assert reader.reads("You follow")


def a_firm_registers(world: World, firm: str) -> None:
    """Joins, confirms by the mail, and signs in."""
    email = f"bids@{firm.split()[0].lower()}.example"
    hand = world.screen(firm)
    hand.go("/join/supplier")
    hand.fill("Show these", {"Name of the organisation": firm, "Find in the list": "workflow"})
    person = {
        "What kind of organisation is it?": "A sole trader or an ordinary partnership",
        "How many people work there?": "Fewer than 10 people",
        "Postcode": "ls1 1ur",
        "Online forms and workflow": True,
        "What you do, in plain words": "We build plain web services for councils.",
        "Your full name": f"Person of {firm}",
        "Your email address": email,
        "Choose a password": making.PASSWORD,
    }
    hand.fill("Join", person)
    assert hand.reads("Check your email")
    hand.go(world.latest_mail_link("/confirm/"))
    hand.send("Confirm my address")
    if hand.path == "/sign-in":
        hand.fill("Sign in", {"Email address": email, "Password": making.PASSWORD})
    world.work()
    hand.go("/supplier")
    assert hand.offers(TITLE), "the open need that asks for what the firm ticked is shown to it"


def a_bid_is_written(world: World, firm: str) -> None:
    hand = world.screen(firm)
    hand.go(f"/needs/{world.need}")
    hand.follow("Bid for this need")
    hand.send("Start the bid")
    world.bids[firm] = hand.path.rsplit("/", 1)[-1]
    _the_parts_are_written(hand, firm)


def _the_parts_are_written(hand: Hand, firm: str) -> None:
    hand.follow(QUESTION)
    hand.fill("Save and go back", {"Your answer": WORDS[firm]})
    hand.follow("Price")
    hand.fill("Save and go back", {"Build": PRICES[firm]})
    hand.follow("Files")
    hand.fill("Add this file", {"Add a file": (io.BytesIO(PDF + firm.encode()), "plan.pdf")})
    hand.follow("Back to the bid")
    hand.follow("Declarations")
    declared = {
        "Does anyone in your firm have a conflict of interest in this purchase?": "No, none that we know of",
        "We made this bid without agreement with any other bidder about prices or who bids": True,
        "What this bid says is true and complete": True,
    }
    hand.fill("Save and go back", declared)


def the_bid_is_submitted(world: World, firm: str) -> None:
    hand = world.screen(firm)
    hand.go(f"/supplier/bids/{world.bids[firm]}?new=1")
    hand.follow("Read the whole bid and submit it")
    assert hand.reads("Nothing is missing") and hand.reads(WORDS[firm])
    hand.send("Submit the bid")
    assert hand.reads("Bid submitted") and hand.reads("Received at")
    assert b'"manifest' in hand.download("Download the signed receipt (JSON)")
    hand.go(f"/supplier/bids/{world.bids[firm]}")
    assert hand.reads("You can change or withdraw it") and WORDS[firm] not in hand.source
    world.work()


def the_bid_is_replaced(world: World, firm: str) -> None:
    hand = world.screen(firm)
    hand.go(f"/supplier/bids/{world.bids[firm]}")
    hand.follow("Write a new version from empty")
    assert WORDS[firm] not in hand.source
    _the_parts_are_written(hand, firm)
    the_bid_is_submitted(world, firm)
    hand.go(f"/supplier/bids/{world.bids[firm]}")
    assert hand.reads("Version that counts 2")


def a_question_is_asked_and_answered(world: World) -> None:
    asker, officer, reader = world.screen(SECOND), world.screen("Olu"), world.screen("A reader")
    asker.go(f"/needs/{world.need}")
    asker.follow("Ask a question")
    asker.fill("Send the question", {"Your question": "We ask: are old reports moved?"})
    world.work()
    officer.go(f"{world.home}/questions")
    assert f"Person of {SECOND}" not in officer.source
    officer.go(officer.link_to(f"{world.home}/questions/"))
    answered = {
        "The question as everyone will read it": "Are old reports moved?",
        "Your answer": "Those of the last year.",
    }
    officer.fill("Publish the answer", answered)
    reader.go(f"/needs/{world.need}")
    assert reader.reads("Are old reports moved?") and reader.reads("Those of the last year.")
    for hand in (reader, officer):
        assert SECOND not in hand.source
    reader.go(world.latest_mail_link(f"/needs/{world.need}"))
    reader.go("/outbox")
    assert reader.reads("resident@example.org"), "the follower is told"


def nobody_sees_who_bids(world: World) -> None:
    """Pages of the council, of the public and of the auditor while bids are sealed."""
    told = [FIRST, SECOND, *WORDS.values(), *PRICES.values(), *world.bids.values()]
    officer, evaluator, opener = world.screen("Olu"), world.screen("Asha"), world.screen("Fin")
    seen = [
        (officer, "/council"), (officer, world.home), (officer, f"{world.home}/questions"),
        (officer, f"{world.home}/versions"), (opener, f"{world.home}/opening"), (evaluator, f"{world.home}/assessment"),
        (world.screen("A reader"), f"/needs/{world.need}"), (world.screen("Auditor"), f"/audit/needs/{world.need}"),
        (world.screen("Auditor"), f"/audit/journal?q={world.need}"),
    ]  # fmt: skip
    for hand, path in seen:
        hand.go(path)
        for words in told:
            assert words not in hand.source, f"{words!r} is on {path}"
    for name in ("Olu", "Fin", "Auditor"):
        world.screen(name).go(f"/supplier/bids/{world.bids[FIRST]}", status=403)
    world.screen(SECOND).go(f"/supplier/bids/{world.bids[FIRST]}", status=404)


def a_late_attempt_is_refused(world: World) -> None:
    """The first bidder tries to replace its bid a second too late; the version in time still counts."""
    hand = world.screen(FIRST)
    hand.go(f"/supplier/bids/{world.bids[FIRST]}?new=1")
    _the_parts_are_written(hand, FIRST)
    hand.go(f"/supplier/bids/{world.bids[FIRST]}/review")
    world.wait_until(world.closes_at() + timedelta(seconds=1))
    hand.send("Submit the bid", status=409)
    assert hand.reads("Too late") and hand.reads("does not count")
    world.work()
