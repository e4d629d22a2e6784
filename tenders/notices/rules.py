"""Which notices an event calls for and by when, and whether a notice may be recorded. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from marketplace.core.errors import Problem
from tenders.needs.notice_numbers import ADDRESS_WANTED, NUMBER_WANTED, is_address, is_number
from tenders.notices.models import Notice
from tenders.regimes import Regime
from tenders.regimes.dates import last_day_beginning_with
from tenders.regimes.rows import NoticeRule, notice_rules

CALLED_FOR_BY = {
    "NeedPublished": "UK4",
    "SummariesSent": "UK6",
    "NoAwardMade": "UK12",
    "ContractSigned": "UK7",
    "ChangeProposed": "UK10",
    "ContractEnded": "UK11",
}
PROMPT = "as soon as practicable"


@dataclass(frozen=True)
class DueNotice:
    """A notice that an event calls for: its kind, why, and its last day (None: before the act, or promptly)."""

    kind: str
    why: str
    due_on: date | None


def notice_called_for(
    event: str, facts: Mapping[str, Any], on_day: date, regime: Regime, value_pence: int | None
) -> DueNotice | None:
    """The notice that an event of a purchase of this value (pence, including VAT) calls for, if the law has one."""
    kind = CALLED_FOR_BY.get(event)
    if kind is None or facts.get("needs_notice") is False:
        return None
    # What makes a small contract a public one (a change over the threshold) is told by the event itself.
    is_public = facts.get("needs_notice") or facts.get("is_public")
    route = "above" if is_public else regime.route_for(value_pence).code
    rule = _rule(kind, route, regime)
    if rule is None:
        return None
    due_on = last_day_beginning_with(on_day, rule.days) if rule.days is not None else None
    return DueNotice(kind, f"{rule.title}: {rule.trigger} ({rule.source})"[:300], due_on)


def _rule(kind: str, route: str, regime: Regime) -> NoticeRule | None:
    """The rule of the day on which the purchase commenced, for exactly this route."""
    for rule in notice_rules():
        is_in_force = rule.from_on <= regime.pinned_on and (rule.to_on is None or regime.pinned_on <= rule.to_on)
        if rule.code == kind and route in rule.routes and regime.jurisdiction in rule.jurisdictions and is_in_force:
            return rule
    return None


def recording_problems(
    notice: Notice, number: str, url: str, published_on: date | None, today: date, allows_demonstration: bool = False
) -> list[Problem]:
    """Whether the notice can be put on record like this."""
    if notice.is_published:
        return [Problem(f"This notice is on record already, with number {notice.number}.")]
    return _record_problems(number, url, published_on, today, allows_demonstration)


def correcting_problems(
    notice: Notice,
    number: str,
    url: str,
    published_on: date | None,
    reason: str,
    today: date,
    allows_demonstration: bool = False,
) -> list[Problem]:
    """Whether what is on record of the notice can be corrected like this: something differs, and a reason is given."""
    if not notice.is_published:
        return [Problem("This notice is not on record yet. Record its number.")]
    found = _record_problems(number, url, published_on, today, allows_demonstration)
    before = (notice.number, notice.url, notice.published_on)
    if not found and (number.strip(), url.strip(), published_on) == before:
        found.append(Problem("This is what is on record already. Change what is wrong", "number"))
    if not reason.strip():
        found.append(Problem("Say how the mistake came about", "reason"))
    return found


def _record_problems(
    number: str, url: str, published_on: date | None, today: date, allows_demonstration: bool
) -> list[Problem]:
    found = []
    if not number.strip():
        found.append(Problem("Enter the notice's number, as the central platform shows it", "number"))
    elif not is_number(number.strip(), allows_demonstration):
        found.append(Problem(NUMBER_WANTED, "number"))
    if url.strip() and not is_address(url.strip()):
        found.append(Problem(ADDRESS_WANTED, "url"))
    if published_on is None:
        found.append(Problem("Enter the day on which the notice was published", "published_on"))
    elif published_on > today:
        found.append(Problem("The day of publication must not lie in the future", "published_on"))
    return found
