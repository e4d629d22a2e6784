"""Files of invoices that are not sent yet: kept for a week, so that no form with a problem costs anybody their file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import delete, select

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.files import StoredFile, safe_name
from marketplace.core.journal import record
from tenders.contracts.actions import supplier_contract
from tenders.contracts.models import Contract
from tenders.needs.actions import subject_of
from tenders.payments.invoices import documents, events
from tenders.payments.invoices.documents import Document
from tenders.payments.invoices.models import WaitingDocument

KEPT_FOR = timedelta(days=7)


def find_waiting(contract: Contract, member: Membership) -> WaitingDocument | None:
    """The file that waits for this person's next invoice under the contract."""
    theirs = (WaitingDocument.contract_id == contract.id, WaitingDocument.person_id == member.person_id)
    return db.session.scalar(select(WaitingDocument).where(*theirs))


@contextmanager
def opened(waiting: WaitingDocument) -> Iterator[Document]:
    """The file as a document that can be sent."""
    with documents.store().path(waiting.file_key).open("rb") as stream:
        yield Document(waiting.file_name, stream)


def keep_document(contract_id: int, member: Membership, document: Document) -> WaitingDocument:
    """Keeps a file until its invoice is sent, instead of the one before it. Raises Problems with what stops it."""
    kept = documents.keep(document)
    assert kept is not None
    try:
        waiting, freed = _keep(contract_id, member, document.name, kept)
    except BaseException:
        documents.forget(kept)
        raise
    if freed:
        documents.store().remove(freed)
    return waiting


@action
def _keep(contract_id: int, member: Membership, name: str, kept: StoredFile) -> tuple[WaitingDocument, str]:
    contract = supplier_contract(contract_id, member)
    waiting = find_waiting(contract, member)
    if waiting is None:
        waiting = WaitingDocument(contract_id=contract.id, person_id=member.person_id, file_key=kept.key)
        db.session.add(waiting)
    freed = waiting.file_key if waiting.file_key != kept.key else ""
    waiting.file_key, waiting.file_name, waiting.file_sha256 = kept.key, safe_name(name), kept.sha256
    waiting.kept_at = clock.now()
    of = {**subject_of(contract.need), "subject": contract.reference, "contract": contract.reference}
    record(events.InvoiceDocumentKept(**of, sha256=kept.sha256), member.actor())
    return waiting, freed


def let_go(waiting: WaitingDocument) -> None:
    """The invoice is sent with a copy of its own: what waited is not needed any more."""
    _remove([waiting.id])


def sweep_waiting() -> int:
    """For the timetable: removes what has waited for more than a week. Gives how many."""
    old = select(WaitingDocument.id).where(WaitingDocument.kept_at < clock.now() - KEPT_FOR)
    found = list(db.session.scalars(old))
    db.session.rollback()
    _remove(found)
    return len(found)


def _remove(ids: list[int]) -> None:
    if not ids:
        return
    with db.housekeeping() as current:
        gone = delete(WaitingDocument).where(WaitingDocument.id.in_(ids)).returning(WaitingDocument.file_key)
        keys = list(current.scalars(gone))
    for key in keys:
        documents.store().remove(key)
