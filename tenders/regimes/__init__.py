"""The law as dated values: what applies to a purchase, where, and on the day it commenced.

A need keeps `pin(...)` from the day it commences and asks `unpin(kept)` ever after, so that a change in the law
leaves purchases under way as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from marketplace.core.errors import NotFound, Refusal
from tenders.regimes import dates
from tenders.regimes.notices import notice_due, notices_for
from tenders.regimes.routes import Route, choose_route
from tenders.regimes.rows import (
    DatedValue,
    Jurisdiction,
    Value,
    dated_values,
    jurisdictions,
    price_formulas,
    scoring_scale,
)

__all__ = [
    "DatedValue",
    "Jurisdiction",
    "JurisdictionClosed",
    "Regime",
    "Route",
    "earliest_deadline",
    "find_value",
    "get_jurisdiction",
    "jurisdiction_of",
    "jurisdictions",
    "needs_central_notice",
    "notice_due",
    "notices_for",
    "pin",
    "price_formulas",
    "regime_on",
    "route_for",
    "rows_in_force",
    "scoring_scale",
    "standstill_end",
    "unpin",
    "value",
]


class JurisdictionClosed(Refusal):
    """This nation's law is not held here; the message says why in the user's words."""

    status = 422


@dataclass(frozen=True)
class Regime:
    """All values that apply to one purchase. Money in pence including VAT, periods in the unit the key names."""

    jurisdiction: str
    pinned_on: date
    values: Mapping[str, Value]
    to_check: tuple[str, ...] = ()

    def find_value(self, key: str) -> Value:
        """The value, or None when this jurisdiction has no such rule."""
        return self.values.get(key)

    def value(self, key: str) -> Value:
        """The value; raises NotFound when no row names the key."""
        if key not in self.values:
            raise NotFound(f"No rule called {key} is in force in {self.jurisdiction} on {self.pinned_on}.")
        return self.values[key]

    def number(self, key: str) -> int:
        """The value of a key that holds a count, a period or pence; raises NotFound when it holds none."""
        found = self.value(key)
        if isinstance(found, bool) or not isinstance(found, int):
            raise NotFound(f"The rule {key} has no number in {self.jurisdiction}.")
        return found

    def permits(self, key: str) -> bool:
        """True when a yes-or-no rule says yes; a rule that is absent says no."""
        return self.values.get(key) is True

    def route_for(self, estimated_value_pence: int | None) -> Route:
        """The route for goods and services of this value; a value that cannot be estimated is above (s4, Sch 3)."""
        return choose_route(estimated_value_pence, self.jurisdiction, self.values)

    def needs_central_notice(self, estimated_value_pence: int | None) -> bool:
        """True when the central platform's notice comes before the need is shown here (s87(1), s21)."""
        return self.route_for(estimated_value_pence).needs_central_notice

    def earliest_deadline(
        self, published_on: date, estimated_value_pence: int | None, circumstance: str = "electronic_complete"
    ) -> date:
        """First lawful closing day; `circumstance` names the row of s54 and counts above threshold only."""
        above = self.route_for(estimated_value_pence).code == "above"
        days = self.number(f"tendering_period.{circumstance if above else 'below_threshold'}")
        return dates.last_day_after(published_on, days)

    def recommended_deadline(self, published_on: date, estimated_value_pence: int | None) -> date:
        """The closing day to propose: the longer of the lawful minimum and our own recommendation."""
        advised = self.number("tendering_period.below_threshold_recommended")
        return max(
            self.earliest_deadline(published_on, estimated_value_pence), dates.last_day_after(published_on, advised)
        )

    def standstill_end(self, published_on: date) -> date:
        """Last day of the standstill that an award notice published on this day starts."""
        return dates.standstill_end_on(published_on, self.number("standstill"))

    def payment_due(self, received_on: date, invoice_due_on: date | None = None) -> date:
        """Last lawful day to pay an invoice."""
        return dates.payment_due_on(received_on, invoice_due_on, self.number("payment.days"))

    def notice_due(self, code: str, trigger_on: date, route: str = "above") -> date | None:
        """The last day for a notice, or None when it comes before its trigger or as soon as practicable."""
        return notice_due(code, trigger_on, self.jurisdiction, self.pinned_on, route)

    def pinned(self) -> dict[str, Any]:
        """This regime as plain JSON, with a fingerprint of its values."""
        return {
            "jurisdiction": self.jurisdiction,
            "pinned_on": self.pinned_on.isoformat(),
            "values": dict(sorted(self.values.items())),
            "to_check": sorted(self.to_check),
            "fingerprint": _fingerprint(self.jurisdiction, self.values),
        }


def get_jurisdiction(code: str) -> Jurisdiction:
    """The jurisdiction with this code, open or closed; raises NotFound."""
    for each in jurisdictions():
        if each.code == code:
            return each
    raise NotFound(f"There is no jurisdiction called {code}.")


def jurisdiction_of(nation: str) -> Jurisdiction:
    """The jurisdiction of a council by its nation, such as "England"; raises NotFound."""
    for each in jurisdictions():
        if each.nation == nation:
            return each
    raise NotFound(f"There is no jurisdiction for {nation}.")


def rows_in_force(jurisdiction: str, on_day: date) -> dict[str, DatedValue]:
    """The row for each key, a nation's own before the UK's; raises JurisdictionClosed."""
    place = get_jurisdiction(jurisdiction)
    if not place.is_open:
        raise JurisdictionClosed(place.reason)
    found: dict[str, DatedValue] = {}
    for row in dated_values():
        if row.is_in_force(jurisdiction, on_day) and (row.key not in found or row.jurisdiction == jurisdiction):
            found[row.key] = row
    return found


def regime_on(jurisdiction: str, on_day: date) -> Regime:
    """Everything in force in a jurisdiction on a day; raises JurisdictionClosed."""
    rows = rows_in_force(jurisdiction, on_day)
    return Regime(
        jurisdiction,
        on_day,
        {key: row.value for key, row in rows.items()},
        tuple(sorted(key for key, row in rows.items() if row.is_to_check)),
    )


def pin(jurisdiction: str, on_day: date) -> dict[str, Any]:
    """What a need keeps from the day it commences, as plain JSON."""
    return regime_on(jurisdiction, on_day).pinned()


def unpin(kept: Mapping[str, Any]) -> Regime:
    """The regime that `pin` kept; raises ValueError when its values no longer match their fingerprint."""
    if kept["fingerprint"] != _fingerprint(kept["jurisdiction"], kept["values"]):
        raise ValueError("The rules kept with this need have been changed since they were pinned.")
    return Regime(
        kept["jurisdiction"], date.fromisoformat(kept["pinned_on"]), dict(kept["values"]), tuple(kept["to_check"])
    )


def find_value(key: str, jurisdiction: str, on_day: date) -> Value:
    """The value in force, or None; raises JurisdictionClosed."""
    return regime_on(jurisdiction, on_day).find_value(key)


def value(key: str, jurisdiction: str, on_day: date) -> Value:
    """The value in force; raises NotFound or JurisdictionClosed."""
    return regime_on(jurisdiction, on_day).value(key)


def route_for(estimated_value_pence: int | None, jurisdiction: str, on_day: date) -> Route:
    """The route for a purchase that commences on this day; raises JurisdictionClosed."""
    return regime_on(jurisdiction, on_day).route_for(estimated_value_pence)


def needs_central_notice(estimated_value_pence: int | None, jurisdiction: str, on_day: date) -> bool:
    """True when the central platform's notice comes before the need is shown here."""
    return regime_on(jurisdiction, on_day).needs_central_notice(estimated_value_pence)


def earliest_deadline(
    published_on: date,
    estimated_value_pence: int | None,
    jurisdiction: str = "ENG",
    circumstance: str = "electronic_complete",
) -> date:
    """First lawful closing day under the rules of the day of publication."""
    return regime_on(jurisdiction, published_on).earliest_deadline(published_on, estimated_value_pence, circumstance)


def standstill_end(published_on: date, jurisdiction: str = "ENG") -> date:
    """Last day of the standstill under the rules of the day of publication."""
    return regime_on(jurisdiction, published_on).standstill_end(published_on)


def _fingerprint(jurisdiction: str, values: Mapping[str, Value]) -> str:
    text = json.dumps([jurisdiction, sorted(values.items())], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
