"""When a need may be sent for approval, published, amended, extended, withdrawn. Pure: facts in, problems out.

Each problem's `field` names the section (sections.py) where it is put right.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from marketplace.core.clock import london_day
from marketplace.core.errors import Problem
from marketplace.core.moments import day, moment
from marketplace.core.money import pounds
from tenders import regimes
from tenders.needs.models import DUTIES, Need
from tenders.needs.notice_numbers import NUMBER_WANTED, is_number
from tenders.needs.status import status_of
from tenders.regimes import JurisdictionClosed, Regime

MOST_SCORE = 5
ONE_SENTENCE = (
    ("title", "title-and-summary", "Enter a title that says what residents or staff will get"),
    ("summary", "title-and-summary", "Enter a summary of one or two sentences"),
    ("problem", "problem", "Describe the problem"),
    ("who_is_affected", "who-is-affected", "Say who is affected, and how many"),
    ("outcomes", "outcomes", "Say what must be different when the work is done"),
    ("location", "location", "Say where the work is, or that it can be done from anywhere"),
)


def regime_of(need: Need, now: datetime) -> Regime:
    """The rules that bind the need: those pinned when it was published, else today's. Raises JurisdictionClosed."""
    if need.regime:
        return regimes.unpin(json.loads(need.regime))
    return regimes.regime_on(need.jurisdiction or "ENG", london_day(now))


def content_problems(need: Need, now: datetime, live_people: Collection[int] | None = None) -> list[Problem]:
    """What is still to do before approval can be asked; `live_people` are the council's present members' person ids."""
    try:
        regime = regime_of(need, now)
    except JurisdictionClosed as closed:
        return [Problem(closed.message, "law"), *_words(need), *_bidding(need), *panel_problems(need, live_people)]
    return [
        *_words(need),
        *_categories(need),
        *_budget(need),
        *dates_problems(need, now, regime),
        *_bidding(need),
        *_law(need, regime),
        *panel_problems(need, live_people),
    ]


def publish_problems(need: Need, now: datetime, live_people: Collection[int] | None = None) -> list[Problem]:
    """What stands in the way of publication now: everything to do, the central notice and the sealing key."""
    found = content_problems(need, now, live_people)
    found += notice_problems(need, now)
    if need.public_key is None:
        found.append(Problem("The sealing key is not made yet: publish with the approver's button", "panel"))
    return found


def notice_problems(need: Need, now: datetime) -> list[Problem]:
    """The central platform comes first from the notifiable value (Procurement Act 2023 s87(1), s21)."""
    number = need.central_notice_number.strip()
    if number and not is_number(number, allows_demonstration=True):  # saved before numbers were checked
        return [Problem(NUMBER_WANTED, "central-notice")]
    try:
        needed = regime_of(need, now).needs_central_notice(need.estimated_value_pence)
    except JurisdictionClosed:
        return []
    if not needed or number:
        return []
    value = pounds(need.estimated_value_pence) if need.estimated_value_pence else "this value"
    message = f"At {value} the notice on the central platform comes first: enter its number when it is published there"
    return [Problem(message, "central-notice")]


def drafting_problems(stopped_at: datetime | None) -> list[Problem]:
    """Whether the council may begin a need; `stopped_at` is since when it may not, because it does not pay."""
    if stopped_at is None:
        return []
    words = (
        "Your council's subscription is not paid, so it can start no new need for now. Everything begun can be "
        "finished. Ask your finance colleagues: it can go on at once when the invoice is paid or a year is ordered"
    )
    return [Problem(words)]


def saving_problems(need: Need, section: str, now: datetime, open_in_review: Collection[str]) -> list[Problem]:
    """Whether a section of the draft may be saved now."""
    status = status_of(need, now)
    if status == "draft" or (status in ("in_review", "approved") and section in open_in_review):
        return []
    if status in ("in_review", "approved"):
        return [Problem("This need waits for approval. Take it back to change it")]
    return [Problem("This need is published. Amend it to change what it says")]


def discarding_problems(need: Need, now: datetime) -> list[Problem]:
    """Only a draft can be thrown away: what approvers read is taken back first, what is published is withdrawn."""
    status = status_of(need, now)
    if status == "draft":
        return []
    if status in ("in_review", "approved"):
        return [Problem("This need waits for approval. Take it back to discard it")]
    return [Problem("This need is published, so it cannot be discarded. It can be withdrawn with a reason")]


def asking_problems(need: Need, now: datetime, live_people: Collection[int] | None = None) -> list[Problem]:
    """Whether approval may be asked."""
    if status_of(need, now) != "draft":
        return [Problem("Approval was already asked")]
    return content_problems(need, now, live_people)


def approving_problems(need: Need, person_id: int, now: datetime) -> list[Problem]:
    """Whether this person may answer the request for approval: never the author."""
    status = status_of(need, now)
    if status not in ("in_review", "approved"):
        return [
            Problem("This need does not wait for approval" if status == "draft" else "This need is already published")
        ]
    if need.author_id == person_id:
        return [Problem("You wrote this need, so another approver decides on it")]
    return []


def withdrawal_problems(need: Need, reason: str, now: datetime) -> list[Problem]:
    """A published need may be withdrawn until an award, with a reason for everyone to read."""
    if status_of(need, now) not in ("open", "closed", "opened", "assessed"):
        return [Problem("Only a published need without an award can be withdrawn")]
    return [] if reason.strip() else [Problem("Enter the reason. Everyone can read it", "reason")]


def extension_problems(need: Need, closes_at: datetime | None, reason: str, now: datetime) -> list[Problem]:
    """Closing may move later only, while the need is open, for everyone alike (Procurement Act 2023 s54(2))."""
    if status_of(need, now) != "open":
        return [Problem("The closing time can be moved only while the need is open")]
    found = []
    if closes_at is None or need.closes_at is None or closes_at <= need.closes_at:
        before = moment(need.closes_at) if need.closes_at else "the present closing time"
        found.append(Problem(f"Enter a closing time after {before}", "closes_at"))
    if not reason.strip():
        found.append(Problem("Enter the reason. Everyone can read it", "reason"))
    return found


def question_time_problems(questions_close_at: datetime | None, closes_at: datetime | None) -> list[Problem]:
    """Questions close before bids do."""
    if questions_close_at and closes_at and questions_close_at >= closes_at:
        return [Problem("Questions must close before bids close", "questions_close_at")]
    return []


def _words(need: Need) -> list[Problem]:
    found = [Problem(message, section) for key, section, message in ONE_SENTENCE if not getattr(need, key).strip()]
    if need.location.strip() and not need.region:
        found.append(
            Problem("Choose the region or enter a postcode, so that suppliers nearby find the need", "location")
        )
    return found


def _categories(need: Need) -> list[Problem]:
    if need.capability_rows or need.cpv_codes.strip():
        return []
    return [Problem("Choose at least one category, so that suppliers find the need", "categories")]


def _budget(need: Need) -> list[Problem]:
    found = []
    if not need.estimated_value_pence:
        found.append(Problem("Enter the estimated value, including VAT and every extension", "budget"))
    if not need.value_workings.strip():
        found.append(Problem("Show how the estimated value was reached", "budget"))
    return found


def dates_problems(need: Need, now: datetime, regime: Regime) -> list[Problem]:
    """Closing after the lawful minimum, questions before it, award, start and end in that order."""
    found = [_closing_problem(need, now, regime), _questions_problem(need, now)]
    found += question_time_problems(need.questions_close_at, need.closes_at)
    if need.closes_at and need.award_expected_on and need.award_expected_on < london_day(need.closes_at):
        found.append(Problem("The award is expected after bids close: enter a later day", "dates"))
    if need.award_expected_on and need.starts_on and need.starts_on < need.award_expected_on:
        found.append(Problem("The contract starts after the award: enter a later day", "dates"))
    if need.starts_on and need.ends_on and need.ends_on <= need.starts_on:
        found.append(Problem("The contract ends after it starts: enter a later day", "dates"))
    return [Problem(each.message, "dates") for each in found if each]


def _closing_problem(need: Need, now: datetime, regime: Regime) -> Problem | None:
    if need.closes_at is None:
        return Problem("Enter when bids close")
    if need.closes_at <= now:
        return Problem("Bids must close in the future: enter a later day or time")
    published_on = london_day(need.published_at or now)
    earliest = regime.earliest_deadline(published_on, need.estimated_value_pence)
    if london_day(need.closes_at) < earliest:
        return Problem(f"Bids may close on {day(earliest)} at the earliest at this value")
    return None


def _questions_problem(need: Need, now: datetime) -> Problem | None:
    if need.questions_close_at is None:
        return Problem("Enter when questions close")
    if need.published_at is None and need.questions_close_at <= now:
        return Problem("Questions must close in the future: enter a later day or time")
    return None


def _bidding(need: Need) -> list[Problem]:
    found = []
    if not any(each.kind == "essential" for each in need.requirements):
        found.append(Problem("Add at least one essential requirement", "requirements"))
    found += criteria_problems(need)
    if not need.questions:
        found.append(Problem("Add at least one question for bids to answer", "bid-questions"))
    for number, question in enumerate(need.questions, start=1):
        if question.criterion is None or question.criterion.kind != "quality":
            found.append(
                Problem(f"Choose the quality criterion that question {number} is scored under", "bid-questions")
            )
    if not need.price_lines:
        found.append(Problem("Add at least one line for bids to price", "price-lines"))
    return found


def criteria_problems(need: Need) -> list[Problem]:
    """Weights of 100 in all, one price, and every quality criterion answered by a question (s23)."""
    prices = [each for each in need.criteria if each.kind == "price"]
    quality = [each for each in need.criteria if each.kind == "quality"]
    total = sum(each.weight for each in need.criteria)
    found = []
    if len(prices) != 1:
        found.append("Add one criterion for price" if not prices else "Keep only one criterion for price")
    if not quality:
        found.append("Add at least one criterion for quality")
    if need.criteria and total != 100:
        found.append(f"The weights add up to {total}: make them add up to 100")
    found += [f"Give “{each.name}” a weight above nought" for each in need.criteria if each.weight == 0]
    names = [each.name.casefold() for each in need.criteria]
    if len(set(names)) != len(names):
        found.append("Two criteria have the same name: rename one")
    answered = {id(each.criterion) for each in need.questions if each.criterion is not None}
    found += [f"No question is scored under “{each.name}”: add one" for each in quality if id(each) not in answered]
    if not need.tie_break.strip():
        found.append("Say which bid wins when two have the same marks")
    if need.price_formula not in {each.code for each in regimes.price_formulas()}:
        found.append("Choose how prices become marks")
    return [Problem(message, "criteria") for message in found]


def _law(need: Need, regime: Regime) -> list[Problem]:
    route = regime.route_for(need.estimated_value_pence)
    found = []
    if route.code in ("notifiable", "above") and not need.sme_barriers.strip():
        found.append("Say what you did about barriers to small businesses (section 86)")
    if route.code == "above" and not need.lots_reason.strip():
        found.append("Say how the work is split into lots, or why it is not (section 18)")
    if route.code == "above" and not need.conflicts_assessment.strip():
        found.append("Record the conflicts assessment (section 83)")
    if need.reserved_to != "none" or need.is_reserved_for_smes:
        if not route.allows_reservation:
            found.append("This competition cannot be reserved at this value or in this nation: open it to all")
        if not need.reservation_reason.strip():
            found.append("Give the reason for reserving the competition. It is published")
    if need.reserved_to == "local_area" and not need.reserved_areas.strip():
        found.append("Name the area that the competition is reserved to")
    return [Problem(message, "law") for message in found]


def panel_problems(need: Need, live_people: Collection[int] | None = None) -> list[Problem]:
    """Two openers who never score, evaluators, a chair, and an award approver outside them who is not the author."""
    found = duty_problems([(each.duty, each.person_id) for each in need.panel], need.author_id)
    if live_people is not None and any(each.person_id not in live_people for each in need.panel):
        found.append("Somebody named here has left the council's account: name somebody else")
    return [Problem(message, "panel") for message in found]


def duty_problems(named: Collection[tuple[str, int]], author_id: int | None) -> list[str]:
    """What is wrong with who is named for which duty, given as duty and person id."""
    duties = {duty: {person for named_for, person in named if named_for == duty} for duty in DUTIES}
    judges = duties["evaluator"] | duties["chair"]
    found = []
    if len(duties["opener"]) < 2:
        found.append("Name at least two people who open the bids together")
    if not duties["evaluator"]:
        found.append("Name at least one evaluator")
    if len(duties["chair"]) != 1:
        found.append("Name one chair of the panel")
    if len(duties["award_approver"]) != 1:
        found.append("Name one person who approves the award")
    if duties["opener"] & judges:
        found.append("Somebody is both opener and evaluator or chair: those who open bids never score them")
    if duties["award_approver"] & judges:
        found.append("The award is approved by somebody who is neither evaluator nor chair")
    if author_id in duties["award_approver"]:
        found.append("The award is approved by somebody other than the author of the need")
    return found
