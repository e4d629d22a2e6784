"""Saved searches tell of needs: in their rhythm, once a person and need, and of nothing that is over."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from marketplace import timetable, worker
from marketplace.accounts.actions import close_account
from marketplace.accounts.exports import account_record
from marketplace.core import clock, db
from marketplace.core.errors import NotAllowed, NotFound, Problems
from marketplace.core.journal import JournalLine
from marketplace.core.mail import Mail, as_message
from marketplace.listeners import LISTENERS
from search import actions, alerts, kept, standing, telling
from search.models import (
    AT_ONCE,
    DAILY,
    WEEKLY,
    Alert,
    NeedMute,
    SavedSearch,
    SearchKey,
)
from tenders.needs.events import NeedAmended
from tenders.needs.models import Need, NeedVersion
from tenders.needs.snapshots import snapshot_of, text_of
from tenders.notices.events import NeedsImported
from tests import making
from tests.actions.test_searching import ask, change, happened, published

# Tuesday 24 November 2026, 10:00 in London, is where the clock stands.
WEDNESDAY_7 = datetime(2026, 11, 25, 7, tzinfo=UTC)
MONDAY_7 = datetime(2026, 11, 30, 7, tzinfo=UTC)


def mails(to=None) -> list[Mail]:
    query = select(Mail).where(Mail.subject.contains("new need") | Mail.subject.startswith("New need"))
    found = list(db.session.scalars(query.order_by(Mail.id)))
    return [each for each in found if to is None or each.recipient == to.person.email]


def alert_rows() -> list[Alert]:
    return list(db.session.scalars(select(Alert).order_by(Alert.id)))


def publish(**facts) -> tuple[Need, JournalLine]:
    need = making.open_need(**{"title": "Parking permits", **facts})
    return need, published(need)


def told_of(need: Need, **facts) -> JournalLine:
    """The need, changed and amended."""
    version = db.session.scalar(select(func.max(NeedVersion.number)).where(NeedVersion.need_id == need.id)) or 0
    if not version:
        keep_version(need, 1)
        version = 1
    change(lambda: [setattr(need, name, value) for name, value in facts.items()])
    keep_version(need, version + 1)
    words = {"subject": need.reference, "need": need.reference, "version": version + 1, "is_material": True}
    return happened(NeedAmended(**words, fields=tuple(facts), closes_at=need.closes_at, sha256=""))


def keep_version(need: Need, number: int) -> None:
    row = NeedVersion(need_id=need.id, number=number, kind="amended", made_at=clock.now(), sha256="",
                      snapshot=text_of(snapshot_of(need)))  # fmt: skip
    change(lambda: db.session.add(row))


def morning(at: datetime) -> int:
    clock.set_clock(at)
    count = 0
    while sent := telling.send_letters():
        count += sent
    return count


def test_one_mail_at_once_names_every_search_and_why(app) -> None:
    member = making.supplier_member()
    actions.save_search(ask(q="parking"), member)
    actions.save_search(ask(q="permit", region="London"), member)
    actions.save_search(ask(q="libraries"), member)
    need, line = publish()
    assert alerts.alert(line) == 1
    (mail,) = mails()
    assert mail.recipient == member.person.email and mail.subject == "New need: Parking permits"
    assert "- “parking”\n  Why: “Parking” (Title)" in mail.body and "“permits” (Title); London" in mail.body
    assert "libraries" not in mail.body and f"/needs/{need.reference}" in mail.body
    assert mail.stop_url in mail.body, "one press stops both searches that wrote"
    assert alerts.alert(line) == 0 and len(mails()) == 1


def test_daily_and_weekly_digests_go_out_in_the_morning_of_london(app) -> None:
    daily, weekly = making.supplier_member(), making.supplier_member()
    actions.save_search(ask(q="parking"), daily, DAILY)
    actions.save_search(ask(q="parking"), weekly, WEEKLY)
    for title in ("Parking permits", "Parking meters"):
        assert alerts.alert(publish(title=title)[1]) == 0
    assert morning(WEDNESDAY_7 - timedelta(minutes=1)) == 0
    assert morning(WEDNESDAY_7) == 1 and morning(WEDNESDAY_7 + timedelta(hours=2)) == 0
    (mail,) = mails(daily)
    assert mail.subject == "2 new needs: Parking permits" and "every morning" in mail.body
    assert not mails(weekly)
    assert morning(MONDAY_7 - timedelta(minutes=1)) == 0 and morning(MONDAY_7) == 1
    assert len(mails(weekly)) == 1 and len(mails(daily)) == 1


def test_summer_time_moves_the_morning_with_the_clocks() -> None:
    assert telling.digest_due(DAILY, datetime(2026, 7, 1, 6, tzinfo=UTC)).until == datetime(2026, 7, 1, 6, tzinfo=UTC)
    assert telling.digest_due(DAILY, datetime(2026, 7, 1, 5, 59, tzinfo=UTC)).until.day == 30
    assert telling.digest_due(WEEKLY, datetime(2026, 11, 29, 23, tzinfo=UTC)).until == MONDAY_7 - timedelta(days=7)
    assert telling.digest_due(WEEKLY, MONDAY_7 + timedelta(days=2)).until == MONDAY_7


def test_what_was_published_after_seven_waits_for_the_next_morning(app) -> None:
    member = making.supplier_member()
    actions.save_search(ask(q="parking"), member, DAILY)
    alerts.alert(publish()[1])
    clock.set_clock(WEDNESDAY_7 + timedelta(minutes=1))
    _, late = publish(title="Parking meters")
    alerts.alert(late)
    assert morning(WEDNESDAY_7 + timedelta(minutes=2)) == 1 and "meters" not in mails()[0].body
    assert morning(WEDNESDAY_7 + timedelta(days=1)) == 1 and "meters" in mails()[1].body


def test_a_line_delivered_late_counts_in_the_next_digest(app) -> None:
    member = making.supplier_member()
    actions.save_search(ask(q="parking"), member, DAILY)
    first, late = publish(), publish(title="Parking meters")[1]
    alerts.alert(first[1])
    assert morning(WEDNESDAY_7) == 1
    clock.set_clock(WEDNESDAY_7 + timedelta(hours=3))
    assert alerts.alert(late) == 0 and morning(WEDNESDAY_7 + timedelta(hours=4)) == 0, "one mail a day"
    assert morning(WEDNESDAY_7 + timedelta(days=1)) == 1 and "Parking meters" in mails()[1].body


def test_a_person_hears_of_a_need_once_in_whatever_rhythm(app) -> None:
    member = making.supplier_member()
    actions.save_search(ask(q="parking"), member)
    actions.save_search(ask(q="permits"), member, DAILY)
    need, line = publish()
    assert alerts.alert(line) == 1
    morning(WEDNESDAY_7)
    assert len(mails()) == 1
    assert alerts.alert(told_of(need, summary="Permits, and barges too")) == 0
    actions.save_search(ask(q="barges"), member)
    clock.pass_time(minutes=1)
    assert alerts.alert(told_of(need, summary="Permits, barges and boats")) == 0 and len(mails()) == 1


def test_an_amendment_tells_those_whom_the_need_now_concerns(app) -> None:
    before, since, other = making.supplier_member(), making.supplier_member(), making.supplier_member()
    actions.save_search(ask(q="barges"), before)
    clock.pass_time(minutes=1)
    need, line = publish()
    assert alerts.alert(line) == 0
    clock.pass_time(minutes=1)
    actions.save_search(ask(q="barges"), since)
    actions.save_search(ask(q="parking"), other)  # stood in the list already when it was saved
    clock.pass_time(minutes=1)
    line = told_of(need, summary="Permits for barges")
    assert alerts.alert(line) == 2 and alerts.alert(line) == 0
    assert len(mails(before)) == len(mails(since)) == 1 and not mails(other)


def test_a_search_saved_after_publication_hears_nothing_old(app) -> None:
    _, line = publish()
    clock.pass_time(seconds=1)
    actions.save_search(ask(q="parking"), making.supplier_member())
    assert alerts.alert(line) == 0 and not alert_rows()


def test_needs_of_other_places_are_told_together_when_they_arrive_here(app) -> None:
    """They were published elsewhere long ago; those that a search could find when it was saved are old to it."""
    early, late = making.supplier_member(), making.supplier_member()
    actions.save_search(ask(q="parking"), early)
    clock.pass_time(days=1)
    needs = [imported("Parking permits"), imported("Parking meters"), imported("Parking, awarded", awarded_at=clock.now())]
    clock.pass_time(seconds=1)
    actions.save_search(ask(q="parking"), late)
    clock.pass_time(seconds=1)
    words = {"references": tuple(each.reference for each in needs), "new": 3, "changed": 0}
    line = happened(NeedsImported(subject="a file", **words))
    assert alerts.alert(line) == 1 and alerts.alert(line) == 0
    (mail,) = mails()
    assert mail.recipient == early.person.email and mail.subject.startswith("2 new needs")


def test_a_need_that_arrives_while_a_search_is_being_saved_is_not_missed(app) -> None:
    need = imported("Parking permits")
    line = happened(NeedsImported(subject="a file", references=(need.reference,), new=1, changed=0))
    assert alerts.alert(line) == 0
    actions.save_search(ask(q="parking"), making.supplier_member())
    saved = db.session.scalars(select(JournalLine).where(JournalLine.event == "SearchSaved")).one()
    assert alerts.alert(saved) == 1 and alerts.alert(saved) == 0


def imported(title: str, **facts) -> Need:
    return making.open_need(
        title=title, source="contracts-finder", source_id=title, published_at=clock.now() - timedelta(days=30), **facts
    )


def test_a_need_published_while_a_search_was_being_saved_is_not_missed(app) -> None:
    """The search carries an earlier instant, but was committed after the need was compared."""
    _, line = publish()
    assert alerts.alert(line) == 0
    member = making.supplier_member()
    actions.save_search(ask(q="parking"), member)  # the clock stands still: saved no later than published
    saved = db.session.scalars(select(JournalLine).where(JournalLine.event == "SearchSaved")).one()
    assert alerts.alert(saved) == 1 and alerts.alert(saved) == 0 and len(mails(member)) == 1


@pytest.mark.parametrize("rhythm", [AT_ONCE, DAILY])
@pytest.mark.parametrize("end", ["withdrawn", "closed", "no longer found", "muted", "stopped"])
def test_what_ended_before_its_letter_is_not_sent(app, rhythm: str, end: str) -> None:
    member = making.supplier_member()
    search = actions.save_search(ask(q="parking"), member, rhythm)
    need, line = publish(closes_at=clock.now() + timedelta(hours=12))
    alerts.enter(need.id, [search.id], line.at)  # found; the worker was killed before it told
    if end == "withdrawn":
        change(lambda: (setattr(need, "withdrawn_at", clock.now()), setattr(need, "withdrawal_reason", "Money")))
    if end == "no longer found":
        change(lambda: setattr(need, "title", "Market stalls"))
    if end == "muted":
        actions.mute_need(member.person_id, need.id)
    if end == "stopped":
        actions.stop_saved_search(search.id)
    if end == "closed":
        clock.pass_time(hours=13)
        alerts.alert(line)
    elif rhythm == AT_ONCE:
        alerts.alert(line)
    morning(WEDNESDAY_7)
    assert not mails() and not any(each.told_at for each in alert_rows())


def test_a_change_that_brings_a_need_back_tells_of_it(app) -> None:
    member = making.supplier_member()
    actions.save_search(ask(q="parking"), member, DAILY)
    need, line = publish(closes_at=clock.now() + timedelta(days=30))
    alerts.alert(line)
    alerts.alert(told_of(need, title="Market stalls"))
    assert morning(WEDNESDAY_7) == 1 and not mails()
    alerts.alert(told_of(need, title="Parking again"))
    assert morning(WEDNESDAY_7 + timedelta(days=1)) == 1 and len(mails()) == 1


def suspend(member) -> None:
    facts = {"suspended_at": clock.now(), "suspension_reason": "Fraud"}
    change(lambda: [setattr(member.organisation, name, value) for name, value in facts.items()])


def leave(member) -> None:
    change(lambda: setattr(member, "ended_at", clock.now()))


def erase(member) -> None:
    close_account(member.person_id, making.PASSWORD)


@pytest.mark.parametrize("goes", [suspend, leave, erase])
def test_whoever_is_gone_hears_nothing(app, goes) -> None:
    member, stays = making.supplier_member(), making.supplier_member()
    for each in (member, stays):
        actions.save_search(ask(q="parking"), each, DAILY)
    alerts.alert(publish()[1])
    actions.change_rhythm(kept.saved_searches_of(member.person_id)[0].id, AT_ONCE, member)
    goes(member)
    assert alerts.alert(publish(title="Parking meters")[1]) == 0
    morning(WEDNESDAY_7)
    assert [each.recipient for each in mails()] == [stays.person.email]


def test_a_closed_account_leaves_no_search_behind(app) -> None:
    member = making.supplier_member()
    search_id = actions.save_search(ask(q="parking"), member).id
    need, line = publish()
    alerts.alert(line)
    actions.mute_need(member.person_id, need.id)
    erase(member)
    alerts.alert(db.session.scalars(select(JournalLine).where(JournalLine.event == "AccountClosed")).one())
    for table in (SavedSearch, Alert, NeedMute, SearchKey):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0, table
    with pytest.raises(NotFound):
        kept.get_saved_search(search_id)


def test_a_person_can_read_what_is_kept_of_the_searches(app) -> None:
    member = making.supplier_member()
    actions.save_search(ask(q="parking"), member, DAILY)
    need, line = publish()
    alerts.alert(line)
    actions.mute_need(member.person_id, publish(title="Kites")[0].id)
    record = account_record(member.person)
    assert [each["address"] for each in record["saved_searches"]] == ["/needs?q=parking"]
    assert record["needs_found"] == [{"need": need.reference, "searches": ["“parking”"], "told_at": None}]
    assert len(record["muted_needs"]) == 1


def test_another_rhythm_takes_along_what_waits(app) -> None:
    member = making.supplier_member()
    search = actions.save_search(ask(q="parking"), member, WEEKLY)
    alerts.alert(publish()[1])
    alerts.alert(publish(title="Parking meters")[1])
    with pytest.raises(Problems):
        actions.change_rhythm(search.id, "hourly", member)
    with pytest.raises(NotAllowed):
        actions.change_rhythm(search.id, DAILY, making.supplier_member())
    actions.change_rhythm(search.id, AT_ONCE, member)
    assert telling.send_letters() == 1 and telling.send_letters() == 0
    assert [each.subject for each in mails()] == ["2 new needs: Parking permits"]


def test_muting_is_of_one_need_and_can_be_taken_back(app) -> None:
    member = making.supplier_member()
    actions.save_search(ask(q="parking"), member, DAILY)
    need, line = publish()
    alerts.alert(line)
    alerts.alert(publish(title="Parking meters")[1])
    actions.mute_need(member.person_id, need.id, member.actor())
    actions.mute_need(member.person_id, need.id, member.actor())
    assert [each.id for each in kept.muted_by(member.person_id)] == [need.id]
    assert need.reference not in "".join(each.details + each.subject + each.need for each in _lines("NeedMuted"))
    morning(WEDNESDAY_7)
    assert [each.subject for each in mails()] == ["New need: Parking meters"]
    actions.unmute_need(need.id, member)
    assert not kept.muted_by(member.person_id)


def _lines(name: str) -> list[JournalLine]:
    return list(db.session.scalars(select(JournalLine).where(JournalLine.event == name)))


def test_a_search_of_past_needs_cannot_be_saved(app) -> None:
    with pytest.raises(Problems):
        actions.save_search(ask(q="parking", status="awarded"), making.supplier_member())


def test_the_mail_can_be_stopped_by_the_mail_program(app) -> None:
    actions.save_search(ask(q="parking"), making.supplier_member())
    alerts.alert(publish()[1])
    message = as_message(mails()[0], "desk@example.org")
    assert message["List-Unsubscribe"] == f"<{mails()[0].stop_url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_keys_are_made_anew_when_words_are_read_otherwise(app, monkeypatch: pytest.MonkeyPatch) -> None:
    actions.save_search(ask(q="parking"), making.supplier_member())
    assert standing.key_searches() == 1 and standing.key_searches() == 0
    change(lambda: setattr(db.session.scalars(select(SearchKey)).one(), "key", "word:of-another-reading"))
    monkeypatch.setattr(standing, "reading", lambda: "another reading")
    assert alerts.alert(publish()[1]) == 1, "a search under old keys was missed"


def test_the_councils_of_searches_are_looked_up_again(app) -> None:
    council = making.council("Ashby Council")
    actions.save_search(ask(council=council.slug), making.supplier_member())
    standing.key_searches()
    change(lambda: setattr(council, "name", "Ashby City Council"))
    alerts.alert(happened(making.MadeForTest(subject="x")))  # any other line changes nothing
    standing.forget_councils()
    assert alerts.alert(publish(authority=council)[1]) == 1


def test_one_faulty_search_does_not_hold_back_the_others(app, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, well = making.supplier_member(), making.supplier_member()
    for each in (broken, well):
        actions.save_search(ask(q="parking"), each, DAILY)
    alerts.alert(publish()[1])
    broken_id, whole = broken.person_id, telling._Telling._post

    def post(self, person, found):
        if person.id == broken_id:
            raise RuntimeError("broken")
        return whole(self, person, found)

    monkeypatch.setattr(telling._Telling, "_post", post)
    morning(WEDNESDAY_7)
    assert [each.recipient for each in mails()] == [well.person.email]
    monkeypatch.undo()
    assert morning(WEDNESDAY_7 + timedelta(minutes=1)) == 1 and len(mails(broken)) == 1


@pytest.mark.parametrize("rhythm", [AT_ONCE, DAILY])
def test_a_need_that_will_close_soon_is_told_of_when_it_does(app, rhythm: str) -> None:
    member = making.supplier_member()
    actions.save_search(ask(q="parking", closing="7"), member, rhythm)
    closes_at = datetime(2026, 12, 4, 12, tzinfo=UTC)
    need, line = publish(closes_at=closes_at)
    assert alerts.alert(line) == 0 and alerts.alert(line) == 0 and len(alert_rows()) == 1
    assert morning(closes_at - timedelta(days=7, minutes=1)) == 0 and not mails()
    later = closes_at + timedelta(days=2)
    alerts.alert(told_of(need, closes_at=later))
    assert morning(closes_at - timedelta(days=6)) == 0, "the closing was moved"
    assert morning(later - timedelta(days=6)) == 1 and len(mails()) == 1


def test_many_letters_leave_in_pieces(app, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker turns to the index between them."""
    people = [making.supplier_member() for _ in range(5)]
    for each in people:
        actions.save_search(ask(q="parking"), each)
    monkeypatch.setattr(alerts, "TOLD_WITH_THE_NEED", 2)
    monkeypatch.setattr(telling, "PEOPLE_AT_ONCE", 2)
    assert alerts.alert(publish()[1]) == 2
    assert [telling.send_letters() for _ in range(3)] == [2, 1, 0]
    assert sorted(each.recipient for each in mails()) == sorted(each.person.email for each in people)


def test_the_worker_comes_back_to_long_work_until_nothing_is_left(app, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [2, 1, 0, 5]
    entry = timetable.Entry("long work", timedelta(hours=1), lambda: pieces.pop(0), in_pieces=True)
    monkeypatch.setattr(worker, "TIMETABLE", (entry,))
    assert [worker.keep_timetable({}) for _ in range(4)] == [2, 1, 0, 0] and pieces == [5]
    clock.pass_time(hours=1)
    assert worker.keep_timetable({}) == 5


def test_what_falls_due_and_fails_holds_up_nothing_else(app, monkeypatch: pytest.MonkeyPatch) -> None:
    tries, done = [], []

    def fail() -> int:
        tries.append(1)
        raise OSError("no room")

    entries = [timetable.Entry(name, timedelta(hours=1), act) for name, act in (("fails", fail), ("works", lambda: done.append(1) or 1))]
    monkeypatch.setattr(worker, "TIMETABLE", tuple(entries))
    put_off: dict[str, float] = {}
    assert worker.keep_timetable(put_off) == 1 and done == tries == [1]
    assert worker.keep_timetable(put_off) == 0 and tries == [1], "tried again at once, and again, and again"
    put_off.clear()
    assert worker.keep_timetable(put_off) == 0 and tries == [1, 1] and done == [1]


def test_candidates_are_few_and_the_answer_is_that_of_trying_all(app) -> None:
    people = [making.supplier_member() for _ in range(3)]
    words = ("parking", "permits -meters", "-drones", "libraries", '"parking permits"', "housing repairs", "kites")
    for person in people:
        for each in words:
            actions.save_search(ask(q=each), person)
        actions.save_search(ask(region="London", near="SW1A", within="25"), person)
    need, _ = publish()
    reading = alerts._open_reading(need)
    assert reading is not None
    found = standing.found_by(reading)
    assert len(list(standing.candidates(reading))) < len(people) * 6
    tried = [each for each in standing.every_standing() if reading.is_found_by(each.query_string)]
    assert found == tried and len(found) >= len(people) * 4


@pytest.mark.slow
def test_killed_anywhere_tells_everybody_once(app, house) -> None:
    """Every morning a worker is killed (-9), each time a few statements later; the next worker ends its work."""
    people = [making.supplier_member() for _ in range(3)]
    for person, rhythm in zip(people, (AT_ONCE, AT_ONCE, DAILY), strict=True):
        actions.save_search(ask(q="parking"), person, rhythm)
    emails = [each.person.email for each in people]
    morning_at, titles, steps = WEDNESDAY_7, [], iter(range(0, 400, 3))
    work_through()
    was_killed = True
    while was_killed:
        clock.set_clock(morning_at - timedelta(minutes=10))
        titles.append(publish(title=f"Parking {len(titles)}")[0].title)
        clock.set_clock(morning_at + timedelta(minutes=5))
        was_killed = killed_after(next(steps), app, house.url)
        clock.set_clock(morning_at + timedelta(minutes=15))  # the dead worker's lease is over
        work_through()
        morning_at += timedelta(days=1)
    assert len(titles) > 10, "the worker was hardly killed"
    for email in emails:
        bodies = "".join(mail.body for mail in mails() if mail.recipient == email)
        assert [bodies.count(f"{each} (") for each in titles] == [1] * len(titles), email
    assert all(each.told_at for each in alert_rows())


def work_through() -> None:
    """What a worker does for saved searches until nothing is left."""
    listener = next(each for each in LISTENERS if each.name == "alerts")
    while worker.serve(listener) + telling.send_letters():
        pass


def killed_after(statements: int, app, url: str) -> bool:
    """A worker in a process of its own, killed before its next statement or commit; False when it came to an end."""
    db.session.remove()
    db.engine().dispose()
    child = os.fork()
    if not child:
        signal.alarm(120)  # whatever goes wrong here, the parent need not wait for ever
        try:
            engine, left = db.connect(url), iter(range(statements))

            def kill(*_: object) -> None:
                if next(left, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)

            event.listen(engine, "before_cursor_execute", kill)
            event.listen(engine, "commit", kill)
            work_through()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])
