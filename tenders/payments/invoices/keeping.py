"""How long an invoice keeps a sole trader's address: as long as VAT records must be kept, and not a day longer than that.

The record of an invoice is the council's and the firm's (VAT Act 1994, Schedule 11, paragraph 6; HMRC VAT Notice 700/21),
so erasing a person leaves it whole (UK GDPR, Article 17(3)(b)). When the time is over and nobody belongs to the firm any
more, address, VAT number and file go. Number, sums, days and the name under which the contract was won stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from marketplace.accounts.erasing import FORGETTERS
from marketplace.accounts.models import Membership, Person
from marketplace.accounts.staying import KEEPERS, Staying
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.journal import record
from marketplace.core.moments import day
from suppliers.profiles.models import Supplier
from tenders.payments.invoices import documents, events, queries
from tenders.payments.invoices.actions import of
from tenders.payments.invoices.models import Invoice, WaitingDocument
from tenders.payments.invoices.vat import ANYWHERE
from tenders.payments.invoices.waiting import KEPT_FOR
from tenders.regimes import regime_on

WHY = "VAT records are kept for six years (VAT Act 1994, Schedule 11, paragraph 6; HMRC VAT Notice 700/21)"
# The years are counted from the end of an accounting period, and no period is longer than a year.
LONGEST_PERIOD = 1


def kept_until(received_on: date) -> date:
    """The last day on which an invoice that was received on this day must be whole."""
    years = regime_on(ANYWHERE, received_on).number("vat.records") + LONGEST_PERIOD
    try:
        return received_on.replace(year=received_on.year + years)
    except ValueError:  # 29 February
        return date(received_on.year + years, 3, 1)


def invoices_that_stay(person: Person) -> list[Staying]:
    """For each firm of the person that is a sole trader's: its invoices, with the day on which the last may be emptied."""
    query = (
        select(Supplier, func.count(Invoice.id), func.max(Invoice.received_at))
        .join(Invoice, Invoice.supplier_id == Supplier.id)
        .join(Membership, Membership.organisation_id == Supplier.id)
        .where(Membership.person_id == person.id, _belongs(), Supplier.is_sole_trader.is_(True))
        .group_by(Supplier.id)
        .order_by(Supplier.id)
    )
    return [
        Staying(
            f"{count} invoice{'' if count == 1 else 's'} of {supplier.name}, with its name and address and the files sent with them",
            WHY,
            f"Until {day(kept_until(clock.london(last).date()))}: then address, VAT number and files go, if nobody "
            "belongs to the firm any more",
        )
        for supplier, count, last in db.session.execute(query).unique()
    ]


def _belongs() -> ColumnElement[bool]:
    return and_(Membership.approved_at.is_not(None), Membership.ended_at.is_(None))


def empty_old_invoices() -> int:
    """For the timetable: empties invoices of sole traders past their time whose firm has no people. Gives how many."""
    people = select(Membership.id).where(Membership.organisation_id == Invoice.supplier_id, _belongs())
    query = (
        select(Invoice.id, Invoice.received_at)
        .join(Supplier, Supplier.id == Invoice.supplier_id)
        .where(
            Supplier.is_sole_trader.is_(True),
            or_(Invoice.supplier_address != "", Invoice.vat_number != "", Invoice.file_key != ""),
            ~people.exists(),
        )
        .order_by(Invoice.id)
    )
    today = clock.today()
    due = [row.id for row in db.session.execute(query) if kept_until(clock.london(row.received_at).date()) < today]
    db.session.rollback()
    for key in [_empty(each) for each in due]:
        if key:
            documents.store().remove(key)
    return len(due)


@action
def _empty(invoice_id: int) -> str:
    invoice = queries.get_invoice(invoice_id, lock=True)
    key = invoice.file_key
    invoice.supplier_address = invoice.vat_number = invoice.file_key = invoice.file_name = ""
    record(events.InvoiceEmptied(**of(invoice)))
    return key


def forget_waiting(person: Person | None, addresses: Sequence[str]) -> None:
    """Files of the person whose invoice was never sent: the next sweep takes them, and their names go at once."""
    if person is None:
        return
    theirs = update(WaitingDocument).where(WaitingDocument.person_id == person.id)
    db.session.execute(theirs.values(file_name="", kept_at=clock.now() - KEPT_FOR - timedelta(seconds=1)))


KEEPERS.append(invoices_that_stay)
FORGETTERS.append(forget_waiting)
