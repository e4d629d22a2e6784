"""Who looks at whose assessment: the need, the member's seat on its panel, and what is open to that seat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import url_for

from marketplace.accounts.access import get_member
from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.errors import NotAllowed, insist
from tenders.assessment import queries, rules
from tenders.assessment.board import Board
from tenders.assessment.panel import Panel, Seat
from tenders.bids.models import Bid
from tenders.needs import queries as need_queries
from tenders.needs.models import Need
from tenders.needs.rules import regime_of


@dataclass(frozen=True)
class Visit:
    """One member's visit to one need's assessment; nothing of the bids is touched before the opening."""

    need: Need
    member: Membership

    @cached_property
    def panel(self) -> Panel:
        return queries.get_panel(self.need)

    @cached_property
    def seat(self) -> Seat | None:
        return self.panel.find(self.member.person_id)

    @cached_property
    def board(self) -> Board:
        return queries.get_board(self.need)

    @cached_property
    def bids(self) -> Mapping[int, Bid]:
        """The opened bids by id, in the order of receipt."""
        return {each.id: each for each in queries.bids_of(self.need)}

    @cached_property
    def prices(self) -> dict[int, int]:
        return queries.prices_of(self.need, self.board)

    @property
    def may_read(self) -> bool:
        return not rules.reading_problems(self.need, self.seat)

    @property
    def may_see_results(self) -> bool:
        """The panel from agreed quality on; everybody of the council who sees assessments once scores are frozen."""
        if self.need.scores_frozen_at is not None:
            return self.seat is None or not self.seat.is_aside
        return self.board.is_quality_agreed and self.may_read

    @property
    def low_price_percent(self) -> int:
        return regime_of(self.need, clock.now()).number("abnormally_low.under_mean")

    @property
    def home(self) -> str:
        return self.address("show")

    def address(self, endpoint: str, **values: Any) -> str:
        return url_for(f"assessment.{endpoint}", reference=self.need.reference, **values)

    def insist_reading(self) -> None:
        """Raises Problems unless answers and scores are open to this person."""
        insist(rules.reading_problems(self.need, self.seat))

    def insist_results(self) -> None:
        """Raises NotAllowed unless marks, prices and ranks are open to this person."""
        if not self.may_see_results:
            raise NotAllowed(
                "The ranking is shown to the panel once quality is agreed, and to colleagues once it is frozen."
            )

    def get_bid(self, bid_reference: str) -> Bid:
        return queries.get_bid(self.need, bid_reference)


def visit(reference: str) -> Visit:
    """The acting member's visit to a need of the own council; NotFound for another's."""
    member = get_member()
    return Visit(need_queries.get_need_of(reference, member.organisation_id), member)
