"""What stands in the way of an invoice's next step, in the user's words. Pure: facts in, problems out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from marketplace.core.errors import Problem
from marketplace.core.moments import day
from marketplace.core.money import pounds, vat_on
from tenders.contracts.models import Contract, Milestone
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.status import credited_pence, is_live

OTHER_RATE = -1
# Beyond this a day to be paid by is a slip of the pen: nobody agrees to wait so long for an invoice sent today.
LONGEST_TO_WAIT = timedelta(days=366)


@dataclass(frozen=True)
class InvoiceFacts:
    """What a supplier types. Money in pence; `vat_basis_points` 2000 is 20 %, OTHER_RATE a sum of its own."""

    number: str
    invoiced_on: date | None
    description: str
    net_pence: int | None
    vat_basis_points: int
    milestone_id: int | None = None
    due_on: date | None = None
    purchase_order: str = ""
    vat_typed_pence: int | None = None
    supplier_address: str = ""
    vat_number: str = ""

    @property
    def vat_pence(self) -> int:
        """As typed, or else by the rate, half a penny rounded up."""
        if self.vat_basis_points == OTHER_RATE:
            return self.vat_typed_pence or 0
        return vat_on(self.net_pence or 0, as_rate(self.vat_basis_points))

    @property
    def rate_basis_points(self) -> int:
        """The rate, of a typed sum the nearest one."""
        if self.vat_basis_points != OTHER_RATE:
            return self.vat_basis_points
        return round(Decimal(self.vat_pence) * 10_000 / self.net_pence) if self.net_pence else 0

    @property
    def total_pence(self) -> int:
        return (self.net_pence or 0) + self.vat_pence


def as_rate(basis_points: int) -> Decimal:
    """2000 as 0.2."""
    return Decimal(basis_points) / 10_000


def contract_problems(contract: Contract) -> list[Problem]:
    """An invoice needs a contract that both sides signed; it may have ended since."""
    return [] if contract.is_signed else [Problem("Both sides sign the contract first.")]


def invoice_problems(facts: InvoiceFacts, contract: Contract, number_is_used: bool, today: date) -> list[Problem]:
    """What makes an invoice invalid (PA 2023 s68(9), s88(7)), and no more: who, what, how much, a unique number.

    Beside that only what the contract itself asks for: its order number.
    """
    found = contract_problems(contract)
    if not facts.number.strip():
        found.append(Problem("Enter your invoice number", "number"))
    elif number_is_used:
        words = f"You sent an invoice with the number {facts.number.strip()} under this contract already. Use another"
        found.append(Problem(words, "number"))
    if facts.invoiced_on is None:
        found.append(Problem("Enter the date of the invoice", "invoiced_on"))
    if facts.due_on is not None and facts.due_on > today + LONGEST_TO_WAIT:
        found.append(Problem("Enter a day to be paid by that is no more than a year from now, or leave it empty", "due_on"))
    if not facts.description.strip():
        found.append(Problem("Say what the invoice is for", "description"))
    if not facts.net_pence or facts.net_pence <= 0:
        found.append(Problem("Enter the sum before VAT, more than nought", "net_pence"))
    if facts.vat_basis_points == OTHER_RATE and facts.vat_typed_pence is None:
        found.append(Problem("Enter the VAT as your invoice says it", "vat_typed_pence"))
    if facts.vat_typed_pence and facts.net_pence and facts.vat_typed_pence > facts.net_pence:
        found.append(Problem("The VAT cannot be more than the sum before VAT", "vat_typed_pence"))
    return [*found, *_milestone_problems(facts, contract), *_order_problems(facts, contract)]


def _milestone_problems(facts: InvoiceFacts, contract: Contract) -> list[Problem]:
    if facts.milestone_id is None:
        return []
    milestone = next((each for each in contract.milestones if each.id == facts.milestone_id), None)
    if milestone is None:
        return [Problem("Select a milestone of this contract", "what_for")]
    if milestone.accepted_at is None:
        return [Problem(f"The council has not accepted “{milestone.title}” yet. Send the invoice after that", "what_for")]
    return []


def _order_problems(facts: InvoiceFacts, contract: Contract) -> list[Problem]:
    named, given = contract.purchase_order, facts.purchase_order.strip()
    if not named or given.casefold() == named.casefold():
        return []
    return [Problem(f"The contract names the order number {named}. Enter it", "purchase_order")]


def warnings_of(
    facts: InvoiceFacts, left_of_milestone_pence: int | None, left_of_contract_pence: int, today: date
) -> list[str]:
    """What the council will ask about. Never a bar: the law lets an invoice say more than was agreed (see 0026).

    What is left, in pence with VAT, is the amount agreed less what live invoices ask for; None without a milestone.
    """
    found, total = [], facts.total_pence
    if left_of_milestone_pence is not None and total > left_of_milestone_pence:
        found.append(
            f"The invoice comes to {pounds(total)} with VAT, and {pounds(max(left_of_milestone_pence, 0))} of this "
            "milestone is not invoiced yet."
        )
    if total > left_of_contract_pence:
        found.append(
            f"The invoice comes to {pounds(total)} with VAT, and {pounds(max(left_of_contract_pence, 0))} of the "
            "contract is not invoiced yet."
        )
    if facts.invoiced_on is not None and facts.invoiced_on > today:
        found.append(f"The invoice is dated {day(facts.invoiced_on)}, which is still to come.")
    if facts.vat_pence and not facts.vat_number.strip():
        found.append("The invoice charges VAT and shows no VAT number, so the council cannot reclaim the VAT.")
    return found


def confirming_problems(warnings: list[str], knows_warnings: bool) -> list[Problem]:
    """Warnings are confirmed, once, by the person who sends the invoice."""
    if not warnings or knows_warnings:
        return []
    return [Problem("Read the warnings, then tick that the invoice is right, or change it", "knows_warnings")]


def withdrawing_problems(invoice: Invoice) -> list[Problem]:
    """The supplier takes an invoice back before it is approved."""
    found = _live(invoice)
    if invoice.approved_at is not None:
        found.append(Problem("The council has approved this invoice. Send a credit note instead."))
    return found


def returning_problems(invoice: Invoice, reason: str) -> list[Problem]:
    """The council sends an invoice back that is not valid, before it is approved, with the reason."""
    found = _live(invoice)
    if invoice.approved_at is not None:
        found.append(Problem("This invoice is approved. Dispute it, or ask the supplier for a credit note."))
    return found if reason.strip() else [*found, Problem("Say what is missing, so that the supplier can put it right", "reason")]


def approving_problems(invoice: Invoice, holds_all: bool, knows_warnings: bool) -> list[Problem]:
    """Whether the contract manager may approve; `holds_all` says whether order, acceptance and invoice agree."""
    found = _live(invoice)
    if invoice.approved_at is not None:
        found.append(Problem("This invoice is approved already."))
    if invoice.open_dispute is not None:
        found.append(Problem("Settle the dispute first."))
    if credited_pence(invoice) == invoice.total_pence:
        found.append(Problem("The supplier has credited the whole invoice, so there is nothing to pay."))
    if not holds_all and not knows_warnings:
        words = "Something does not agree. Tick that you have looked into it, or dispute the invoice"
        found.append(Problem(words, "knows_warnings"))
    return found


def disputing_problems(invoice: Invoice, owed_pence: int, reason: str) -> list[Problem]:
    """The council disputes an invoice while something of it is owed, and says why (PA 2023 s68(6), s88(6))."""
    found = _live(invoice)
    if invoice.open_dispute is not None:
        found.append(Problem("This invoice is disputed already. Settle that first."))
    if is_live(invoice) and owed_pence <= 0:
        found.append(Problem("Nothing of this invoice is owed any more."))
    return found if reason.strip() else [*found, Problem("Say what you dispute and why. The supplier is told", "reason")]


def answering_problems(invoice: Invoice, answer: str) -> list[Problem]:
    """The supplier answers an open dispute; the last answer stands."""
    if invoice.open_dispute is None:
        return [Problem("The council does not dispute this invoice any more.")]
    return [] if answer.strip() else [Problem("Enter your answer", "answer")]


def resolving_problems(invoice: Invoice, resolution: str) -> list[Problem]:
    """The council says how the dispute was settled."""
    if invoice.open_dispute is None:
        return [Problem("No dispute of this invoice is open.")]
    return [] if resolution.strip() else [Problem("Say how it was settled", "resolution")]


def crediting_problems(
    invoice: Invoice, number: str, reason: str, net_pence: int | None, vat_pence: int | None
) -> list[Problem]:
    """A credit note: its own number, a reason, and together with earlier ones no more than the invoice."""
    found = _live(invoice)
    if not number.strip():
        found.append(Problem("Enter the credit note's number", "number"))
    elif any(each.number.casefold() == number.strip().casefold() for each in invoice.credit_notes):
        found.append(Problem("You sent a credit note with this number already. Use another", "number"))
    if not reason.strip():
        found.append(Problem("Say what the credit is for", "reason"))
    if (net_pence or 0) + (vat_pence or 0) <= 0:
        found.append(Problem("Enter the sum that you credit, more than nought", "net_pence"))
    return [*found, *_credit_part_problems(invoice, net_pence or 0, vat_pence or 0)]


def _credit_part_problems(invoice: Invoice, net_pence: int, vat_pence: int) -> list[Problem]:
    """VAT that was never charged cannot be given back, nor as VAT what was charged before it; and the other way round."""
    net_left = invoice.net_pence - sum(each.net_pence for each in invoice.credit_notes)
    vat_left = invoice.vat_pence - sum(each.vat_pence for each in invoice.credit_notes)
    found = []
    if net_pence > net_left:
        found.append(Problem(f"Enter {pounds(net_left)} or less: that is what the invoice still asks for before VAT", "net_pence"))
    if vat_pence > vat_left:
        found.append(Problem(f"Enter {pounds(vat_left)} or less: that is the VAT that the invoice still charges", "vat_pence"))
    return found


def _live(invoice: Invoice) -> list[Problem]:
    if invoice.withdrawn_at is not None:
        return [Problem("The supplier has withdrawn this invoice.")]
    return [Problem("This invoice was sent back to the supplier.")] if invoice.returned_at is not None else []


def milestone_of(contract: Contract, milestone_id: int | None) -> Milestone | None:
    """The milestone that an invoice names, if any."""
    return next((each for each in contract.milestones if each.id == milestone_id), None)
