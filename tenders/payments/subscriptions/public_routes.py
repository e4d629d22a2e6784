"""What the service costs, for everybody: suppliers nothing, councils by band."""

from __future__ import annotations

from werkzeug.wrappers import Response

from marketplace.accounts.access import public
from marketplace.core import clock
from marketplace.core.pages import page
from tenders.payments.subscriptions.blueprint import blueprint
from tenders.payments.subscriptions.plans import plans_on, price_of, term

TERMS = (
    "trial.days", "unordered.stop", "invoice.days", "overdue.first_reminder", "overdue.last_reminder", "overdue.stop",
    "award_fee.basis_points",
)  # fmt: skip


@blueprint.get("/prices")
@public
def prices() -> Response:
    """Suppliers pay nothing; councils by band, with VAT; what happens when a council stops paying."""
    today = clock.today()
    return page(
        "tenders/payments/subscriptions/prices.html",
        title="What it costs",
        bands=[(each, price_of(each.annual_pence, today)) for each in plans_on(today)],
        terms={key.replace(".", "_"): term(key, today) for key in TERMS},
    )
