"""A year of a council's invoices: most paid in time, some late, one disputed and credited, the last still to pay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal

from marketplace.core import clock
from marketplace.core.money import split_vat
from marketplace.demonstration.contracts import ACCEPTED, contract_of, manager_of, signed, supplier_of
from marketplace.demonstration.stages import Purchase
from marketplace.demonstration.telling import Story
from tenders.contracts import running
from tenders.contracts.models import Milestone
from tenders.payments.invoices import actions, deciding
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.queries import invoices_of_contract
from tenders.payments.invoices.rules import InvoiceFacts
from tenders.payments.paying.bacs import record_payment
from tenders.payments.paying.rules import arrival_of

MONTH = 30
VAT_BASIS_POINTS = 2000
# Days from each month's invoice to the payment's sending; None: it is not paid yet.
SENT_AFTER = (19, 12, 26, 9, 24, 40, 7, 21, 58, None, 16, None)
DISPUTED = 9
DONE = "Help was there on every working day. The report says which forms were mended and how many more people sent them."
REASON = "Two of the twenty days in the report fell on bank holidays, when nobody was there to help."
CREDIT = "Two days that were not worked, as agreed by phone."
SETTLED = "Settled by the supplier’s credit note. Thank you for putting it right at once."
Deed = Callable[[], object]


def a_year(purchase: Purchase) -> Story:
    """Signed, then each month delivered, accepted, invoiced, approved and paid, in the order of time."""
    yield from signed(purchase, tuple(MONTH * (number + 1) for number in range(len(SENT_AFTER))))
    starts = contract_of(purchase).starts_on
    offset = (starts - clock.london_day(purchase.closes_at)).days
    deeds = [deed for number in range(len(SENT_AFTER)) for deed in _month(purchase, number, offset)]
    for at, do in sorted(deeds, key=lambda each: each[0]):
        if at <= purchase.days.now:
            yield at
            do()


def _month(purchase: Purchase, number: int, offset: int) -> Iterator[tuple[datetime, Deed]]:
    day = offset + MONTH * (number + 1)
    at = purchase.after_closing
    yield at(day - 3, "10:10"), lambda: _deliver(purchase, number)
    yield at(day, "11:30"), lambda: _accept(purchase, number)
    yield at(day, "15:20"), lambda: _send(purchase, number)
    if number == DISPUTED:
        yield at(day + 5, "09:40"), lambda: _dispute(purchase, number)
        yield at(day + 9, "16:00"), lambda: _credit(purchase, number)
        yield at(day + 12, "10:00"), lambda: _settle(purchase, number)
    elif number + 1 < len(SENT_AFTER):
        yield at(day + 4, "14:00"), lambda: _approve(purchase, number)
    sent_after = SENT_AFTER[number]
    if sent_after is not None:
        yield at(day + sent_after, "15:45"), lambda: _pay(purchase, number)


def _milestone(purchase: Purchase, number: int) -> Milestone:
    return contract_of(purchase).milestones[number]


def _invoice(purchase: Purchase, number: int) -> Invoice:
    sent = invoices_of_contract(contract_of(purchase).id)
    return next(each.invoice for each in sent if each.invoice.number == _number(number))


def _number(number: int) -> str:
    return f"HH-{number + 1:03d}"


def _deliver(purchase: Purchase, number: int) -> None:
    running.deliver_milestone(
        contract_of(purchase).id, supplier_of(purchase), _milestone(purchase, number).id, DONE
    )


def _accept(purchase: Purchase, number: int) -> None:
    manager, milestone = manager_of(purchase), _milestone(purchase, number)
    running.decide_milestone(contract_of(purchase).id, manager, milestone.id, True, ACCEPTED)


def _send(purchase: Purchase, number: int) -> None:
    milestone = _milestone(purchase, number)
    net, _ = split_vat(milestone.amount_pence, Decimal(VAT_BASIS_POINTS) / 10_000)
    facts = InvoiceFacts(
        number=_number(number),
        invoiced_on=clock.today(),
        description=milestone.title,
        net_pence=net,
        vat_basis_points=VAT_BASIS_POINTS,
        milestone_id=milestone.id,
        purchase_order="PO-40118",
        vat_number="GB000000000",
    )
    actions.send_invoice(contract_of(purchase).id, supplier_of(purchase), facts, knows_warnings=True)


def _approve(purchase: Purchase, number: int) -> None:
    deciding.approve_invoice(_invoice(purchase, number).id, manager_of(purchase), knows_warnings=True)


def _dispute(purchase: Purchase, number: int) -> None:
    deciding.dispute_invoice(_invoice(purchase, number).id, manager_of(purchase), REASON)


def _credit(purchase: Purchase, number: int) -> None:
    invoice = _invoice(purchase, number)
    actions.send_credit_note(invoice.id, supplier_of(purchase), "CN-001", CREDIT, invoice.net_pence // 10, invoice.vat_pence // 10)


def _settle(purchase: Purchase, number: int) -> None:
    invoice = _invoice(purchase, number)
    deciding.resolve_dispute(invoice.id, manager_of(purchase), SETTLED)
    deciding.approve_invoice(invoice.id, manager_of(purchase), knows_warnings=True)


def _pay(purchase: Purchase, number: int) -> None:
    assert purchase.staff.finance is not None
    invoice, sent_on = _invoice(purchase, number), clock.today()
    reference = f"BACS{sent_on:%y%m%d}"
    record_payment(invoice.id, purchase.staff.finance, invoice.total_pence, sent_on, arrival_of(sent_on), reference)
