"""Saved searches hear of needs: what each finds is written down once, and told at once or in the next digest."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

from sqlalchemy import case, select, update
from sqlalchemy.exc import IntegrityError

from marketplace.core import clock, db
from marketplace.core.journal import JournalLine
from search.documents import Status
from search.finding import status_at
from search.gathering import description_passages, document_of_need, published_needs
from search.models import AT_ONCE, Alert, SavedSearch
from search.one_need import OneNeed
from search.standing import (
    Standing,
    forget_councils,
    forget_person,
    found_in_time_by,
    in_batches,
    key_searches,
    one_standing,
)
from search.telling import tell
from tenders.needs.models import Need, NeedVersion

TOLD_WITH_THE_NEED = 100  # people
NEW = frozenset({"NeedPublished", "NeedsImported"})
CHANGED = frozenset({"NeedAmended", "NeedExtended"})
ALERT_EVENTS = NEW | CHANGED | {"SearchSaved", "CouncilsLoaded", "AccountClosed", "PersonErased"}


def react(lines: Sequence[JournalLine]) -> None:
    """Compares needs that are new or changed with all saved searches; a repeat tells nobody twice."""
    for line in lines:
        alert(line)


def alert(line: JournalLine) -> int:
    """One line of the journal: how many mails were written at once."""
    if line.event == "CouncilsLoaded":
        forget_councils()
        return 0
    if line.event in ("AccountClosed", "PersonErased"):
        forget_person(line.subject)
        return 0
    if line.event == "SearchSaved":
        return _catch_up(line)
    references = line.facts["references"] if line.event == "NeedsImported" else [line.need or line.subject]
    people: set[int] = set()
    for need in published_needs(references):
        people |= _compare(need, line)
    return _tell(people)


def _compare(need: Need, line: JournalLine) -> set[int]:
    """Writes down which searches find the need; gives the people who want to know at once."""
    reading = _open_reading(need)
    if reading is None:
        return set()
    before = _reading_before(need, reading, line) if line.event in CHANGED else None
    found: dict[datetime, list[Standing]] = defaultdict(list)
    for search, at in found_in_time_by(reading):
        if _is_news_to(search, need, reading, before, line.at):
            found[line.at if at == reading.now else at].append(search)
    people: set[int] = set()
    for at, searches in sorted(found.items()):
        people |= _write_down(need.id, searches, at)
    return people


def _open_reading(need: Need) -> OneNeed | None:
    document, now = document_of_need(need), clock.now()
    return OneNeed(document, now) if status_at(document, now) is Status.OPEN else None


def _is_news_to(search: Standing, need: Need, reading: OneNeed, before: OneNeed | None, at: datetime) -> bool:
    """A need older than the search stood in the list when it was saved, unless only this change has it found.

    A need of another place is as old as its arrival here, whenever it was published there.
    """
    arrived_at = need.drafted_at if need.source else reading.document.published_at
    if search.saved_at <= arrived_at:
        return True
    return before is not None and search.saved_at <= at and before.found_from(search.query_string) is None


def _reading_before(need: Need, reading: OneNeed, line: JournalLine) -> OneNeed | None:
    """The need as it was before the line changed it; None when that version was not kept."""
    earlier = int(line.facts.get("version", 0)) - 1
    query = select(NeedVersion.snapshot).where(NeedVersion.need_id == need.id, NeedVersion.number == earlier)
    snapshot = db.session.scalar(query)
    if not snapshot:
        return None
    words = json.loads(snapshot)
    now, document = reading.document, SimpleNamespace(**words)
    for name in ("requirements", "criteria", "questions"):
        setattr(document, name, [SimpleNamespace(**each) for each in words[name]])
    later = now.passages[len(description_passages(need)) :]
    return OneNeed(
        replace(
            now,
            title=words["title"],
            region=words["region"] or None,
            cpv_codes=tuple(words["cpv_codes"].split()),
            value_pence=words["estimated_value_pence"],
            capabilities=tuple(words["capabilities"]),
            closes_at=datetime.fromisoformat(words["closes_at"]) if words["closes_at"] else None,
            passages=(*description_passages(document), *later),  # type: ignore[arg-type]
        ),
        line.at,
    )


def _catch_up(line: JournalLine) -> int:
    """A need may be published, and compared, between the instant of saving and its commit."""
    key_searches()
    search_id = int(line.facts["search"])
    saved_at = db.session.scalar(select(SavedSearch.saved_at).where(SavedSearch.id == search_id)) or line.at
    arrived_at = case((Need.source == "", Need.published_at), else_=Need.drafted_at)
    missed = select(Need.reference).where(Need.published_at.is_not(None), arrived_at >= saved_at, arrived_at <= line.at)
    people: set[int] = set()
    for need in published_needs(db.session.scalars(missed).all()):
        reading = _open_reading(need)
        found = [each for each in one_standing(search_id) if reading and reading.is_found_by(each.query_string)]
        people |= _write_down(need.id, found, line.at)
    return _tell(people)


def _write_down(need_id: int, found: Sequence[Standing], at: datetime) -> set[int]:
    for batch in in_batches(found):
        enter(need_id, [each.id for each in batch], at)
    return {each.person_id for each in found if each.rhythm == AT_ONCE}


def _tell(people: set[int]) -> int:
    # The rest is told by the timetable in pieces, so that the next need does not wait for a thousand letters.
    return tell(AT_ONCE, sorted(people)[:TOLD_WITH_THE_NEED], clock.now()) if people else 0


def enter(need_id: int, search_ids: Sequence[int], at: datetime) -> None:
    """Writes down that the searches find the need since that instant (published, changed) or from it on (closing)."""
    try:
        _enter(need_id, search_ids, at)
    except IntegrityError:  # another worker read another line of the same need, and was first
        _enter(need_id, search_ids, at)


def _enter(need_id: int, search_ids: Sequence[int], at: datetime) -> None:
    of_need = (Alert.need_id == need_id) & Alert.search_id.in_(search_ids)
    with db.housekeeping() as current:
        known = set(current.scalars(select(Alert.search_id).where(of_need)))
        now = clock.now()
        current.add_all(
            Alert(search_id=each, need_id=need_id, happened_at=at, found_at=now)
            for each in search_ids
            if each not in known
        )
        # Let go when a change took the need out of the search's reach, and another brought it back; or still to come,
        # when a change moved the closing.
        untold = Alert.told_at.is_(None) & (Alert.let_go_at.is_not(None) | (Alert.happened_at > now))
        current.execute(update(Alert).where(of_need & untold).values(let_go_at=None, happened_at=at))
