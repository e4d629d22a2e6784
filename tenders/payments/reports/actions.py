"""The one verb of the reports: publishing a half-year's."""

from __future__ import annotations

import json
from dataclasses import asdict

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import insist
from marketplace.core.journal import record
from marketplace.core.references import next_reference
from tenders.payments.reports import events, queries, rules
from tenders.payments.reports.models import PaymentsReport
from tenders.payments.reports.rules import Period


@action
def publish_report(
    member: Membership, period: Period, director_name: str, director_title: str, notice_number: str = ""
) -> PaymentsReport:
    """Publishes the half-year's figures as they stand, with who approved them (r38). Raises Problems."""
    today = clock.today()
    # The reference first: whoever publishes at the same moment waits for it, and then sees this report.
    reference = next_reference(db.session(), "R", today.year)
    published = queries.find_report(member.organisation_id, period)
    insist(rules.publishing_problems(period, today, director_name, director_title, published is not None))
    found = queries.figures_of(member.organisation_id, period)
    report = PaymentsReport(
        reference=reference,
        authority_id=member.organisation_id,
        period_ended_on=period.ends_on,
        figures=json.dumps({name: _plain(value) for name, value in asdict(found).items()}),
        director_name=director_name.strip(),
        director_title=director_title.strip(),
        approved_on=today,
        published_at=clock.now(),
        published_by_id=member.person_id,
        notice_number=notice_number.strip(),
    )
    db.session.add(report)
    record(
        events.PaymentsReportPublished(
            subject=report.reference,
            authority=member.organisation.reference,
            period_ended_on=period.ends_on,
            payments=found.payments,
            within_30_percent=_words(found.within_30),
            not_paid_percent=_words(found.not_paid),
        ),
        member.actor("finance"),
    )
    return report


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int) else str(value)


def _words(value: object) -> str:
    return "" if value is None else str(value)
