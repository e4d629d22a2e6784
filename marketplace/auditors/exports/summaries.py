"""summaries.csv: what each bidder was told (Procurement Regulations 2024 r31)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from tenders.awards.models import AssessmentSummary, Award
from tenders.bids.models import Bid
from tenders.needs.models import Need


def _own(part: str) -> Any:
    return lambda row: (json.loads(row.content).get("own") or {}).get(part)


COLUMNS = (
    shape.reference("award", "Reference of the decision", "awards.reference"),
    shape.NEED,
    shape.COUNCIL,
    shape.reference("bid", "The bid that the summary is about", "bids.reference"),
    shape.reference("supplier", "Reference of the bidder", "organisations.reference via bids.supplier_id"),
    shape.instant("sent_at", "When it was sent, the same instant for all bidders", "assessment_summaries.sent_at"),
    shape.claim(
        "is_winner",
        "Whether it told the winner",
        "assessment_summaries.content",
        lambda row: json.loads(row.content).get("is_winner"),
    ),
    shape.number(
        "rank", "The place it told; empty for a bid set aside", "assessment_summaries.content", value=_own("rank")
    ),
    shape.number(
        "quality_marks",
        "Marks for quality as told, rounded",
        "assessment_summaries.content",
        "marks",
        _own("quality_marks"),
    ),
    shape.number(
        "price_marks", "Marks for price as told, rounded", "assessment_summaries.content", "marks", _own("price_marks")
    ),
    shape.number(
        "total_marks", "Sum of marks as told, rounded", "assessment_summaries.content", "marks", _own("total")
    ),
    shape.words("explanation", "The council’s words to this bidder", "assessment_summaries.explanation"),
    shape.reference("content_sha256", "SHA-256 of the whole frozen summary", "assessment_summaries.content"),
)


class _Told:
    """A row with its content's hash."""

    def __init__(self, row: Any) -> None:
        self._row = row
        self.content_sha256 = hashlib.sha256(row.content.encode()).hexdigest()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


def _query(scope: shape.Scope) -> Select[Any]:
    s, firm = AssessmentSummary, aliased(Organisation)
    chosen = select(
        Award.reference.label("award"),
        Need.reference.label("need"),
        Organisation.reference.label("council"),
        Bid.reference.label("bid"),
        firm.reference.label("supplier"),
        s.sent_at,
        s.explanation,
        s.content,
    )
    query = shape.of_council(chosen.select_from(s).join(Need, Need.id == s.need_id))
    query = (
        query.join(Award, Award.id == s.award_id).join(Bid, Bid.id == s.bid_id).join(firm, firm.id == Bid.supplier_id)
    )
    query = query.where(shape.opened_here(), s.sent_at.is_not(None))
    return scope.narrow(query, Organisation.slug, s.sent_at).order_by(s.sent_at, s.award_id, Bid.submitted_at, s.id)


EXPORT = shape.Export(
    "summaries",
    "One assessment summary that one bidder was sent",
    "From the sending, which tells all bidders at once",
    "sent_at",
    COLUMNS,
    _query,
    _Told,
)
