"""Search documents from rows: needs with their questions and results, suppliers with their works."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, selectinload

from marketplace.accounts.models import Organisation
from marketplace.core import db
from marketplace.core.clock import london_day
from marketplace.core.errors import NotFound
from marketplace.core.geography import outcode_of
from marketplace.reference import find_council
from search.buyers import COUNCILS, kind_of_buyer, kind_of_council, names_a_council
from search.documents import (
    CAPABILITY_ASKED,
    OURS,
    RESERVED,
    SUITS,
    Document,
    Held,
    NeedDocument,
    Passage,
    Status,
    SupplierDocument,
)
from suppliers.evidence.kinds import papers_of
from suppliers.evidence.models import Evidence
from suppliers.evidence.queries import evidence_by_supplier
from suppliers.profiles.models import Supplier
from suppliers.profiles.queries import each_supplier, public_suppliers
from suppliers.record import named_capabilities, passages_of
from suppliers.solutions.models import Solution
from suppliers.solutions.queries import solutions_by_supplier
from tenders.awards.models import Award
from tenders.bids.models import Bid
from tenders.clarifications.models import Clarification
from tenders.contracts.models import Contract
from tenders.needs.models import Need
from tenders.notices.models import OutsideAward
from tenders.regimes import JurisdictionClosed, find_value
from tenders.regimes.routes import THRESHOLD

BATCH = 200
CLIENTS = "Clients: "  # how the line of an imported profile begins that lists them
WORDS = (
    ("Summary", "summary"),
    ("The problem", "problem"),
    ("Who is affected", "who_is_affected"),
    ("Outcomes", "outcomes"),
    ("What exists now", "what_exists"),
    ("Constraints", "constraints"),
    ("Place", "location"),
)


def document_of_need(need: Need) -> NeedDocument:
    """One published need as a search document; a few queries for what other rooms say of it."""
    return need_documents([need])[0]


def document_of_supplier(supplier: Supplier) -> SupplierDocument:
    """One public supplier as a search document."""
    return supplier_documents([supplier])[0]


def need_documents(needs: Sequence[Need]) -> list[NeedDocument]:
    """Documents of needs in the order given, with a fixed number of queries for all of them."""
    later = _later_passages([each.id for each in needs])
    return [_need_document(each, later[each.id]) for each in needs]


def supplier_documents(suppliers: Sequence[Supplier]) -> list[SupplierDocument]:
    """Documents of suppliers in the order given."""
    ids = [each.id for each in suppliers]
    works, papers = solutions_by_supplier(ids), evidence_by_supplier(ids)
    winners = council_winners(suppliers)
    return [_supplier_document(each, works[each.id], papers[each.id], each.id in winners) for each in suppliers]


def held(papers: Iterable[Evidence]) -> tuple[Held, ...]:
    """What a firm's papers count for, one a key: the one that is valid longest."""
    ends: dict[str, date] = {}
    for each in papers:
        for key in papers_of(each.kind, each.name):
            end = each.expires_on or date.max
            ends[key] = max(end, ends.get(key, end))
    return tuple(Held(key, None if ends[key] == date.max else ends[key]) for key in sorted(ends))


def _tells_of_councils(supplier: Supplier, works: Iterable[Solution]) -> bool:
    """Whether its past work or its list of clients names a council."""
    if any(each.kind == "past_work" and names_a_council(each.customer) for each in works):
        return True
    lines = (line.partition(CLIENTS)[2] for line in supplier.about.splitlines() if line.startswith(CLIENTS))
    return any(map(names_a_council, lines))


def council_winners(suppliers: Sequence[Supplier]) -> set[int]:
    """Those of the suppliers that won from a council here, or by name in an imported notice; awards told only."""
    ours = (
        select(Bid.supplier_id)
        .join(Award, Award.bid_id == Bid.id)
        .where(
            Bid.supplier_id.in_([each.id for each in suppliers]),
            Award.summaries_sent_at.is_not(None),
            Award.returned_at.is_(None),
        )
    )
    spelt: dict[str, list[int]] = defaultdict(list)
    for each in suppliers:
        for name in spellings(each.name):
            spelt[name].append(each.id)
    winner = func.lower(OutsideAward.supplier_name)
    outside = select(winner, Need.buyer_name).join(Need, Need.id == OutsideAward.need_id)
    rows = db.session.execute(outside.where(winner.in_(list(spelt))).distinct())
    named = {won for won, buyer in rows if kind_of_buyer(buyer) in COUNCILS}
    return {*db.session.scalars(ours), *(each for won in named for each in spelt[won])}


def suppliers_named_in(references: Sequence[str]) -> list[str]:
    """The suppliers here that win one of these needs by name, in an imported notice."""
    won = select(OutsideAward.supplier_name).join(Need, Need.id == OutsideAward.need_id)
    names = {
        spelling
        for name in db.session.scalars(won.where(Need.reference.in_(references)).distinct())
        for spelling in spellings(name)
    }
    found = select(Organisation.reference).where(
        Organisation.kind == "supplier", func.lower(Organisation.name).in_(sorted(names))
    )
    return list(db.session.scalars(found.order_by(Organisation.reference))) if names else []


def spellings(name: str) -> set[str]:
    """A firm's name in small letters, as notices may write it: with Ltd, with Limited."""
    plain = name.lower()
    bare = plain.removesuffix(".")
    return {
        plain,
        bare,
        re.sub(r"\bltd$", "limited", bare),
        re.sub(r"\blimited$", "ltd", bare),
    }


def description_passages(need: Need) -> list[Passage]:
    """What the council wrote: the words by which suppliers are matched, published or not. The title stands apart."""
    found = [Passage(label, text) for label, key in WORDS if (text := getattr(need, key))]
    # A firm that ticked what the council asks for fits, whatever words either of them wrote besides.
    found += [Passage(CAPABILITY_ASKED, each.title) for each in named_capabilities(need.capabilities)]
    numbers: dict[str, int] = defaultdict(int)
    for each in need.requirements:
        numbers[each.kind] += 1
        label = "Requirement" if each.kind == "essential" else "Desirable"
        found.append(Passage(f"{label} {numbers[each.kind]}", each.text))
    found += [Passage(f"Criterion: {each.name}", each.description or each.name) for each in need.criteria]
    return found + [Passage(f"Bid question {at}", each.text) for at, each in enumerate(need.questions, start=1)]


def matching_passages(need: Need) -> list[Passage]:
    """The description with its title, as matching reads it."""
    return [Passage("Title", need.title), *description_passages(need)]


def _need_document(need: Need, later: list[Passage]) -> NeedDocument:
    published_at = need.published_at
    assert published_at is not None
    return NeedDocument(
        reference=need.reference,
        title=need.title,
        buyer=need.buyer_name,
        published_at=published_at,
        closes_at=need.closes_at,
        ended=_ended(need),
        region=need.region or None,
        outcode=outcode_of(need.postcode),
        latitude=need.latitude,
        longitude=need.longitude,
        cpv_codes=tuple(need.cpv_codes.split()),
        value_pence=need.estimated_value_pence,
        capabilities=tuple(sorted(need.capabilities)),
        passages=(*description_passages(need), *later),
        buyer_kind=_buyer_kind(need),
        small_firms=_small_firms(need),
        numbers=tuple(filter(None, (need.central_notice_number, need.ocid, need.source_id))),
        source=need.source or OURS,
        url=f"/needs/{need.reference}",
    )


def _ended(need: Need) -> Status | None:
    if need.withdrawn_at is not None:
        return Status.WITHDRAWN
    if need.no_award_at is not None:
        return Status.NOT_AWARDED
    if need.awarded_at is not None or need.contracted_at is not None:
        return Status.AWARDED
    # Imported notices may name no closing time; the engine would take such a need for open.
    return Status.CLOSED if need.closes_at is None else None


def _buyer_kind(need: Need) -> str:
    authority = need.authority.authority if need.authority is not None else None
    council = find_council(authority.code) if authority is not None else None
    return kind_of_council(council.type) if council else kind_of_buyer(need.buyer_name)


def _small_firms(need: Need) -> str | None:
    """As its source says; else by value: below the threshold a council must think of what keeps small firms out (s86)."""
    if need.is_reserved_for_smes:
        return RESERVED
    if need.is_suitable_for_smes is not None:
        return SUITS if need.is_suitable_for_smes else None
    value, published_at = need.estimated_value_pence, need.published_at
    if not value or published_at is None:
        return None
    threshold = _threshold(need.jurisdiction, london_day(published_at))
    return SUITS if threshold is not None and value < threshold else None


@lru_cache(maxsize=5000)
def _threshold(jurisdiction: str, on_day: date) -> int | None:
    """Of councils' goods and services on a day, in pence including VAT; None where or when no row is in force."""
    try:
        value = find_value(THRESHOLD, jurisdiction, on_day)
    except (JurisdictionClosed, NotFound):
        return None
    return value if isinstance(value, int) else None


def _supplier_document(
    supplier: Supplier, works: list[Solution], papers: Iterable[Evidence], has_won_from_council: bool
) -> SupplierDocument:
    return SupplierDocument(
        reference=supplier.reference,
        name=supplier.name,
        updated_at=supplier.updated_at,
        region=supplier.region or None,
        outcode=supplier.outcode or None,
        latitude=supplier.latitude,
        longitude=supplier.longitude,
        size=supplier.size or None,
        evidence=held(papers),
        has_worked_with_councils=has_won_from_council or _tells_of_councils(supplier, works),
        capabilities=tuple(sorted(supplier.capabilities)),
        passages=tuple(Passage(*each) for each in passages_of(supplier, works)),
        source=supplier.source or OURS,
        url=f"/suppliers/{supplier.slug}",
    )


def _later_passages(need_ids: list[int]) -> dict[int, list[Passage]]:
    """What came after publication and is public: answered questions, results, outcomes."""
    found: dict[int, list[Passage]] = defaultdict(list)
    for need_id, label, text in (*_answers(need_ids), *_results(need_ids)):
        found[need_id].append(Passage(label, text))
    return found


def _answers(need_ids: list[int]) -> Iterator[tuple[int, str, str]]:
    query = select(
        Clarification.need_id, Clarification.number, Clarification.published_question, Clarification.answer
    ).where(Clarification.need_id.in_(need_ids), Clarification.answered_at.is_not(None))
    for need_id, number, question, answer in db.session.execute(query.order_by(Clarification.id)):
        yield need_id, f"Question {number}", f"{question}\n{answer}"


def _results(need_ids: list[int]) -> Iterator[tuple[int, str, str]]:
    winners = (
        select(Award.need_id, Organisation.name)
        .join(Bid, Bid.id == Award.bid_id)
        .join(Organisation, Organisation.id == Bid.supplier_id)
        .where(Award.need_id.in_(need_ids), Award.summaries_sent_at.is_not(None), Award.returned_at.is_(None))
    )
    for need_id, name in db.session.execute(winners.order_by(Award.id)):
        yield need_id, "Result", f"Awarded to {name}"
    outside = select(OutsideAward.need_id, OutsideAward.supplier_name).where(OutsideAward.need_id.in_(need_ids))
    for need_id, name in db.session.execute(outside.order_by(OutsideAward.id)):
        yield need_id, "Result", f"Awarded to {name}"
    ended = select(Contract.need_id, Contract.outcome).where(Contract.need_id.in_(need_ids), Contract.outcome != "")
    for need_id, outcome in db.session.execute(ended.order_by(Contract.id)):
        yield need_id, "Outcome", outcome


def published_needs(references: Sequence[str]) -> Sequence[Need]:
    """Those of the references that anyone may read, with what their documents need."""
    return db.session.scalars(
        _whole().where(Need.reference.in_(references), Need.published_at.is_not(None)).order_by(Need.id)
    ).all()


def _whole() -> Select[Any]:
    return select(Need).options(
        selectinload(Need.requirements),
        selectinload(Need.criteria),
        selectinload(Need.questions),
        selectinload(Need.capability_rows),
    )


@contextmanager
def reading_apart() -> Iterator[None]:
    """A session of its own, so that letting go of batches does not take rows away from whoever asked."""
    registry = db.session.registry
    before = registry()
    registry.set(db.session.session_factory())
    try:
        yield
    finally:
        registry().close()
        registry.set(before)


def every_document(most: int | None = None) -> Iterator[Document]:
    """Everything that can be searched, in batches; each batch is let go before the next is read.

    With `most`, the latest so many of each kind.
    """
    last = _before_the_latest(Need.id, most)
    query = _whole().where(Need.published_at.is_not(None)).order_by(Need.id).limit(BATCH)
    while needs := db.session.scalars(query.where(Need.id > last)).all():
        last = needs[-1].id
        yield from need_documents(needs)
        for each in needs:
            if each not in db.session.dirty:
                db.session.expunge(each)
    for batch in each_supplier(after=_before_the_latest(Supplier.id, most)):
        yield from supplier_documents(batch)


def _before_the_latest(ids: InstrumentedAttribute[int], most: int | None) -> int:
    """The id before the latest so many; 0 when there are no more than that."""
    if most is None:
        return 0
    return db.session.scalar(select(ids).order_by(ids.desc()).offset(most).limit(1)) or 0


def documents_for(references: Iterable[str], suppliers: Iterable[str]) -> list[Document]:
    """The present documents of these needs and suppliers; what is not public gives none."""
    needs = published_needs(sorted(set(references)))
    firms = public_suppliers(sorted(set(suppliers)))
    return [*need_documents(needs), *supplier_documents(firms)]

