"""The door to the demonstration: fill an empty copy, and print its accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import select

from marketplace import config
from marketplace.accounts.actions import load_councils
from marketplace.app import create_app
from marketplace.config import Settings
from marketplace.core import clock, db
from marketplace.core.journal import JournalLine
from marketplace.demo_data import open_needs
from marketplace.demonstration.past import take_in_past
from marketplace.demonstration.people import gather
from marketplace.demonstration.playbill import first_instant, open_stories, staged_stories
from marketplace.demonstration.printing import account_list
from marketplace.demonstration.subscriptions import subscription_stories
from marketplace.demonstration.telling import Days, tell_stories
from marketplace.worker import Worker
from tenders.needs.models import Need


def is_empty() -> bool:
    """Whether this copy holds no need at all."""
    is_none = db.session.scalar(select(Need.id).limit(1)) is None
    db.session.rollback()
    return is_none


@contextmanager
def opening_clock() -> Iterator[None]:
    """In a copy that the demonstration will fill, what comes before it happens before it: its journal goes forward."""
    is_first = db.session.scalar(select(JournalLine.number).limit(1)) is None
    db.session.rollback()
    if not (config.current().demonstration and is_first):
        yield
        return
    with clock.clock_at(first_instant(Days(clock.now()))):
        yield


def fill(settings: Settings, tell: Callable[[str], None]) -> str:
    """Fills an empty copy in the order of time, lets the worker catch up, and gives the list of accounts."""
    app = create_app(settings)
    days = Days(clock.now())
    with app.app_context():
        with clock.clock_at(first_instant(days)):
            load_councils()
            take_in_past(tell)
            cast = gather({each.council for each in open_needs()}, days.today)
        tell("Everybody has an account; the purchases begin.")
        stories = [*staged_stories(cast, days), *open_stories(cast, days), *subscription_stories(cast, days)]
        tell_stories(stories, days.now)
        tell("Every purchase has come to its stage; the search index and the mails follow.")
    Worker(app).run_until_idle()
    with app.app_context():
        return account_list(settings)


def remind(settings: Settings) -> str:
    """The accounts of a copy that is filled already."""
    return account_list(settings)
