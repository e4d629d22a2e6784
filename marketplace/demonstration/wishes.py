"""What the demonstration's councils want: needs as content to be written, from open data and from purchases.json."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.db import action
from marketplace.demo_data import OpenNeed
from marketplace.demonstration.people import FOLDER, Staff
from tenders.needs import actions
from tenders.needs.models import Need

TIE_BREAK = "The bid with the higher marks for quality wins; if they are equal too, the lower price."
SME_BARRIERS = (
    "No turnover test, no insurance before award, answers limited in words, and twelve working days or more to bid. "
    "Written so that a firm of five can read it in ten minutes."
)
LOTS_REASON = "One team has to change one service; parts of it bought apart would cost more to join than to build."
CONFLICTS = "Everyone named on this need was asked and declared no interest. The panel declares again after opening."
NOTIFIABLE_PENCE = 3_000_000
DAYS_A_MONTH = 30.44
WORDS = (
    "title", "summary", "problem", "who_is_affected", "outcomes", "what_exists", "constraints", "location", "postcode",
)  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """One need to be written; `content` is what it says apart from dates, people and questions."""

    key: str
    council: str
    content: dict[str, Any]
    questions: list[dict[str, Any]] = field(default_factory=list)
    length_months: int = 12
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def value_pence(self) -> int:
        """Including VAT; nought when the draft does not say."""
        return self.content.get("estimated_value_pence") or 0


def staged_wishes() -> dict[str, Wish]:
    """The needs of purchases.json by key."""
    read = json.loads((FOLDER / "purchases.json").read_text(encoding="utf-8"))
    return {row["key"]: _staged(row, read["terms"]) for row in read["purchases"]}


def _staged(row: dict[str, Any], terms: dict[str, Any]) -> Wish:
    content: dict[str, Any] = {key: row[key] for key in WORDS if key in row}
    if "budget_pence" not in row:  # a draft that somebody has only begun
        return Wish(row["key"], row["council"], content, raw=row)
    content |= _terms(row, terms["criteria"], terms["price_lines"])
    content |= {"value_workings": row["value_workings"], "cpv_codes": row["cpv_codes"]}
    return Wish(row["key"], row["council"], content, terms["questions"], row["length_months"], row)


def open_wish(need: OpenNeed) -> Wish:
    """The need that a real council's brief was made into."""
    criteria = [
        {
            "name": each.name,
            "kind": each.kind,
            "weight": each.weight,
            "description": each.description,
            "minimum_score": each.minimum_score,
        }
        for each in need.criteria
    ]
    lines = [{"label": each.label, "unit": each.unit, "quantity": each.quantity} for each in need.price_lines]
    row = {
        "budget_pence": need.budget_pence,
        "capabilities": need.capabilities,
        "essential": need.essential,
        "desirable": need.desirable,
    }
    content = {key: getattr(need, key) for key in WORDS} | _terms(row, criteria, lines)
    content |= {
        "value_workings": need.budget_note or "The budget of the brief that this need comes from.",
        "cpv_codes": " ".join(need.cpv_codes),
        "lots_reason": need.lots_reason or LOTS_REASON,
        "conflicts_assessment": need.conflicts_assessment or CONFLICTS,
    }
    questions = [
        {"text": each.text, "guidance": each.guidance, "word_limit": each.word_limit, "criterion": each.criterion}
        for each in need.questions
    ]
    return Wish(f"open-{need.source_id}", need.council, content, questions, need.length_months)


def _terms(row: dict[str, Any], criteria: list[dict[str, Any]], lines: list[dict[str, Any]]) -> dict[str, Any]:
    wants = [("essential", each) for each in row["essential"]] + [("desirable", each) for each in row["desirable"]]
    return {
        "estimated_value_pence": row["budget_pence"],
        "capabilities": list(row["capabilities"]),
        "requirements": [{"kind": kind, "text": text} for kind, text in wants],
        "criteria": criteria,
        "price_lines": lines,
        "tie_break": TIE_BREAK,
        "sme_barriers": SME_BARRIERS,
        "lots_reason": LOTS_REASON,
        "conflicts_assessment": CONFLICTS,
    }


def dates_of(wish: Wish, questions_close_at: datetime, closes_at: datetime, starts_in: timedelta) -> dict[str, Any]:
    """The dates of a need: award three weeks after closing or before the start, whichever comes first."""
    closes_on = clock.london_day(closes_at)
    starts_on = closes_on + starts_in
    return {
        "questions_close_at": questions_close_at,
        "closes_at": closes_at,
        "award_expected_on": min(closes_on + timedelta(days=21), starts_on),
        "starts_on": starts_on,
        "ends_on": starts_on + timedelta(days=round(wish.length_months * DAYS_A_MONTH)),
    }


@action
def begin_draft(wish: Wish, officer: Membership) -> Need:
    """An officer begins a need of the demonstration, and it is marked as one in the same act."""
    need = actions.draft_need(officer, values=wish.content)
    need.is_demonstration = True
    return need


def finish_draft(need: Need, wish: Wish, staff: Staff, dates: dict[str, Any]) -> None:
    """The officer writes the sections that a bidder and the law ask for."""
    criteria = {each.name: each.id for each in need.criteria}
    questions = [{**each, "criterion_id": criteria[each["criterion"]], "is_required": True} for each in wish.questions]
    actions.save_section(need.id, staff.officer, "dates", dates)
    actions.save_section(need.id, staff.officer, "bid-questions", {"questions": questions})
    actions.save_section(need.id, staff.officer, "panel", {"panel": staff.panel()})
    if wish.value_pence >= NOTIFIABLE_PENCE:
        number = {"central_notice_number": f"DEMO-{need.reference}"}
        actions.save_section(need.id, staff.officer, "central-notice", number)
