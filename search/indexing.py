"""The index follows the journal: which events change which documents, rebuilding, checking, and mending by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import select

from marketplace.core import db
from marketplace.core.failpoints import failpoint
from marketplace.core.journal import JournalHead, JournalLine
from search.answering import IndexState, answering, engine, index_state
from search.documents import Document, Kind, cleaned, fingerprint
from search.engine import RebuildRunning, SearchUnavailable
from search.gathering import (
    document_of_need,
    document_of_supplier,
    documents_for,
    every_document,
    reading_apart,
    suppliers_named_in,
)
from suppliers.profiles.queries import references_of_person

__all__ = [
    "INDEX_EVENTS", "IndexState", "answering", "check_index", "document_of_need", "document_of_supplier", "engine",
    "index_state", "keep_index", "mend_differences", "mend_index", "react", "rebuild_index",
]  # fmt: skip

NEED_EVENTS = frozenset(
    {
        "NeedPublished",
        "NeedAmended",
        "NeedExtended",
        "NeedWithdrawn",
        "QuestionAnswered",
        "SummariesSent",
        "NoAwardMade",
        "AwardSetAside",
        "NoticeCorrected",
        "ContractSigned",
        "ContractEnded",
        "NeedsImported",
    }
)
SUPPLIER_EVENTS = frozenset(
    {
        "SupplierRegistered",
        "ProfileChanged",
        "SolutionAdded",
        "SolutionChanged",
        "SolutionRemoved",
        "EvidenceAdded",
        "EvidenceChanged",
        "EvidenceRemoved",
        # Who won is one that has worked with councils.
        "SummariesSent",
        "NeedsImported",
        "SuppliersImported",
        "OrganisationSuspended",
        "SuspensionLifted",
        "MemberJoined",
        "JoinApproved",
    }
)
# A firm's profile becomes public when its first person has confirmed an address.
PERSON_EVENTS = frozenset({"EmailConfirmed"})
INDEX_EVENTS = NEED_EVENTS | SUPPLIER_EVENTS | PERSON_EVENTS
LISTS = {"NeedsImported": "references", "SuppliersImported": "suppliers"}
WINNERS_NAMED = frozenset({"NeedsImported"})
SUPPLIER_PREFIX = "S-"


def react(lines: Sequence[JournalLine]) -> None:
    """Reads again whatever the lines speak of and writes it in one commit; safe to repeat."""
    needs = sorted({each for line in lines for each in needs_in(line)})
    suppliers = sorted({each for line in lines for each in suppliers_in(line)})
    if not needs and not suppliers:
        return
    try:
        if mend_index():
            return
    except RebuildRunning:
        pass  # what is written now is taken over into the index that is being built
    _write(needs, suppliers)


def _write(needs: Sequence[str], suppliers: Sequence[str]) -> None:
    """Writes what the database says of them, until nothing has happened between the reading and the writing.

    Another worker may read later and write sooner; whoever writes last looks again, so that nothing old stays.
    """
    asked = [(Kind.NEED, each) for each in needs] + [(Kind.SUPPLIER, each) for each in suppliers]
    written: list[Document] | None = None
    while True:
        before = _lines_so_far()
        upserts = documents_for(needs, suppliers)
        failpoint("index: documents read")
        if upserts == written:
            return
        here = {(each.kind, each.reference) for each in upserts}
        engine().write(upserts, [each for each in asked if each not in here])
        failpoint("index: documents written")
        if _lines_so_far() == before:
            return
        written = upserts


def _lines_so_far() -> int:
    """How long the journal is; whatever is read after it is read afresh."""
    db.session.rollback()
    return db.session.scalar(select(JournalHead.count).where(JournalHead.id == 1)) or 0


def mend_index() -> int:
    """Builds an index that is missing, broken or of another version, and gives 1; 0 when there was no need.

    Raises RebuildRunning when another process is at it.
    """
    if engine().is_ready() and engine().is_healthy():
        return 0
    rebuild_index(lambda _: None)
    return 1


def keep_index() -> int:
    """For the timetable: mends an index that cannot be read, unless that is being done."""
    try:
        return mend_index()
    except RebuildRunning:
        return 0


def mend_differences() -> int:
    """Writes again whatever differs from the database, and gives how many documents that were."""
    if keep_index() or not engine().is_ready():
        return 1
    found = _differences()
    _write(*(sorted(reference for kind, reference in found if kind is each) for each in Kind))
    return len(found)


def needs_in(line: JournalLine) -> list[str]:
    """The references of the needs that a line speaks of."""
    if line.event not in NEED_EVENTS:
        return []
    return _listed(line) if line.event in LISTS else [line.need or line.subject]


def suppliers_in(line: JournalLine) -> list[str]:
    """The references of the suppliers that a line speaks of; organisations of other kinds left out."""
    if line.event in PERSON_EVENTS:
        return references_of_person(line.subject)
    if line.event not in SUPPLIER_EVENTS:
        return []
    if line.event in WINNERS_NAMED:
        return suppliers_named_in(_listed(line))
    if line.event in LISTS:
        return _listed(line)
    facts = line.facts
    named = {line.subject, line.organisation, str(facts.get("organisation", "")), str(facts.get("supplier", ""))}
    return sorted(each for each in named if each.startswith(SUPPLIER_PREFIX))


def _listed(line: JournalLine) -> list[str]:
    return [str(each) for each in line.facts.get(LISTS[line.event], ())]


def rebuild_index(tell: Callable[[str], None]) -> int:
    """Builds the index anew beside the old one and swaps it in; gives the number of documents."""
    with reading_apart():
        return engine().rebuild(every_document(), lambda count: tell(f"{count} documents read…"))


def check_index() -> list[str]:
    """Where index and database differ, in words; empty when they agree."""
    if not engine().is_ready():
        return ["There is no index of this version that can be read: run `marketplace reindex`"]
    try:
        return [f"{kind} {reference} {how}" for (kind, reference), how in _differences().items()]
    except SearchUnavailable as fault:
        return [str(fault)]


def _differences() -> dict[tuple[Kind, str], str]:
    """What is not in the index as it is in the database, in order of kind and reference; raises SearchUnavailable."""
    with reading_apart():
        wanted = {(each.kind, each.reference): fingerprint(cleaned(each)) for each in every_document()}
    found = {(kind, reference): mark for kind in Kind for reference, mark in engine().references(kind).items()}
    differences = {}
    for key in sorted(wanted.keys() | found.keys()):
        if key not in wanted:
            differences[key] = "is in the index and not public in the database"
        elif key not in found:
            differences[key] = "is missing from the index"
        elif wanted[key] != found[key]:
            differences[key] = "differs from the database"
    return differences
