"""M1: after any invoices, part payments, credit notes, refunds and disputes everybody reads the same sums, and all is nought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.auditors.exports import get_export
from marketplace.auditors.exports.shape import Scope
from marketplace.core import clock, db
from marketplace.core.errors import Problems
from marketplace.core.journal import record
from marketplace.core.money import pounds
from tenders.payments.invoices import actions, deciding, queries
from tenders.payments.invoices.models import Invoice
from tenders.payments.ledger.accounts import contract_books
from tenders.payments.ledger.posting import Move, balances, post
from tenders.payments.paying import bacs
from tenders.payments.paying import queries as paying
from tests import invoicing, making
from tests.pageclient import PageClient, signed_in
from tests.promises.proof import Proof

VERBS = (
    "send", "send", "approve", "approve", "pay", "pay", "pay", "credit", "refund", "came back", "dispute", "answer",
    "settle", "return", "withdraw",
)  # fmt: skip
ACTS = st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 5), st.integers(1, 700_000)), max_size=12)


@dataclass
class Expected:
    """What one invoice should come to: reckoned here, without the ledger."""

    total: int
    credited: int = 0
    paid: int = 0
    is_live: bool = True

    @property
    def owed(self) -> int:
        return self.total - self.credited - self.paid if self.is_live else 0


@dataclass
class Books:
    """A contract under which anything is done, and a second reckoning of it beside."""

    bill: invoicing.Billing
    council: PageClient
    supplier: PageClient
    expected: dict[str, Expected] = field(default_factory=dict)

    def act(self, verb: str, which: int, pence: int) -> bool:
        """Does it, and reckons it when it was not refused."""
        if verb == "send":
            invoice = self.bill.sent(f"INV-{len(self.expected)}", pence, vat_basis_points=2000 if pence % 2 else 0)
            self.expected[invoice.reference] = Expected(invoice.total_pence)
            return True
        references = list(self.expected)[-6:]
        if which >= len(references):
            return False
        invoice = queries.get_by_reference(references[which])
        try:
            change = self._do(verb, invoice, pence)
        except Problems:
            return False
        change(self.expected[invoice.reference])
        return True

    def _do(self, verb: str, invoice: Invoice, pence: int) -> Callable[[Expected], None]:
        bill, deeds = self.bill, {
            "approve": lambda: deciding.approve_invoice(invoice.id, bill.manager, True),
            "dispute": lambda: deciding.dispute_invoice(invoice.id, bill.manager, "Why?"),
            "settle": lambda: deciding.resolve_dispute(invoice.id, bill.manager, "Settled."),
            "answer": lambda: actions.answer_dispute(invoice.id, bill.supplier, "So."),
        }  # fmt: skip
        if verb in deeds:
            deeds[verb]()
            return lambda _expected: None
        if verb in ("return", "withdraw"):
            if verb == "return":
                deciding.return_invoice(invoice.id, bill.manager, "Not valid.")
            else:
                actions.withdraw_invoice(invoice.id, bill.supplier)
            return lambda expected: setattr(expected, "is_live", False)
        if verb == "credit":
            number = f"C{len(invoice.credit_notes)}"
            note = actions.send_credit_note(invoice.id, bill.supplier, number, "Less", pence - pence // 6, pence // 6)
            return lambda expected: setattr(expected, "credited", expected.credited + note.total_pence)
        if verb == "pay":
            bacs.record_payment(invoice.id, bill.finance, pence, clock.today())
            return lambda expected: setattr(expected, "paid", expected.paid + pence)
        payments = paying.payments_of(invoice.id)
        if not payments:
            raise Problems([])
        payment, given_back = payments[-1], sum(each.amount_pence for each in payments[-1].refunds)
        if verb == "refund":
            bacs.record_refund(payment.reference, bill.finance, pence, clock.today(), "")
            return lambda expected: setattr(expected, "paid", expected.paid - pence)
        bacs.record_came_back(payment.reference, bill.finance, "")
        return lambda expected: setattr(expected, "paid", expected.paid - payment.amount_pence + given_back)

    def disagreements(self) -> list[str]:
        """Where the ledger, the pages of both sides and the auditor's files differ from the second reckoning."""
        found = [] if sum(balances().values()) == 0 else ["the ledger does not come to nought"]
        owed = sum(each.owed for each in self.expected.values())
        for row in queries.invoices_of_contract(self.bill.contract_id):
            if row.owed_pence != self.expected[row.invoice.reference].owed:
                found.append(f"{row.invoice.reference}: the ledger says {row.owed_pence}")
        if self.expected:
            if not self.council.get("/council/invoices").has(f"{pounds(owed)} including VAT is owed to suppliers."):
                found.append("the council's page")
            if not self.supplier.get("/supplier/invoices").has(f"{pounds(owed)} including VAT is owed to you."):
                found.append("the supplier's page")
        paid = sum(each.paid for each in self.expected.values())
        told = [self._in_file("invoices", each) for each in ("owed_gbp", "paid_gbp")]
        if told != [Decimal(owed) / 100, Decimal(paid) / 100]:
            found.append("the auditor's invoices.csv")
        sent, back = (self._in_file("payments", each, but_not="failed_at") for each in ("amount_gbp", "came_back_gbp"))
        if sent - back != Decimal(paid) / 100:
            found.append("the auditor's payments.csv")
        return found + self._ledger_file(owed)

    def _in_file(self, name: str, heading: str, but_not: str = "") -> Decimal:
        export = get_export(name)
        column = next(each for each in export.columns if each.heading == heading)
        ours = [each for each in export.rows(db.session(), self._scope()) if each.contract == self.bill.reference]
        rows = [each for each in ours if not (but_not and getattr(each, but_not))]
        return sum((Decimal(column.value(each)) for each in rows), Decimal(0))

    def _scope(self) -> Scope:
        db.in_one_transaction()  # the files are read by a cursor on the server
        return Scope(clock.now(), self.bill.deal.made.council.slug)

    def _ledger_file(self, owed: int) -> list[str]:
        account = contract_books(self.bill.reference).owed
        rows = list(get_export("ledger").rows(db.session(), self._scope()))
        summed = sum((row.amount_pence if row.credit == account else -row.amount_pence) for row in rows if account in (row.credit, row.debit))
        return [] if summed == owed else ["the auditor's ledger.csv"]


@pytest.fixture
def new_books(whole_app, rows_stay_attached: None) -> Callable[[], Books]:
    """Makes a council with a contract, and a screen for each side."""
    def made() -> Books:
        bill = invoicing.billing()
        return Books(bill, signed_in(whole_app, bill.finance), signed_in(whole_app, bill.supplier))

    return made


SEQUENCES_UNDER_ONE = 25  # a contract of its own for each would take most of the time


def test_everybody_reads_the_same_sums_whatever_was_done(new_books: Callable[[], Books], proof: Proof) -> None:
    done, found, all_books, size = [0, 0], [], [new_books()], proof.size("M1")

    @settings(
        max_examples=size, deadline=None, database=None, derandomize=False, suppress_health_check=list(HealthCheck)
    )  # fmt: skip
    @given(ACTS)
    def sequences(acts: list[tuple[str, int, int]]) -> None:
        done[0] += 1
        if done[0] % SEQUENCES_UNDER_ONE == 0:
            all_books.append(new_books())
        done[1] += sum(all_books[-1].act(*each) for each in acts)
        found.extend(all_books[-1].disagreements())
        assert not found, found

    sequences()
    invoices = sum(len(each.expected) for each in all_books)
    tried = "random sequences of acts on invoices; ledger, both sides' pages and auditor's files compared after each"
    proof.tell("M1", tried, count=done[0], violations=found, measured=f"{done[1]} acts, {invoices} invoices")


def test_a_row_in_the_ledger_that_nothing_explains_is_found_everywhere(new_books: Callable[[], Books]) -> None:
    kept = new_books()
    for each in (("send", 0, 1_001), ("approve", 0, 1), ("pay", 0, 500), ("credit", 0, 60)):
        assert kept.act(*each)
    assert kept.disagreements() == []
    books = contract_books(kept.bill.reference)
    with db.one_action("test"):
        post("planted", "payment", next(iter(kept.expected)), [Move("all", books.owed, books.paid, 1)])
        record(making.MadeForTest(subject="test"))
    assert kept.disagreements() == [
        f"{next(iter(kept.expected))}: the ledger says {1_201 - 500 - 60 - 1}",
        "the council's page",
        "the supplier's page",
        "the auditor's invoices.csv",
        "the auditor's ledger.csv",
    ]
