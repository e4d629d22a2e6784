"""B11: deadlines are what people typed, on every night of the year; clocks that differ stop the service aloud."""

from __future__ import annotations

import random
import sys
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from govuk_bank_holidays.bank_holidays import BankHolidays
from werkzeug.datastructures import MultiDict

from marketplace import cli, starting, web_parent
from marketplace.accounts.models import Membership
from marketplace.core import clock, clocks, db, working_days
from marketplace.core.clocks import Difference
from marketplace.core.errors import Problems
from marketplace.core.fields import Moment
from marketplace.core.forms import Form
from tenders.bids import opening
from tenders.bids.rules import is_in_time
from tenders.needs import actions, amending
from tenders.needs.models import Need
from tests import bidding, making
from tests.pageclient import Page, PageClient
from tests.promises.proof import Proof

LONDON = ZoneInfo("Europe/London")
INSTANT = timedelta(microseconds=1)
NIGHTS = (date(2026, 3, 29), date(2026, 10, 25), date(2027, 3, 28), date(2027, 10, 31), date(2028, 3, 26))
SPECIAL = (*NIGHTS, date(2028, 2, 29), date(2026, 12, 31), date(2027, 1, 1))


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    clocks.forget()
    yield
    clocks.forget()


class Deadline(Form):
    closes_at = Moment("Bids close", required="Enter it")


def instants_named(day: date, at: time) -> list[datetime]:
    """The oracle: every instant (UTC) at which London's wall clocks show this, found by trying each offset."""
    naive = datetime.combine(day, at)
    tried = (datetime.combine(day, at, tzinfo=UTC) - timedelta(minutes=offset) for offset in (0, 60))
    return [each for each in tried if each.astimezone(LONDON).replace(tzinfo=None) == naive]


def generated(count: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Years, months, days (some of which are none), hours and minutes; every fourth near a change of the clocks."""
    draw = random.Random(11)
    yield from ((2026, 2, 29, 12, 0), (2028, 2, 29, 23, 59), (2027, 2, 29, 0, 0), (2026, 10, 25, 1, 59))
    for number in range(count - 4):
        on = draw.choice(NIGHTS if number % 4 == 0 else SPECIAL) if number % 2 == 0 else None
        year, month = (on.year, on.month) if on else (draw.randint(2026, 2029), draw.randint(1, 12))
        day = on.day if on else draw.randint(1, 31)
        yield year, month, day, draw.randint(0, 3) if number % 4 == 0 else draw.randint(0, 23), draw.randint(0, 59)


def wrong(parts: tuple[int, int, int, int, int]) -> str:
    """What is wrong with how one typed deadline is read, or ""."""
    year, month, day, hour, minute = parts
    with_names = zip(("year", "month", "day"), parts, strict=False)
    typed = {f"closes_at-{name}": str(value) for name, value in with_names}
    form = Deadline(MultiDict({**typed, "closes_at-time": f"{hour}:{minute:02}"}), meta={"csrf": False})
    is_taken = form.validate()
    if day > monthrange(year, month)[1]:
        return "" if not is_taken and "real date" in form.closes_at.errors[0] else f"{parts}: no such day, and taken"
    due = instants_named(date(year, month, day), time(hour, minute))
    if len(due) != 1:
        words = "go forward" if not due else "happens twice"
        said = "" if is_taken else str(form.closes_at.errors[0])
        return "" if words in said else f"{parts}: should be refused because clocks {words}; said {said!r}"
    found = form.closes_at.data
    if not is_taken or found != due[0]:
        return f"{parts}: read as {found}, is {due}"
    need = Need(closes_at=found)
    if not is_in_time(need, found) or is_in_time(need, found + INSTANT) or not is_in_time(need, found - INSTANT):
        return f"{parts}: the closing instant itself is not the last in time"
    return ""


def test_every_deadline_is_the_instant_that_london_s_clocks_show(app: Flask, proof: Proof) -> None:
    count = proof.size("B11")
    with app.test_request_context():
        found = [each for each in map(wrong, generated(count)) if each]
    proof.tell("B11", "typed deadlines against an oracle of London's clocks", count=count, violations=found)


def test_the_oracle_finds_a_time_that_is_read_wrongly(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it would be if summer time were forgotten."""
    from marketplace.core import fields

    monkeypatch.setattr(fields, "london_instant", lambda day, at: datetime.combine(day, at, tzinfo=UTC))
    with app.test_request_context():
        found = [each for each in map(wrong, generated(60)) if each]
    assert any("read as" in each for each in found) and any("go forward" in each for each in found)


def test_the_last_millisecond_before_midnight_is_its_own_day(app: Flask) -> None:
    """A bid at 23:59:59.999 is late for a deadline of 23:59 and in time for one of midnight, typed as 0:00."""
    last = datetime(2026, 7, 6, 22, 59, 59, 999_000, tzinfo=UTC)
    assert clock.london_day(last) == date(2026, 7, 6) and clock.london_day(last + timedelta(milliseconds=1)).day == 7
    assert not is_in_time(Need(closes_at=instants_named(date(2026, 7, 6), time(23, 59))[0]), last)
    assert is_in_time(Need(closes_at=instants_named(date(2026, 7, 7), time(0))[0]), last)


def test_working_days_agree_with_every_list_of_bank_holidays(proof: Proof) -> None:
    lists = BankHolidays(use_cached_holidays=True).data
    assert set(lists) == {"england-and-wales", "scotland", "northern-ireland"}
    holidays = {each["date"] for division in lists.values() for each in division}
    days = [date(2025, 1, 1) + timedelta(days=number) for number in range(3 * 365)]
    days = [each for each in days if working_days.is_within_calendar(each)]
    off = {each for each in days if each.weekday() >= 5 or each in holidays}
    found = [f"{each} counts wrongly" for each in days if working_days.is_working_day(each) == (each in off)]
    for start in days[:-60]:
        reached, left = start, 8
        while left:
            reached += timedelta(days=1)
            left -= reached not in off
        if working_days.add_working_days(start, 8) != reached:
            found.append(f"eight working days after {start} are not {reached}")
    proof.size("B11")
    proof.tell("B11", "working days, one by one, three lists of bank holidays", count=len(days), violations=found)


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_process_whose_clock_differs_does_not_start(house, monkeypatch, capsys, proof: Proof, minutes: int) -> None:
    proof.size("B11")
    clock.set_clock(None)
    clocks.insist_at_start(db.engine(), house.home)
    ran: list[str] = []
    monkeypatch.setattr(starting, "prepare_current", lambda: house)
    monkeypatch.setattr("marketplace.worker.Worker.run", lambda _self: ran.append("worker"))
    really = clock.now
    monkeypatch.setattr(clock, "now", lambda: really() + timedelta(minutes=minutes))
    monkeypatch.setattr("marketplace.app.import_rooms", lambda: ran.append("web"))
    monkeypatch.setattr(sys, "argv", ["marketplace", "worker"])
    for start in (lambda: web_parent.on_starting(None), cli.main):
        with pytest.raises(SystemExit) as ended:
            start()
        said = f"{ended.value.code} {capsys.readouterr().err}"  # a sentence is written out by the interpreter
        assert f"clock is 5 minutes {'behind' if minutes > 0 else 'ahead of'} this machine’s" in said
    proof.tell("B11", f"web and worker with a clock {minutes:+} minutes off", count=2, violations=ran)


def test_clocks_that_differ_are_said_and_stop_what_has_its_time(client: PageClient, proof: Proof) -> None:
    proof.size("B11")
    made = bidding.purchase()
    need, officer = made.need, made.first
    bidding.submitted(need)
    clocks.put(Difference(clocks.DATABASE, timedelta(seconds=3)))
    assert need.closes_at is not None
    tried = {
        "publish": lambda: actions.publish_need(making.need(officer.organisation).id, made.second),
        "extend": lambda: amending.extend_need(need.id, officer, need.closes_at + timedelta(days=3), "More time"),
        "open": lambda: (bidding.close(need), opening.begin_opening(need.id, officer, making.OPENING)),
    }
    found = []
    for name, act in tried.items():
        try:
            act()
            found.append(f"{name} was done")
        except Problems as refused:
            if "clocks of this service differ" not in refused.message:
                found.append(f"{name} was refused for another reason: {refused.message}")
    proof.tell("B11", "acts that must happen at a time, clocks 3 s apart", count=len(tried), violations=found)
    words = "clocks of this service differ"
    assert _page(client, officer, "/council/needs").has(words)
    page = _page(client, making.administrator(), "/admin")
    assert page.has(words) and page.has("+3.0 seconds")
    assert not _page(client, bidding.bidder(), "/supplier/bids").has(words)
    clocks.put(Difference(clocks.DATABASE, timedelta(seconds=0.1)))
    with pytest.raises(Problems) as refused:
        actions.publish_need(making.need(officer.organisation).id, officer)
    assert "clocks" not in refused.value.message


def _page(client: PageClient, member: Membership, path: str) -> Page:
    visitor = PageClient(client.app)
    visitor.sign_in(member.person.email, making.PASSWORD)
    return visitor.get(path)
