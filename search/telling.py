"""The letters of saved searches: at once, every morning, every Monday. Told and written down in one transaction.

A person hears of a need once, however many searches find it, in whatever rhythm, and however often it changes.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.sql import ColumnElement

from marketplace.accounts.models import Person
from marketplace.core import clock, db
from marketplace.core.clock import LONDON, london
from marketplace.core.letters import Letter, absolute, post_letter
from marketplace.core.mail import Mail
from marketplace.core.tokens import make_token
from search.documents import NeedDocument, Status
from search.finding import status_at
from search.gathering import need_documents, published_needs
from search.models import AT_ONCE, RHYTHMS, WEEKLY, Alert, NeedMute, SavedSearch
from search.one_need import OneNeed
from search.standing import in_batches, may_be_told
from tenders.needs.models import Need

MORNING = time(7)  # London's clock
MONDAY = 0
PEOPLE_AT_ONCE = 50
STOP_SEARCH, MUTE_NEED = "stop-saved-search", "mute-need"
TEMPLATE = "saved-search-found"
_logger = logging.getLogger(__name__)


def stop_address(search: SavedSearch) -> str:
    """The page with the one button that stops a saved search, without signing in."""
    return absolute(f"/saved-searches/{make_token(STOP_SEARCH, search.id)}/stop")


def stop_all_address(person_id: int, rhythm: str) -> str:
    """The page with the one button that stops all of a person's searches of one rhythm."""
    return absolute(f"/saved-searches/{rhythm}/{make_token(stop_all_purpose(rhythm), person_id)}/stop")


def stop_all_purpose(rhythm: str) -> str:
    return f"stop-{rhythm}-searches"


def mute_address(alert: Alert) -> str:
    """The page with the one button that mutes the alert's need for the search's owner."""
    return absolute(f"/saved-searches/{make_token(MUTE_NEED, alert.id)}/mute")


@dataclass(frozen=True)
class Digest:
    """One sending: what happened before `until` goes out, once a person and period."""

    rhythm: str
    until: datetime

    def key_of(self, pseudonym: str) -> str:
        """What the mail is known by, so that a repeat writes no second one."""
        return f"{self.rhythm}-digest:{london(self.until):%Y-%m-%d}:{pseudonym}"


def digest_due(rhythm: str, now: datetime) -> Digest:
    """The latest sending whose morning has come: today's or yesterday's, this Monday's or the last one's."""
    here = london(now)
    day = here.date() if here.time() >= MORNING else here.date() - timedelta(days=1)
    if rhythm == WEEKLY:
        day -= timedelta(days=(day.weekday() - MONDAY) % 7)
    return Digest(rhythm, datetime.combine(day, MORNING, tzinfo=LONDON).astimezone(clock.now().tzinfo))


def send_letters() -> int:
    """Writes to some of the people for whom a letter is due; gives for how many of them nothing waits any more.

    What should have been told at once waits when it concerned many, when the worker was killed, or when the search
    had another rhythm before.
    """
    now = clock.now()
    seen = 0
    for rhythm in RHYTHMS:
        digest = Digest(rhythm, now) if rhythm == AT_ONCE else digest_due(rhythm, now)
        people = _waiting_people(digest)
        tell(rhythm, people, digest.until)
        seen += len(set(people).difference(_waiting_people(digest))) if people else 0
    return seen


def _waiting_people(digest: Digest) -> Sequence[int]:
    written = select(Mail.id).where(Mail.key == digest.key_of("") + Person.pseudonym)
    query = (
        select(SavedSearch.person_id)
        .join(Alert, Alert.search_id == SavedSearch.id)
        .join(Person, Person.id == SavedSearch.person_id)
        .where(_is_waiting(digest.rhythm, digest.until))
        .distinct()
        .order_by(SavedSearch.person_id)
        .limit(PEOPLE_AT_ONCE)
    )
    return db.session.scalars(query if digest.rhythm == AT_ONCE else query.where(~written.exists())).all()


def _is_waiting(rhythm: str, until: datetime) -> ColumnElement[bool]:
    return (
        Alert.told_at.is_(None)
        & Alert.let_go_at.is_(None)
        & (Alert.happened_at <= until)
        & SavedSearch.stopped_at.is_(None)
        & (SavedSearch.rhythm == rhythm)
    )


def tell(rhythm: str, people: Sequence[int], until: datetime) -> int:
    """Writes to each of the people what their searches of this rhythm found until then; gives how many mails.

    One person’s fault (a search that breaks) does not hold back the others: it is logged; the timetable tries again.
    """
    return sum(_tell(Digest(rhythm, until), batch) for batch in in_batches(people, PEOPLE_AT_ONCE))


def _tell(digest: Digest, people: Sequence[int]) -> int:
    try:
        return _Telling(digest, people).write()
    except Exception:
        db.session.rollback()
        _logger.exception("letters of %s could not be written: %s", digest.rhythm, people)
    return sum(_tell(digest, [each]) for each in people) if len(people) > 1 else 0


@dataclass
class _Found:
    """A need that goes into a letter, with the searches that found it."""

    reading: OneNeed
    alerts: list[tuple[Alert, SavedSearch]] = field(default_factory=list)


class _Telling:
    """Some people's letters of one sending, written in one transaction."""

    def __init__(self, digest: Digest, people: Sequence[int]) -> None:
        self.digest, self.people = digest, people
        self.waiting = (SavedSearch.person_id.in_(people), _is_waiting(digest.rhythm, digest.until))
        self.readings = self._read_needs()

    def _read_needs(self) -> dict[int, OneNeed]:
        """The needs that wait, read before the transaction: it should hold its lock shortly."""
        query = select(Need.reference).join(Alert, Alert.need_id == Need.id).join(SavedSearch)
        references = db.session.scalars(query.where(*self.waiting).distinct()).all()
        needs, now = published_needs(references), clock.now()
        return {need.id: OneNeed(each, now) for need, each in zip(needs, need_documents(needs), strict=True)}

    def write(self) -> int:
        with db.housekeeping() as current:
            # Two workers must not tell one person of one need; the key-share lock lets people sign in meanwhile.
            locked = select(Person).where(Person.id.in_(self.people)).order_by(Person.id)
            people = {each.id: each for each in current.scalars(locked.with_for_update(key_share=True))}
            self.live = set(current.scalars(select(Person.id).where(Person.id.in_(self.people), may_be_told())))
            self.closed = self._no_longer_open()
            self.told, self.muted = self._told(), self._muted()
            rows: dict[int, list[tuple[Alert, SavedSearch]]] = defaultdict(list)
            query = select(Alert, SavedSearch).join(SavedSearch).where(*self.waiting).order_by(Alert.id)
            for alert, search in current.execute(query):
                rows[search.person_id].append((alert, search))
            return sum(self._write_to(people[each], rows[each]) for each in sorted(rows))

    def _no_longer_open(self) -> set[int]:
        now = clock.now()
        facts = select(Need.id, Need.closes_at, Need.withdrawn_at, Need.published_at).where(Need.id.in_(self.readings))
        open_now = {
            row.id
            for row in db.session.execute(facts)
            if row.published_at and not row.withdrawn_at and (row.closes_at is None or now <= row.closes_at)
        }
        ended = {each for each, need in self.readings.items() if status_at(need.document, now) is not Status.OPEN}
        return (set(self.readings) - open_now) | ended

    def _told(self) -> set[tuple[int, int]]:
        query = select(SavedSearch.person_id, Alert.need_id).join(SavedSearch).where(
            SavedSearch.person_id.in_(self.people), Alert.need_id.in_(self.readings), Alert.told_at.is_not(None)
        )
        return {(person, need) for person, need in db.session.execute(query)}

    def _muted(self) -> set[tuple[int, int]]:
        query = select(NeedMute.person_id, NeedMute.need_id).where(
            NeedMute.person_id.in_(self.people), NeedMute.need_id.in_(self.readings)
        )
        return {(person, need) for person, need in db.session.execute(query)}

    def _write_to(self, person: Person, rows: Sequence[tuple[Alert, SavedSearch]]) -> int:
        if self.digest.rhythm != AT_ONCE and _is_written(self.digest.key_of(person.pseudonym)):
            return 0
        found: dict[int, _Found] = {}
        now = clock.now()
        for alert, search in rows:
            if alert.need_id not in self.readings:
                continue  # found since the needs were read; the next sending has it
            if self._is_to_be_told(person.id, alert, search):
                alert.told_at = now
                found.setdefault(alert.need_id, _Found(self.readings[alert.need_id])).alerts.append((alert, search))
            else:
                alert.let_go_at = now
        if not found:
            return 0
        return self._post(person, sorted(found.values(), key=_soonest_first))

    def _is_to_be_told(self, person_id: int, alert: Alert, search: SavedSearch) -> bool:
        pair = (person_id, alert.need_id)
        return (
            person_id in self.live
            and pair not in self.told
            and pair not in self.muted
            and alert.need_id not in self.closed
            and self.readings[alert.need_id].is_found_by(search.query_string)
        )

    def _post(self, person: Person, found: Sequence[_Found]) -> int:
        rhythm = self.digest.rhythm
        searches = {search.id: search for each in found for _, search in each.alerts}
        only = next(iter(searches.values())) if len(searches) == 1 else None
        stop = stop_address(only) if only else stop_all_address(person.id, rhythm)
        letter = Letter(person.email, _context(rhythm, found, stop, len(searches)), TEMPLATE, stop)
        first = min(alert.id for each in found for alert, _ in each.alerts)
        key = f"saved-search:{first}" if rhythm == AT_ONCE else self.digest.key_of(person.pseudonym)
        return int(post_letter(db.session(), key, letter))


def _is_written(key: str) -> bool:
    return db.session.scalar(select(Mail.id).where(Mail.key == key)) is not None


def _soonest_first(found: _Found) -> tuple[float, str]:
    document = found.reading.document
    return (document.closes_at.timestamp() if document.closes_at else float("inf"), document.reference)


def _context(rhythm: str, found: Sequence[_Found], stop: str, searches: int) -> Mapping[str, object]:
    return {
        "rhythm": rhythm,
        "found": [_in_letter(each) for each in found],
        "stop": stop,
        "searches": searches,
        "mine": absolute("/account/searches"),
    }


def _in_letter(found: _Found) -> Mapping[str, object]:
    need: NeedDocument = found.reading.document
    return {
        "need": need,
        "address": absolute(need.url),
        "mute": mute_address(found.alerts[0][0]),
        "searches": [
            {"name": each.name, "why": found.reading.why(each.query_string), "stop": stop_address(each)}
            for _, each in found.alerts
        ],
    }
