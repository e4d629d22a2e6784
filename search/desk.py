"""What waits for a supplier, and what it has going on: drafts due, answers and feedback to read, contracts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.moments import time_left
from suppliers.profiles.models import Supplier
from tenders.awards.models import AssessmentSummary
from tenders.bids.listing import unfinished_bids
from tenders.bids.models import Bid
from tenders.bids.queries import open_bids_of_supplier
from tenders.bids.rules import bidding_problems
from tenders.clarifications.queries import answered_to
from tenders.contracts.models import Contract
from tenders.contracts.tasks import supplier_contract_tasks
from tenders.needs.dashboard import Task, tasks_of
from tenders.needs.models import Need
from tenders.payments.invoices.queries import invoices_of_supplier
from tenders.payments.invoices.tasks import supplier_invoice_tasks

FEEDBACK_SHOWN = timedelta(days=30)
ANSWER_SHOWN = timedelta(days=7)
# What is due within this time comes before everything else.
SOON = timedelta(days=7)


@dataclass(frozen=True)
class SupplierDesk:
    """How much a supplier has in each stage."""

    bids: int
    contracts: int
    invoices: int
    owed_pence: int


def supplier_desk(supplier: Supplier) -> SupplierDesk:
    """Bids that are not withdrawn, contracts that have not ended, invoices to be paid and what they come to with VAT."""
    bids = db.session.scalars(select(Bid.id).where(Bid.supplier_id == supplier.id, Bid.withdrawn_at.is_(None)))
    contracts = select(Contract.id).where(Contract.supplier_id == supplier.id, Contract.ended_at.is_(None))
    owed = [each.owed_pence for each in invoices_of_supplier(supplier.id) if each.is_open]
    return SupplierDesk(len(bids.all()), len(db.session.scalars(contracts).all()), len(owed), sum(owed))


def tasks_of_supplier(member: Membership, supplier: Supplier) -> list[Task]:
    """Everything that waits, the most pressing first.

    That is: what is overdue or due within a week, by its day; what others or the firm's own money wait for; what is
    due later; the rest.
    """
    now = clock.now()
    found = [*_drafts(supplier, now), *supplier_contract_tasks(member), *supplier_invoice_tasks(member)]
    found += [*_answers(supplier, now), *_feedback(supplier), *tasks_of(member)]
    return sorted(found, key=lambda each: _turn(each, now))


def _turn(task: Task, now: datetime) -> tuple[int, datetime]:
    if task.due_at is not None and task.due_at <= now + SOON:
        return 0, task.due_at
    if task.is_urgent:
        return 1, now
    return (2, task.due_at) if task.due_at is not None else (3, now)


def pressing(task: Task, now: datetime) -> str:
    """How near it is, when that should stand out: "Overdue", "2 days and 3 hours left", else ""."""
    if task.due_at is None or task.due_at > now + SOON:
        return ""
    return f"{time_left(task.due_at, now)} left" if task.due_at > now else "Overdue"


def _drafts(supplier: Supplier, now: datetime) -> Iterator[Task]:
    for each in unfinished_bids(open_bids_of_supplier(supplier.id, now), now):
        what = "Submit the new version of your bid" if each.bid.submitted_at else "Finish and submit your bid"
        yield Task(what, f"/supplier/bids/{each.bid.reference}", each.bid.need.title, each.bid.need.closes_at)


def _answers(supplier: Supplier, now: datetime) -> Iterator[Task]:
    """Answers of the last week to the firm's own questions, one task for each need that can still be bid for."""
    told = set()
    for each in answered_to(supplier.id, now - ANSWER_SHOWN):
        need = each.need
        if need.id in told or bidding_problems(need, now):
            continue
        told.add(need.id)
        yield Task(
            "Read the answer to your question", f"/needs/{need.reference}#question-{each.number}", need.title,
            need.closes_at, "Bids close at",
        )  # fmt: skip


def _feedback(supplier: Supplier) -> Iterator[Task]:
    """Feedback of the last month; older ones stay with their bids."""
    query = (
        select(Bid.reference, Need.title)
        .join(AssessmentSummary, AssessmentSummary.bid_id == Bid.id)
        .join(Need, Need.id == Bid.need_id)
        .where(Bid.supplier_id == supplier.id, AssessmentSummary.sent_at > clock.now() - FEEDBACK_SHOWN)
    )
    for reference, title in db.session.execute(query.order_by(AssessmentSummary.sent_at.desc(), Bid.id)):
        yield Task("Read how your bid was scored", f"/supplier/bids/{reference}/feedback", title)
