"""The case file: one purchase as far as it may be seen now, and the questions that it raises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from marketplace.accounts.models import Person
from marketplace.auditors import queries
from marketplace.auditors.questions import Facts, Question, questions_about
from marketplace.core import db
from marketplace.core.journal import JournalLine
from tenders.assessment import queries as assessment
from tenders.assessment.models import ConflictDeclaration, Disregard, Moderation, Result, Score
from tenders.assessment.panel import JUDGING
from tenders.awards import queries as awards
from tenders.awards.models import AssessmentSummary, Award, Standstill
from tenders.bids import queries as bids
from tenders.bids.models import Bid, BidOpening, LateAttempt
from tenders.clarifications import queries as clarifications
from tenders.clarifications.models import Clarification
from tenders.contracts.models import Contract
from tenders.contracts.queries import find_contract
from tenders.needs.models import Need, PanelMember
from tenders.needs.public import history
from tenders.notices.models import Notice
from tenders.payments.invoices.queries import InvoiceRow, invoices_of_contract

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Seat:
    """One judge of the need and the return made, if any."""

    member: PanelMember
    declaration: ConflictDeclaration | None

    @property
    def has_declared(self) -> bool:
        return self.declaration is not None and self.declaration.declared_at is not None


@dataclass(frozen=True)
class CaseFile:
    """What stands on record of one need. What may not be seen yet is empty."""

    need: Need
    names: dict[int, str]
    versions: list[dict[str, Any]]
    clarifications: Sequence[Clarification]
    unanswered: int
    opening: BidOpening | None
    bids: Sequence[Bid]
    late_attempts: Sequence[LateAttempt]
    panel: Sequence[Seat]
    disregards: Sequence[Disregard]
    scores: Sequence[Score]
    agreed: Sequence[Moderation]
    results: dict[int, Result]
    awards: Sequence[Award]
    standstill: Standstill | None
    summaries: Sequence[AssessmentSummary]
    contract: Contract | None
    invoices: Sequence[InvoiceRow]
    notices: Sequence[Notice]
    lines: Sequence[JournalLine]
    questions: Sequence[Question]

    def name_of(self, person_id: int | None) -> str:
        """The person's name, or "" when nobody is meant."""
        return self.names.get(person_id, "") if person_id else ""


def get_case_file(reference: str) -> CaseFile:
    """The case file of a need published here; NotFound."""
    need = queries.get_purchase(reference)
    is_opened, is_frozen = bids.is_opened(need), need.scores_frozen_at is not None
    award = awards.find_award(need) if is_opened else None
    contract = find_contract(need)
    parts: dict[str, Any] = {
        "versions": history(need),
        "clarifications": clarifications.published_of(need),
        "unanswered": clarifications.count_unanswered(need),
        "opening": bids.find_opening(need) if is_opened else None,
        "bids": bids.opened_bids(need) if is_opened else [],
        "late_attempts": bids.late_attempts_for(need) if is_opened else [],
        "panel": _panel(need) if is_opened else [],
        "disregards": [each for each in assessment.disregards_of(need) if each.approved_at] if is_opened else [],
        "scores": assessment.scores_on_record(need),
        "agreed": assessment.moderations_of(need) if is_frozen else [],
        "results": {each.bid_id: each for each in assessment.results_of(need)} if is_frozen else {},
        "awards": awards.awards_of(need) if is_opened else [],
        "standstill": awards.find_standstill(award) if award else None,
        "summaries": [each for each in awards.summaries_of(award) if each.sent_at] if award else [],
        "contract": contract,
        "invoices": invoices_of_contract(contract.id) if contract else [],
        "notices": db.session.scalars(select(Notice).where(Notice.need_id == need.id).order_by(Notice.id)).all(),
        "lines": queries.lines_of(need),
    }
    questions = questions_about(_facts(need, parts, award))
    return CaseFile(need, _names(need, parts), **parts, questions=questions)


def _panel(need: Need) -> list[Seat]:
    returns = {each.person_id: each for each in assessment.declarations_of(need)}
    return [Seat(each, returns.get(each.person_id)) for each in need.panel if each.duty in JUDGING]


def _names(need: Need, parts: dict[str, Any]) -> dict[int, str]:
    """The names of everybody who has a part in the purchase, by person."""
    ids = {need.author_id, need.approved_by_id, *(each.person_id for each in need.panel)}
    for award in parts["awards"]:
        ids |= {award.proposed_by_id, award.approved_by_id}
    for aside in parts["disregards"]:
        ids |= {aside.proposed_by_id, aside.approved_by_id}
    ids |= {each.person_id for each in parts["scores"]} | {each.agreed_by_id for each in parts["agreed"]}
    if parts["opening"]:
        ids |= {parts["opening"].first_opener_id, parts["opening"].second_opener_id}
    if parts["contract"]:
        ids |= {parts["contract"].council_signed_by_id, parts["contract"].supplier_signed_by_id}
        for change in parts["contract"].modifications:
            ids |= {change.proposed_by_id, change.approved_by_id}
    rows = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids - {None})))
    return {row.id: row.name for row in rows}


def _facts(need: Need, parts: dict[str, Any], award: Award | None) -> Facts:
    is_opened = bids.is_opened(need)
    results: list[Result] = list(parts["results"].values())
    winning = parts["results"].get(award.bid_id) if award else None
    contract: Contract | None = parts["contract"]
    changes = contract.approved_modifications if contract else []
    return Facts(
        window_days=_whole_days(need.published_at, need.closes_at),
        days_from_last_material_change=_last_change(need),
        # While a need is open, a question may simply not be answered yet.
        unanswered=parts["unanswered"] if is_opened else 0,
        bids=len(parts["bids"]) if is_opened else None,
        disregarded=len(parts["disregards"]),
        late_attempts=len(parts["late_attempts"]),
        days_to_opening=_whole_days(need.closes_at, need.opened_at),
        missing_returns=sum(not each.has_declared for each in parts["panel"]) if need.scores_frozen_at else 0,
        agreed_outside=_agreed_outside(parts["scores"], parts["agreed"]),
        prices_pence=tuple(each.price_pence for each in results),
        totals=tuple(Decimal(each.total_score) for each in results if each.can_win),
        winner_rank=winning.rank if winning else None,
        estimate_pence=need.estimated_value_pence,
        award_pence=awards.value_pence_of(award) if award and award.is_told else None,
        awards_to_winner=_awards_to_winner(need, award) if award and award.is_told else 0,
        signed_pence=contract.first_value_pence if contract else None,
        changes_pence=sum(each.value_change_pence for each in changes),
        changes=len(changes),
    )


def _agreed_outside(scores: Sequence[Score], agreed: Sequence[Moderation]) -> int:
    given: dict[tuple[int, int], list[int]] = defaultdict(list)
    for each in scores:
        given[each.bid_id, each.criterion_id].append(each.score)
    cells = ((each.score, given.get((each.bid_id, each.criterion_id))) for each in agreed)
    return sum(not min(those) <= score <= max(those) for score, those in cells if those)


def _whole_days(start: Any, end: Any) -> int | None:
    return (end - start).days if start and end else None


def _last_change(need: Need) -> int | None:
    changes = [each.made_at for each in need.versions if each.kind == "amended" and each.is_material]
    return _whole_days(changes[-1], need.closes_at) if changes else None


def _awards_to_winner(need: Need, award: Award) -> int:
    """Awards that the council made to the winner in the twelve months up to this one, this one included."""
    if award.bid is None or award.summaries_sent_at is None:
        return 0
    query = select(func.count(Award.id)).join(Bid, Bid.id == Award.bid_id).join(Need, Need.id == Award.need_id)
    query = query.where(
        Bid.supplier_id == award.bid.supplier_id,
        Need.authority_id == need.authority_id,
        Award.returned_at.is_(None),
        Award.summaries_sent_at <= award.summaries_sent_at,
        Award.summaries_sent_at > award.summaries_sent_at - YEAR,
    )
    return db.session.scalar(query) or 0
