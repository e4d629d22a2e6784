"""How promptly a council pays: the public record with its files, and the report that the council publishes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from flask import Response as FlaskResponse
from flask import request, url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may, public
from marketplace.accounts.models import Organisation
from marketplace.core import clock
from marketplace.core.acting import acted, on_to
from marketplace.core.csvfile import Column, csv_bytes
from marketplace.core.errors import NotFound
from marketplace.core.pages import page, plural
from tenders import regimes
from tenders.payments.reports import actions, keeping, queries, rules, spend, tasks
from tenders.payments.reports.blueprint import blueprint
from tenders.payments.reports.forms import PublishForm
from tenders.payments.reports.rules import ONE_DAY, Period
from tenders.regimes import dates

__all__ = ["blueprint", "keeping", "tasks"]
MOST_PERIODS = 12
NO_PERIOD = "No period ends on that day. Choose one from the list of the council’s payments."


def _period(name: str, cut: Callable[[date], Period]) -> Period:
    """The period named by its last day in the address, today's without; NotFound for a day that ends none."""
    text = request.args.get(name, "")
    return _period_ending(text, cut) if text else cut(clock.today())


def _period_ending(text: str, cut: Callable[[date], Period]) -> Period:
    try:
        day = date.fromisoformat(text)
        found = cut(day)
    except (ValueError, OverflowError):  # no day, or one at either end of the calendar
        raise NotFound(NO_PERIOD) from None
    if found.ends_on != day:
        raise NotFound(NO_PERIOD)
    return found


def _periods(council_id: int, cut: Callable[[date], Period]) -> list[Period]:
    """From today's back to the first payment on record, the newest first."""
    first, found = queries.first_payment_on(council_id), [cut(clock.today())]
    while first is not None and found[-1].starts_on > first and len(found) < MOST_PERIODS:
        found.append(cut(found[-1].starts_on - ONE_DAY))
    return found


@blueprint.get("/councils/<slug>/payments")
@public
def payments_record(slug: str) -> Any:
    """The council's payment record of a half-year, for everybody, as the record stands now."""
    council = queries.get_council(slug)
    period = _period("half-year", rules.half_year)
    paid = queries.paid_sums(queries.arrived_payments(council.id, period))
    year = Period(rules.before(period, 2)[-1].starts_on, period.ends_on)
    paid_in_year = queries.paid_sums(queries.arrived_payments(council.id, year))
    report = queries.find_report(council.id, period)
    return page(
        "tenders/payments/reports/record.html",
        title=f"How promptly {council.name} pays",
        council=council,
        period=period,
        is_running=period.ends_on >= clock.today(),
        figures=queries.figures_of(council.id, period),
        bands=[{"label": words, "value": number} for words, number in rules.bands(paid, period)],
        months=[
            {"label": f"{month:%B %Y}, {plural(number, 'payment')}", "value": float(days), "shown": f"{days} days"}
            for month, days, number in rules.months(paid_in_year, year)
        ],
        spend_above_pence=regimes.regime_on("ENG", clock.today()).number("transparency_code.spend_above"),
        limit_pence=regimes.regime_on("ENG", clock.today()).find_value("payment_publication.above"),
        periods=_periods(council.id, rules.half_year),
        quarters=_periods(council.id, rules.quarter),
        report=report,
        published=json.loads(report.figures) if report else None,
    )


@blueprint.get("/councils/<slug>/payments/spend.csv")
@public
def spend_csv(slug: str) -> Response:
    """The quarter's spending in the sector's published schema; `profile=lga2015` writes days as its guidance does."""
    council, period = queries.get_council(slug), _period("quarter", rules.quarter)
    profile = request.args.get("profile", "schema")
    if profile not in spend.PROFILES:
        raise NotFound("There are two profiles of this file: schema and lga2015.")
    above = regimes.regime_on("ENG", period.ends_on).number("transparency_code.spend_above")
    rows = spend.spend_rows(
        council,
        queries.arrived_payments(council.id, period),
        queries.refunds_in(council.id, period),
        above,
        profile,
    )
    return _file(council, "spend", period, spend.spend_columns(), rows)


@blueprint.get("/councils/<slug>/payments/over-the-limit.csv")
@public
def over_the_limit_csv(slug: str) -> Response:
    """The quarter's single payments over the limit that the Act has published (s70)."""
    council, period = queries.get_council(slug), _period("quarter", rules.quarter)
    rows = spend.over_the_limit(queries.arrived_payments(council.id, period))
    return _file(council, "payments-over-the-limit", period, spend.LIMIT_COLUMNS, rows)


def _file(
    council: Organisation, name: str, period: Period, columns: Sequence[Column], rows: Iterable[Any]
) -> FlaskResponse:
    answer = FlaskResponse(csv_bytes(columns, rows), content_type="text/csv; charset=utf-8; header=present")
    file = f"{council.slug}-{name}-{period.starts_on}-to-{period.ends_on}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer


@blueprint.get("/council/payments/reports")
@may("see_payments")
def reports() -> Any:
    """The council's own list: which report is due when, and what was published."""
    member = get_member()
    ended = [each for each in _periods(member.organisation_id, rules.half_year) if each.ends_on < clock.today()]
    known = {each.period_ended_on: each for each in queries.reports_of(member.organisation_id)}
    return page(
        "tenders/payments/reports/list.html",
        title="Reports of your payments",
        rows=[(each, dates.payments_report_due_on(each.ends_on), known.get(each.ends_on)) for each in ended],
        today=clock.today(),
        council=member.organisation,
    )


@blueprint.route("/council/payments/reports/<ended_on>", methods=("GET", "POST"))
@may("publish_payment_reports")
def publish_report(ended_on: str) -> Any:
    """The half-year's figures with their formulas, ready to publish, and who approved them."""
    member, period = get_member(), _half_year(ended_on)
    form = PublishForm()

    def publish() -> None:
        said = (form.director_name.data, form.director_title.data, form.notice_number.data or "")
        actions.publish_report(member, period, *said)

    if acted(form, publish):
        return on_to(url_for("payment_reports.reports"), "The report is published on your council’s payment record")
    return page(
        "tenders/payments/reports/publish.html",
        title="Publish how promptly you paid",
        form=form,
        period=period,
        figures=queries.figures_of(member.organisation_id, period),
        due_on=(due_on := dates.payments_report_due_on(period.ends_on)),
        is_overdue=due_on < clock.today(),
        report=queries.find_report(member.organisation_id, period),
    )


def _half_year(text: str) -> Period:
    period = _period_ending(text, rules.half_year)
    if period.ends_on >= clock.today():
        raise NotFound("That half-year has not ended.")
    return period
