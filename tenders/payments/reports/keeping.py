"""The director whom a published report names: the law asks for the name, so erasing a person leaves it."""

from __future__ import annotations

from sqlalchemy import or_, select

from marketplace.accounts.models import Organisation, Person
from marketplace.accounts.staying import KEEPERS, Staying
from marketplace.core import db
from marketplace.core.moments import day
from tenders.payments.reports.models import PaymentsReport


def reports_that_stay(person: Person) -> list[Staying]:
    """Published reports that name somebody of this name as the director who approved them."""
    names = [each for each in (person.name, *person.earlier_names.splitlines()) if each.strip()]
    if not names:
        return []
    called = or_(*(PaymentsReport.director_name.icontains(each, autoescape=True) for each in names))
    query = select(PaymentsReport, Organisation.name).join(Organisation, Organisation.id == PaymentsReport.authority_id)
    return [
        Staying(
            f"The payments report of {council} for the half-year to {day(report.period_ended_on)}, which names "
            f"{report.director_name} as its director",
            "A published report says who approved it (Procurement Regulations 2024, regulation 38)",
            "As long as the report is public. If it is another person of the same name, nothing of it is touched either",
        )
        for report, council in db.session.execute(query.where(called).order_by(PaymentsReport.id))
    ]


KEEPERS.append(reports_that_stay)
