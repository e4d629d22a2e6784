"""A council's subscription kept by hand: begun by itself, ordered, paid, renewed, overdue; the ledger explains it all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from marketplace.accounts.joining import approve_organisation
from marketplace.auditors.exports import get_export
from marketplace.auditors.exports.shape import Scope
from marketplace.core import clock, db
from marketplace.core.errors import Conflict
from marketplace.core.journal import SYSTEM, JournalLine
from marketplace.listeners import LISTENERS
from marketplace.worker import serve
from tenders.needs.actions import draft_need, save_section
from tenders.payments.ledger.accounts import BANK, INCOME, OUR_VAT, in_hand, receivable
from tenders.payments.ledger.posting import balance, balances
from tenders.payments.subscriptions import actions, by_hand, keeping, queries
from tenders.payments.subscriptions.emails import EMAILS
from tenders.payments.subscriptions.standing import status_of
from tests import making, subscribing
from tests.letterbox import mails_to, write_mails
from tests.lines import events_told
from tests.refusing import refused
from tests.subscribing import days_pass

pytestmark = pytest.mark.usefixtures("app")


class TestTrial:
    def test_it_begins_by_itself_when_the_councils_account_does(self) -> None:
        by = subscribing.council()
        with db.one_action("test"):
            by.organisation.approved_at = None
            approve_organisation(by.organisation, SYSTEM)
        serve(next(each for each in LISTENERS if each.name == "subscriptions"))
        begun = by.subscription
        assert (begun.reference, begun.band, begun.annual_pence) == ("SUB-2026-0001", "medium", 240_000)
        assert begun.trial_ends_on == date(2027, 2, 22) and begun.started_by_id is None

    def test_the_timetable_begins_those_of_councils_from_before_once(self) -> None:
        by = subscribing.council()
        assert (keeping.start_trials(), keeping.start_trials()) == (1, 0)
        assert status_of(by.subscription, clock.today()) == "trial"
        with pytest.raises(Conflict):
            actions.start_trial(by.organisation.id, by.finance)

    def test_two_mails_before_its_end_then_new_needs_stop_and_an_order_opens_them_at_once(self, app) -> None:
        by = subscribing.in_trial()
        draft_need(by.officer)
        days_pass(60)
        assert events_told().count("TrialEnding") == 1
        days_pass(31)
        assert events_told().count("TrialEnding") == 2 and status_of(by.subscription, clock.today()) == "trial_over"
        days_pass(29)
        assert not by.is_stopped
        days_pass(1)
        assert by.is_stopped and events_told().count("NewNeedsStopped") == 1
        assert "can start no new need" in refused(draft_need, by.officer)
        write_mails(app, EMAILS)
        subjects = [each.subject for each in mails_to(by.finance.person.email)]
        assert len(subjects) == 3 and subjects[1].startswith("Last reminder: the free trial")
        assert [each.subject for each in mails_to(by.officer.person.email)] == [subjects[2]]
        actions.order(by.finance, "transfer", "", is_by_hand=True)
        assert not by.is_stopped
        draft_need(by.officer)

    def test_after_a_long_outage_the_two_mails_go_out_on_two_days_before_anything_stops(self) -> None:
        by = subscribing.in_trial()
        days_pass(200, each=200)
        assert events_told().count("TrialEnding") == 1 and not by.is_stopped
        days_pass(1)
        assert events_told().count("TrialEnding") == 2 and by.is_stopped

    def test_a_free_band_never_stops_and_an_unknown_one_waits_for_our_administrator(self, app) -> None:
        parish, unknown = subscribing.in_trial(4_000), subscribing.in_trial(None)
        days_pass(300, each=30)
        assert not parish.is_stopped and not unknown.is_stopped
        assert "nothing to order" in refused(actions.order, parish.finance, "transfer", "", is_by_hand=True)
        assert "cannot say a price" in refused(actions.order, unknown.finance, "transfer", "", is_by_hand=True)
        write_mails(app, EMAILS)
        assert "not known" in mails_to(unknown.administrator.person.email)[0].subject
        assert "Say why" in refused(actions.choose_band, unknown.subscription.id, unknown.administrator, "large", " ")
        actions.choose_band(unknown.subscription.id, unknown.administrator, "large", "Its annual report says so.")
        actions.order(unknown.finance, "transfer", "", is_by_hand=True)
        assert unknown.subscription.annual_pence == 480_000


class TestMoney:
    def test_an_invoice_is_owed_then_paid_in_two_parts(self, app) -> None:
        by = subscribing.invoiced()
        ref = by.organisation.reference
        assert by.invoice.due_on == clock.today() + timedelta(days=30) and by.invoice.purchase_order == "PO-77"
        assert balances() == {receivable(ref): 288_000, INCOME: -240_000, OUR_VAT: -48_000}
        subscribing.pay(by, 88_000)
        assert by.left_pence == 200_000 and status_of(by.subscription, clock.today()) == "unpaid"
        subscribing.pay(by, 200_000, "BACS 2")
        assert by.left_pence == 0 and status_of(by.subscription, clock.today()) == "paid"
        assert balances() == {BANK: 288_000, receivable(ref): 0, INCOME: -240_000, OUR_VAT: -48_000}
        write_mails(app, EMAILS)
        subjects = [each.subject for each in mails_to(by.finance.person.email)]
        assert [each.split(" for ")[0] for each in subjects[1:]] == ["Invoice INV-1", "£880 arrived", "£2,000 arrived"]

    def test_the_same_payment_is_taken_once(self) -> None:
        by = subscribing.invoiced()
        subscribing.pay(by, 88_000)
        assert "on record already" in refused(subscribing.pay, by, 88_000)
        assert by.left_pence == 200_000

    def test_what_arrives_beyond_the_invoice_pays_for_the_next(self) -> None:
        by = subscribing.invoiced()
        ref = by.organisation.reference
        subscribing.pay(by, 300_000)
        assert by.left_pence == 0 and queries.in_hand_pence(ref) == 12_000
        by_hand.record_invoice(by.subscription.id, by.administrator, "INV-2", clock.today())
        assert by.left_pence == 276_000 and queries.in_hand_pence(ref) == 0
        assert by.invoice.paid_pence == 12_000 and sum(balances().values()) == 0

    def test_an_invoice_that_nothing_was_paid_for_is_taken_back(self) -> None:
        by = subscribing.invoiced()
        by_hand.take_back_invoice(by.subscription.id, by.invoice.id, by.administrator, "Wrong order number.")
        assert set(balances().values()) == {0} and by.invoice.voided_at is not None
        assert "was taken back" in refused(subscribing.pay, by, 100)
        by_hand.record_invoice(by.subscription.id, by.administrator, "INV-2", clock.today())
        subscribing.pay(by, 100)
        assert "Give that back first" in refused(
            by_hand.take_back_invoice, by.subscription.id, by.invoice.id, by.administrator, "No."
        )

    def test_what_cannot_be_recorded(self) -> None:
        by = subscribing.in_trial()
        args = (by.subscription.id, by.administrator)
        assert "Stripe writes" in refused(by_hand.record_invoice, *args, "INV-1", clock.today())
        subscribing.invoiced(subscribing.ordered(by))
        assert "number already" in refused(by_hand.record_invoice, *args, "INV-1", clock.today())
        tomorrow = clock.today() + timedelta(days=1)
        assert "today or earlier" in refused(by_hand.record_invoice, *args, "INV-2", tomorrow)
        pay = (by.subscription.id, by.invoice.id, by.administrator)
        assert "at least a penny" in refused(by_hand.record_payment, *pay, 0, clock.today(), "x")
        early = clock.today() - timedelta(days=1)
        assert "Enter a later day" in refused(by_hand.record_payment, *pay, 1, early, "x")


class TestYears:
    def test_a_paid_year_is_announced_and_begins_anew(self, app) -> None:
        by = subscribing.invoiced()
        subscribing.pay(by, 288_000)
        days_pass(330, each=10)
        assert events_told().count("SubscriptionRenewing") == 1
        days_pass(40)
        assert events_told().count("SubscriptionRenewed") == 1
        assert (by.subscription.period_starts_on, by.subscription.period_ends_on) == (date(2027, 11, 24), date(2028, 11, 23))
        write_mails(app, EMAILS)
        assert [each.subject for each in mails_to(by.administrator.person.email)] == [
            f"{by.organisation.name}: an invoice to send"
        ] * 2
        by_hand.record_invoice(by.subscription.id, by.administrator, "INV-2", clock.today())
        assert by.left_pence == 288_000

    def test_cancelled_it_ends_with_the_year_and_can_be_ordered_again(self) -> None:
        by = subscribing.invoiced()
        subscribing.pay(by, 288_000)
        actions.cancel(by.finance)
        assert "cancelled already" in refused(actions.cancel, by.finance)
        days_pass(360, each=30)
        assert "SubscriptionRenewing" not in events_told() and by.subscription.ended_at is None
        days_pass(30)
        assert by.subscription.ended_at is not None and not by.is_stopped
        days_pass(30)
        assert by.is_stopped
        actions.order(by.finance, "transfer", "PO-78", is_by_hand=True)
        assert not by.is_stopped and by.subscription.reference == "SUB-2028-0001"
        assert balance(receivable(by.organisation.reference)) == 0

    def test_a_cancelling_is_taken_back_until_the_end(self) -> None:
        by = subscribing.ordered()
        assert "is not cancelled" in refused(actions.take_back_cancelling, by.finance)
        actions.cancel(by.finance)
        actions.take_back_cancelling(by.finance)
        days_pass(390, each=30)
        assert by.subscription.ended_at is None and "SubscriptionRenewed" in events_told()


class TestOverdue:
    def test_two_reminders_then_only_new_needs_stop_until_it_is_paid(self, app) -> None:
        by = subscribing.invoiced()
        begun = making.need(by.organisation, by.officer.person)
        days_pass(36)
        assert "SubscriptionOverdue" not in events_told()
        days_pass(1)
        assert events_told().count("SubscriptionOverdue") == 1
        days_pass(53)
        assert events_told().count("SubscriptionOverdue") == 2 and not by.is_stopped
        days_pass(1)
        assert by.is_stopped
        assert "can start no new need" in refused(draft_need, by.officer)
        save_section(begun.id, by.officer, "title-and-summary", {"title": "Still being written", "summary": "Yes."})
        subscribing.pay(by, 287_999)
        assert by.is_stopped, "a penny is left"
        subscribing.pay(by, 1, "BACS 2")
        assert not by.is_stopped
        draft_need(by.officer)
        assert in_hand(by.organisation.reference) not in balances()

    def test_our_administrator_opens_it_to_a_day_with_a_reason_on_record(self) -> None:
        by = subscribing.invoiced()
        days_pass(95, each=19)
        assert by.is_stopped
        args = (by.subscription.id, by.administrator, clock.today() + timedelta(days=10))
        assert "Give the reason" in refused(actions.keep_open, *args, "")
        actions.keep_open(*args, "Their finance system is being replaced.")
        assert not by.is_stopped
        line = db.session.scalars(select(JournalLine).where(JournalLine.event == "NewNeedsKeptOpen")).one()
        assert line.facts["reason"] == "Their finance system is being replaced."
        days_pass(11)
        assert by.is_stopped


def test_an_auditor_s_ledger_holds_our_own_books_too() -> None:
    by = subscribing.invoiced()
    other = subscribing.ordered()
    by_hand.record_invoice(other.subscription.id, other.administrator, "INV-2", clock.today())
    db.in_one_transaction()  # the files are read by a cursor on the server
    rows = list(get_export("ledger").rows(db.session(), Scope(clock.now())))
    ours = by.organisation.reference
    assert len(rows) == 4 and {row.council for row in rows} == {ours, other.organisation.reference}
    assert sum(row.amount_pence for row in rows if row.debit == receivable(ours)) == balance(receivable(ours))
    narrowed = list(get_export("ledger").rows(db.session(), Scope(clock.now(), by.organisation.slug)))
    assert [row.row for row in narrowed] == [row.row for row in rows if row.council == ours]
