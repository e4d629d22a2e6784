"""What one bidder is told (Procurement Regulations 2024 r31), as plain values: its own bid and the winner's, no other.

The content is frozen as JSON when it is sent, so that it reads the same ever after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tenders.assessment.models import Disregard, Moderation, Result
from tenders.assessment.scoring import PER_QUALITY_POINT, quality_marks, shown
from tenders.awards.models import Award
from tenders.bids.models import Bid
from tenders.needs.models import Criterion, Need
from tenders.regimes import price_formulas, scoring_scale

ORDINALS = {1: "first", 2: "second", 3: "third"}


def scheme_of(need: Need) -> dict[str, Any]:
    """How bids were scored: criteria with weights and minimums, the scale, the price formula, the tie-break."""
    formula = next(each for each in price_formulas() if each.code == need.price_formula)
    return {
        "criteria": [_criterion(each) for each in need.criteria],
        "scale": [
            {"score": each.score, "label": each.label, "descriptor": each.descriptor} for each in scoring_scale()
        ],
        "formula": {"title": formula.title, "words": formula.words, "adds_up": need.price_formula != PER_QUALITY_POINT},
        "tie_break": need.tie_break,
    }


def _criterion(criterion: Criterion) -> dict[str, Any]:
    return {
        "name": criterion.name,
        "description": criterion.description,
        "kind": criterion.kind,
        "weight": criterion.weight,
        "minimum": criterion.minimum_score,
    }


def scores_of(
    need: Need, bid: Bid, result: Result | None, agreed: Mapping[tuple[int, int], Moderation], most: int
) -> dict[str, Any] | None:
    """One bid's agreed scores with reasons, its marks, price (pence excluding VAT) and rank; None when not ranked."""
    if result is None:
        return None
    quality = [each for each in need.criteria if each.kind == "quality" and (bid.id, each.id) in agreed]
    return {
        "reference": bid.reference,
        "supplier": bid.supplier.name,
        "rank": result.rank,
        "can_win": result.can_win,
        "price_pence": result.price_pence,
        "price_marks": _text(result.price_score),
        "quality_marks": _text(result.quality_score),
        "total": _text(result.total_score),
        "scores": [_score(each, agreed[bid.id, each.id], most) for each in quality],
    }


def _score(criterion: Criterion, agreed: Moderation, most: int) -> dict[str, Any]:
    return {
        "criterion": criterion.name,
        "weight": criterion.weight,
        "score": agreed.score,
        "most": most,
        "marks": _text(quality_marks(criterion.weight, agreed.score, most)),
        "reason": agreed.reason,
        "is_below_minimum": criterion.minimum_score is not None and agreed.score < criterion.minimum_score,
    }


def _text(marks: Decimal) -> str:
    return shown(Decimal(marks))


def winner_of(award: Award) -> dict[str, str] | None:
    """The winner as the regulations ask: name, address, identifiers where they are known."""
    if award.bid is None:
        return None
    supplier = award.bid.supplier
    return {
        "name": supplier.name,
        "address": supplier.postcode,
        "ppon": supplier.ppon,
        "company_number": supplier.company_number or "",
    }


def content_of(
    award: Award,
    bid: Bid,
    scheme: Mapping[str, Any],
    own: Mapping[str, Any] | None,
    winning: Mapping[str, Any] | None,
    disregard: Disregard | None,
    ground_title: str,
    bids: Sequence[Bid],
) -> dict[str, Any]:
    """The whole summary for one bid but its explanation."""
    need = award.need
    is_winner = award.bid_id == bid.id
    return {
        "need": {"reference": need.reference, "title": need.title, "council": need.buyer_name},
        "award": award.reference,
        "bid": bid.reference,
        "bidder": bid.supplier.name,
        "is_winner": is_winner,
        "number_of_bids": len(bids),
        "winner": winner_of(award),
        "no_award_reasons": award.reasons if award.bid_id is None else "",
        **scheme,
        "own": dict(own) if own else None,
        # The winner reads its own scores once, not twice.
        "winning": dict(winning) if winning and not is_winner else None,
        "disregarded": {"ground": ground_title, "reason": disregard.reason} if disregard else None,
    }


def first_words(content: Mapping[str, Any]) -> str:
    """What the explanation says until an officer changes it: the outcome and the agreed reasons."""
    if content["disregarded"]:
        found = content["disregarded"]
        return f"Your bid was disregarded: {_sentence(found['ground'])}\n\n{found['reason']}"
    opening = _outcome(content)
    own = content["own"]
    if own is None:
        return opening
    reasons = [f"{each['criterion']}: {each['score']} of {each['most']}. {each['reason']}" for each in own["scores"]]
    return "\n\n".join([opening, *reasons])


def _outcome(content: Mapping[str, Any]) -> str:
    own, winning, bids = content["own"], content["winning"], content["number_of_bids"]
    if content["winner"] is None:
        return f"The council awards no contract. {content['no_award_reasons']}"
    if content["is_winner"]:
        return f"Your bid won, with {own['total']} marks." if own else "Your bid won."
    if own is None or winning is None:
        return "Your bid did not win."
    if not own["can_win"]:
        below = " and ".join(f"“{each['criterion']}”" for each in own["scores"] if each["is_below_minimum"])
        return f"Your bid did not reach the published minimum under {below}, so it could not win and its price was not scored."
    place = ORDINALS.get(own["rank"], f"number {own['rank']}")
    return f"Your bid came {place} of {bids}, with {own['total']} marks. The winning bid had {winning['total']}."


def _sentence(text: str) -> str:
    return text[:1].lower() + text[1:] + ("" if text.endswith(".") else ".")
