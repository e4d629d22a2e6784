"""The index follows the journal: which events change which documents, rebuilding, checking, and who answers a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from marketplace import config
from marketplace.core import clock
from marketplace.core.journal import JournalLine
from search.documents import Document, Kind, cleaned, fingerprint
from search.engine import SearchEngine, SearchUnavailable
from search.engines import make_engine
from search.fallback import FallbackEngine
from search.gathering import (
    document_of_need,
    document_of_supplier,
    documents_for,
    every_document,
    reading_apart,
    suppliers_named_in,
)
from search.whoosh_engine import PROMISED_DOCUMENTS
from suppliers.profiles.queries import references_of_person

__all__ = [
    "INDEX_EVENTS", "IndexState", "answering", "check_index", "document_of_need", "document_of_supplier", "engine",
    "index_state", "react", "rebuild_index",
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
FALLBACK_KEPT = timedelta(seconds=60)

_engines: dict[tuple[Path, str], SearchEngine] = {}
_fallbacks: dict[Path, tuple[datetime, FallbackEngine]] = {}


def engine() -> SearchEngine:
    """This process's engine of the settings, over its own folder or the database, opened on first use."""
    settings = config.current()
    key = settings.index_folder, settings.url
    if key not in _engines:
        _engines[key] = make_engine(settings.search_engine, *key)
    return _engines[key]


def answering() -> tuple[SearchEngine, bool]:
    """Who answers searches now, and whether it is the slow stand-in because the index is missing or broken."""
    chosen = engine()
    try:
        chosen.references(Kind.SUPPLIER)
    except SearchUnavailable:
        return _fallback(), True
    return chosen, False


def _fallback() -> FallbackEngine:
    folder, now = config.current().index_folder, clock.now()
    made = _fallbacks.get(folder)
    if made is None or not timedelta() <= now - made[0] < FALLBACK_KEPT:
        with reading_apart():
            _fallbacks[folder] = made = (now, FallbackEngine(every_document()))
    return made[1]


def react(lines: Sequence[JournalLine]) -> None:
    """Reads again whatever the lines speak of and writes it in one commit; safe to repeat."""
    needs = sorted({each for line in lines for each in needs_in(line)})
    suppliers = sorted({each for line in lines for each in suppliers_in(line)})
    if not needs and not suppliers:
        return
    upserts = documents_for(needs, suppliers)
    here = {(each.kind, each.reference) for each in upserts}
    asked = [(Kind.NEED, each) for each in needs] + [(Kind.SUPPLIER, each) for each in suppliers]
    engine().write(upserts, [each for each in asked if each not in here])


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
    wanted: dict[Kind, dict[str, Document]] = {kind: {} for kind in Kind}
    with reading_apart():
        for document in every_document():
            wanted[document.kind][document.reference] = document
    try:
        found = {kind: engine().references(kind) for kind in Kind}
    except SearchUnavailable as fault:
        return [str(fault)]
    differences = []
    for kind in Kind:
        for reference in sorted(wanted[kind].keys() | found[kind].keys()):
            mark = found[kind].get(reference)
            if reference not in wanted[kind]:
                differences.append(f"{kind} {reference} is in the index and not public in the database")
            elif mark is None:
                differences.append(f"{kind} {reference} is missing from the index")
            elif mark != fingerprint(cleaned(wanted[kind][reference])):
                differences.append(f"{kind} {reference} differs from the database")
    return differences


@dataclass(frozen=True)
class IndexState:
    """What the administrator sees of the index: whether it answers, how much is in it, and a word of advice."""

    is_healthy: bool
    needs: int
    suppliers: int
    advice: str

    @property
    def is_within_promise(self) -> bool:
        return max(self.needs, self.suppliers) <= PROMISED_DOCUMENTS


def index_state() -> IndexState:
    """The state of this copy's index now."""
    chosen = engine()
    if not chosen.is_healthy():
        advice = (
            "The index is missing or broken. Searches are answered slowly from the database. Run: marketplace reindex"
        )
        return IndexState(False, 0, 0, advice)
    needs, suppliers = len(chosen.references(Kind.NEED)), len(chosen.references(Kind.SUPPLIER))
    state = IndexState(True, needs, suppliers, "")
    if state.is_within_promise:
        return state
    advice = f"More than {PROMISED_DOCUMENTS:,} documents of one kind: searches will be slower than promised."
    return IndexState(True, needs, suppliers, advice)
