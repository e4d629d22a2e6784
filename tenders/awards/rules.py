"""Whether now, and whether this person: proposing, approving, explaining, sending. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from marketplace.core.errors import Problem
from tenders.assessment.models import Result
from tenders.assessment.panel import Seat
from tenders.awards.models import AssessmentSummary, Award, Standstill
from tenders.needs.models import Need

ON_THE_PANEL = "You are on the panel, so somebody else approves the award."
NO_REASONS = "Give the reasons. They are kept with the decision"


def ended_problems(need: Need) -> list[Problem]:
    """What stops any decision on this need."""
    if need.opened_at is None:
        return [Problem("The bids have not been opened yet.")]
    if need.withdrawn_at is not None:
        return [Problem("This need was withdrawn.")]
    if need.awarded_at is not None or need.no_award_at is not None:
        return [Problem("The decision on this need is made and told to the bidders.")]
    return []


def proposing_problems(
    need: Need, seat: Seat | None, is_officer: bool, live: Award | None, can_decide: bool, has_bids_in_play: bool
) -> list[Problem]:
    """Whether this person may propose now: an officer, or the need's own chair; after the scores are frozen.

    `can_decide`: the scores are frozen. With no bid in play only the end without award can be proposed.
    """
    found = ended_problems(need)
    is_chair = seat is not None and seat.has_duty("chair")
    if not is_officer and not is_chair:
        found.append(Problem("An officer or the chair of this need proposes the award."))
    elif seat is not None and seat.is_aside:
        found.append(Problem("You stand aside from this need, so a colleague proposes the award."))
    if live is not None:
        found.append(Problem("An award is proposed already."))
    if need.opened_at is not None and has_bids_in_play and not can_decide:
        found.append(Problem("Freeze the scores first."))
    return found


def choice_problems(
    chosen: Result | None, wants_award: bool, reasons: str, set_aside: Collection[int] = ()
) -> list[Problem]:
    """Whether this bid can be the winner. Another than the first needs its own reasons, as every proposal does.

    `set_aside` are the bids whose award was told and given up again.
    """
    found = []
    if chosen is not None and chosen.bid_id in set_aside:
        found.append(Problem("The award to this bid was set aside. Propose another bid, or no award", "bid"))
    if wants_award and chosen is None:
        found.append(Problem("Select a bid of the ranking, or no award", "bid"))
    elif chosen is not None and not chosen.can_win:
        found.append(Problem("This bid is below a published minimum, so it cannot win", "bid"))
    if not reasons.strip():
        found.append(Problem(NO_REASONS, "reasons"))
    return found


def deciding_problems(
    need: Need, award: Award | None, person_id: int, duties: Collection[str], seat: Seat | None
) -> list[Problem]:
    """Who approves: the award approver named before publication, outside the panel, and not the proposer."""
    found = ended_problems(need)
    if award is None:
        return [*found, Problem("No award is proposed.")]
    if "award_approver" not in duties:
        found.append(Problem("The award approver named for this need decides on it."))
    elif award.proposed_by_id == person_id:
        found.append(Problem("You proposed this award, so somebody else approves it."))
    elif seat is not None:
        found.append(Problem(ON_THE_PANEL))
    return found


def approving_problems(
    need: Need, award: Award | None, person_id: int, duties: Collection[str], seat: Seat | None
) -> list[Problem]:
    """Whether this person may approve the proposal now."""
    found = deciding_problems(need, award, person_id, duties, seat)
    if award is not None and award.approved_at is not None:
        found.append(Problem("This award is approved already."))
    return found


def returning_problems(
    need: Need, award: Award | None, person_id: int, duties: Collection[str], seat: Seat | None, reason: str
) -> list[Problem]:
    """A proposal, approved or not, may be sent back until the bidders are told."""
    found = deciding_problems(need, award, person_id, duties, seat)
    if not reason.strip():
        found.append(Problem("Say what should change", "reason"))
    return found


def explaining_problems(need: Need, award: Award | None) -> list[Problem]:
    """Whether explanations may be written: after the approval, until they are sent."""
    found = ended_problems(need)
    if award is None or award.approved_at is None:
        found.append(Problem("Explain the decision once the award is approved."))
    return found


def sending_problems(
    need: Need, award: Award | None, summaries: Sequence[AssessmentSummary], bid_ids: Collection[int]
) -> list[Problem]:
    """All bidders are told together, each with an explanation that an officer saved, or nobody is (PR 2024 r31)."""
    found = explaining_problems(need, award)
    if award is None:
        return found
    if {each.bid_id for each in summaries} != set(bid_ids):
        found.append(Problem("A bid has no summary yet. Send the award back and approve it again."))
    return [*found, *(problem for each in summaries for problem in _explanation_problems(each))]


def _explanation_problems(summary: AssessmentSummary) -> list[Problem]:
    bid = summary.bid.reference
    if not summary.explanation.strip():
        return [Problem(f"Explain the decision to bid {bid}", bid)]
    if summary.checked_at is None:
        return [Problem(f"Check the draft to bid {bid} and save it, as it is or in your words", bid)]
    return []


def suspending_problems(award: Award | None, standstill: Standstill | None, need: Need, reason: str) -> list[Problem]:
    """A challenge that is notified before signing stops the signing, whether a standstill applies or not (s101)."""
    found = []
    if award is None or standstill is None:
        found.append(Problem("There is no standstill to suspend."))
    elif need.contracted_at is not None:
        found.append(Problem("The contract is signed, so nothing can be suspended."))
    elif standstill.is_suspended:
        found.append(Problem("Signing is suspended already."))
    if not reason.strip():
        found.append(Problem("Give the reason: who notified the challenge, and when", "reason"))
    return found


def lifting_problems(standstill: Standstill | None, reason: str) -> list[Problem]:
    """Lifting a suspension."""
    found = [] if standstill is not None and standstill.is_suspended else [Problem("Nothing is suspended.")]
    if not reason.strip():
        found.append(Problem("Give the reason: how the challenge ended", "reason"))
    return found


def identifier_advice(is_required: bool, winner_ppon: str, supplier_name: str) -> list[Problem]:
    """Advice, never a bar: the winner of a notifiable contract has a central-platform identifier at award."""
    if not is_required or winner_ppon:
        return []
    return [
        Problem(
            f"{supplier_name} has no identifier of the central platform (PPON) in its profile. From this value the winner "
            f"needs one at award: ask it to register there and to enter the identifier."
        )
    ]
