"""Matching both ways: the supplier's own page with the needs that fit, and a need's page with the suppliers that do."""

from __future__ import annotations

from typing import Any

from flask import request

from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.acting import made, on_to
from marketplace.core.pages import page
from search import actions, kept
from search.blueprint import blueprint
from search.desk import pressing, supplier_desk, tasks_of_supplier
from search.fits import needs_for, suppliers_for
from search.forms import InviteForm
from suppliers.profiles.queries import reachable_of
from suppliers.record import profile_hints, public_profile
from tenders.bids.queries import get_supplier_of
from tenders.needs.queries import get_need_of
from tenders.needs.status import status_of

OUTCOMES = {
    "invited": "Invited",
    "invited_before": "Invited before",
    "passed_over": "Passed over",
    "lower_place": "Stood below those invited",
}


@blueprint.route("/supplier")
@may("see_supplier_area")
def supplier_dashboard() -> Any:
    member = get_member()
    supplier = get_supplier_of(member)
    fits, now = needs_for(supplier), clock.now()
    return page(
        "search/supplier.html",
        title=supplier.name,
        supplier=supplier,
        fits=fits,
        tasks=[(each, pressing(each, now)) for each in tasks_of_supplier(member, supplier)],
        desk=supplier_desk(supplier),
        invitations=[(row, need, status_of(need)) for row, need in kept.invitations_to(supplier.id)],
        hints=[each for each in profile_hints(public_profile(supplier)) if not each.is_done],
    )


@blueprint.route("/council/needs/<reference>/matches", methods=["GET", "POST"])
@may("invite_suppliers")
def matches(reference: str) -> Any:
    member = get_member()
    need = get_need_of(reference, member.organisation_id)
    form, fits = InviteForm(), suppliers_for(need)
    sent = request.form.getlist("supplier")
    chosen = {int(each) for each in sent if each.isascii() and each.isdigit() and len(each) < 10}

    def invite() -> int:
        return actions.invite_suppliers(
            need.id,
            sorted(chosen),
            form.reason.data or "",
            member,
            [(each.row.id, each.in_words) for each in fits],
            form.reason_for_others.data or "",
        )

    count = made(form, invite)
    if count is not None:
        return on_to(request.path, _invited_in_words(count, chosen))
    return page(
        "search/matches.html",
        title="Suppliers that fit",
        form=form,
        need=need,
        is_open=status_of(need) == "open",
        fits=fits,
        rounds=kept.rounds_of(need.id),
        outcomes=OUTCOMES,
        invited=kept.invitations_of(need.id),
        chosen=chosen,
    )


def _invited_in_words(count: int, chosen: set[int]) -> str:
    """Who was told by email, and whom the council must tell itself."""
    reachable = reachable_of(chosen)
    invited = f"{count} supplier{'' if count == 1 else 's'} invited"
    unreached = sorted(each.name for each in kept.suppliers_by_id(sorted(chosen - reachable)))
    if not unreached:
        return f"{invited} by email. The reasons are on record."
    have = "has" if len(unreached) == 1 else "have"
    return (
        f"{invited}, {len(reachable) or 'none'} by email. {', '.join(unreached)} {have} no account here yet:"
        " write to them yourself. The reasons are on record."
    )
