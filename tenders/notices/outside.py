"""How a notice of another place is told in our words: as facts of a need, where it stands, and who won."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any, NamedTuple

from marketplace.core.clock import LONDON
from marketplace.core.geography import REGIONS, find_place
from marketplace.core.money import pounds
from tenders.notices.imported import AWARDED, CANCELLED, PLANNED, ReadNotice

SUMMARY_WORDS = 50
ENGAGEMENT = "Early market engagement: the buyer asks for views or announces a plan. No bids are taken yet."
CANCELLED_ELSEWHERE = "The buyer cancelled it where it was published. The notice there says why, if it gives a reason."


class Winner(NamedTuple):
    """One row of outside_awards; value in pence as published."""

    supplier_name: str
    value_pence: int | None
    awarded_on: Any
    is_sme: bool | None


def facts_of(notice: ReadNotice) -> dict[str, Any]:
    """The words and figures of a need, by column; blank where the notice is silent. Value: the highest published."""
    place = find_place(notice.postcode) if notice.postcode else None
    region = notice.region or (place.region if place and not notice.region_text else "")
    return {
        "buyer_name": notice.buyer_name[:300],
        "title": notice.title[:300],
        "summary": ENGAGEMENT if notice.status == PLANNED else summary_of(notice.description),
        "problem": notice.description,
        "location": notice.region_text[:300],
        "postcode": notice.postcode[:10],
        "region": region if region in REGIONS else "",
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
        "estimated_value_pence": notice.value_high_pence or notice.value_low_pence,
        "budget_note": _range_of(notice),
        "cpv_codes": _whole_codes(notice.cpv_codes, 300),
        "closes_at": notice.closes_at,
        "starts_on": notice.starts_on,
        "ends_on": notice.ends_on,
        "is_suitable_for_smes": notice.is_suitable_for_sme,
        "source_url": notice.url if len(notice.url) <= 500 else "",
    }


def standing_of(notice: ReadNotice) -> dict[str, Any]:
    """Where the purchase stood at this release, by column."""
    is_cancelled = notice.status == CANCELLED
    return {
        "source_status": notice.status,
        "awarded_at": _awarded_at(notice),
        "withdrawn_at": notice.published_at if is_cancelled else None,
        "withdrawal_reason": CANCELLED_ELSEWHERE if is_cancelled else "",
    }


def winners_of(notice: ReadNotice) -> list[Winner]:
    """Every winner once, in the notice's order. A sum shared by several winners belongs to none of them."""
    found: list[Winner] = []
    for result in notice.results:
        for each in result.suppliers:
            own = result.value_pence if len(result.suppliers) == 1 else None
            value = own if each.value_pence is None else each.value_pence
            found.append(Winner(each.name[:300], value, result.awarded_on, each.is_sme))
    return list(dict.fromkeys(found))


def summary_of(description: str) -> str:
    """The beginning of a description in one paragraph, cut after a whole word."""
    words = description.split()
    return " ".join(words[:SUMMARY_WORDS]) + (" …" if len(words) > SUMMARY_WORDS else "")


def _awarded_at(notice: ReadNotice) -> datetime | None:
    if notice.status != AWARDED:
        return None
    days = [each.awarded_on for each in notice.results if each.awarded_on]
    return datetime.combine(max(days), time(), LONDON).astimezone(UTC) if days else notice.published_at


def _range_of(notice: ReadNotice) -> str:
    low, high = notice.value_low_pence, notice.value_high_pence
    if low is None or high is None or low == high:
        return ""
    return f"Published as {pounds(low)} to {pounds(high)}."


def _whole_codes(codes: tuple[str, ...], longest: int) -> str:
    text = " ".join(codes)
    return text if len(text) <= longest else text[: longest + 1].rpartition(" ")[0]
