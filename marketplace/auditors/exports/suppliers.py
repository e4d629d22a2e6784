"""suppliers.csv. A supplier's bids count only once they are opened."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from suppliers.profiles.models import Supplier
from tenders.awards.models import Award
from tenders.bids.models import Bid
from tenders.needs.models import Need

COLUMNS = (
    shape.reference("reference", "Reference of the supplier", "organisations.reference"),
    shape.words("name", "Its name", "organisations.name"),
    shape.reference("company_number", "Number at Companies House", "suppliers.company_number"),
    shape.reference("charity_number", "Charity number", "suppliers.charity_number"),
    shape.reference("vat_number", "VAT number", "suppliers.vat_number"),
    shape.reference("ppon", "Identifier on the central platform", "suppliers.ppon"),
    shape.code("size", "micro, small, medium or large, as declared; empty when not said", "suppliers.size"),
    shape.claim(
        "is_sme",
        "Fewer than 250 people, as declared; empty when no size was said",
        "suppliers.size",
        lambda row: row.size in ("micro", "small", "medium") if row.size else None,
    ),
    shape.claim("is_vcse", "Voluntary, community or social enterprise, as declared", "suppliers.is_vcse"),
    shape.claim("is_sole_trader", "A person trading alone", "suppliers.is_sole_trader"),
    shape.code("outcode", "First half of the postcode", "suppliers.outcode"),
    shape.code("region", "Region of the United Kingdom", "suppliers.region"),
    shape.code("source", "Where an imported profile comes from; empty for a firm that joined", "suppliers.source"),
    shape.instant("registered_at", "When the profile was made", "suppliers.registered_at"),
    shape.instant("updated_at", "When it was last changed", "suppliers.updated_at"),
    shape.instant("approved_at", "When the firm could act here", "organisations.approved_at"),
    shape.instant("suspended_at", "When it was suspended; empty when it is not", "organisations.suspended_at"),
    shape.words("suspension_reason", "Why", "organisations.suspension_reason"),
    shape.number("bids_opened", "Its bids that were opened", "count of bids", "bids"),
    shape.number("awards", "Awards to it that all bidders were told of", "count of awards", "awards"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    o, s = Organisation, Supplier
    chosen = select(
        o.reference,
        o.name,
        s.company_number,
        s.charity_number,
        s.vat_number,
        s.ppon,
        s.size,
        s.is_vcse,
        s.is_sole_trader,
        s.outcode,
        s.region,
        s.source,
        s.registered_at,
        s.updated_at,
        o.approved_at,
        o.suspended_at,
        o.suspension_reason,
        opened_bids_of(s.id).label("bids_opened"),
        told_awards_of(s.id).label("awards"),
    )
    query = chosen.select_from(s).join(o, o.id == s.id)
    if scope.council:
        query = query.where(s.id.in_(_bidders_for(scope.council)))
    days_only = shape.Scope(scope.as_of, "", scope.from_on, scope.to_on)
    return days_only.narrow(query, o.slug, s.registered_at).order_by(s.registered_at, s.id)


def opened_bids_of(supplier_id: Any) -> Any:
    """How many bids of the supplier in that column were opened."""
    return (
        select(func.count(Bid.id)).where(Bid.supplier_id == supplier_id, Bid.opened_at.is_not(None)).scalar_subquery()
    )


def told_awards_of(supplier_id: Any) -> Any:
    """How many awards to the supplier in that column every bidder was told of."""
    told = select(func.count(Award.id)).join(Bid, Bid.id == Award.bid_id)
    return told.where(
        Bid.supplier_id == supplier_id, Award.returned_at.is_(None), Award.summaries_sent_at.is_not(None)
    ).scalar_subquery()


def _bidders_for(council: str) -> Select[Any]:
    """Suppliers whose bids were opened for a need of the council."""
    buyer = Organisation.__table__.alias("buyer")
    query = select(Bid.supplier_id).join(Need, Need.id == Bid.need_id).join(buyer, buyer.c.id == Need.authority_id)
    return query.where(buyer.c.slug == council, buyer.c.kind == "authority", Bid.opened_at.is_not(None))


EXPORT = shape.Export(
    "suppliers",
    "One supplier’s profile, registered or imported; of one council: those whose bids were opened for its needs",
    "From registration; bids and awards are counted only once opened and told",
    "registered_at",
    COLUMNS,
    _query,
)
