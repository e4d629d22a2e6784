"""A small collection that every engine is asked about, and generated ones of any size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random

from search.buyers import KINDS
from search.documents import (
    RESERVED,
    SUITS,
    Document,
    Held,
    NeedDocument,
    Passage,
    Status,
    SupplierDocument,
)

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def need(reference, title, *texts, **facts) -> NeedDocument:
    facts = {"buyer": "Hackney Council", "published_at": NOW - DAY, "closes_at": NOW + 10 * DAY} | facts
    passages = tuple(Passage(f"Requirement {n}", text) for n, text in enumerate(texts, 1))
    return NeedDocument(reference=reference, title=title, passages=passages, **facts)


def supplier(reference, name, *texts, **facts) -> SupplierDocument:
    passages = tuple(Passage(f"Past work {n}", text) for n, text in enumerate(texts, 1))
    facts = {"updated_at": NOW - DAY} | facts
    return SupplierDocument(reference=reference, name=name, passages=passages, **facts)


NEEDS = [
    need("N-1", "Report a housing repair online", "Tenants report a repair and see when it will be done.",
         "Works with the case management system.", region="London", latitude=51.55, longitude=-0.06,
         cpv_codes=("72200000",), value_pence=60_000_00, capabilities=("housing repairs",)),
    need("N-2", "Bin collection reminders", "A text message the evening before; costs under £50,000, 20% less.",
         buyer="Reading Council", region="South East", closes_at=NOW + 2 * DAY, value_pence=9_000_00,
         latitude=51.45, longitude=-0.97, published_at=NOW - 5 * DAY),
    need("N-3", "Case management for social care", "Replace the café’s old records. Housing is mentioned once.",
         region="London", closes_at=NOW - DAY, published_at=NOW - 40 * DAY, value_pence=300_000_00),
    need("N-4", "Customer relationship management", "One record of each resident.", region="Wales",
         ended=Status.AWARDED, closes_at=NOW - 30 * DAY, published_at=NOW - 90 * DAY),
    need("N-5", "Not published yet: housing", "Tomorrow.", published_at=NOW + DAY),
]  # fmt: skip
SUPPLIERS = [
    supplier("S-1", "Repairs & Co", "Housing repairs booking for two boroughs.", size="micro", region="London",
             evidence=(Held("cyber-essentials", date(2026, 3, 4)), Held("iso-27001")), has_worked_with_councils=True),
    supplier("S-2", "Wide Systems Ltd", "Case management for social care.", "Payroll.", size="medium", region="Wales",
             evidence=(Held("cyber-essentials", date(2026, 3, 3)),)),
]  # fmt: skip

_WORDS = (
    "housing repair repairs tenant bin bins waste recycling case management records system digital service cloud library"
    " school meals parking permit permits licence planning portal resident café social care crm access accessibility"
    " organisation organization data analysis street lighting survey drone payments £50,000 20% the of and to"
).split()
_REGIONS = ("London", "Wales", "South East", "Scotland", None)


def sentence(draw: Random, longest: int = 9) -> str:
    return " ".join(draw.choices(_WORDS, k=draw.randint(1, longest)))


def some(draw: Random, values: tuple[str, ...], most: int = 2) -> tuple[str, ...]:
    return tuple(sorted(draw.sample(values, draw.randint(0, most))))


def _place(draw: Random) -> dict:
    if draw.random() < 0.3:
        return {}
    return {"latitude": round(draw.uniform(50.5, 53), 3), "longitude": round(draw.uniform(-3, 0.5), 3)}


def random_need(draw: Random, number: int) -> NeedDocument:
    closes_at = None if draw.random() < 0.1 else NOW + draw.randint(-60, 60) * DAY
    return need(
        f"N-{number}", sentence(draw), *(sentence(draw, 14) for _ in range(draw.randint(0, 3))),
        buyer=draw.choice(("Hackney Council", "Reading Council", "NHS Wales")),
        published_at=NOW + draw.randint(-90, 3) * DAY, closes_at=closes_at,
        ended=draw.choice((None, None, None, Status.AWARDED, Status.WITHDRAWN, Status.NOT_AWARDED)),
        region=draw.choice(_REGIONS), cpv_codes=some(draw, ("72200000", "72212000", "48000000")),
        value_pence=draw.choice((None, 5_000_00, 10_000_00, 29_999_99, 30_000_00, 99_000_00, 900_000_00)),
        capabilities=some(draw, ("housing", "maps", "payments")), buyer_kind=draw.choice(list(KINDS)),
        small_firms=draw.choice((None, RESERVED, SUITS)), source=draw.choice(("ours", "elsewhere")), **_place(draw),
    )  # fmt: skip


def random_supplier(draw: Random, number: int) -> SupplierDocument:
    held = some(draw, ("cyber-essentials", "iso-27001", "public-liability"))
    return supplier(
        f"S-{number}", sentence(draw, 3), *(sentence(draw, 14) for _ in range(draw.randint(0, 4))),
        updated_at=NOW - draw.randint(0, 90) * DAY, size=draw.choice((None, "micro", "small", "medium", "large")),
        region=draw.choice(_REGIONS), capabilities=some(draw, ("housing", "maps", "payments")),
        evidence=tuple(Held(key, draw.choice((None, date(2026, 3, 3), date(2026, 3, 4)))) for key in held),
        has_worked_with_councils=draw.random() < 0.5, source=draw.choice(("ours", "elsewhere")), **_place(draw),
    )  # fmt: skip


def collection(seed: int, size: int) -> list[Document]:
    """So many needs and as many suppliers, the same for the same seed."""
    draw = Random(seed)
    makers: tuple[Callable[[Random, int], Document], ...] = (random_need, random_supplier)
    return [make(draw, number) for make in makers for number in range(size)]
