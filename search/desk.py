"""What waits for a supplier, and what it has going on: drafts due, feedback to read, contracts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from search.plain_lists import is_open
from suppliers.profiles.models import Supplier
from tenders.awards.models import AssessmentSummary
from tenders.bids.models import Bid
from tenders.contracts.models import Contract
from tenders.needs.dashboard import Task, tasks_of
from tenders.needs.models import Need

FEEDBACK_SHOWN = timedelta(days=30)


@dataclass(frozen=True)
class SupplierDesk:
    """How much a supplier has in each stage."""

    bids: int
    contracts: int


def supplier_desk(supplier: Supplier) -> SupplierDesk:
    """Bids that are not withdrawn, and contracts that have not ended."""
    bids = db.session.scalars(select(Bid.id).where(Bid.supplier_id == supplier.id, Bid.withdrawn_at.is_(None)))
    contracts = select(Contract.id).where(Contract.supplier_id == supplier.id, Contract.ended_at.is_(None))
    return SupplierDesk(len(bids.all()), len(db.session.scalars(contracts).all()))


def tasks_of_supplier(member: Membership, supplier: Supplier) -> list[Task]:
    """Everything that waits, the soonest due first, what has no date last."""
    found = [*_drafts(supplier), *_contracts(supplier), *_feedback(supplier), *tasks_of(member)]
    return sorted(found, key=lambda each: (each.due_at is None, each.due_at or clock.now()))


def _drafts(supplier: Supplier) -> Iterator[Task]:
    query = (
        select(Bid.reference, Need.title, Need.closes_at)
        .join(Need, Need.id == Bid.need_id)
        .where(
            Bid.supplier_id == supplier.id,
            Bid.withdrawn_at.is_(None),
            Bid.submitted_at.is_(None),
            is_open(clock.now()),
        )
    )
    for reference, title, closes_at in db.session.execute(query.order_by(Need.closes_at, Bid.id)):
        yield Task("Finish and submit your bid", f"/supplier/bids/{reference}", title, closes_at)


def _contracts(supplier: Supplier) -> Iterator[Task]:
    query = select(Contract.reference, Contract.title).where(
        Contract.supplier_id == supplier.id,
        Contract.council_signed_at.is_not(None),
        Contract.supplier_signed_at.is_(None),
        Contract.ended_at.is_(None),
    )
    for reference, title in db.session.execute(query.order_by(Contract.id)):
        yield Task("Sign the contract", f"/supplier/contracts/{reference}", title)


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
