"""Reading an assessment: its panel, its board, its prices and ranking. Everything is ordered."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.errors import NotFound, insist
from tenders.assessment import rules, scoring
from tenders.assessment.board import Board, Measure
from tenders.assessment.models import (
    Assessment,
    ConflictDeclaration,
    Disregard,
    LowPriceNote,
    Moderation,
    Result,
    Score,
    TieDecision,
)
from tenders.assessment.panel import JUDGING, Panel, Seat
from tenders.bids import opened
from tenders.bids import queries as bid_queries
from tenders.bids.models import Bid
from tenders.needs.models import Criterion, Need
from tenders.needs.rules import regime_of


def declarations_of(need: Need) -> Sequence[ConflictDeclaration]:
    """Every return made for the need, nil returns too, in order."""
    query = select(ConflictDeclaration).where(ConflictDeclaration.need_id == need.id)
    return db.session.scalars(query.order_by(ConflictDeclaration.id)).all()


def find_declaration(need: Need, person_id: int) -> ConflictDeclaration | None:
    """One person's return."""
    return next((each for each in declarations_of(need) if each.person_id == person_id), None)


def get_panel(need: Need) -> Panel:
    """Evaluators and chair with their returns, by name."""
    declared = {each.person_id: each for each in declarations_of(need)}
    duties: dict[int, set[str]] = {}
    people = {}
    for each in need.panel:
        if each.duty in JUDGING:
            duties.setdefault(each.person_id, set()).add(each.duty)
            people[each.person_id] = each.person
    seats = (_seat(people[id_].name, id_, duties[id_], declared.get(id_)) for id_ in duties)
    return Panel.of(sorted(seats, key=lambda seat: (seat.name, seat.person_id)))


def _seat(name: str, person_id: int, duties: set[str], declaration: ConflictDeclaration | None) -> Seat:
    if declaration is None:
        return Seat(person_id, name, frozenset(duties))
    return Seat(
        person_id,
        name,
        frozenset(duties),
        has_declared=declaration.declared_at is not None,
        has_conflict=declaration.has_conflict,
        details=declaration.details,
        is_decided=declaration.decided_at is not None,
        is_aside=declaration.stood_aside_at is not None,
        decision=declaration.decision,
    )


def quality_criteria(need: Need) -> list[Criterion]:
    """The criteria that evaluators score, in their published order."""
    return [each for each in need.criteria if each.kind == "quality"]


def price_weight(need: Need) -> int:
    """The published weight of price, in percent."""
    return sum(each.weight for each in need.criteria if each.kind == "price")


def get_criterion(need: Need, criterion_id: int) -> Criterion:
    """A quality criterion of the need; NotFound."""
    for each in quality_criteria(need):
        if each.id == criterion_id:
            return each
    raise NotFound("This need has no such criterion to score.")


def get_bid(need: Need, reference: str) -> Bid:
    """An opened bid of the need; NotFound, or StillSealed before the opening."""
    return bid_queries.get_opened_bid(need, reference)


def bids_of(need: Need) -> Sequence[Bid]:
    """Every opened bid, set aside or not, in the order of receipt. Raises StillSealed before the opening."""
    return bid_queries.opened_bids(need)


def get_board(need: Need) -> Board:
    """The assessment as it stands. Raises StillSealed before the opening."""
    aside = disregards_of(need)
    scores = db.session.scalars(select(Score).where(Score.need_id == need.id)).all()
    agreed = moderations_of(need)
    return Board(
        bids=tuple(each.id for each in bid_queries.opened_bids(need)),
        criteria=tuple(Measure(each.id, each.name, each.weight, each.minimum_score) for each in quality_criteria(need)),
        evaluators=get_panel(need).evaluator_ids,
        set_aside=frozenset(each.bid_id for each in aside if each.approved_at),
        proposed_aside=frozenset(each.bid_id for each in aside if not each.approved_at and not each.declined_at),
        scores={(each.bid_id, each.criterion_id, each.person_id): each.score for each in scores},
        agreed={(each.bid_id, each.criterion_id): each.score for each in agreed},
        is_quality_agreed=find_assessment(need) is not None,
        most=regime_of(need, clock.now()).number("score.most"),
    )


def find_assessment(need: Need) -> Assessment | None:
    """When and by whom quality was agreed, once it is."""
    return db.session.scalar(select(Assessment).where(Assessment.need_id == need.id))


def disregards_of(need: Need) -> Sequence[Disregard]:
    """Proposals to set bids aside, decided or not, in order."""
    query = select(Disregard).join(Bid, Bid.id == Disregard.bid_id).where(Bid.need_id == need.id)
    return db.session.scalars(query.order_by(Disregard.id)).all()


def find_disregard(bid: Bid) -> Disregard | None:
    """The proposal to set this bid aside."""
    return db.session.scalar(select(Disregard).where(Disregard.bid_id == bid.id))


def moderations_of(need: Need) -> Sequence[Moderation]:
    """The agreed scores, by bid and criterion."""
    query = select(Moderation).where(Moderation.need_id == need.id).order_by(Moderation.bid_id, Moderation.criterion_id)
    return db.session.scalars(query).all()


def own_scores(need: Need, person_id: int) -> dict[tuple[int, int], Score]:
    """One evaluator's own scores, by bid and criterion."""
    query = select(Score).where(Score.need_id == need.id, Score.person_id == person_id).order_by(Score.id)
    return {(each.bid_id, each.criterion_id): each for each in db.session.scalars(query).all()}


def scores_for_panel(need: Need, person_id: int) -> Sequence[Score]:
    """All individual scores of those who judge, for one of the panel. Raises Problems while scoring is blind."""
    panel = get_panel(need)
    insist(rules.comparing_problems(need, panel.find(person_id), get_board(need)))
    query = select(Score).where(Score.need_id == need.id, Score.person_id.in_(panel.evaluator_ids))
    return db.session.scalars(query.order_by(Score.bid_id, Score.criterion_id, Score.person_id)).all()


def scores_on_record(need: Need) -> Sequence[Score]:
    """Every individual score, for the record, once the scores are frozen; empty before."""
    if need.scores_frozen_at is None:
        return []
    query = select(Score).where(Score.need_id == need.id)
    return db.session.scalars(query.order_by(Score.bid_id, Score.criterion_id, Score.person_id)).all()


def prices_of(need: Need, board: Board) -> dict[int, int]:
    """Evaluated prices in pence excluding VAT of the bids in play; empty while prices are shut."""
    if not board.is_quality_agreed:
        return {}
    bids = {each.id: each for each in bid_queries.opened_bids(need)}
    return {each: opened.read_price(bids[each]).total_pence for each in board.in_play}


def offers_of(board: Board, prices: dict[int, int]) -> list[scoring.Offer]:
    """What is ranked: every bid in play with its quality marks and price."""
    return [
        scoring.Offer(each, board.quality(each), prices[each], can_win=not board.below_minimum(each))
        for each in board.in_play
    ]


def get_ranking(need: Need, board: Board, prices: dict[int, int]) -> list[scoring.Place]:
    """The bids in play in their order; empty while prices are shut."""
    if not prices:
        return []
    decided = [each.bid_id for each in tie_decisions_of(need)]
    return scoring.ranked(offers_of(board, prices), need.price_formula, price_weight(need), decided)


def low_prices(need: Need, prices: dict[int, int]) -> frozenset[int]:
    """The bids whose price is abnormally low by the rule pinned to the need."""
    percent = regime_of(need, clock.now()).number("abnormally_low.under_mean")
    return scoring.abnormally_low(prices, percent)


def low_price_notes_of(need: Need) -> dict[int, LowPriceNote]:
    """What was noted about abnormally low prices, by bid."""
    query = select(LowPriceNote).join(Bid, Bid.id == LowPriceNote.bid_id).where(Bid.need_id == need.id)
    return {each.bid_id: each for each in db.session.scalars(query.order_by(LowPriceNote.id)).all()}


def tie_decisions_of(need: Need) -> Sequence[TieDecision]:
    """Decisions on ties, first decided first."""
    query = select(TieDecision).where(TieDecision.need_id == need.id).order_by(TieDecision.id)
    return db.session.scalars(query).all()


def results_of(need: Need) -> Sequence[Result]:
    """The frozen ranking by place; empty before the scores are frozen. Totals add up to six places."""
    query = select(Result).where(Result.need_id == need.id).order_by(Result.rank, Result.bid_id)
    return db.session.scalars(query).all()


def find_result(need: Need, bid: Bid) -> Result | None:
    """A bid's place in the frozen ranking; None when it was disregarded."""
    return next((each for each in results_of(need) if each.bid_id == bid.id), None)


def marks(criterion: Criterion, score: int, most: int) -> Decimal:
    """What an agreed score earns under a criterion."""
    return scoring.quality_marks(criterion.weight, score, most)
