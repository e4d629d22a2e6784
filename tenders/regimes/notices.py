"""The catalogue of notices: which ones a purchase may need, and by when each is due."""

from __future__ import annotations

from datetime import date

from marketplace.core.errors import NotFound
from tenders.regimes.dates import last_day_beginning_with
from tenders.regimes.rows import NoticeRule, notice_rules


def notices_for(jurisdiction: str, on_day: date, route: str) -> list[NoticeRule]:
    """The kinds of notice that apply on a route, in order of number."""
    return [
        rule
        for rule in notice_rules()
        if jurisdiction in rule.jurisdictions
        and rule.routes & {route, "any"}
        and rule.from_on <= on_day
        and (rule.to_on is None or on_day <= rule.to_on)
    ]


def get_notice_rule(code: str, jurisdiction: str, on_day: date, route: str = "above") -> NoticeRule:
    """The rule for one kind of notice; raises NotFound when it does not apply there, then or on that route."""
    for rule in notices_for(jurisdiction, on_day, route):
        if rule.code == code:
            return rule
    raise NotFound(f"{code} does not apply to this purchase.")


def notice_due(code: str, trigger_on: date, jurisdiction: str, on_day: date, route: str = "above") -> date | None:
    """The last day for a notice counted from its trigger, or None when it comes before or as soon as practicable.

    `on_day` is the day the purchase commenced, whose rules hold throughout.
    """
    rule = get_notice_rule(code, jurisdiction, on_day, route)
    return None if rule.days is None else last_day_beginning_with(trigger_on, rule.days)
