"""Real data of the past: needs of 2019 and 2020 with their questions and answers, and suppliers of that time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from itertools import islice

from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.references import pseudonym
from marketplace.demo_data import FOLDER, PastNeed, past_needs
from suppliers.importing import import_suppliers
from tenders.clarifications.models import Clarification
from tenders.needs.content import write_content
from tenders.needs.models import Need
from tenders.notices.imported import AWARDED, CANCELLED, CLOSED, AwardedSupplier, AwardResult, ReadNotice
from tenders.notices.importing import take_in

FILE = "needs.jsonl"
BATCH = 63
LONGEST_LOCATION = 300
STANDINGS = {
    "closed": CLOSED,
    "not awarded": CLOSED,
    "awarded": AWARDED,
    "cancelled": CANCELLED,
    "withdrawn": CANCELLED,
}
NOT_AWARDED = "The buyer ended it without award where it was published."


def take_in_past(tell: Callable[[str], None]) -> None:
    """Takes in all past needs with their answers, and the suppliers as unclaimed profiles; tells after each batch."""
    rows, done, answers = past_needs(), 0, 0
    while batch := list(islice(rows, BATCH)):
        answers += _take_in(batch)
        done += len(batch)
        tell(f"{done} past needs with {answers:,} questions and answers")
    counts = import_suppliers(FOLDER / "suppliers.jsonl")
    tell(f"{counts['new']} suppliers of that time")


@action
def _take_in(batch: Sequence[PastNeed]) -> int:
    """One batch, as the importer of notices writes it, then what a brief says beyond a notice; gives the answers."""
    take_in([_notice(each) for each in batch], FILE)
    source = batch[0].source
    query = select(Need).where(Need.source == source, Need.source_id.in_([each.source_id for each in batch]))
    needs = {each.source_id: each for each in db.session.scalars(query.order_by(Need.id)).unique()}
    for each in batch:
        _write_words(needs[each.source_id], each)
        _write_result(needs[each.source_id], each)
        db.session.add_all(_answers(needs[each.source_id], each))
    db.session.flush()
    return sum(len(each.questions) for each in batch)


def _notice(past: PastNeed) -> ReadNotice:
    return ReadNotice(
        source=past.source,
        source_id=past.source_id,
        reference=past.source_id,
        title=past.title,
        buyer_name=past.buyer,
        published_at=_london(past.published_on, "09:00"),
        status=STANDINGS[past.status],
        description=past.problem,
        closes_at=_london(past.closes_on, "23:59"),
        value_high_pence=past.budget_pence,
        regions=(past.region,) if past.region else (),
        region_text=_cut(past.location, LONGEST_LOCATION),
        url=past.source_url,
        results=_results(past),
    )


def _results(past: PastNeed) -> tuple[AwardResult, ...]:
    if past.award is None:
        return ()
    winner = AwardedSupplier(past.award.supplier, is_sme=past.award.is_sme, value_pence=past.award.value_pence)
    return (AwardResult((winner,), None, past.award.value_pence, past.award.starts_on),)


def _write_words(need: Need, past: PastNeed) -> None:
    wants = [("essential", each) for each in past.essential] + [("desirable", each) for each in past.desirable]
    words = {
        "summary": past.summary,
        "who_is_affected": past.who_is_affected,
        "outcomes": past.outcomes,
        "what_exists": past.what_exists,
        "constraints": past.constraints,
        "budget_note": past.budget_text,
        "questions_close_at": _london(past.questions_close_on, "23:59"),
        "capabilities": list(past.capabilities),
        "requirements": [{"kind": kind, "text": text} for kind, text in wants],
    }
    write_content(need, words, clock.now())


def _write_result(need: Need, past: PastNeed) -> None:
    if past.status == "not awarded":
        need.no_award_at, need.no_award_reason = _london(past.closes_on, "23:59"), NOT_AWARDED
    if past.award is not None:
        # The day of the award is not known; by the first day of the contract it was made.
        need.awarded_at = _london(past.award.starts_on, "09:00")


def _answers(need: Need, past: PastNeed) -> Iterator[Clarification]:
    at = _london(past.questions_close_on, "23:59")
    for number, each in enumerate(past.questions, start=1):
        yield Clarification(
            reference=pseudonym("Q", 8),
            need_id=need.id,
            asked_at=at,
            question=each.question,
            number=number,
            published_question=each.question,
            answer=each.answer or "The buyer published no answer.",
            answered_at=at,
        )


def _london(day: date, at: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(at), clock.LONDON)


def _cut(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rpartition(" ")[0] + "…"
