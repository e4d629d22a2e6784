"""bids.csv. Nothing before the opening; the price and the marks when the ranking is frozen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import aliased

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from tenders.assessment.models import Disregard, Result
from tenders.bids.models import Bid, BidVersion
from tenders.needs.models import Need

COLUMNS = (
    shape.reference("reference", "Reference of the bid", "bids.reference"),
    shape.NEED,
    shape.COUNCIL,
    shape.reference("supplier", "Reference of the bidder", "organisations.reference via bids.supplier_id"),
    shape.words("supplier_name", "The bidder’s name", "organisations.name via bids.supplier_id"),
    shape.number("version", "Number of the version that was opened", "bids.current_version"),
    shape.instant("received_at", "When that version reached the service", "bids.submitted_at"),
    shape.instant("closes_at", "Last instant for bids", "needs.closes_at"),
    shape.reference("manifest_hash", "SHA-256 of the bid’s manifest, as in its receipt", "bid_versions.manifest_hash"),
    shape.instant("opened_at", "When it was opened", "bids.opened_at"),
    shape.code("disregarded_ground", "Ground on which it was set aside; empty when it was not", "disregards.ground"),
    shape.words("disregarded_reason", "Why it was set aside", "disregards.reason"),
    shape.claim("was_heard", "Whether the bidder could answer first", "disregards.was_heard"),
    shape.person("disregard_proposed_by", "Who proposed it", "people.pseudonym via disregards.proposed_by_id"),
    shape.person("disregard_approved_by", "Who approved it", "people.pseudonym via disregards.approved_by_id"),
    shape.instant("disregarded_at", "When it was set aside", "disregards.approved_at"),
    shape.money(
        "evaluated_price_gbp",
        "Price that was ranked; empty until the ranking is frozen",
        "results.price_pence",
        shape.WITHOUT_VAT,
    ),
    shape.number("quality_marks", "Marks for quality", "results.quality_score", "marks"),
    shape.number("price_marks", "Marks for price", "results.price_score", "marks"),
    shape.number("total_marks", "Sum of marks", "results.total_score", "marks"),
    shape.number("rank", "Place in the frozen ranking, from 1", "results.rank"),
    shape.claim("can_win", "Whether every published minimum was reached", "results.can_win"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    firm = aliased(Organisation)
    chosen = select(
        Bid.reference,
        Need.reference.label("need"),
        Organisation.reference.label("council"),
        firm.reference.label("supplier"),
        firm.name.label("supplier_name"),
        Bid.current_version.label("version"),
        Bid.submitted_at.label("received_at"),
        Need.closes_at,
        BidVersion.manifest_hash,
        Bid.opened_at,
        Disregard.ground.label("disregarded_ground"),
        Disregard.reason.label("disregarded_reason"),
        Disregard.was_heard,
        shape.who(Disregard.proposed_by_id).label("disregard_proposed_by"),
        shape.who(Disregard.approved_by_id).label("disregard_approved_by"),
        Disregard.approved_at.label("disregarded_at"),
        Result.price_pence.label("evaluated_price_pence"),
        Result.quality_score.label("quality_marks"),
        Result.price_score.label("price_marks"),
        Result.total_score.label("total_marks"),
        Result.rank,
        Result.can_win,
    )
    query = shape.of_council(chosen.select_from(Bid).join(Need, Need.id == Bid.need_id)).join(
        firm, firm.id == Bid.supplier_id
    )
    query = query.outerjoin(BidVersion, and_(BidVersion.bid_id == Bid.id, BidVersion.number == Bid.current_version))
    query = query.outerjoin(Disregard, and_(Disregard.bid_id == Bid.id, Disregard.approved_at.is_not(None)))
    # The ranking is written when it is frozen; until then there is no row to join.
    query = query.outerjoin(Result, and_(Result.bid_id == Bid.id, Need.scores_frozen_at.is_not(None)))
    query = query.where(shape.opened_here(), Bid.opened_at.is_not(None))
    return scope.narrow(query, Organisation.slug, Bid.submitted_at).order_by(
        Need.opened_at, Need.id, Bid.submitted_at, Bid.id
    )


EXPORT = shape.Export(
    "bids",
    "One bid that was opened",
    "From the opening of the need’s bids; price and marks from the freezing of the ranking",
    "received_at",
    COLUMNS,
    _query,
)
