"""A council's files of payments: each line becomes the payment that it names exactly, or stays with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from marketplace.accounts.models import Membership, Organisation
from marketplace.accounts.permissions import is_granted
from marketplace.accounts.queries import members_of
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import NotFound
from marketplace.core.files import safe_name
from marketplace.core.journal import record
from marketplace.core.money import pounds
from marketplace.core.references import next_reference
from tenders.payments.invoices.books import owed_pence
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.queries import get_invoice
from tenders.payments.invoices.status import is_live
from tenders.payments.paying import events, queries, rules
from tenders.payments.paying.bacs import put_on_record
from tenders.payments.paying.forms import SENT
from tenders.payments.paying.models import Payment, Remittance, RemittanceLine
from tenders.payments.paying.remittance_file import FileLine, read_lines


def import_remittance(member: Membership, name: str, content: bytes, dates: str) -> tuple[Remittance, bool]:
    """Takes a file in, and says whether it is new; a file that was imported before changes nothing. Raises Problems.

    `dates` says what the date in the file is: forms.ARRIVES or forms.SENT.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    known = find_by_content(member.organisation_id, sha256)
    if known is not None:
        return known, False
    lines = read_lines(content)
    try:
        return _import(member, name, sha256, lines, dates), True
    except IntegrityError:
        # The same file came twice at once: the other one was first.
        known = find_by_content(member.organisation_id, sha256)
        if known is None:
            raise
        return known, False


@action
def _import(member: Membership, name: str, sha256: str, lines: Sequence[FileLine], dates: str) -> Remittance:
    made = Remittance(
        reference=next_reference(db.session(), "RM", clock.today().year),
        authority_id=member.organisation_id,
        file_name=safe_name(name),
        sha256=sha256,
        dates=dates,
        imported_at=clock.now(),
        imported_by_id=member.person_id,
    )
    made.lines = [RemittanceLine(**asdict(each)) for each in lines]
    db.session.add(made)
    db.session.flush()
    _take_all([each for each in made.lines if not each.problem], member, dates)
    matched = sum(not each.problem for each in made.lines)
    record(
        events.RemittanceImported(
            subject=made.reference,
            authority=member.organisation.reference,
            matched=matched,
            unmatched=len(lines) - matched,
            sha256=sha256,
        ),
        member.actor("finance"),
    )
    return made


@action
def try_again(reference: str, member: Membership) -> Remittance:
    """Looks again at lines that became no payment: an invoice may have come or been approved since."""
    made = get_remittance(reference, member.organisation_id, lock=True)
    open_lines = [each for each in made.lines if each.problem and each.amount_pence is not None]
    _take_all(open_lines, member, made.dates)
    matched, left = sum(not each.problem for each in open_lines), sum(bool(each.problem) for each in made.lines)
    record(
        events.RemittanceTriedAgain(
            subject=made.reference, authority=member.organisation.reference, matched=matched, unmatched=left
        ),
        member.actor("finance"),
    )
    return made


def _take_all(rows: Sequence[RemittanceLine], member: Membership, dates: str) -> None:
    numbered = _by_number(member.organisation_id)
    # All invoices first, in one order, and only then the payments' references: so do those who pay one by hand, and
    # the two cannot hold what the other waits for.
    found = (_matching(each, numbered) for each in rows)
    for invoice_id in sorted({each.id for each in found if not isinstance(each, str)}):
        get_invoice(invoice_id, lock=True)
    for row in rows:
        _take(row, member, dates, numbered)


def _take(row: RemittanceLine, member: Membership, dates: str, numbered: dict[str, list[Invoice]]) -> None:
    """The line becomes a payment, or says why it became none."""
    if row.amount_pence is None or row.named_on is None or not row.invoice_number:
        return
    found = _matching(row, numbered)
    if isinstance(found, str):
        row.problem = found
        return
    invoice = get_invoice(found.id, lock=True)
    sent_on, paid_on = _days(row.named_on, dates)
    row.problem = _why_not(invoice, row.amount_pence, member, sent_on, paid_on)
    if not row.problem:
        put_on_record(invoice, member, row.amount_pence, sent_on, paid_on, row.bank_reference, row)


def _days(named: date, dates: str) -> tuple[date, date]:
    return (named, rules.arrival_of(named)) if dates == SENT else (named, named)


def _by_number(authority_id: int) -> dict[str, list[Invoice]]:
    """The council's invoices by their numbers, whatever their capitals."""
    query = select(Invoice).where(Invoice.authority_id == authority_id).options(joinedload(Invoice.supplier))
    found: dict[str, list[Invoice]] = {}
    for each in db.session.scalars(query.order_by(Invoice.id)).unique():
        found.setdefault(each.number.casefold(), []).append(each)
    return found


def _matching(line: RemittanceLine, by_number: dict[str, list[Invoice]]) -> Invoice | str:
    """The one invoice of the council with exactly this number and supplier, or why there is none."""
    numbered = by_number.get(line.invoice_number.casefold(), [])
    if not numbered:
        return f"No invoice here has the number {line.invoice_number[:60]}."
    theirs = [each for each in numbered if is_from(each, line.supplier)]
    if not theirs:
        return f"The invoice with this number is not from “{line.supplier[:80]}”."
    live = [each for each in theirs if is_live(each)]
    if not live:
        return "This invoice was withdrawn or sent back, so nothing of it is owed."
    if len(live) > 1:
        return "The supplier uses this number under more than one contract. Record the payment at the right invoice."
    return live[0]


def is_from(invoice: Invoice, named: str) -> bool:
    """Whether the file names the invoice's supplier: its name as it is or was, our reference, or its company number."""
    plain = _plain(named)
    known = (invoice.supplier_name, invoice.supplier.name, invoice.supplier.reference, invoice.supplier.company_number)
    return bool(plain) and plain in {_plain(each) for each in known if each}


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _why_not(invoice: Invoice, amount_pence: int, member: Membership, sent_on: date, paid_on: date) -> str:
    """In one sentence why the line becomes no payment; "" when it does."""
    owed = owed_pence(invoice)
    if owed <= 0:
        return f"Invoice {invoice.number} is paid already."
    found = rules.payer_problems(invoice, member.person_id)
    if found:
        return found[0].message
    if amount_pence != owed:
        return f"The file says {pounds(amount_pence)}, and {pounds(owed)} of this invoice is owed."
    under_way = queries.is_card_under_way(invoice.id)
    said = (member.person_id, owed, under_way, amount_pence, sent_on, paid_on, clock.today())
    found = rules.recording_problems(invoice, *said)
    return found[0].message if found else ""


# -- finding


def finance_member(council: str, email: str = "") -> Membership:
    """Who acts for the council with this slug: its one person with the role finance, or the one with this address.

    Raises NotFound in words when there is no such council or person, or when more than one could be meant.
    """
    authority = db.session.scalar(select(Organisation).where(Organisation.slug == council, Organisation.kind == "authority"))
    if authority is None:
        raise NotFound(f"There is no council called {council}.")
    able = [each for each in members_of(authority.id) if is_granted("pay_invoice", "authority", each.roles)]
    chosen = [each for each in able if each.person.email.casefold() == email.strip().casefold()] if email else able
    if len(chosen) == 1:
        return chosen[0]
    if email:
        raise NotFound(f"{email} does not have the role finance at {authority.name}.")
    raise NotFound(f"{len(able)} people of {authority.name} have the role finance. Say whose act it is: --by EMAIL")


def outcome_of(remittance: Remittance) -> dict[str, str | int]:
    """Reference and counts, for programs."""
    unmatched = sum(bool(each.problem) for each in remittance.lines)
    lines = len(remittance.lines)
    return {"reference": remittance.reference, "lines": lines, "matched": lines - unmatched, "unmatched": unmatched}


def find_by_content(authority_id: int, sha256: str) -> Remittance | None:
    """The council's import of these very bytes, if any."""
    return db.session.scalar(select(Remittance).where(Remittance.authority_id == authority_id, Remittance.sha256 == sha256))


def get_remittance(reference: str, authority_id: int, lock: bool = False) -> Remittance:
    """The council's own, locked and its lines read afresh when asked; another's is NotFound."""
    query = select(Remittance).where(Remittance.reference == reference, Remittance.authority_id == authority_id)
    if lock:
        db.session.execute(query.with_for_update(of=Remittance))
        query = query.options(selectinload(Remittance.lines)).execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("There is no import with this reference.")
    return found


def remittances_of(authority_id: int) -> Sequence[Remittance]:
    """A council's imports, newest first."""
    query = select(Remittance).where(Remittance.authority_id == authority_id).options(selectinload(Remittance.lines))
    return db.session.scalars(query.order_by(Remittance.imported_at.desc(), Remittance.id.desc())).all()


def payments_by_line(remittance: Remittance) -> dict[int, Payment]:
    """The payments that the file's lines became, by the lines' ids."""
    query = select(Payment).join(RemittanceLine, RemittanceLine.id == Payment.remittance_line_id)
    rows = db.session.scalars(query.where(RemittanceLine.remittance_id == remittance.id).order_by(Payment.id))
    return {each.remittance_line_id: each for each in rows if each.remittance_line_id is not None}
