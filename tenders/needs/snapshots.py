"""The public words of a need, frozen: what a version keeps, and what changed between two."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from marketplace.core import moments
from marketplace.core.journal import canonical_json
from marketplace.core.money import pounds
from tenders.needs import content
from tenders.needs.models import Need

# In the order of the public page. What is not here (workings, budget code, panel, conflicts) stays in the council.
LABELS: dict[str, str] = {
    "title": "Title",
    "summary": "Summary",
    "problem": "The problem",
    "who_is_affected": "Who is affected",
    "outcomes": "The outcomes wanted",
    "what_exists": "What exists now",
    "constraints": "Constraints",
    "location": "Where the work is",
    "postcode": "Postcode",
    "region": "Region",
    "capabilities": "Capabilities",
    "cpv_codes": "CPV codes",
    "estimated_value_pence": "Estimated value including VAT",
    "budget_note": "Note on the budget",
    "questions_close_at": "Questions close",
    "closes_at": "Bids close",
    "left_drafts": "Drafts that nobody submitted",
    "award_expected_on": "Award expected",
    "starts_on": "Contract starts",
    "ends_on": "Contract ends",
    "requirements": "Requirements",
    "criteria": "Award criteria",
    "price_formula": "Price formula",
    "tie_break": "If bids tie",
    "questions": "Questions in the bid",
    "price_lines": "Price lines",
    "documents": "Documents",
    "reserved_to": "Reserved to",
    "reserved_areas": "Reserved areas",
    "is_reserved_for_smes": "Reserved for small businesses and the voluntary sector",
    "reservation_reason": "Reason for the reservation",
    "lots_reason": "Lots",
    "central_notice_number": "Central notice number",
    "central_notice_url": "Central notice",
    "ocid": "Process identifier",
}
LEFT_DRAFTS = {
    "not_counted": "A draft that nobody submitted does not count",
    "counted": "The latest complete draft counts as if it had been submitted",
}
# What older snapshots, which do not say it, meant.
MEANT = {"left_drafts": "not_counted"}
RESERVED_TO = {"none": "Open to all", "uk": "Suppliers in the UK", "local_area": "Suppliers in a local area"}


def snapshot_of(need: Need) -> dict[str, Any]:
    """Everything public about the need now, as plain JSON values."""
    values = content.content_of(need)
    kept = {key: values[key] for key in LABELS}
    kept["documents"] = [{k: v for k, v in each.items() if k != "file_key"} for each in kept["documents"]]
    whole = {
        "reference": need.reference,
        "buyer": need.buyer_name,
        "copied_from": need.copied_from_reference,
        "copied_from_buyer": need.copied_from_buyer,
        "published_at": need.published_at,
        "withdrawn_at": need.withdrawn_at,
        "withdrawal_reason": need.withdrawal_reason or "",
        **kept,
    }
    return json.loads(canonical_json(whole))


def text_of(snapshot: Mapping[str, Any]) -> str:
    """The snapshot as the canonical JSON text that is kept and hashed."""
    return canonical_json(dict(snapshot))


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """What differs, field by field, in words: {"field", "label", "before", "after"}."""
    return [
        {
            "field": key,
            "label": label,
            "before": in_words(key, before.get(key, MEANT.get(key))),
            "after": in_words(key, after.get(key, MEANT.get(key))),
        }
        for key, label in LABELS.items()
        if before.get(key, MEANT.get(key)) != after.get(key, MEANT.get(key))
    ]


def in_words(key: str, value: Any) -> str:
    """A snapshot's value as people read it."""
    if value is None or value == "" or value == []:
        return ""
    if key in _WORDS_OF:
        return "\n".join(_WORDS_OF[key](number, each) for number, each in enumerate(value, start=1))
    if key in content.INSTANTS:
        return moments.moment(content.from_json(json.dumps({key: value}))[key])
    if key in content.DAYS:
        return moments.day(content.from_json(json.dumps({key: value}))[key])
    if key == "estimated_value_pence":
        return pounds(value)
    if key == "reserved_to":
        return RESERVED_TO.get(value, value)
    if key == "left_drafts":
        return LEFT_DRAFTS.get(value, value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _requirement(_number: int, item: Mapping[str, Any]) -> str:
    return f"{item['kind'].capitalize()}: {item['text']}"


def _criterion(_number: int, item: Mapping[str, Any]) -> str:
    least = item.get("minimum_score")
    return f"{item['name']}: {item['weight']}%" + (f", at least {least}" if least is not None else "")


def _question(number: int, item: Mapping[str, Any]) -> str:
    return f"{number}. {item['text']} ({item['word_limit']} words)"


def _price_line(number: int, item: Mapping[str, Any]) -> str:
    unit = f" {item['unit']}" if item.get("unit") else ""
    return f"{number}. {item['label']}: {item['quantity']}{unit}"


def _document(_number: int, item: Mapping[str, Any]) -> str:
    return f"{item['title']} ({item['file_name']}, SHA-256 {item['sha256'][:12]}…)"


_WORDS_OF = {
    "requirements": _requirement,
    "criteria": _criterion,
    "questions": _question,
    "price_lines": _price_line,
    "documents": _document,
}
