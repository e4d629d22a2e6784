"""What stands in the way of a contract's next step, in the user's words. Pure: facts in, problems out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from marketplace.core.errors import Problem
from marketplace.core.moments import day
from marketplace.core.money import pounds
from tenders.awards.models import Award
from tenders.contracts.changes import Change
from tenders.contracts.grounds import grounds
from tenders.contracts.models import Contract, Milestone, Modification
from tenders.contracts.status import END_KINDS, status_of
from tenders.needs.notice_numbers import NUMBER_WANTED, is_number

CHANGED_BY_SIGNATURE = "The council has signed, so the terms can no longer be edited."


def drafting_problems(award: Award | None, has_contract: bool) -> list[Problem]:
    """A contract is drafted from an award that the bidders know of, once."""
    if award is None or not award.is_told or award.bid_id is None:
        return [Problem("The award comes first: send every bidder its assessment summary, then draft the contract.")]
    return [Problem("The contract of this award is drafted already.")] if has_contract else []


def editing_problems(contract: Contract) -> list[Problem]:
    """Terms and milestones can be edited until the council signs, while the award stands."""
    if contract.award is not None and contract.award.is_set_aside:
        return [Problem("The award was set aside, so this draft leads nowhere.")]
    return [Problem(CHANGED_BY_SIGNATURE)] if contract.council_signed_at is not None else []


def values_problems(title: str, value_pence: int | None, starts_on: date | None, ends_on: date | None) -> list[Problem]:
    """Whether these terms can be kept."""
    found = []
    if not title.strip():
        found.append(Problem("Enter a title", "title"))
    if not value_pence or value_pence <= 0:
        found.append(Problem("Enter the contract's value, more than nought", "value_pence"))
    if starts_on is None:
        found.append(Problem("Enter the day on which the contract starts", "starts_on"))
    if ends_on is None:
        found.append(Problem("Enter the day on which the contract ends", "ends_on"))
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        found.append(Problem("Enter an end that is not before the start", "ends_on"))
    return found


def difference_problems(value_pence: int | None, award_pence: int | None, reason: str) -> list[Problem]:
    """A value that is not the winner's price (both in pence including VAT) needs its reason."""
    if not value_pence or award_pence is None or value_pence == award_pence or reason.strip():
        return []
    apart = f"{pounds(abs(value_pence - award_pence))} {'more' if value_pence > award_pence else 'less'}"
    words = f"Say why the value is {apart} than the winner's price of {pounds(award_pence)} including VAT"
    return [Problem(words, "difference_reason")]


def estimate_advice(value_pence: int, estimate_pence: int | None) -> str:
    """A plain warning, never a bar, when the value is above the estimate that was published; pence including VAT."""
    if estimate_pence is None or value_pence <= estimate_pence:
        return ""
    return (
        f"The value is {pounds(value_pence - estimate_pence)} above the estimate of {pounds(estimate_pence)} that "
        f"was published with the need. Others might have bid for a contract of this value: take advice before you sign."
    )


def milestones_problems(contract: Contract) -> list[Problem]:
    """Milestones cover the value to the penny, and fall within the contract."""
    milestones = contract.milestones
    if not milestones:
        return [Problem("Add at least one milestone: what is delivered, by when, for how much", "milestones")]
    found = []
    total = sum(each.amount_pence for each in milestones)
    difference = contract.value_pence - total
    if difference:
        words = "is missing" if difference > 0 else "is too much"
        found.append(
            Problem(
                f"The milestones add up to {pounds(total)}, and the contract's value is "
                f"{pounds(contract.value_pence)}: {pounds(abs(difference))} {words}",
                "milestones",
            )
        )
    for each in milestones:
        if not contract.starts_on <= each.due_on <= contract.ends_on:
            words = f"“{each.title}” is due on {day(each.due_on)}, outside the contract's dates"
            found.append(Problem(words, "milestones"))
    return found


def terms_problems(contract: Contract, award_pence: int | None) -> list[Problem]:
    """Whether the terms are ready for signature; `award_pence` is the winner's price with VAT."""
    values = values_problems(contract.title, contract.value_pence, contract.starts_on, contract.ends_on)
    difference = difference_problems(contract.value_pence, award_pence, contract.difference_reason)
    return [*values, *difference, *milestones_problems(contract)]


def asking_problems(contract: Contract, award_pence: int | None) -> list[Problem]:
    """Whether the council's approvers can be asked to sign."""
    if contract.signature_asked_at is not None:
        return [Problem("Your approvers are asked to sign already.")]
    return [*editing_problems(contract), *terms_problems(contract, award_pence)]


def council_signing_problems(
    contract: Contract, person_id: int, award_problems: Sequence[Problem], award_pence: int | None
) -> list[Problem]:
    """Whether this approver may sign now; `award_problems` is what the award and its standstill say."""
    if contract.council_signed_at is not None:
        return [Problem("The council has signed this contract already.")]
    found = list(award_problems)
    if contract.written_by_id == person_id:
        found.append(Problem("You wrote these terms, so another approver signs."))
    if contract.signature_asked_at is None:
        found.append(Problem("The terms are still being written. They are signed once your colleague asks for it."))
    return [*found, *terms_problems(contract, award_pence)]


def supplier_signing_problems(contract: Contract, award_problems: Sequence[Problem]) -> list[Problem]:
    """Whether the supplier may sign now: after the council, and while nothing has stopped the award since."""
    if contract.council_signed_at is None:
        return [Problem("The council signs first.")]
    if contract.supplier_signed_at is not None:
        return [Problem("Your firm has signed this contract already.")]
    return list(award_problems)


def returning_problems(contract: Contract, reason: str) -> list[Problem]:
    """The supplier may send the contract back unsigned, with a reason."""
    if contract.council_signed_at is None or contract.supplier_signed_at is not None:
        return [Problem("This contract does not wait for your firm's signature.")]
    return [] if reason.strip() else [Problem("Say what must change before you can sign", "reason")]


def milestone_problems(title: str, due_on: date | None, amount_pence: int | None, contract: Contract) -> list[Problem]:
    """Whether a milestone can be kept like this."""
    found = editing_problems(contract)
    if not title.strip():
        found.append(Problem("Enter what is delivered", "title"))
    if due_on is None:
        found.append(Problem("Enter the day on which it is due", "due_on"))
    elif not contract.starts_on <= due_on <= contract.ends_on:
        span = f"from {day(contract.starts_on)} to {day(contract.ends_on)}"
        found.append(Problem(f"Enter a day within the contract: {span}", "due_on"))
    if amount_pence is None or amount_pence < 0:
        found.append(Problem("Enter an amount in pounds, nought or more", "amount_pence"))
    return found


def delivering_problems(milestone: Milestone, note: str) -> list[Problem]:
    """Whether the supplier may report this milestone as delivered."""
    found = _running(milestone.contract)
    if milestone.status == "accepted":
        found.append(Problem("The council has accepted this milestone already."))
    elif milestone.status == "delivered":
        found.append(Problem("You reported this milestone already. The council decides next."))
    if not note.strip():
        found.append(Problem("Say what was delivered and where the council can see it", "note"))
    return found


def deciding_problems(milestone: Milestone, accepts: bool, note: str) -> list[Problem]:
    """Whether the contract manager may accept or reject now; a rejection needs a reason."""
    found = _running(milestone.contract)
    if milestone.status != "delivered":
        found.append(Problem("The supplier has not reported this milestone as delivered."))
    if not accepts and not note.strip():
        found.append(Problem("Say what is missing, so that the supplier can put it right", "note"))
    return found


def proposing_problems(contract: Contract, change: Change, ground: str, reason: str) -> list[Problem]:
    """Whether a change may be proposed: one at a time, to a contract that runs."""
    found = _running(contract)
    if contract.waiting_modification is not None:
        found.append(Problem("Another change waits for approval. It is decided first."))
    if ground not in {each.code for each in grounds()}:
        found.append(Problem("Select the ground for the change", "ground"))
    if not reason.strip():
        found.append(Problem("Give the reason for the change. It is published", "reason"))
    if change.new_ends_on is not None and change.new_ends_on < contract.starts_on:
        found.append(Problem("Enter an end that is not before the start", "new_ends_on"))
    return [*found, *_money_problems(contract, change)]


def _money_problems(contract: Contract, change: Change) -> list[Problem]:
    if change.value_after_pence <= 0:
        return [Problem("The contract's value must stay more than nought", "value_change_pence")]
    open_pence = sum(each.amount_pence for each in contract.milestones if each.status in ("planned", "rejected"))
    if change.value_change_pence < 0 and -change.value_change_pence > open_pence:
        words = f"Only {pounds(open_pence)} is still to be delivered, so the value cannot go down by more"
        return [Problem(words, "value_change_pence")]
    return []


def approving_problems(
    contract: Contract,
    modification: Modification,
    person_id: int,
    knows_warnings: bool,
    notice_number: str,
    allows_demonstration: bool = False,
) -> list[Problem]:
    """Whether this approver may approve the change: not the proposer, warnings read, the notice published first."""
    found = [*_running(contract), *_waiting(modification)]
    if modification.proposed_by_id == person_id:
        found.append(Problem("You proposed this change, so another approver decides on it."))
    if any(not each["holds"] for each in modification.findings) and not knows_warnings:
        found.append(Problem("Read the warnings and tick that you have taken advice on them", "knows_warnings"))
    if modification.needs_notice and not notice_number.strip():
        words = "Publish the contract change notice (UK10) on the central platform first, then enter its number here"
        found.append(Problem(words, "notice_number"))
    elif notice_number.strip() and not is_number(notice_number.strip(), allows_demonstration):
        found.append(Problem(NUMBER_WANTED, "notice_number"))
    return found


def refusing_problems(modification: Modification, person_id: int, reason: str) -> list[Problem]:
    """Whether this approver may refuse the change."""
    found = _waiting(modification)
    if modification.proposed_by_id == person_id:
        found.append(Problem("You proposed this change, so another approver decides on it."))
    if not reason.strip():
        found.append(Problem("Give the reason", "reason"))
    return found


def ending_problems(contract: Contract, kind: str, reason: str, outcome: str, today: date) -> list[Problem]:
    """Whether the contract ends now in this way."""
    found = _running(contract)
    if kind not in END_KINDS:
        found.append(Problem("Select how the contract ends", "kind"))
    if kind == "expired" and today <= contract.ends_on:
        found.append(Problem(f"The contract runs until the end of {day(contract.ends_on)}", "kind"))
    if kind == "completed" and any(each.status != "accepted" for each in contract.milestones):
        found.append(Problem("A completed contract has every milestone accepted. Decide on the others first", "kind"))
    if contract.waiting_modification is not None:
        found.append(Problem("A change waits for approval. Decide on it first."))
    if not reason.strip():
        found.append(Problem("Give the reason. It is published", "reason"))
    if not outcome.strip():
        found.append(Problem("Say what residents got. Other councils learn from it", "outcome"))
    return found


def _waiting(modification: Modification) -> list[Problem]:
    return [] if modification.is_waiting else [Problem("This change is decided already.")]


def _running(contract: Contract) -> list[Problem]:
    status = status_of(contract)
    if status == "active":
        return []
    if status in END_KINDS:
        return [Problem("This contract has ended.")]
    return [Problem("Both sides sign the contract first.")]
