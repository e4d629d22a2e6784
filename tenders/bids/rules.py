"""Whether now: what stands in the way of starting, submitting, withdrawing and opening, in the user's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from marketplace.core.errors import Problem
from marketplace.core.forms import count_words
from marketplace.core.moments import moment, moment_to_second
from suppliers.profiles.models import Supplier
from tenders.bids.content import Answers, Declarations, Price
from tenders.needs.models import BidQuestion, Need, PriceLine

# The first opener's share waits this long for the second's.
OPENING_WAITS = timedelta(minutes=30)
# What reached us in the last second, and waits for its turn, is stored before the register of receipts is closed.
SETTLES = timedelta(seconds=60)
MOST_FILES = 20
SHORTEST_PASSPHRASE = 12
MOST_OF_A_LINE_PENCE = 10_000_000_000  # £100 million
EVALUATING = ("evaluator", "chair")


@dataclass(frozen=True)
class Reservation:
    """What a supplier confirms to bid for a reserved need (Procurement Act 2023, s84 and NPPS for small purchases)."""

    is_small: bool = False
    is_in_area: bool = False


def is_in_time(need: Need, received_at: datetime) -> bool:
    """Whether what was received then counts: up to and including the closing instant."""
    return need.closes_at is not None and received_at <= need.closes_at


def bidding_problems(need: Need, now: datetime) -> list[Problem]:
    """What stops anyone from writing a bid for this need now."""
    if not need.is_ours or need.published_at is None:
        return [
            Problem("Bids for this need are not taken here. Follow the link on its page to where it was published.")
        ]
    if need.withdrawn_at is not None:
        return [Problem("The council withdrew this need, so no bids can be made.")]
    if need.opened_at is not None or need.bids_closed_at is not None or not is_in_time(need, now):
        closed = moment(need.closes_at) if need.closes_at else "an earlier time"
        return [Problem(f"Bidding closed at {closed}, so this bid can no longer be changed.")]
    if need.public_key is None:
        return [Problem("This need cannot take sealed bids yet. Ask the council to publish it again.")]
    return []


def start_problems(need: Need, supplier: Supplier, reservation: Reservation, now: datetime) -> list[Problem]:
    """What stops this supplier from starting a bid."""
    found = bidding_problems(need, now)
    if not supplier.organisation.is_active:
        found.append(
            Problem("Your firm's account is not active, so it cannot bid. Ask the administrator of this service why.")
        )
    if need.is_reserved_for_smes and supplier.size == "large" and not supplier.is_vcse:
        found.append(
            Problem("This need is reserved for small and medium-sized firms. Your profile says 250 people or more.")
        )
    elif need.is_reserved_for_smes and not reservation.is_small:
        found.append(Problem("Confirm that your firm is small or medium-sized to bid for this need", "is_small"))
    if need.reserved_to != "none" and not reservation.is_in_area:
        found.append(
            Problem(f"Confirm that your firm is based in {reserved_area(need)} to bid for this need", "is_in_area")
        )
    return found


def reserved_area(need: Need) -> str:
    """Where suppliers must be based for a reserved need, in words."""
    if need.reserved_areas:
        return need.reserved_areas
    return "the United Kingdom" if need.reserved_to == "uk" else "the area that the need names"


def submission_problems(need: Need, answers: Answers, price: Price) -> list[Problem]:
    """What the bid still lacks; each problem names the page where it is mended."""
    found = [problem for each in need.questions for problem in answer_problems(each, answers.text_of(each.id))]
    found += [problem for each in need.price_lines for problem in price_problems(each, price)]
    return found + declaration_problems(answers.declarations)


def answer_problems(question: BidQuestion, text: str) -> list[Problem]:
    """What is wrong with one answer as it stands."""
    here = f"answer-{question.id}"
    if question.is_required and not text.strip():
        return [Problem(f"Answer the question “{question.text}”", here)]
    over = count_words(text) - question.word_limit
    if over > 0:
        words = "word" if over == 1 else "words"
        return [
            Problem(
                f"Take {over:,} {words} out of your answer to “{question.text}”: the most is {question.word_limit:,}",
                here,
            )
        ]
    return []


def price_problems(line: PriceLine, price: Price) -> list[Problem]:
    """Whether a line still lacks its price; nought is a price."""
    given = next((each.price_pence for each in price.lines if each.line_id == line.id), None)
    return [] if given is not None else [Problem(f"Enter a price for “{line.label}”", "price")]


def declaration_problems(declared: Declarations) -> list[Problem]:
    """Which declarations are still to be made."""
    found = []
    if declared.conflict not in ("no", "yes"):
        found.append(Problem("Say whether anyone in your firm has a conflict of interest", "declarations"))
    if declared.conflict == "yes" and not declared.conflict_details.strip():
        found.append(Problem("Describe the conflict of interest", "declarations"))
    if not declared.no_collusion:
        found.append(Problem("Declare that you made this bid without agreement with other bidders", "declarations"))
    if not declared.is_accurate:
        found.append(Problem("Declare that your bid is true and complete", "declarations"))
    return found


def passphrase_problems(passphrase: str) -> list[Problem]:
    """Whether a bidder's passphrase is long enough; empty means that it wants no copy here."""
    if passphrase and len(passphrase.strip()) < SHORTEST_PASSPHRASE:
        return [Problem(f"Your passphrase must have {SHORTEST_PASSPHRASE} characters or more", "passphrase")]
    return []


def register_problems(need: Need, now: datetime) -> list[Problem]:
    """What stops the register of received bids from being closed now."""
    if need.published_at is None or need.closes_at is None or need.withdrawn_at is not None:
        return [Problem("This need takes no bids, so it has no register to close.")]
    if now <= need.closes_at + SETTLES:
        return [Problem(f"Bidding closes at {moment(need.closes_at)}. The register is closed a minute after that.")]
    return []


def is_assessing(duties: Sequence[str]) -> bool:
    """Whether these duties keep a person from opening bids."""
    return any(each in EVALUATING for each in duties)


def opening_problems(
    need: Need, duties: Sequence[str], now: datetime, waiting: Sequence[Problem] = ()
) -> list[Problem]:
    """What stops a person with these duties on the need from taking part in its opening now.

    `waiting` is what must be settled before a deadline that has passed is the last word (an outage).
    """
    found: list[Problem] = []
    if "opener" not in duties:
        found.append(Problem("You are not named as an opener of this need, so you cannot open its bids."))
    if is_assessing(duties):
        found.append(Problem("You assess bids for this need, so you cannot open them. Ask another opener."))
    if need.withdrawn_at is not None:
        found.append(Problem("This need was withdrawn. Its bids stay sealed."))
    elif need.opened_at is not None:
        found.append(Problem(f"The bids were opened at {moment_to_second(need.opened_at)}."))
    elif need.published_at is None or need.closes_at is None:
        found.append(Problem("This need is not published, so there is nothing to open."))
    elif now <= need.closes_at + SETTLES:
        found.append(
            Problem(
                f"Bidding closes at {moment(need.closes_at)}. Bids can be opened {SETTLES.seconds} seconds after that."
            )
        )
    else:
        found += waiting
    return found
