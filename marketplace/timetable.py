"""What falls due by the clock: one table. Each entry is safe to repeat; a late run changes nothing but the hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, String, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace import config
from marketplace.accounts.erasing import overwrite_traces
from marketplace.core import clock, clocks, db
from marketplace.core.db import Base, UTCDateTime
from marketplace.transparency.checkpoints import make_checkpoint
from search import meaning
from search.indexing import keep_index, mend_differences
from search.standing import key_some_searches
from search.telling import send_letters
from suppliers.evidence.actions import remind_of_evidence
from tenders.bids.keys import sweep_draft_keys, sweep_opener_key_files
from tenders.bids.rechecking import check_files_again
from tenders.bids.register import close_registers
from tenders.bids.reminding import remind_of_drafts
from tenders.bids.sweeping import sweep_drafts
from tenders.bids.uploads.sweeping import finish_what_came_whole, sweep_uploads
from tenders.contracts.running import remind_of_endings
from tenders.payments.comparing import reconcile_nightly
from tenders.payments.gateway.looking import look_again
from tenders.payments.gateway.missed import fetch_missed
from tenders.payments.gateway.patience import unless_away
from tenders.payments.invoices.keeping import empty_old_invoices
from tenders.payments.invoices.reminding import remind_of_payments
from tenders.payments.invoices.waiting import sweep_waiting
from tenders.payments.paying.card_accounts import connected_accounts, finish_all
from tenders.payments.paying.card_sync import go_on, sync_open, sync_payouts
from tenders.payments.subscriptions.at_gateway import bring_all
from tenders.payments.subscriptions.keeping import look_after_all, start_trials
from tenders.payments.subscriptions.syncing import sync_all
from tenders.traces.keeping import keep_pieces, remove_old


@dataclass(frozen=True)
class Entry:
    """Something to do every so often: its name, how often, and the deed (returns how much it did)."""

    name: str
    every: timedelta
    act: Callable[[], int]
    # Long work is done in pieces: it is come back to, after the listeners had their turn, until nothing is left.
    in_pieces: bool = False


class LastRun(Base):
    """When an entry last ran."""

    __tablename__ = "timetable_runs"
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    ran_at: Mapped[datetime] = mapped_column(UTCDateTime)


def is_due(entry: Entry) -> bool:
    last = db.session.get(LastRun, entry.name)
    due = last is None or last.ran_at + entry.every <= clock.now()
    db.session.rollback()
    return due


def mark_done(entry: Entry) -> None:
    with db.housekeeping() as current:
        current.merge(LastRun(name=entry.name, ran_at=clock.now()))


BEAT = "clocks that agree"


def look_at_clocks() -> int:
    """Compares the worker's clock. That this ran, and when, is what web processes compare theirs with."""
    clocks.look(db.engine(), config.current().home)
    return 0


def last_beat(engine: Engine) -> datetime | None:
    """When a worker last looked at the clocks, by its own. The engine's connection is free again afterwards."""
    with engine.connect() as connection:
        return connection.scalar(select(LastRun.ran_at).where(LastRun.name == BEAT))


ERASED = "unused space after somebody was erased"


def overwrite_what_was_erased() -> int:
    """For all that were erased since this ran, and an hour more: nobody is missed who was erased meanwhile."""
    last = db.session.get(LastRun, ERASED)
    return overwrite_traces(last.ran_at - timedelta(hours=1) if last else None)


TIMETABLE: tuple[Entry, ...] = (
    Entry("signed checkpoint of the journal", timedelta(seconds=30), make_checkpoint),
    Entry(BEAT, timedelta(seconds=clocks.EVERY), look_at_clocks),
    Entry("evidence reminders", timedelta(hours=1), remind_of_evidence),
    Entry("contracts that end soon", timedelta(hours=6), remind_of_endings),
    Entry("trials of councils that have none", timedelta(hours=24), start_trials),
    Entry("subscriptions: reminders, years, stops", timedelta(hours=1), look_after_all),
    Entry("invoices to be paid soon", timedelta(hours=1), remind_of_payments),
    Entry("files of invoices that nobody sent", timedelta(hours=1), sweep_waiting),
    Entry("invoices of sole traders past their time", timedelta(days=1), empty_old_invoices),
    Entry("subscriptions to bring to Stripe", timedelta(minutes=5), lambda: unless_away(bring_all)),
    Entry("keys of saved searches", timedelta(minutes=1), key_some_searches, in_pieces=True),
    Entry("letters of saved searches", timedelta(seconds=10), send_letters, in_pieces=True),
    Entry("uploads that came whole", timedelta(minutes=1), finish_what_came_whole),
    Entry("uploads that nobody finished", timedelta(hours=1), sweep_uploads),
    Entry("drafts that wait to be submitted", timedelta(minutes=10), remind_of_drafts),
    Entry("files that no scanner has checked", timedelta(minutes=1), check_files_again, in_pieces=True),
    Entry("registers of received bids", timedelta(seconds=10), close_registers),
    Entry("drafts of submitted bids", timedelta(hours=1), sweep_drafts),
    Entry("draft keys without a draft", timedelta(hours=1), sweep_draft_keys),
    Entry("key files without a share", timedelta(hours=1), sweep_opener_key_files),
    Entry("events that Stripe could not bring", timedelta(hours=1), lambda: unless_away(lambda: fetch_missed(connected_accounts()))),
    Entry("events of Stripe that nobody looked at", timedelta(hours=1), lambda: unless_away(look_again)),
    Entry("accounts with Stripe that were asked for", timedelta(minutes=10), lambda: unless_away(finish_all)),
    Entry("payments by card that were begun", timedelta(minutes=1), lambda: unless_away(go_on)),
    Entry("payments by card, whatever was told", timedelta(minutes=10), lambda: unless_away(sync_open)),
    Entry("payouts to suppliers, whatever was told", timedelta(hours=24), lambda: unless_away(sync_payouts)),
    Entry("Stripe and our record agree", timedelta(days=1), lambda: unless_away(reconcile_nightly)),
    # After the comparison, which puts on record what it finds before anything is brought in line.
    Entry("subscriptions as Stripe has them", timedelta(days=1), lambda: unless_away(sync_all)),
    Entry("the trace on record", timedelta(hours=1), keep_pieces),
    Entry("traces past their time", timedelta(days=1), remove_old),
    Entry(ERASED, timedelta(days=1), overwrite_what_was_erased),
    Entry("a search index that can be read", timedelta(minutes=1), keep_index),
    Entry("search index and database agree", timedelta(days=1), mend_differences),
    Entry("closeness of meaning can be told", timedelta(minutes=5), meaning.keep),
    Entry("closeness of meaning agrees with the database", timedelta(days=1), lambda: meaning.rebuild(lambda _: None)),
)
