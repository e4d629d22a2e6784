"""Files of spending in the shapes that the law and the sector publish: the spend schema, and payments over the limit.

Spend: the local government transparency schema of 22 columns (esd "Spend"), in two profiles: `schema` with instants as
the schema types them, and `lga2015` with days as its guidance writes them. Amounts are net of VAT that is recovered.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from marketplace.accounts.models import Organisation
from marketplace.core.csvfile import Column, pounds_cell
from marketplace.core.money import share_out
from tenders.needs.rules import regime_of
from tenders.payments.invoices.models import Invoice
from tenders.payments.paying.models import Payment, PaymentRefund

HERE = Path(__file__).resolve().parent
BACK = "Returned: "
SIGN = {"refund": -1, "chargeback": -1, "chargeback_won": 1}
CARD = {"card": "GPC", "bacs": "None"}  # a government procurement card, or none
PROFILES: dict[str, Callable[[date], str]] = {
    "schema": lambda day: f"{day.isoformat()}T00:00:00",
    "lga2015": lambda day: day.strftime("%d/%m/%Y"),
}


@dataclass(frozen=True)
class SchemaColumn:
    """A column of the published schema: its name, whether it must be filled, its XML Schema type, allowed words."""

    name: str
    is_required: bool
    type: str
    pattern: str


@cache
def schema() -> tuple[SchemaColumn, ...]:
    """The columns in their published order."""
    with (HERE / "spend_columns.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(
            SchemaColumn(row["name"], row["required"] == "yes", row["type"], row["pattern"])
            for row in csv.DictReader(lines)
        )


def net_of(pence: int, invoice: Invoice) -> int:
    """The part of a sum paid on the invoice that is not VAT, in pence; the last penny is never lost."""
    return share_out(pence, [invoice.net_pence, invoice.vat_pence])[0]


def spend_columns() -> tuple[Column, ...]:
    """The published columns, each taken from a row by its name."""
    return tuple(Column(each.name, "", each.type, "esd spend schema", itemgetter(each.name)) for each in schema())


def spend_rows(
    council: Organisation,
    payments: Sequence[Payment],
    refunds: Sequence[PaymentRefund],
    above_pence: int,
    profile: str = "schema",
) -> Iterator[dict[str, Any]]:
    """A row for each sum above the limit, by day; money that came back is negative. KeyError: unknown profile.

    The limit is held against the whole sum, VAT included: rather a row too many than one too few.
    """
    write_day = PROFILES[profile]
    sums = [(each.paid_on, each.amount_pence, each.reference, each, "") for each in payments]
    sums += [
        (each.refunded_on, SIGN[each.kind] * each.amount_pence, f"{each.payment.reference}/{each.id}", each.payment, BACK)
        for each in refunds
    ]
    for day, pence, number, payment, before in sorted(sums, key=lambda each: (each[0] or date.min, each[2])):
        if abs(pence) > above_pence and day is not None:
            yield {**_about(council, payment, pence, number, before), "PaymentDate": write_day(day)}


def _about(council: Organisation, payment: Payment, pence: int, number: str, before: str) -> dict[str, Any]:
    invoice = payment.invoice
    net = net_of(abs(pence), invoice)
    gss = council.authority.gss_code if council.authority else ""
    return dict.fromkeys((each.name for each in schema()), "") | {
        "OrganisationLabel": council.name,
        "OrganisationURI": f"http://statistics.data.gov.uk/id/statistical-geography/{gss}" if gss else "",
        "OrganisationalUnit": council.name,
        "BeneficiaryName": invoice.supplier_name,
        "BeneficiaryOtherID": invoice.supplier.reference,
        "CompaniesHouseRegistrationNumber": invoice.supplier.company_number or "",
        "CharityCommissionNumber": invoice.supplier.charity_number or "",
        "VCSEGrant": False,
        "TransactionNumber": number,
        "Amount": pounds_cell(net if pence > 0 else -net),
        "IrrecoverableVATAmount": pounds_cell(0),
        "Purpose": before + invoice.contract.title,
        "CPVCode": (invoice.contract.need.cpv_codes or "").replace(",", " ").split(" ")[0],
        "CardTransaction": CARD[payment.method],
        "ContractRef": invoice.contract.reference,
    }


def over_the_limit(payments: Sequence[Payment]) -> list[Payment]:
    """Payments above the limit that is in force for their own purchase: each single one, never added up (PA s70).

    The limit stands among the rules pinned when the procurement commenced; where there was none, nothing is published.
    """
    found = []
    for each in payments:
        limit = regime_of(each.invoice.contract.need, each.asked_at).find_value("payment_publication.above")
        if isinstance(limit, int) and each.amount_pence > limit:
            found.append(each)
    return found


LIMIT_COLUMNS = (
    Column("contract", "Reference of the contract", "reference", "contracts.reference", lambda p: p.invoice.contract.reference),
    Column("need", "Reference of the need", "reference", "needs.reference", lambda p: p.invoice.contract.need.reference),
    Column("title", "Title of the contract", "text", "contracts.title", lambda p: p.invoice.contract.title),
    Column("supplier", "The supplier’s name on the invoice", "text", "invoices.supplier_name", lambda p: p.invoice.supplier_name),
    Column("company_number", "Its company number", "text", "suppliers.company_number", lambda p: p.invoice.supplier.company_number),
    Column("payment", "Reference of the payment", "reference", "payments.reference", lambda p: p.reference),
    Column("amount_gbp", "The payment, VAT included", "GBP", "payments.amount_pence", lambda p: pounds_cell(p.amount_pence)),
    Column("paid_on", "The day on which the supplier had the money", "day", "payments.paid_on", lambda p: p.paid_on),
)
