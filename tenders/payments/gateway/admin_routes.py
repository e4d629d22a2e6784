"""The administrator's page of Stripe: which mode, when it last told anything, what it and the house tell differently."""

from __future__ import annotations

from flask import url_for
from werkzeug.wrappers import Response

from marketplace import config
from marketplace.accounts.access import get_member, may
from marketplace.core.acting import form_that_acts
from marketplace.core.errors import NotFound
from marketplace.core.forms import Form, Save, TextBox
from marketplace.core.pages import page
from tenders.payments.gateway import actions, door, queries
from tenders.payments.gateway.blueprint import blueprint


class ResolveForm(Form):
    why = TextBox("What was found and done", rows=4, longest=1000)
    save = Save("Mark it as resolved")


@blueprint.get("/admin/stripe")
@may("administer")
def stripe_page() -> Response:
    """What differs between Stripe and the house, and what did."""
    return page(
        "tenders/payments/gateway/stripe.html",
        title="Stripe",
        is_on=door.is_on(),
        off=door.OFF,
        is_live=config.current().is_stripe_live,
        last_event_at=queries.last_event_at(),
        waiting=queries.unlooked_events(),
        differences=queries.open_differences(),
        resolved=queries.resolved_differences(),
    )


@blueprint.route("/admin/stripe/differences/<int:difference_id>", methods=("GET", "POST"))
@may("administer")
def resolve_difference(difference_id: int) -> Response:
    """An administrator says why a difference may stay."""
    found = queries.get_difference(difference_id)
    if found is None:
        raise NotFound("There is no such difference.")
    form = ResolveForm()
    return form_that_acts(
        "tenders/payments/gateway/difference.html",
        title=found.what,
        form=form,
        act=lambda: actions.resolve_difference(difference_id, get_member(), form.why.data or ""),
        done="Resolved. If it is found again tonight, it opens again",
        back=url_for("gateway.stripe_page"),
        difference=found,
    )
