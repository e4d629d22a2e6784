"""The light address that tells whether the web is at work, and the council's pages after an outage."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import text

from marketplace.accounts.access import get_member, may, public
from marketplace.core import clock, db
from marketplace.core.acting import acted, button_that_acts, form_that_acts, on_to
from marketplace.core.errors import Conflict
from marketplace.core.pages import page
from tenders.needs import queries as need_queries
from tenders.needs.models import Need
from tenders.outages import actions, queries, rules, tasks
from tenders.outages.blueprint import blueprint
from tenders.outages.forms import CHOICES, AnswerForm, SendBackForm
from tenders.outages.models import EXTEND, DeadlineHit

__all__ = ["blueprint", "tasks"]


@blueprint.get("/alive")
@public
def alive() -> Response:
    """Answers when a web process is at work and its database answers; reads nothing."""
    db.session.connection().execute(text("select 1"))
    response = Response("alive\n", mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


def _need_and_hit(reference: str) -> tuple[Need, DeadlineHit]:
    need = need_queries.get_need_of(reference, get_member().organisation_id)
    hit = queries.find_open_hit(need)
    if hit is None:
        raise Conflict("No decision after an outage is waiting for this need.")
    return need, hit


@blueprint.route("/council/needs/<reference>/outage", methods=("GET", "POST"))
@may("amend_need")
def propose(reference: str) -> Any:
    """What the outage did to this need, and the officer's proposal."""
    need, hit = _need_and_hit(reference)
    proposed = queries.proposal_for(hit, clock.now())
    form = AnswerForm(data={"choice": EXTEND, "new_closes_at": proposed})
    return form_that_acts(
        "tenders/outages/propose.html",
        title="After an outage",
        form=form,
        act=lambda: actions.propose_answer(
            need.id, get_member(), form.choice.data, form.new_closes_at.data, form.reason.data or ""
        ),
        done="Your approvers are asked. Nothing public has changed yet",
        back=f"/council/needs/{reference}",
        need=need,
        hit=hit,
        proposed=proposed,
    )


@blueprint.route("/council/needs/<reference>/outage/decide", methods=("GET", "POST"))
@may("approve_need")
def decide(reference: str) -> Any:
    """The approver reads the proposal, then approves it or sends it back."""
    need, hit = _need_and_hit(reference)
    form = SendBackForm()
    if acted(form, lambda: actions.send_answer_back(need.id, get_member(), form.comment.data)):
        return on_to(f"/council/needs/{reference}", "Sent back with your comment")
    return page(
        "tenders/outages/decide.html",
        title="After an outage: your decision",
        form=form,
        need=need,
        hit=hit,
        choices=CHOICES,
        stops=rules.answering_problems(hit, get_member().person_id, clock.now()),
    )


@blueprint.post("/council/needs/<reference>/outage/approve")
@may("approve_need")
def approve(reference: str) -> Any:
    """Makes the officer's proposal the council's answer."""
    need, hit = _need_and_hit(reference)
    extends = hit.choice == EXTEND
    told = "The new closing time is public. Everyone who follows the need or bids is told"
    return button_that_acts(
        lambda: actions.approve_answer(need.id, get_member()),
        done=told if extends else "The closing time stands. The need’s page says why",
        back=f"/council/needs/{reference}",
        refused=f"/council/needs/{reference}/outage/decide",
    )
