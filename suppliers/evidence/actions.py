"""Adding, changing and removing certificates and insurance, and reminding of their end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from marketplace import config
from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.db import action, session
from marketplace.core.errors import Problem, Problems, insist
from marketplace.core.files import FileStore, FileTooLarge, StoredFile, safe_name, upload_problems
from marketplace.core.journal import record
from suppliers.evidence import queries, rules
from suppliers.evidence.events import EvidenceAdded, EvidenceChanged, EvidenceExpiring, EvidenceRemoved
from suppliers.evidence.models import Evidence
from suppliers.evidence.rules import EvidenceFacts
from suppliers.profiles.queries import get_supplier

AREA = "evidence"


@dataclass(frozen=True)
class Copy:
    """A copy of the paper, as it was sent: its name and its bytes as a stream that can be rewound."""

    name: str
    stream: BinaryIO


def store() -> FileStore:
    """Where copies lie."""
    return FileStore(config.current().files_folder)


def add_evidence(member: Membership, facts: EvidenceFacts, copy: Copy | None = None) -> Evidence:
    """Puts a certificate or policy on the profile. Raises Problems; a refused one leaves no file behind."""
    kept = _keep(copy)
    try:
        return _add(member, facts, kept, copy.name if copy else "")
    except BaseException:
        _forget(kept.key if kept else "")
        raise


@action
def _add(member: Membership, facts: EvidenceFacts, kept: StoredFile | None, name: str) -> Evidence:
    insist(rules.evidence_problems(facts, clock.today()))
    supplier = get_supplier(member.organisation_id, lock=True)
    insist(rules.room_problems(queries.count_evidence(supplier.id)))
    made = Evidence(supplier_id=supplier.id, added_at=clock.now())
    _set_facts(made, facts)
    if kept:
        made.file_key, made.file_name = kept.key, safe_name(name)
    session.add(made)
    session.flush()
    supplier.updated_at = clock.now()
    happened = EvidenceAdded(subject=supplier.reference, evidence=made.id, kind=made.kind, expires_on=made.expires_on)
    record(happened, member.actor())
    return made


def change_evidence(member: Membership, evidence_id: int, facts: EvidenceFacts, copy: Copy | None = None) -> Evidence:
    """Corrects or renews one; a new copy takes the old one's place. Raises Problems, or NotFound for another's."""
    kept = _keep(copy)
    try:
        changed, old_key = _change(member, evidence_id, facts, kept, copy.name if copy else "")
    except BaseException:
        _forget(kept.key if kept else "")
        raise
    _forget(old_key)
    return changed


@action
def _change(
    member: Membership, evidence_id: int, facts: EvidenceFacts, kept: StoredFile | None, name: str
) -> tuple[Evidence, str]:
    supplier = get_supplier(member.organisation_id, lock=True)
    evidence = queries.get_evidence(evidence_id, supplier.id, lock=True)
    insist(rules.evidence_problems(facts, clock.today(), evidence.expires_on))
    _set_facts(evidence, facts)
    old_key = evidence.file_key if kept else ""
    if kept:
        evidence.file_key, evidence.file_name = kept.key, safe_name(name)
    supplier.updated_at = clock.now()
    happened = EvidenceChanged(
        subject=supplier.reference, evidence=evidence.id, kind=evidence.kind, expires_on=evidence.expires_on
    )
    record(happened, member.actor())
    return evidence, old_key


def remove_evidence(member: Membership, evidence_id: int) -> None:
    """Takes one off the profile and destroys its copy. Raises NotFound when it is not this firm's."""
    _forget(_remove(member, evidence_id))


@action
def _remove(member: Membership, evidence_id: int) -> str:
    supplier = get_supplier(member.organisation_id, lock=True)
    evidence = queries.get_evidence(evidence_id, supplier.id, lock=True)
    key, evidence.file_key, evidence.file_name = evidence.file_key, "", ""
    evidence.removed_at = supplier.updated_at = clock.now()
    record(EvidenceRemoved(subject=supplier.reference, evidence=evidence.id, kind=evidence.kind), member.actor())
    return key


def remind_of_evidence() -> int:
    """For the timetable: says what is about to end, each reminder once. Returns how many fell due."""
    due = [each.id for each in queries.reminders_due(clock.now())]
    return sum(_remind(evidence_id) for evidence_id in due)


@action
def _remind(evidence_id: int) -> bool:
    evidence = queries.find_evidence(evidence_id, lock=True)
    days = rules.reminder_due(evidence, clock.today()) if evidence else None
    if evidence is None or evidence.expires_on is None or days is None:
        return False
    evidence.reminded_for, evidence.reminded_days = evidence.expires_on, days
    reference = evidence.supplier.reference
    record(
        EvidenceExpiring(
            subject=reference, evidence=evidence.id, kind=evidence.kind, expires_on=evidence.expires_on, days=days
        )
    )
    return True


def _set_facts(evidence: Evidence, facts: EvidenceFacts) -> None:
    evidence.kind, evidence.name, evidence.issuer = facts.kind, facts.name, facts.issuer
    evidence.number, evidence.expires_on = facts.number, facts.expires_on
    evidence.cover_pence = facts.cover_pence if facts.kind == "insurance" else None


def copy_problems(copy: Copy | None) -> list[Problem]:
    """What stops the copy from being kept: its kind, its size, its first bytes."""
    if copy is None:
        return []
    size = copy.stream.seek(0, 2)
    copy.stream.seek(0)
    start = copy.stream.read(16)
    copy.stream.seek(0)
    return [Problem(each.message, "copy") for each in upload_problems(copy.name, start, size, _most_bytes())]


def _most_bytes() -> int:
    return config.current().max_upload_megabytes * 1_000_000


def _keep(copy: Copy | None) -> StoredFile | None:
    if copy is None:
        return None
    insist(copy_problems(copy))
    limit = _most_bytes()
    try:
        return store().write(AREA, copy.stream, limit)
    except FileTooLarge:
        raise Problems([Problem(f"Send a file of at most {limit // 1_000_000} MB", "copy")]) from None


def _forget(key: str) -> None:
    if key:
        store().remove(key)
