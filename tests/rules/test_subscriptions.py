"""What councils pay and by when: bands at their edges, VAT, years, and when new needs stop."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from marketplace.core.errors import NotFound
from tenders.payments.subscriptions import plans, rules
from tenders.payments.subscriptions.actions import a_year_from
from tenders.payments.subscriptions.models import Subscription, SubscriptionInvoice
from tenders.payments.subscriptions.standing import Stop, status_of, stop_of, words_of

TODAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("population", "band"),
    [
        (0, "local"), (9_999, "local"), (10_000, "small"), (99_999, "small"), (100_000, "medium"),
        (249_999, "medium"), (250_000, "large"), (499_999, "large"), (500_000, "largest"), (9_000_000, "largest"),
        (None, plans.NO_BAND),
    ],
)  # fmt: skip
def test_bands_at_their_edges(population: int | None, band: str) -> None:
    assert plans.band_for(population, TODAY) == band


def test_every_population_has_one_band_and_larger_councils_never_pay_less() -> None:
    bands = plans.plans_on(TODAY)
    assert bands[0].population_from == 0 and bands[-1].population_to is None
    for smaller, larger in zip(bands, bands[1:], strict=False):
        assert smaller.population_to is not None and larger.population_from == smaller.population_to + 1
        assert smaller.annual_pence <= larger.annual_pence
    assert all(each.note for each in bands), "every row says who sets it"


def test_a_price_holds_from_its_day_to_its_last() -> None:
    plan = plans.Plan("x", "X", 0, None, 100, date(2026, 1, 1), date(2026, 12, 31), "")
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1))
    assert [plans._is_in_force(plan, day) for day in days] == [False, True, True, False]


def test_terms_are_found_by_day_and_unknown_ones_are_refused() -> None:
    assert plans.term("trial.days", TODAY) == 90
    assert plans.term("award_fee.basis_points", TODAY) == 0
    with pytest.raises(NotFound):
        plans.term("trial.days", date(2024, 1, 1))


def test_vat_is_the_rate_of_the_law_and_sums_add_up() -> None:
    price = plans.price_of(240_000, TODAY)
    assert (price.vat_pence, price.total_pence, price.vat_basis_points) == (48_000, 288_000, 2000)
    assert plans.Price(103, 2000).vat_pence == 21  # half pennies up


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 11, 24), date(2027, 11, 23)),
        (date(2027, 1, 1), date(2027, 12, 31)),
        (date(2028, 2, 29), date(2029, 2, 28)),
        (date(2027, 3, 1), date(2028, 2, 29)),
    ],
)
def test_a_year_ends_on_the_day_before_it_began(first: date, last: date) -> None:
    assert a_year_from(first) == last


def subscription(**facts: object) -> Subscription:
    made = Subscription(reference="S-2026-0001", band="medium", annual_pence=240_000, vat_basis_points=2000)
    for name, value in {"trial_ends_on": TODAY, "invoices": [], **facts}.items():
        setattr(made, name, value)
    return made


def ordered(**invoice: object) -> Subscription:
    facts = {"invoice_id": "in_1", "number": "INV-1", "gateway_status": "open", "due_on": TODAY, **invoice}
    return subscription(ordered_at=NOON, period_ends_on=date(2027, 11, 23), invoices=[SubscriptionInvoice(**facts)])


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (None, "none"),
        (subscription(), "trial"),
        (subscription(trial_ends_on=date(2026, 11, 23)), "trial_over"),
        (subscription(annual_pence=0), "free"),
        (subscription(band="", annual_pence=0), "trial"),
        (subscription(ended_at=NOON), "ended"),
        (subscription(ordered_at=NOON), "ordered"),
        (ordered(), "unpaid"),
        (ordered(due_on=date(2026, 11, 23)), "overdue"),
        (ordered(gateway_status="paid", paid_at=NOON), "paid"),
    ],
)
def test_every_state_has_a_word_and_a_sentence(found: Subscription | None, status: str) -> None:
    assert status_of(found, TODAY) == status
    assert words_of(found, TODAY).endswith(".")


def test_a_trial_stops_new_needs_only_after_both_mails_and_thirty_days_more() -> None:
    ended = TODAY - timedelta(days=31)
    told = {"first_told_at": NOON, "last_told_at": NOON}
    assert stop_of(subscription(trial_ends_on=ended, **told), TODAY) == Stop("trial")
    assert stop_of(subscription(trial_ends_on=ended + timedelta(days=1), **told), TODAY) is None
    assert stop_of(subscription(trial_ends_on=ended, first_told_at=NOON), TODAY) is None
    assert stop_of(subscription(trial_ends_on=ended, annual_pence=0, **told), TODAY) is None
    assert stop_of(subscription(trial_ends_on=ended, band="", annual_pence=0, **told), TODAY) is None, "no price known"


def test_an_invoice_stops_new_needs_after_sixty_days_and_both_reminders() -> None:
    due = TODAY - timedelta(days=61)
    told = {"first_reminded_at": NOON, "last_reminded_at": NOON}
    assert stop_of(ordered(due_on=due, **told), TODAY) == Stop("overdue", "INV-1")
    assert stop_of(ordered(due_on=due + timedelta(days=1), **told), TODAY) is None
    assert stop_of(ordered(due_on=due, first_reminded_at=NOON), TODAY) is None, "one reminder was not sent"
    assert stop_of(ordered(due_on=due, gateway_status="paid", **told), TODAY) is None
    assert stop_of(ordered(due_on=due, gateway_status="void", **told), TODAY) is None


def test_our_administrator_can_keep_new_needs_open_to_a_day() -> None:
    late = ordered(due_on=TODAY - timedelta(days=90), first_reminded_at=NOON, last_reminded_at=NOON)
    late.kept_open_until_on = TODAY
    assert stop_of(late, TODAY) is None
    assert stop_of(late, TODAY + timedelta(days=1)) == Stop("overdue", "INV-1")


def test_an_ended_year_stops_new_needs_after_thirty_days() -> None:
    ended = subscription(ended_at=NOON)
    assert stop_of(ended, TODAY + timedelta(days=30)) is None
    assert stop_of(ended, TODAY + timedelta(days=31)) == Stop("ended")


def test_what_can_be_ordered() -> None:
    def said(found: Subscription | None, pays_by: str = "transfer", cards: bool = True) -> str:
        return " ".join(each.message for each in rules.ordering_problems(found, pays_by, cards))

    assert said(subscription()) == "" and said(subscription(ended_at=NOON, ordered_at=NOON)) == ""
    assert "has not begun" in said(None)
    assert "cannot say a price" in said(subscription(band="", annual_pence=0))
    assert "nothing to order" in said(subscription(annual_pence=0))
    assert "ordered already" in said(ordered())
    assert said(subscription(), "card") == "" and "connected to Stripe" in said(subscription(), "card", cards=False)
    assert said(subscription(), "cash") == "Select how the council pays"
