"""Which route a purchase takes by its value, and what the route asks, allows and forbids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tenders.regimes.rows import RouteWords, Value, route_words

THRESHOLD = "threshold.subcentral.goods_services"
NOTIFIABLE = "notifiable.subcentral"
SMALL = "transparency_code.contract_above"


@dataclass(frozen=True)
class Route:
    """One of four: `small`, `quotes`, `notifiable` or `above` the threshold of Schedule 1."""

    code: str
    title: str
    must: tuple[RouteWords, ...]
    may: tuple[RouteWords, ...]
    must_not: tuple[RouteWords, ...]
    needs_central_notice: bool
    needs_standstill: bool
    allows_suitability_gate: bool
    allows_reservation: bool


def choose_route(estimated_value_pence: int | None, jurisdiction: str, values: Mapping[str, Value]) -> Route:
    """The route for a value including VAT, in pence; None means that nobody can estimate it."""
    code = _code(estimated_value_pence, values)
    words = [each for each in route_words() if each.code == code and jurisdiction in each.jurisdictions]
    return Route(
        code,
        words[0].title,
        _of(words, "must"),
        _of(words, "may"),
        _of(words, "must not"),
        needs_central_notice=code in ("notifiable", "above"),
        needs_standstill=code == "above",
        allows_suitability_gate=code == "above" or values.get("suitability_gate.below_threshold") is True,
        allows_reservation=code != "above" and values.get("reservation.below_threshold") is True,
    )


def _code(pence: int | None, values: Mapping[str, Value]) -> str:
    if pence is None or _reaches(pence, values.get(THRESHOLD)):
        return "above"
    if _reaches(pence, values.get(NOTIFIABLE)):
        return "notifiable"
    small = values.get(SMALL)
    return "small" if isinstance(small, int) and pence <= small else "quotes"


def _reaches(pence: int, limit: Value) -> bool:
    return isinstance(limit, int) and pence >= limit


def _of(words: list[RouteWords], strength: str) -> tuple[RouteWords, ...]:
    return tuple(each for each in words if each.strength == strength)
