"""A council's track record, from published facts only: how its needs ended, how soon, with how many bids, for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import func, select

from marketplace.core import db
from marketplace.core.clock import london_day
from tenders.awards.models import Award
from tenders.bids.models import Bid
from tenders.needs.models import Need

SME = ("micro", "small", "medium")


@dataclass(frozen=True)
class TrackRecord:
    """Counts of ended needs, and medians and shares that are None while there is nothing to count."""

    awarded: int = 0
    not_awarded: int = 0
    withdrawn: int = 0
    median_days: int | None = None
    median_bids: float | None = None
    sme_percent: int | None = None

    @property
    def ended(self) -> int:
        return self.awarded + self.not_awarded + self.withdrawn

    @property
    def awarded_percent(self) -> int | None:
        return percent(self.awarded, self.ended)

    @property
    def bars(self) -> list[dict[str, Any]]:
        """How needs ended, for the chart."""
        rows = (("Awarded", self.awarded), ("Ended without award", self.not_awarded), ("Withdrawn", self.withdrawn))
        return [{"label": label, "value": count} for label, count in rows]


def percent(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def track_record(needs: Sequence[Any], bids: Mapping[int, int], winner_sizes: Sequence[str]) -> TrackRecord:
    """From a council's ended needs, opened bids by need and its winners' declared sizes ("" is not declared)."""
    days = [(london_day(each.awarded_at) - london_day(each.closes_at)).days for each in needs if each.awarded_at]
    counts = [bids.get(each.id, 0) for each in needs if each.opened_at]
    declared = [size for size in winner_sizes if size]
    return TrackRecord(
        awarded=len(days),
        not_awarded=sum(each.no_award_at is not None for each in needs),
        withdrawn=sum(each.withdrawn_at is not None for each in needs),
        median_days=round(median(days)) if days else None,
        median_bids=median(counts) if counts else None,
        sme_percent=percent(sum(size in SME for size in declared), len(declared)),
    )


def track_record_of(organisation_id: int) -> TrackRecord:
    """The record of one council; three queries."""
    columns = (Need.id, Need.closes_at, Need.opened_at, Need.awarded_at, Need.no_award_at, Need.withdrawn_at)
    mine = (Need.authority_id == organisation_id, Need.published_at.is_not(None))
    needs = db.session.execute(select(*columns).where(*mine)).all()
    opened = (
        select(Bid.need_id, func.count(Bid.id))
        .join(Need, Need.id == Bid.need_id)
        .where(*mine, Need.opened_at.is_not(None), Bid.opened_at.is_not(None))
        .group_by(Bid.need_id)
    )
    winners = (
        select(Award.winner_size)
        .join(Need, Need.id == Award.need_id)
        .where(*mine, Award.bid_id.is_not(None), Award.summaries_sent_at.is_not(None), Award.returned_at.is_(None))
    )
    counts = {row[0]: row[1] for row in db.session.execute(opened)}
    return track_record(needs, counts, list(db.session.scalars(winners)))
