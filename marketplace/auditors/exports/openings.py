"""openings.csv."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from marketplace.auditors.exports.opening_acts import gather
from tenders.bids.models import BidOpening, LateAttempt
from tenders.bids.opening import WHY
from tenders.needs.models import Need

WHY_WORDS = "; ".join(f"{word} = {meaning}" for word, meaning in WHY.items())

COLUMNS = (
    shape.NEED,
    shape.COUNCIL,
    shape.instant("closes_at", "Last instant for bids", "needs.closes_at"),
    shape.person(
        "first_opener", "Who gave the first share of the key", "people.pseudonym via bid_openings.first_opener_id"
    ),
    shape.instant("first_at", "When the first share was given", "bid_openings.first_at"),
    shape.person("second_opener", "Who completed the opening", "people.pseudonym via bid_openings.second_opener_id"),
    shape.instant("opened_at", "When all bids were opened in one act", "bid_openings.opened_at"),
    shape.number("bids_opened", "How many bids were opened", "bid_openings.bids_opened", "bids"),
    shape.words(
        "opening_list", "JSON: of each bid reference, supplier, time of receipt, hash", "bid_openings.opening_list"
    ),
    shape.number(
        "late_attempts", "Submissions, withdrawals and files that came too late", "count of late_attempts", "attempts"
    ),
    shape.number(
        "refused_attempts",
        "Refused tries to open, or to hand a share over, before and after the closing time",
        "count of OpeningRefused in journal_lines",
        "attempts",
    ),
    shape.words("refused_list", f"JSON: of each time, person and why: {WHY_WORDS}", "journal_lines.at, actor, details"),
    shape.number(
        "shares_handed_over",
        "Shares of the key that an opener gave to a colleague",
        "count of ShareHandedOver in journal_lines",
        "shares",
    ),
    shape.words(
        "handed_over_list",
        "JSON: of each time, giver, receiver, reason",
        "journal_lines.at, details; duty_replacements.reason",
    ),
    shape.number(
        "recoveries", "Lost shares that the council’s recovery share stood in for", "count of used share_recoveries", "shares"
    ),
    shape.words(
        "recovery_list",
        "JSON: of each asking whose share was lost, who received, asked, approved and brought the file, when, why; also of those refused",
        "share_recoveries",
    ),
)


def _query(scope: shape.Scope) -> Select[Any]:
    o = BidOpening
    late = select(func.count(LateAttempt.id)).where(LateAttempt.need_id == o.need_id).correlate(o).scalar_subquery()
    chosen = select(
        Need.reference.label("need"),
        Organisation.reference.label("council"),
        Need.closes_at,
        shape.who(o.first_opener_id).label("first_opener"),
        o.first_at,
        shape.who(o.second_opener_id).label("second_opener"),
        o.opened_at,
        o.bids_opened,
        o.opening_list,
        late.label("late_attempts"),
    )
    query = shape.of_council(chosen.select_from(o).join(Need, Need.id == o.need_id))
    query = query.where(shape.opened_here(), o.opened_at.is_not(None))
    return scope.narrow(query, Organisation.slug, o.opened_at).order_by(o.opened_at, o.id)


EXPORT = shape.Export(
    "openings", "One completed opening of a need’s bids", "From the opening", "opened_at", COLUMNS, _query, gather=gather
)
