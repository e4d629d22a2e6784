"""The rules of bidding and the content of a bid, without a database."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from marketplace.accounts.models import Organisation
from suppliers.profiles.models import Supplier
from tenders.bids import rules
from tenders.bids.content import (
    Answer,
    Answers,
    BidFile,
    Declarations,
    Price,
    PricedLine,
    answers_to,
    as_text,
    price_of,
    shown_quantity,
)
from tenders.bids.models import Bid
from tenders.bids.rules import Reservation
from tenders.bids.status import status_of
from tenders.needs.models import BidQuestion, Need, PriceLine

CLOSES = datetime(2026, 12, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DECLARED = Declarations("no", "", True, True)


def a_need(**facts: object) -> Need:
    values = {
        "authority_id": 1,
        "source": "",
        "reserved_to": "none",
        "reserved_areas": "",
        "is_reserved_for_smes": False,
        "published_at": CLOSES - timedelta(days=20),
        "closes_at": CLOSES,
        "public_key": b"k" * 32,
        **facts,
    }
    made = Need(**values)
    made.questions = [BidQuestion(id=1, position=1, text="How?", word_limit=3, is_required=True)]
    made.price_lines = [PriceLine(id=5, position=1, label="Build", unit="day", quantity=Decimal("2.50"))]
    return made


def a_supplier(**facts: object) -> Supplier:
    firm = Organisation(kind="supplier", approved_at=CLOSES - timedelta(days=99))
    return Supplier(organisation=firm, **{"size": "micro", "is_vcse": False, **facts})


@pytest.mark.parametrize(
    ("late_by", "is_in_time"), [(-TICK, True), (timedelta(), True), (TICK, False), (timedelta(seconds=1), False)]
)
def test_in_time_is_up_to_and_including_the_closing_instant(late_by: timedelta, is_in_time: bool) -> None:
    assert rules.is_in_time(a_need(), CLOSES + late_by) is is_in_time
    assert bool(rules.bidding_problems(a_need(), CLOSES + late_by)) is not is_in_time


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"published_at": None}, "not taken here"),
        ({"authority_id": None, "source": "elsewhere"}, "not taken here"),
        ({"withdrawn_at": CLOSES - timedelta(days=1)}, "withdrew"),
        ({"opened_at": CLOSES}, "Bidding closed"),
        ({"public_key": None}, "sealed bids"),
    ],
)
def test_what_stops_a_bid(facts: dict[str, object], words: str) -> None:
    assert words in rules.bidding_problems(a_need(**facts), CLOSES - TICK)[0].message


def test_reservations_are_asked_not_guessed() -> None:
    need = a_need(is_reserved_for_smes=True, reserved_to="uk")
    now = CLOSES - TICK
    fields = [each.field for each in rules.start_problems(need, a_supplier(), Reservation(), now)]
    assert fields == ["is_small", "is_in_area"]
    assert rules.start_problems(need, a_supplier(), Reservation(True, True), now) == []
    large = rules.start_problems(need, a_supplier(size="large"), Reservation(True, True), now)
    assert "small and medium" in large[0].message
    assert rules.start_problems(need, a_supplier(size="large", is_vcse=True), Reservation(True, True), now) == []


def test_a_suspended_firm_cannot_start() -> None:
    supplier = a_supplier()
    supplier.organisation.suspended_at = CLOSES
    assert "not active" in rules.start_problems(a_need(), supplier, Reservation(), CLOSES)[0].message


def submission(text: str = "one two three", pence: int | None = 100, declared: Declarations = DECLARED) -> list[str]:
    need = a_need()
    answers = answers_to(need.questions, {1: text}, declared, [])
    price = price_of(need.price_lines, {} if pence is None else {5: pence})
    return [each.field for each in rules.submission_problems(need, answers, price)]


def test_a_whole_bid_has_no_problems_and_nought_is_a_price() -> None:
    assert submission() == [] and submission(pence=0) == []


def test_each_lack_is_named_with_its_page() -> None:
    assert submission(text=" ") == ["answer-1"] and submission(text="one two three four") == ["answer-1"]
    assert submission(pence=None) == ["price"]
    assert submission(declared=Declarations()) == ["declarations"] * 3
    assert submission(declared=Declarations("yes", " ", True, True)) == ["declarations"]


def test_an_optional_answer_may_be_empty_but_not_too_long() -> None:
    question = BidQuestion(id=2, text="Anything else?", word_limit=2, is_required=False)
    assert rules.answer_problems(question, "") == []
    assert "Take 1 word out" in rules.answer_problems(question, "a b c")[0].message


@pytest.mark.parametrize(
    ("duties", "after", "words"),
    [
        (["opener"], rules.SETTLES, "Bidding closes"),
        ([], rules.SETTLES + TICK, "not named as an opener"),
        (["opener", "evaluator"], rules.SETTLES + TICK, "You assess bids"),
        (["chair", "opener"], rules.SETTLES + TICK, "You assess bids"),
    ],
)
def test_who_cannot_open(duties: list[str], after: timedelta, words: str) -> None:
    problems = rules.opening_problems(a_need(), duties, CLOSES + after)
    assert len(problems) == 1 and words in problems[0].message


def test_an_opener_can_open_once_after_closing() -> None:
    now = CLOSES + rules.SETTLES + TICK
    assert rules.opening_problems(a_need(), ["opener"], now) == []
    assert "were opened" in rules.opening_problems(a_need(opened_at=now), ["opener"], now)[0].message
    assert "stay sealed" in rules.opening_problems(a_need(withdrawn_at=CLOSES), ["opener"], now)[0].message


def test_content_reads_as_it_was_written() -> None:
    answers = Answers((Answer(1, "How?", "So: “plainly”\n– once"),), DECLARED, (BidFile("ab12", "plan.pdf", 3, "00"),))
    assert Answers.from_bytes(answers.to_bytes()) == answers
    price = Price((PricedLine(5, "Build", "day", "2.50", 33_333), PricedLine(6, "Run", "", "1", 0)))
    assert Price.from_bytes(price.to_bytes()) == price
    with pytest.raises(ValueError, match="bid-price/1"):
        Price.from_bytes(answers.to_bytes())


def test_sums_round_a_half_penny_up() -> None:
    assert PricedLine(5, "Build", "day", "2.50", 33_333).total_pence == 83_333  # 83,332.5
    assert PricedLine(5, "Build", "day", "3.00", 10).total_pence == 30
    assert [shown_quantity(Decimal(each)) for each in ("1.00", "2.50", "100", "0.05")] == ["1", "2.5", "100", "0.05"]


def test_the_text_for_the_bidder_has_everything() -> None:
    answers = Answers((Answer(1, "How?", "Plainly."),), DECLARED, (BidFile("ab12", "plan.pdf", 3, "00"),))
    text = as_text("Missed bins", answers, Price((PricedLine(5, "Build", "", "1.00", 12_345),)))
    assert all(each in text for each in ("Missed bins", "How?", "Plainly.", "£123.45", "plan.pdf", "no conflict"))


def test_status_in_the_bidders_words() -> None:
    def named(now: datetime, need: Need, **facts: object) -> str:
        return status_of(Bid(need=need, **facts), now).name

    before, after = CLOSES - TICK, CLOSES + TICK
    assert named(before, a_need()) == "draft" and named(after, a_need()) == "not_submitted"
    assert named(before, a_need(), submitted_at=before) == "submitted"
    assert named(after, a_need(), submitted_at=before) == "sealed"
    assert named(after, a_need(opened_at=after), submitted_at=before, opened_at=after) == "opened"
    assert named(after, a_need(awarded_at=after), submitted_at=before, opened_at=after) == "decided"
    assert named(after, a_need(withdrawn_at=before), submitted_at=before) == "need_withdrawn"
    assert named(before, a_need(), withdrawn_at=before) == "withdrawn"


# The modules that may touch what a bid says; everything else goes through their functions.
DOORS = {
    "drafts.py", "ready.py", "opener_keys.py", "own_copy.py", "submission.py", "standing.py", "opening.py", "opened.py",
    "models.py", "handing_over.py", "vouching.py",
    "sealed_download.py",  # hands parts out as they are, sealed
}  # fmt: skip
CONTENT = {"ciphertext", "own_copy", "entrusted", "wrapped_share", "wrapped_private_key"}


def test_only_the_doors_touch_content_columns() -> None:
    root = Path(__file__).resolve().parents[2]
    strangers = []
    for path in sorted(
        each for room in ("marketplace", "suppliers", "tenders", "search") for each in (root / room).rglob("*.py")
    ):
        if path.parent.name == "bids" and path.name in DOORS | {"keys.py"} or "sealing" in path.parts:
            continue
        names = {each.attr for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.Attribute)}
        imports = (
            "SealedPart" in path.read_text() or "OpenedPart" in path.read_text() or "DraftPart(" in path.read_text()
        )
        touched = names & (CONTENT - {"own_copy"})
        if touched or imports:
            strangers.append(f"{path.relative_to(root)}: {sorted(touched)}")
    assert strangers == []
