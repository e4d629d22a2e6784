"""Raising the notices that events call for, and recording their numbers once they are published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from marketplace import config
from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.clock import london_day
from marketplace.core.db import action
from marketplace.core.errors import insist
from marketplace.core.journal import SYSTEM, Actor, JournalLine, record
from tenders.awards import actions as awards
from tenders.awards import queries as award_queries
from tenders.contracts import running
from tenders.needs import queries as needs
from tenders.needs.actions import correct_central_notice, get_own_need, subject_of
from tenders.needs.models import Need
from tenders.needs.rules import regime_of
from tenders.notices import queries, rules
from tenders.notices.events import NoticeCorrected, NoticeDropped, NoticeRaised, NoticeRecorded
from tenders.notices.models import Notice, NoticeCorrection


def value_at(need: Need, facts: Mapping[str, Any]) -> int | None:
    """The value that decides the notices of an event, in pence including VAT: the estimate or what the event tells,
    whichever is more; None where nobody could estimate it.
    """
    if need.estimated_value_pence is None:
        return None
    return max(need.estimated_value_pence, facts.get("value_pence") or 0)


@action
def raise_notices(line: JournalLine) -> Notice | None:
    """Enters the notice that a journal line calls for, or what the line tells of one; a repeat changes nothing."""
    need = needs.get_need_by_reference(line.need, lock=True)
    facts, day = line.facts, london_day(line.at)
    if line.event == "AwardNoticeRecorded":
        return _record_found(need, "UK6", line.subject, facts["number"], date.fromisoformat(facts["published_on"]))
    if line.event == "ChangeApproved":
        return _record_found(need, "UK10", _about(line), facts["notice_number"], day)
    if line.event == "AwardSetAside":
        _drop(need, "UK6", line.subject)
        return None
    if line.event == "ChangeRefused":
        _drop(need, "UK10", _about(line))
        return None
    due = rules.notice_called_for(line.event, facts, day, regime_of(need, line.at), value_at(need, facts))
    if due is None or queries.find_notice(need, due.kind, _about(line)) is not None:
        return None
    notice = Notice(
        need=need, kind=due.kind, subject=_about(line), why=due.why, due_on=due.due_on, raised_at=clock.now()
    )
    db.session.add(notice)
    db.session.flush()
    if due.kind == "UK4" and need.central_notice_number:
        # The need could not be published here without it; only the number's day is not asked for.
        notice.url = need.central_notice_url
        _mark(notice, need.central_notice_number, day, SYSTEM)
        return notice
    record(
        NoticeRaised(**_of(notice), kind=notice.kind, about=notice.subject, due_on=notice.due_on),
    )
    return notice


def _about(line: JournalLine) -> str:
    """What the notice is about: a change by contract and number, else the line's subject."""
    number = line.facts.get("number") if line.event.startswith("Change") else None
    return f"{line.subject}/{number}" if number else line.subject


def _record_found(need: Need, kind: str, subject: str, number: str, published_on: date) -> Notice | None:
    notice = queries.find_notice(need, kind, subject)
    if notice is None or notice.is_published or not number:
        return None
    _mark(notice, number, published_on, SYSTEM)
    return notice


def _drop(need: Need, kind: str, subject: str) -> None:
    notice = queries.find_notice(need, kind, subject)
    if notice is None or notice.is_published:
        return
    record(NoticeDropped(**_of(notice), kind=kind, about=subject))
    db.session.delete(notice)


def _mark(notice: Notice, number: str, published_on: date, actor: Actor) -> None:
    notice.number, notice.published_on, notice.recorded_at = number.strip(), published_on, clock.now()
    event = NoticeRecorded(
        **_of(notice),
        kind=notice.kind,
        about=notice.subject,
        number=notice.number,
        published_on=published_on,
        was_late=notice.was_late,
    )
    record(event, actor)


def _of(notice: Notice) -> dict[str, Any]:
    return subject_of(notice.need)


@action
def record_notice(
    need_id: int, member: Membership, notice_id: int, number: str, url: str, published_on: date | None
) -> Notice:
    """Puts a published notice on record; for the award notice the standstill starts in the same act."""
    need = get_own_need(need_id, member)
    notice = queries.get_notice(need, notice_id, lock=True)
    is_pretended = need.is_demonstration and config.current().demonstration
    insist(rules.recording_problems(notice, number, url, published_on, clock.today(), is_pretended))
    assert published_on is not None
    notice.url = url.strip()
    if notice.kind == "UK6" and _standstill_waits(need):
        awards.record_award_notice(need_id, member, number, published_on)
    _mark(notice, number, published_on, member.actor())
    return notice


@action
def correct_notice(
    need_id: int,
    member: Membership,
    notice_id: int,
    number: str,
    url: str,
    published_on: date | None,
    reason: str,
) -> Notice:
    """Puts right what is on record of a published notice, wherever it stands; what stood there is kept.

    Raises Problems, also when another day would move a standstill after which the contract was signed.
    """
    need = get_own_need(need_id, member)
    notice = queries.get_notice(need, notice_id, lock=True)
    said = (number, url, published_on, reason, clock.today(), need.is_demonstration)
    insist(rules.correcting_problems(notice, *said))
    assert published_on is not None and notice.published_on is not None
    number, url = number.strip(), url.strip()
    _correct_source(notice, member, number, url, published_on, reason.strip())
    correction = NoticeCorrection(
        notice_id=notice.id,
        number_before=notice.number,
        url_before=notice.url,
        published_on_before=notice.published_on,
        reason=reason.strip(),
        corrected_at=clock.now(),
        corrected_by_id=member.person_id,
    )
    notice.corrections.append(correction)
    notice.number, notice.url, notice.published_on = number, url, published_on
    event = NoticeCorrected(
        **_of(notice),
        kind=notice.kind,
        about=notice.subject,
        number_before=correction.number_before,
        number=number,
        published_on_before=correction.published_on_before,
        published_on=published_on,
    )
    record(event, member.actor())
    db.session.flush()
    return notice


def _correct_source(
    notice: Notice, member: Membership, number: str, url: str, published_on: date, reason: str
) -> None:
    """The need, the award or the change that holds the same number is corrected with the notice."""
    need = notice.need
    if notice.kind == "UK4":
        correct_central_notice(need, member, number, url, reason)
    elif notice.kind == "UK6":
        award = next((each for each in award_queries.awards_of(need) if each.reference == notice.subject), None)
        if award is not None and award.central_notice_number:
            awards.correct_award_notice(award, number, published_on)
    elif notice.kind == "UK10":
        running.correct_change_notice(need, notice.subject, number)


def _standstill_waits(need: Need) -> bool:
    award = award_queries.find_made_award(need)
    pause = award_queries.find_standstill(award) if award else None
    return pause is not None and pause.applies and pause.starts_on is None
