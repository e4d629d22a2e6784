"""Reading awards: the live decision on a need, its summaries and standstill, and what the public is told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.clock import london_day
from marketplace.core.errors import NotFound
from marketplace.core.money import vat_on
from tenders.assessment import queries as assessment
from tenders.assessment.grounds import get_ground
from tenders.assessment.scoring import shown
from tenders.awards import standstill as pause
from tenders.awards import summaries
from tenders.awards.models import AssessmentSummary, Award, Standstill
from tenders.bids.models import Bid
from tenders.needs.models import Need
from tenders.needs.rules import regime_of


def awards_of(need: Need) -> Sequence[Award]:
    """Every proposal ever made for the need, those sent back too, in order."""
    return db.session.scalars(select(Award).where(Award.need_id == need.id).order_by(Award.id)).all()


def bids_set_aside(need: Need) -> set[int]:
    """The bids whose award was told to everybody and given up again."""
    return {each.bid_id for each in awards_of(need) if each.is_set_aside and each.bid_id is not None}


def find_award(need: Need) -> Award | None:
    """The live decision: proposed, approved or told to the bidders; one sent back or set aside is none."""
    query = select(Award).where(Award.need_id == need.id, Award.returned_at.is_(None)).order_by(Award.id.desc())
    return db.session.scalars(query.limit(1)).first()


def find_made_award(need: Need) -> Award | None:
    """The award to a bidder, once everybody is told."""
    award = find_award(need)
    return award if award is not None and award.is_told and award.bid_id is not None else None


def get_award(award_id: int) -> Award:
    """An award by its number; NotFound."""
    award = db.session.get(Award, award_id)
    if award is None:
        raise NotFound("There is no such award.")
    return award


def find_standstill(award: Award) -> Standstill | None:
    return db.session.scalar(select(Standstill).where(Standstill.award_id == award.id))


def may_sign(award: Award, today: date | None = None) -> bool:
    """Whether the contract of this award may be signed on a day (default: today in London)."""
    return not pause.signing_problems(award, find_standstill(award), today or clock.today())


def price_pence_of(award: Award) -> int | None:
    """The winner's evaluated price in pence, excluding VAT; None when no award is made."""
    result = assessment.find_result(award.need, award.bid) if award.bid is not None else None
    return result.price_pence if result else None


def value_pence_of(award: Award) -> int | None:
    """The award's value in pence: the winner's price with VAT at the standard rate; None when no award is made."""
    price = price_pence_of(award)
    if price is None:
        return None
    rate = Decimal(regime_of(award.need, clock.now()).number("vat.standard")) / 100
    return price + vat_on(price, rate)


def legal_value_pence(award: Award) -> int | None:
    """The value that decides whether a standstill applies: the estimate, or the award when that is more; pence, VAT in."""
    values = [each for each in (award.need.estimated_value_pence, value_pence_of(award)) if each is not None]
    return max(values) if award.need.estimated_value_pence is not None else None


def standstill_terms(award: Award, takes_voluntary: bool = False) -> pause.StandstillTerms:
    """What standstill the award would have if it were told today."""
    regime = regime_of(award.need, clock.now())
    return pause.standstill_terms(regime, legal_value_pence(award), takes_voluntary, clock.today())


def summaries_of(award: Award) -> Sequence[AssessmentSummary]:
    """The award's summaries in the order of the bids' receipt."""
    query = (
        select(AssessmentSummary)
        .join(Bid, Bid.id == AssessmentSummary.bid_id)
        .where(AssessmentSummary.award_id == award.id)
        .order_by(Bid.submitted_at, Bid.id)
    )
    return db.session.scalars(query).all()


def get_summary(award: Award, bid_reference: str) -> AssessmentSummary:
    """The summary for one bid; NotFound."""
    for each in summaries_of(award):
        if each.bid.reference == bid_reference:
            return each
    raise NotFound("There is no summary for this bid.")


def draft_contents(award: Award) -> dict[int, dict[str, Any]]:
    """What each bidder would be told now, by bid, without the explanations."""
    need = award.need
    bids = assessment.bids_of(need)
    results = {each.bid_id: each for each in assessment.results_of(need)}
    agreed = {(each.bid_id, each.criterion_id): each for each in assessment.moderations_of(need)}
    most = regime_of(need, clock.now()).number("score.most")
    scores = {each.id: summaries.scores_of(need, each, results.get(each.id), agreed, most) for each in bids}
    aside = {each.bid_id: each for each in assessment.disregards_of(need) if each.approved_at}
    scheme = summaries.scheme_of(need)
    winning = scores.get(award.bid_id) if award.bid_id is not None else None
    return {
        each.id: summaries.content_of(
            award, each, scheme, scores[each.id], winning, aside.get(each.id), _ground_title(aside.get(each.id)), bids
        )
        for each in bids
    }


def _ground_title(disregard: Any) -> str:
    return get_ground(disregard.ground).title if disregard is not None else ""


def find_feedback(bid: Bid) -> Mapping[str, Any] | None:
    """What the bidder was told, frozen as it was sent; None before that."""
    query = select(AssessmentSummary).where(AssessmentSummary.bid_id == bid.id, AssessmentSummary.sent_at.is_not(None))
    row = db.session.scalars(query.order_by(AssessmentSummary.id.desc()).limit(1)).first()
    if row is None:
        return None
    award = get_award(row.award_id)
    told = {"explanation": row.explanation, "sent_at": row.sent_at}
    return {**json.loads(row.content), **told, "set_aside": award if award.is_set_aside else None}


@dataclass(frozen=True)
class PublicResult:
    """What everyone may know of the outcome. Money in pence; scores are the winner's alone."""

    decided_on: date
    number_of_bids: int
    reference: str
    winner: str = ""
    winner_slug: str = ""
    is_sme: bool | None = None  # None: the winner had declared no size
    price_pence: int | None = None
    value_pence: int | None = None
    quality_marks: str = ""
    price_marks: str = ""
    total: str = ""
    no_award_reason: str = ""
    notice_number: str = ""
    standstill: Standstill | None = None

    @property
    def is_award(self) -> bool:
        return bool(self.winner)


def public_result(need: Need) -> PublicResult | None:
    """The outcome for the public page, its feed and its exports; None until every bidder has been told."""
    award = find_award(need)
    if award is None or award.summaries_sent_at is None:
        return None
    decided_on, number = london_day(award.summaries_sent_at), len(assessment.bids_of(need))
    if award.bid is None:
        return PublicResult(decided_on, number, award.reference, no_award_reason=need.no_award_reason)
    result = assessment.find_result(need, award.bid)
    assert result is not None  # only ranked bids are awarded
    supplier = award.bid.supplier
    return PublicResult(
        decided_on,
        number,
        award.reference,
        winner=supplier.name,
        winner_slug=supplier.slug,
        is_sme=award.is_winner_sme,
        price_pence=result.price_pence,
        value_pence=value_pence_of(award),
        quality_marks=shown(result.quality_score),
        price_marks=shown(result.price_score),
        total=shown(result.total_score),
        notice_number=award.central_notice_number,
        standstill=find_standstill(award),
    )
