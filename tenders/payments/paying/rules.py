"""What stands in the way of recording a payment by BACS, in the user's words. Pure: facts in, problems out."""

from __future__ import annotations

from datetime import date, timedelta

from marketplace.core.clock import london_day
from marketplace.core.errors import Problem
from marketplace.core.moments import day
from marketplace.core.money import pounds
from marketplace.core.working_days import CalendarEnds, add_working_days
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.status import is_live
from tenders.payments.paying.models import Payment

# A BACS payment is sent on the first working day, worked on in the second, and there on the third.
BACS_DAYS_AFTER_SENDING = 2
LONGEST_ON_ITS_WAY = timedelta(days=14)


def arrival_of(sent_on: date) -> date:
    """The third working day of the BACS cycle; beyond the known bank holidays, four days later.

    A holiday of any nation is left out, as the Act counts: the day may be one late, and can be corrected.
    """
    try:
        return add_working_days(sent_on, BACS_DAYS_AFTER_SENDING)
    except CalendarEnds:
        return sent_on + timedelta(days=4)


def payer_problems(invoice: Invoice, person_id: int) -> list[Problem]:
    """Whether this person may pay this invoice: approved, and by somebody else, as was the milestone's acceptance."""
    if not is_live(invoice):
        return [Problem("This invoice was withdrawn or sent back, so nothing of it is owed.")]
    if invoice.approved_at is None:
        return [Problem("A contract manager approves the invoice first.")]
    if invoice.approved_by_id == person_id:
        return [Problem("You approved this invoice, so a colleague pays it.")]
    if invoice.milestone is not None and invoice.milestone.accepted_by_id == person_id:
        return [Problem("You accepted the milestone, so a colleague pays the invoice.")]
    return []


def recording_problems(
    invoice: Invoice,
    person_id: int,
    owed_pence: int,
    is_card_under_way: bool,
    amount_pence: int | None,
    sent_on: date | None,
    paid_on: date | None,
    today: date,
) -> list[Problem]:
    """Whether this payment can be put on record as made; pence. `paid_on` None: the BACS cycle says it."""
    found = payer_problems(invoice, person_id)
    if is_card_under_way:
        found.append(Problem("A payment of this invoice by card is under way. Wait for it, or give it up first."))
    if owed_pence <= 0:
        found.append(Problem("Nothing of this invoice is owed any more."))
    elif not amount_pence:
        found.append(Problem("Enter the sum that was paid, more than nought", "amount_pence"))
    elif amount_pence > owed_pence:
        found.append(Problem(f"{pounds(owed_pence)} is owed. Enter that or less", "amount_pence"))
    return [*found, *_day_problems(london_day(invoice.received_at), sent_on, paid_on, today)]


def _day_problems(received_on: date, sent_on: date | None, paid_on: date | None, today: date) -> list[Problem]:
    if sent_on is None:
        return [Problem("Enter the day on which the payment was sent", "sent_on")]
    if sent_on > today:
        return [Problem("Enter a day that has come: record a payment once it is sent", "sent_on")]
    if sent_on < received_on:
        return [Problem(f"The invoice was received on {day(received_on)}. Enter that day or a later one", "sent_on")]
    return arrival_problems(sent_on, paid_on or arrival_of(sent_on))


def arrival_problems(sent_on: date, paid_on: date) -> list[Problem]:
    """The day on which the supplier has the money: not before it was sent, and no more than two weeks after."""
    if paid_on < sent_on:
        return [Problem("Enter a day that is not before the payment was sent", "paid_on")]
    if paid_on > sent_on + LONGEST_ON_ITS_WAY:
        return [Problem("Enter a day within two weeks of sending it. A payment that came back is recorded as that", "paid_on")]
    return []


def not_arrived_problems(payment: Payment, today: date) -> list[Problem]:
    """The supplier says that the money is not there, from the day on which it should be."""
    found = standing_problems(payment)
    if payment.paid_on is not None and today < payment.paid_on:
        found.append(Problem(f"The payment is on its way. It should be with you on {day(payment.paid_on)}"))
    return found


def standing_problems(payment: Payment) -> list[Problem]:
    """Whether the payment is one by BACS that was not given back by the bank."""
    if payment.method != "bacs":
        return [Problem("This payment was made by card. Stripe tells what becomes of it.")]
    return [Problem("The bank has given this payment back already.")] if payment.failed_at is not None else []


def refunding_problems(payment: Payment, amount_pence: int | None, refunded_on: date | None, today: date) -> list[Problem]:
    """Whether the supplier can have given so much (pence) of this payment back on that day."""
    found = standing_problems(payment)
    left = left_pence(payment)
    if not amount_pence:
        found.append(Problem("Enter the sum that came back, more than nought", "amount_pence"))
    elif amount_pence > left:
        found.append(Problem(f"{pounds(left)} of this payment has not come back yet. Enter that or less", "amount_pence"))
    if refunded_on is None:
        found.append(Problem("Enter the day on which it came back", "refunded_on"))
    elif refunded_on > today or (payment.sent_on is not None and refunded_on < payment.sent_on):
        found.append(Problem("Enter a day between the payment and today", "refunded_on"))
    return found


def left_pence(payment: Payment) -> int:
    """What of the payment has not come back: refunds and chargebacks taken off, won chargebacks added."""
    signs = {"refund": -1, "chargeback": -1, "chargeback_won": 1}
    return payment.amount_pence + sum(signs[each.kind] * each.amount_pence for each in payment.refunds)
