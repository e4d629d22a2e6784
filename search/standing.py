"""Saved searches as they stand in the database: their keys, and those that a need could be found by."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import delete, insert, select, update
from sqlalchemy.sql import ColumnElement

from marketplace import config
from marketplace.accounts.models import Membership, Organisation, Person
from marketplace.core import clock, db
from search.gathering import need_documents, published_needs
from search.models import Alert, NeedMute, SavedSearch, SearchKey
from search.one_need import OneNeed, question_of
from search.percolator import EVERY, Sample, keys_of_need, keys_of_search, reading
from tenders.needs.models import Need

T = TypeVar("T")
AT_A_TIME = 500
SAMPLED = 300  # of the latest needs
SAMPLE_KEPT = timedelta(hours=6)
_samples: dict[Path, tuple[datetime, Sample]] = {}


@dataclass(frozen=True)
class Standing:
    """A saved search that runs, of a person who may be told."""

    id: int
    person_id: int
    query_string: str
    saved_at: datetime
    rhythm: str


def in_batches(items: Sequence[T], size: int = AT_A_TIME) -> Iterator[Sequence[T]]:
    """The items in order, so many at a time: no statement grows without end."""
    return (items[at : at + size] for at in range(0, len(items), size))


def may_be_told() -> ColumnElement[bool]:
    """Whether a person is there, and a member of an organisation that is neither waiting nor suspended."""
    member = (
        select(Membership.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            Membership.person_id == Person.id,
            Membership.approved_at.is_not(None),
            Membership.ended_at.is_(None),
            Organisation.approved_at.is_not(None),
            Organisation.suspended_at.is_(None),
        )
    )
    return Person.erased_at.is_(None) & Person.email_confirmed_at.is_not(None) & member.exists()


def found_by(need: OneNeed) -> list[Standing]:
    """Every running search that finds the need, by number."""
    return [each for each, at in found_in_time_by(need) if at == need.now]


def found_in_time_by(need: OneNeed) -> list[tuple[Standing, datetime]]:
    """Every running search that finds the need, now or when its closing has come near enough, and from when on."""
    key_searches()
    found = ((each, need.found_from(each.query_string)) for each in candidates(need))
    return [(each, at) for each, at in found if at is not None]


def candidates(need: OneNeed) -> Iterator[Standing]:
    """The running searches that wait under a key of the need, by number; whoever else there is cannot find it."""
    met: set[int] = set()
    for keys in in_batches(sorted(keys_of_need(need))):
        met.update(db.session.scalars(select(SearchKey.search_id).where(SearchKey.key.in_(keys)).distinct()))
    for ids in in_batches(sorted(met)):
        yield from _standing(SavedSearch.id.in_(ids))


def every_standing() -> Iterator[Standing]:
    """Every running search of people who may be told, by number."""
    last = 0
    while rows := list(_standing(SavedSearch.id > last, limit=AT_A_TIME * 4)):
        last = rows[-1].id
        yield from rows


def one_standing(search_id: int) -> list[Standing]:
    """The search, when it runs and its owner may be told."""
    return list(_standing(SavedSearch.id == search_id))


def _standing(which: ColumnElement[bool], limit: int | None = None) -> Iterator[Standing]:
    search = SavedSearch
    columns = (search.id, search.person_id, search.query_string, search.saved_at, search.rhythm)
    query = select(*columns).join(Person, Person.id == SavedSearch.person_id)
    query = query.where(which, SavedSearch.stopped_at.is_(None), may_be_told()).order_by(SavedSearch.id).limit(limit)
    return (Standing(*row) for row in db.session.execute(query).all())


def key_some_searches() -> int:
    """A piece of key_searches, for the timetable: after an upgrade nearly all is done before a need comes."""
    return key_searches(most=AT_A_TIME)


def key_searches(most: float = math.inf) -> int:
    """Makes the keys of searches that have none by the present reading of words; gives how many it was."""
    lacking = (
        select(SavedSearch.id, SavedSearch.query_string)
        .where(SavedSearch.stopped_at.is_(None), SavedSearch.keyed_by != reading())
        .order_by(SavedSearch.id)
        .limit(AT_A_TIME)
    )
    count = 0
    while count < most and (rows := db.session.execute(lacking).all()):
        sample = _sample()
        made = [{"key": key, "search_id": row.id} for row in rows for key in _keys(row.query_string, sample)]
        _write_keys([row.id for row in rows], made)
        count += len(rows)
    return count


def _keys(query_string: str, sample: Sample) -> set[str]:
    """A search that cannot be read today, say of a council that is not here yet, waits for every need."""
    question = question_of(query_string)
    return keys_of_search(question, sample) if question is not None else {EVERY}


def _write_keys(ids: Sequence[int], made: Sequence[dict[str, object]]) -> None:
    with db.housekeeping() as current:
        # Two workers may come upon the same searches; the second then makes the same keys anew.
        locked = select(SavedSearch.id).where(SavedSearch.id.in_(ids)).order_by(SavedSearch.id)
        current.execute(locked.with_for_update(key_share=True)).all()
        current.execute(delete(SearchKey).where(SearchKey.search_id.in_(ids)))
        if made:
            current.execute(insert(SearchKey), made)
        current.execute(update(SavedSearch).where(SavedSearch.id.in_(ids)).values(keyed_by=reading()))


def forget_councils() -> None:
    """Has the keys of searches that name a council made anew: councils were loaded, and may be called otherwise."""
    named = SavedSearch.query_string.contains("council=") & (SavedSearch.keyed_by != "")
    with db.housekeeping() as current:
        current.execute(update(SavedSearch).where(named).values(keyed_by=""))


def forget_person(pseudonym: str) -> None:
    """Erases what the searches of a closed account asked, and what they found."""
    person = select(Person.id).where(Person.pseudonym == pseudonym, Person.erased_at.is_not(None)).scalar_subquery()
    searches = select(SavedSearch.id).where(SavedSearch.person_id == person)
    with db.housekeeping() as current:
        current.execute(delete(Alert).where(Alert.search_id.in_(searches)))
        current.execute(delete(SearchKey).where(SearchKey.search_id.in_(searches)))
        current.execute(delete(NeedMute).where(NeedMute.person_id == person))
        current.execute(delete(SavedSearch).where(SavedSearch.person_id == person))


def forget_keys(ids: Iterable[int]) -> None:
    """Takes stopped searches out of the way of needs; inside the action that stops them."""
    chosen = list(ids)
    db.session.execute(delete(SearchKey).where(SearchKey.search_id.in_(chosen)))
    db.session.execute(update(SavedSearch).where(SavedSearch.id.in_(chosen)).values(keyed_by=""))


def _sample() -> Sample:
    """The latest needs, which say what is rare; it decides how fast searches are met, never which."""
    home, now = config.current().home, clock.now()
    kept = _samples.get(home)
    if kept is None or not timedelta() <= now - kept[0] < SAMPLE_KEPT:
        query = select(Need.reference).where(Need.published_at.is_not(None)).order_by(Need.id.desc()).limit(SAMPLED)
        needs = published_needs(db.session.scalars(query).all())
        _samples[home] = kept = (now, Sample(OneNeed(each) for each in need_documents(needs)))
    return kept[1]
