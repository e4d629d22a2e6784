"""The demonstration: filled once on an empty copy, then looked at from every side."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote_plus

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace import config
from marketplace.accounts.actions import load_councils
from marketplace.core import clock, db, journal
from marketplace.core.jobs import Delivery
from marketplace.core.mail import Mail
from marketplace.demo import fill, is_empty, opening_clock, remind
from marketplace.demo_data import past_needs
from marketplace.demonstration.people import OPENING_PASSPHRASE, PASSWORD
from suppliers.profiles.models import Supplier
from tenders.bids.models import Bid, LateAttempt
from tenders.clarifications.models import Clarification
from tenders.contracts.models import Contract
from tenders.needs.models import Need
from tenders.needs.status import STATUSES, status_of
from tenders.payments.invoices.models import Invoice
from tenders.payments.ledger.accounts import contract_books
from tenders.payments.ledger.posting import balance, balances
from tenders.payments.reports.queries import arrived_payments, paid_sums
from tenders.payments.reports.rules import Period
from tenders.payments.subscriptions import queries as subscriptions
from tenders.payments.subscriptions.standing import status_of as status_of_subscription
from tests import databases
from tests.conftest import START, settings_for
from tests.pageclient import PageClient

pytestmark = pytest.mark.slow


@dataclass
class Filled:
    """A filled copy: its settings, what was told and printed, and how long it took."""

    settings: config.Settings
    told: list[str]
    printed: str
    seconds: float


@pytest.fixture(scope="module")
def copy(
    template: databases.Template, whole_app: Flask, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    folder = tmp_path_factory.mktemp("demonstration")
    url = template.copy(folder)
    settings = settings_for(folder / "home", url)
    config.install(settings)
    engine = db.connect(url)
    clock.set_clock(START)
    assert is_empty()
    with whole_app.app_context(), opening_clock():  # as the upgrade before it
        load_councils()
    told: list[str] = []
    began = time.monotonic()
    printed = fill(settings, told.append)
    made = Filled(settings, told, printed, time.monotonic() - began)
    yield made
    clock.set_clock(None)
    db.session.remove()
    engine.dispose()
    db.engine().dispose()
    template.drop(url)


@pytest.fixture
def filled(copy: Filled) -> Iterator[Filled]:
    config.install(copy.settings)
    clock.set_clock(START)
    yield copy
    db.session.remove()


def count(*where: object) -> int:
    return db.session.scalar(select(func.count()).where(*where)) or 0  # type: ignore[arg-type]


def ours() -> list[Need]:
    return list(db.session.scalars(select(Need).where(Need.source == "").order_by(Need.id)).unique())


def test_it_says_how_far_it_is(filled: Filled, record_property: Callable[[str, object], None]) -> None:
    # Told, not judged: other work on the machine must not fail a run.
    record_property("seconds", round(filled.seconds, 1))
    assert "252 past needs with 2,661 questions and answers" in filled.told


def test_the_journal_goes_forward_in_time(filled: Filled) -> None:
    instants = list(db.session.scalars(select(journal.JournalLine.at).order_by(journal.JournalLine.number)))
    assert instants == sorted(instants)


def test_past_needs_come_whole_with_their_source(filled: Filled) -> None:
    past = list(db.session.scalars(select(Need).where(Need.source != "")).unique())
    assert len(past) == 252
    assert count(Clarification.need_id == Need.id, Need.source != "", Clarification.answered_at.is_not(None)) == 2661
    assert all(each.source_url and each.authority_id is None for each in past)
    assert {status_of(each) for each in past} <= {"closed", "awarded", "withdrawn", "no_award"}
    assert not [each.text for need in past for each in need.requirements if len(each.text) < 2]


def test_real_suppliers_are_unclaimed(filled: Filled) -> None:
    assert count(Supplier.source == "digital-marketplace") == 155


def test_there_is_a_need_in_every_status(filled: Filled) -> None:
    # No page shows a discarded draft, so the demonstration has none.
    assert {status_of(each) for each in ours()} == {each.name for each in STATUSES} - {"discarded"}
    assert all(each.is_demonstration for each in ours())


def test_open_needs_close_on_different_days_in_the_middle_of_the_week(filled: Filled) -> None:
    closing = sorted(each.closes_at for each in ours() if each.closes_at and status_of(each) == "open")
    assert len(closing) >= 8
    assert len({clock.london_day(each) for each in closing}) >= 5
    assert all(clock.london(each).weekday() in (1, 2, 3) for each in closing)


def test_bids_are_sealed_drafted_opened_and_late(filled: Filled) -> None:
    is_open = Need.closes_at > clock.now()
    assert count(Bid.need_id == Need.id, is_open, Bid.current_version > 0) >= 3
    assert count(Bid.need_id == Need.id, is_open, Bid.current_version == 0) >= 2
    assert count(Bid.opened_at.is_not(None)) >= 20
    assert count(LateAttempt.id > 0) == 1


def test_one_contract_runs_with_a_late_milestone_and_one_has_ended(filled: Filled) -> None:
    contracts = list(db.session.scalars(select(Contract).order_by(Contract.id)))
    running = next(each for each in contracts if each.ended_at is None and len(each.milestones) == 4)
    assert {each.status for each in running.milestones} == {"accepted", "delivered", "planned"}
    assert any(each.status == "planned" and each.due_on < clock.today() for each in running.milestones)
    assert [each.outcome for each in contracts if each.ended_at]


def test_a_year_of_invoices_is_mostly_paid_in_time(filled: Filled) -> None:
    invoices = list(db.session.scalars(select(Invoice).order_by(Invoice.received_at)))
    first, last = invoices[0].received_at, invoices[-1].received_at
    assert len(invoices) == 12 and (last - first).days > 320
    council = invoices[0].authority_id
    days = [each.days for each in paid_sums(arrived_payments(council, Period(date(2000, 1, 1), clock.today())))]
    assert len(days) == 10 and sum(each <= 30 for each in days) >= 7 and max(days) > 60
    owed = [each for each in invoices if balance(contract_books(each.contract.reference).owed, each.reference)]
    assert len(owed) == 2 and sum(balances("contract/").values()) == 0


def test_the_journal_is_whole_and_in_the_order_of_time(filled: Filled) -> None:
    assert journal.verify(db.session()).is_whole
    instants = list(db.session.scalars(select(journal.JournalLine.at).order_by(journal.JournalLine.number)))
    assert instants == sorted(instants)
    assert instants[-1] <= clock.now()


def test_the_worker_has_done_everything(filled: Filled) -> None:
    assert count(Delivery.done_at.is_(None)) == 0
    assert count(Mail.id > 0, Mail.sent_at.is_(None)) == 0
    assert count(Mail.id > 0) > 100
    assert not db.session.scalars(select(Mail.recipient).where(Mail.recipient.not_like("%.example"))).all()


def test_every_printed_account_signs_in(filled: Filled, whole_app: Flask) -> None:
    addresses = set(re.findall(r"[\w.]+@[\w.]+\.example", filled.printed))
    assert len(addresses) >= 20
    for address in sorted(addresses):
        client = PageClient(whole_app)
        client.sign_in(address, PASSWORD)
        assert client.get("/account").has(address), address


def test_the_accounts_are_printed_again(filled: Filled) -> None:
    assert remind(filled.settings) == filled.printed
    assert PASSWORD in filled.printed and OPENING_PASSPHRASE in filled.printed
    assert "{" not in filled.printed


def test_words_of_a_real_question_are_found(filled: Filled, whole_app: Flask) -> None:
    need = next(each for each in past_needs() if each.source_id == "12500")
    words = " ".join(re.findall(r"[A-Za-z]{6,}", need.questions[0].question)[:4])
    page = PageClient(whole_app).get(f"/needs?status=all&q={quote_plus(words)}")
    assert page.has(need.title)


def test_councils_are_in_trial_subscribed_and_overdue(filled: Filled, whole_app: Flask) -> None:
    with whole_app.app_context():
        rows = {each.organisation.authority.code: each for each in subscriptions.latest_of_all()}
        said = {code: status_of_subscription(each, clock.today()) for code, each in rows.items()}
        assert (said["HCK"], said["LIC"], said["BUC"]) == ("paid", "overdue", "trial")
        assert [each.number for each in subscriptions.invoices_of_council(rows["HCK"].authority_id)] == ["MC-0002", "MC-0001"]
        assert set(said.values()) == {"paid", "overdue", "trial"} and len(said) >= 8
        assert not any(each.organisation.authority.new_needs_stopped_at for each in rows.values())
        assert sum(balances().values()) == 0
