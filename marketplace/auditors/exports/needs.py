"""needs.csv."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from tenders.needs.models import Need
from tenders.needs.status import status_expression

COLUMNS = (
    shape.reference("reference", "Reference of the need", "needs.reference"),
    shape.COUNCIL,
    shape.COUNCIL_NAME,
    shape.code("status", "Where the need stood at the instant of the export", "read from the instants below"),
    shape.words("title", "Title as published", "needs.title"),
    shape.words("summary", "Summary as published", "needs.summary"),
    shape.words("location", "Where the work is", "needs.location"),
    shape.code("region", "Region of the United Kingdom", "needs.region"),
    shape.money("estimated_value_gbp", "The council’s estimate before publication", "needs.estimated_value_pence"),
    shape.words("value_workings", "How the council worked the estimate out", "needs.value_workings"),
    shape.words("budget_reference", "The council’s budget code", "needs.budget_reference"),
    shape.code("cpv_codes", "CPV codes, parted by spaces", "needs.cpv_codes"),
    shape.code("jurisdiction", "Whose law applies: ENG, WAL, NIR or SCO", "needs.jurisdiction"),
    shape.code("reserved_to", "Who may bid: none (everyone), uk or local_area", "needs.reserved_to"),
    shape.claim(
        "is_reserved_for_smes", "Only small businesses and the voluntary sector may bid", "needs.is_reserved_for_smes"
    ),
    shape.words("reservation_reason", "Why the competition is reserved", "needs.reservation_reason"),
    shape.words("sme_barriers", "What the council did about barriers to small firms", "needs.sme_barriers"),
    shape.words("conflicts_assessment", "The council’s conflicts assessment", "needs.conflicts_assessment"),
    shape.code("price_formula", "The published formula for marks on price", "needs.price_formula"),
    shape.reference(
        "central_notice_number", "Number of the notice on the central platform", "needs.central_notice_number"
    ),
    shape.reference("ocid", "Process identifier (OCDS)", "needs.ocid"),
    shape.reference("copied_from", "The need that this one was copied from", "needs.copied_from_reference"),
    shape.instant("drafted_at", "When the draft was begun", "needs.drafted_at"),
    shape.person("author", "Who wrote it", "people.pseudonym via needs.author_id"),
    shape.instant("approved_at", "When it was approved", "needs.approved_at"),
    shape.person("approved_by", "Who approved it, never the author", "people.pseudonym via needs.approved_by_id"),
    shape.instant("published_at", "When it became public", "needs.published_at"),
    shape.instant("questions_close_at", "Last instant for questions", "needs.questions_close_at"),
    shape.instant("closes_at", "Last instant for bids", "needs.closes_at"),
    shape.code("left_drafts", "What becomes of a complete draft that nobody submitted: counted, not_counted", "needs.left_drafts"),
    shape.instant("bids_closed_at", "When the register of received bids was closed", "needs.bids_closed_at"),
    shape.instant("opened_at", "When the bids were opened", "needs.opened_at"),
    shape.instant("scores_frozen_at", "When the ranking was frozen", "needs.scores_frozen_at"),
    shape.day("award_expected_on", "Day on which the council expected to award", "needs.award_expected_on"),
    shape.instant("awarded_at", "When all bidders were told of the award", "needs.awarded_at"),
    shape.instant("contracted_at", "When the contract was signed by both", "needs.contracted_at"),
    shape.instant("no_award_at", "When the need ended without award", "needs.no_award_at"),
    shape.words("no_award_reason", "Why no award was made", "needs.no_award_reason"),
    shape.instant("withdrawn_at", "When the council withdrew the need", "needs.withdrawn_at"),
    shape.words("withdrawal_reason", "Why it was withdrawn, as published", "needs.withdrawal_reason"),
    shape.claim("is_demonstration", "Made for a demonstration; no real purchase", "needs.is_demonstration"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    n = Need
    chosen = select(
        n.reference,
        Organisation.reference.label("council"),
        Organisation.name.label("council_name"),
        status_expression(scope.as_of).label("status"),
        n.title,
        n.summary,
        n.location,
        n.region,
        n.estimated_value_pence,
        n.value_workings,
        n.budget_reference,
        n.cpv_codes,
        n.jurisdiction,
        n.reserved_to,
        n.is_reserved_for_smes,
        n.reservation_reason,
        n.sme_barriers,
        n.conflicts_assessment,
        n.price_formula,
        n.central_notice_number,
        n.ocid,
        n.copied_from_reference.label("copied_from"),
        n.drafted_at,
        shape.who(n.author_id).label("author"),
        n.approved_at,
        shape.who(n.approved_by_id).label("approved_by"),
        n.published_at,
        n.questions_close_at,
        n.closes_at,
        n.left_drafts,
        n.bids_closed_at,
        n.opened_at,
        n.scores_frozen_at,
        n.award_expected_on,
        n.awarded_at,
        n.contracted_at,
        n.no_award_at,
        n.no_award_reason,
        n.withdrawn_at,
        n.withdrawal_reason,
        n.is_demonstration,
    )
    query = shape.of_council(chosen.select_from(n)).where(shape.published_here())
    return scope.narrow(query, Organisation.slug, n.published_at).order_by(n.published_at, n.id)


EXPORT = shape.Export(
    "needs", "One need that a council published here", "From publication", "published_at", COLUMNS, _query
)
