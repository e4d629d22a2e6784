"""awards.csv."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import aliased

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from suppliers.profiles.models import is_sme_size
from tenders.assessment.models import Result
from tenders.awards.models import Award, Standstill
from tenders.bids.models import Bid
from tenders.needs.models import Need

COLUMNS = (
    shape.reference("reference", "Reference of the decision", "awards.reference"),
    shape.NEED,
    shape.COUNCIL,
    shape.reference("bid", "The winning bid; empty when no award was proposed", "bids.reference via awards.bid_id"),
    shape.reference("supplier", "Reference of the winner", "organisations.reference via bids.supplier_id"),
    shape.words("supplier_name", "The winner’s name", "organisations.name via bids.supplier_id"),
    shape.code(
        "winner_size",
        "Size that the winner had declared when everybody was told: micro, small, medium or large; empty before, and when not said",
        "awards.winner_size",
    ),
    shape.claim(
        "winner_is_sme",
        "Whether that is fewer than 250 people, as published; empty when not said",
        "awards.winner_size",
        lambda row: is_sme_size(row.winner_size),
    ),
    shape.money("evaluated_price_gbp", "The winner’s ranked price", "results.price_pence", shape.WITHOUT_VAT),
    shape.number("rank", "The winner’s place in the ranking", "results.rank"),
    shape.words("reasons", "Reasons of the proposal", "awards.reasons"),
    shape.instant("proposed_at", "When it was proposed", "awards.proposed_at"),
    shape.person("proposed_by", "Who proposed it", "people.pseudonym via awards.proposed_by_id"),
    shape.instant("approved_at", "When it was approved", "awards.approved_at"),
    shape.person("approved_by", "Who approved it, never the proposer", "people.pseudonym via awards.approved_by_id"),
    shape.instant("returned_at", "When it was sent back or, after the bidders were told, set aside; it counts no longer", "awards.returned_at"),
    shape.words("return_reason", "Why it was sent back or set aside", "awards.return_reason"),
    shape.person("set_aside_asked_by", "Who proposed to set it aside", "people.pseudonym via awards.set_aside_asked_by_id"),
    shape.person("set_aside_by", "Who agreed, never the proposer", "people.pseudonym via awards.set_aside_by_id"),
    shape.instant("summaries_sent_at", "When every bidder was told", "awards.summaries_sent_at"),
    shape.reference(
        "central_notice_number", "Number of the award notice on the central platform", "awards.central_notice_number"
    ),
    shape.claim("standstill_applies", "Whether signing had to wait", "standstills.applies"),
    shape.words("standstill_why", "Why it did or did not", "standstills.why"),
    shape.day("standstill_starts_on", "First day of the standstill", "standstills.starts_on"),
    shape.day("standstill_ends_on", "Last day; signing may happen from the day after", "standstills.ends_on"),
    shape.instant("suspended_at", "When a challenge stopped the signing", "standstills.suspended_at"),
    shape.words("suspension_reason", "Which challenge", "standstills.suspension_reason"),
    shape.instant("lifted_at", "When the suspension was lifted", "standstills.lifted_at"),
    shape.words("lift_reason", "How the challenge ended", "standstills.lift_reason"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    a, s, firm = Award, Standstill, aliased(Organisation)
    chosen = select(
        a.reference,
        Need.reference.label("need"),
        Organisation.reference.label("council"),
        Bid.reference.label("bid"),
        firm.reference.label("supplier"),
        firm.name.label("supplier_name"),
        a.winner_size,
        Result.price_pence.label("evaluated_price_pence"),
        Result.rank,
        a.reasons,
        a.proposed_at,
        shape.who(a.proposed_by_id).label("proposed_by"),
        a.approved_at,
        shape.who(a.approved_by_id).label("approved_by"),
        a.returned_at,
        a.return_reason,
        shape.who(a.set_aside_asked_by_id).label("set_aside_asked_by"),
        shape.who(a.set_aside_by_id).label("set_aside_by"),
        a.summaries_sent_at,
        a.central_notice_number,
        s.applies.label("standstill_applies"),
        s.why.label("standstill_why"),
        s.starts_on.label("standstill_starts_on"),
        s.ends_on.label("standstill_ends_on"),
        s.suspended_at,
        s.suspension_reason,
        s.lifted_at,
        s.lift_reason,
    )
    query = shape.of_council(chosen.select_from(a).join(Need, Need.id == a.need_id))
    query = query.outerjoin(Bid, Bid.id == a.bid_id).outerjoin(firm, firm.id == Bid.supplier_id)
    query = query.outerjoin(Result, and_(Result.bid_id == a.bid_id, Result.need_id == a.need_id))
    query = query.outerjoin(s, s.award_id == a.id).where(shape.opened_here())
    return scope.narrow(query, Organisation.slug, a.proposed_at).order_by(a.proposed_at, a.id)


EXPORT = shape.Export(
    "awards",
    "One proposal to award, or to make no award, and the decision on it",
    "From the proposal, which comes after the freezing of the ranking",
    "proposed_at",
    COLUMNS,
    _query,
)
