"""The three-way match: does the invoice agree with the order and with what was accepted? Pure."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.moments import day
from marketplace.core.money import pounds
from tenders.payments.invoices.models import Invoice


@dataclass(frozen=True)
class Finding:
    """One line of the checklist, under the paper that it is about; `holds` False asks for a second look."""

    paper: str
    holds: bool
    text: str


def match_of(invoice: Invoice, other_of_milestone_pence: int, other_of_contract_pence: int) -> list[Finding]:
    """Order, acceptance and invoice side by side; `other_…` is what other live invoices ask for, pence with VAT."""
    return [
        *_order(invoice, other_of_contract_pence),
        _acceptance(invoice),
        *_amount(invoice, other_of_milestone_pence),
    ]


def _order(invoice: Invoice, other_pence: int) -> list[Finding]:
    contract = invoice.contract
    named, given = contract.purchase_order, invoice.purchase_order
    if named:
        agrees = named.casefold() == given.casefold()
        said = f"The order number {named} agrees." if agrees else f"The order is {named}, the invoice says {given or 'none'}."
    else:
        agrees, said = True, f"The contract names no order number{f'; the invoice says {given}' if given else ''}."
    left = contract.value_pence - other_pence
    fits = invoice.total_pence <= left
    words = f"{pounds(left)} of the contract’s {pounds(contract.value_pence)} with VAT was not invoiced before this."
    return [Finding("Order", agrees, said), Finding("Order", fits, words)]


def _acceptance(invoice: Invoice) -> Finding:
    milestone = invoice.milestone
    if milestone is None:
        words = "The invoice names no milestone, so nothing was accepted for it here: look at what it is for."
        return Finding("Acceptance", False, words)
    if milestone.accepted_at is None:
        return Finding("Acceptance", False, f"“{milestone.title}” is not accepted.")
    return Finding("Acceptance", True, f"“{milestone.title}” was accepted on {day(milestone.accepted_at)}.")


def _amount(invoice: Invoice, other_pence: int) -> list[Finding]:
    if invoice.milestone is None:
        return []
    left = invoice.milestone.amount_pence - other_pence
    said = f"The invoice asks for {pounds(invoice.total_pence)} with VAT; {pounds(left)} of the milestone was not invoiced before."
    return [Finding("Invoice", invoice.total_pence <= left, said)]
