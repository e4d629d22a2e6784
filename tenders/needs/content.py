"""What a need says, as plain values: read from its rows and written back, for saving, amending and copying alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from marketplace.core.journal import canonical_json
from tenders.needs.models import (
    BidQuestion,
    Criterion,
    Need,
    NeedCapability,
    NeedDocument,
    PanelMember,
    PriceLine,
    Requirement,
)

WORDS = ("title", "summary", "problem", "who_is_affected", "outcomes", "what_exists", "constraints")
PLACE = ("location", "postcode", "region", "latitude", "longitude")
MONEY = ("estimated_value_pence", "value_workings", "budget_reference", "budget_note")
INSTANTS = ("questions_close_at", "closes_at")
CLOSING = ("left_drafts",)
DAYS = ("award_expected_on", "starts_on", "ends_on")
METHOD = ("price_formula", "tie_break")
LAW = (
    "jurisdiction", "sme_barriers", "lots_reason", "reserved_to", "reserved_areas", "is_reserved_for_smes",
    "reservation_reason", "conflicts_assessment",
)  # fmt: skip
NOTICE = ("central_notice_number", "central_notice_url", "ocid")
PLAIN = (*WORDS, *PLACE, *MONEY, *INSTANTS, *CLOSING, *DAYS, *METHOD, "cpv_codes", *LAW, *NOTICE)
# Criteria stand before questions: a question names the criterion it is scored under.
LISTS = ("capabilities", "requirements", "criteria", "questions", "price_lines", "documents", "panel")
KEYS = (*PLAIN, *LISTS)
# What stays behind when a need is copied: what belongs to one purchase only.
NOT_COPIED = (*INSTANTS, *DAYS, *NOTICE, "conflicts_assessment", "jurisdiction", "budget_reference", "panel")

REQUIREMENT = ("kind", "text")
CRITERION = ("kind", "name", "description", "weight", "minimum_score")
QUESTION = ("text", "guidance", "word_limit", "is_required")
PRICE_LINE = ("label", "unit")
DOCUMENT = ("title", "file_key", "file_name", "size", "sha256")

Content = dict[str, Any]


def content_of(need: Need) -> Content:
    """Everything that the council writes about the need; list items carry their row's id."""
    essential_first = sorted(need.requirements, key=lambda each: (each.kind != "essential", each.position or 0))
    return {
        **{key: getattr(need, key) for key in PLAIN},
        "capabilities": sorted(need.capabilities),
        "requirements": [_item(each, REQUIREMENT) for each in essential_first],
        "criteria": [_item(each, CRITERION) for each in need.criteria],
        "questions": [{**_item(each, QUESTION), "criterion_id": _criterion_id(each)} for each in need.questions],
        "price_lines": [
            {**_item(each, PRICE_LINE), "quantity": plain_number(each.quantity)} for each in need.price_lines
        ],
        "documents": [_item(each, DOCUMENT) for each in need.documents if each.removed_at is None],
        "panel": sorted(({"person_id": each.person_id, "duty": each.duty} for each in need.panel), key=_duty_order),
    }


def write_content(need: Need, values: Mapping[str, Any], now: datetime) -> None:
    """Writes the given keys; a list replaces the list, and items that carry a row's id keep their row."""
    unknown = set(values) - set(KEYS)
    if unknown:
        raise KeyError(f"A need has no {', '.join(sorted(unknown))}.")
    criteria = {each.id: each for each in need.criteria}
    for key in PLAIN:
        if key in values:
            setattr(need, key, values[key])
    if "capabilities" in values:
        kept = {each.code: each for each in need.capability_rows}
        codes = sorted(set(values["capabilities"]))
        need.capability_rows = [kept.get(code) or NeedCapability(code=code) for code in codes]
    if "requirements" in values:
        need.requirements = _merged(need.requirements, values["requirements"], Requirement, REQUIREMENT)
    if "criteria" in values:
        need.criteria = _merged(need.criteria, values["criteria"], Criterion, CRITERION)
        criteria = {item.get("id"): row for item, row in zip(values["criteria"], need.criteria, strict=True)}
        _forget_lost_criteria(need)
    if "questions" in values:
        need.questions = _merged(need.questions, values["questions"], BidQuestion, QUESTION)
        for item, row in zip(values["questions"], need.questions, strict=True):
            row.criterion = criteria.get(item.get("criterion_id")) if item.get("criterion_id") else None
    if "price_lines" in values:
        need.price_lines = _merged(need.price_lines, values["price_lines"], PriceLine, PRICE_LINE)
        for item, line in zip(values["price_lines"], need.price_lines, strict=True):
            line.quantity = Decimal(str(item.get("quantity", 1)))
    if "documents" in values:
        _write_documents(need, values["documents"], now)
    if "panel" in values:
        _write_panel(need, values["panel"], now)


def part_of(content: Mapping[str, Any], keys: tuple[str, ...]) -> Content:
    """The values of some keys."""
    return {key: content[key] for key in keys}


def fingerprint(values: Mapping[str, Any]) -> str:
    """A short mark of values, carried by a form so that a save can tell whether they have moved on since."""
    return hashlib.sha256(canonical_json(dict(values)).encode()).hexdigest()[:16]


def to_json(values: Mapping[str, Any]) -> str:
    """Values as JSON text; instants in UTC, days in ISO 8601."""
    return canonical_json(dict(values))


def from_json(text: str) -> Content:
    """Values from to_json's text, with instants and days as such."""
    values = json.loads(text)
    for key in INSTANTS:
        if values.get(key):
            values[key] = datetime.fromisoformat(values[key])
    for key in DAYS:
        if values.get(key):
            values[key] = date.fromisoformat(values[key])
    return values


def plain_number(quantity: Decimal | float | None) -> str:
    """A quantity as people write it: "12", "1.5"."""
    text = f"{Decimal(str(1 if quantity is None else quantity)):.2f}"
    return text.rstrip("0").rstrip(".")


def _item(row: Any, fields: tuple[str, ...]) -> dict[str, Any]:
    return {"id": row.id, **{field: getattr(row, field) for field in fields}}


def _criterion_id(question: BidQuestion) -> int | None:
    return question.criterion.id if question.criterion is not None else question.criterion_id


def _duty_order(item: Mapping[str, Any]) -> tuple[str, int]:
    return item["duty"], item["person_id"]


def _merged(rows: list[Any], items: list[dict[str, Any]], make: type, fields: tuple[str, ...]) -> list[Any]:
    known = {row.id: row for row in rows if row.id is not None}
    merged = []
    for position, item in enumerate(items, start=1):
        row = known.get(item.get("id")) or make()
        row.position = position
        for field in fields:
            if field in item:
                setattr(row, field, item[field])
        merged.append(row)
    return merged


def _forget_lost_criteria(need: Need) -> None:
    for question in need.questions:
        if question.criterion is not None and question.criterion not in need.criteria:
            question.criterion = None


def _write_documents(need: Need, items: list[dict[str, Any]], now: datetime) -> None:
    known = {row.id: row for row in need.documents if row.id is not None}
    kept = {item["id"] for item in items if item.get("id") in known}
    for row in need.documents:
        if row.removed_at is None and row.id not in kept:
            row.removed_at = now
    for item in items:
        kept_row = known.get(item.get("id") or 0)
        if kept_row is None:
            need.documents.append(NeedDocument(**{field: item[field] for field in DOCUMENT}, added_at=now))
        else:
            kept_row.title = item["title"]


def _write_panel(need: Need, items: list[dict[str, Any]], now: datetime) -> None:
    kept = {(each.person_id, each.duty): each for each in need.panel}
    wanted = {(item["person_id"], item["duty"]) for item in items}
    need.panel = [
        kept.get(each) or PanelMember(person_id=each[0], duty=each[1], named_at=now) for each in sorted(wanted)
    ]
