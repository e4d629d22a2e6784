"""The administrator's pages: what waits, how the worker does, organisations, reference files."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Any

from flask import request, url_for

from marketplace import config
from marketplace.accounts import actions as account_actions
from marketplace.accounts import joining, people
from marketplace.accounts import queries as account_queries
from marketplace.accounts.access import get_member, may
from marketplace.accounts.account_routes import role_titles
from marketplace.accounts.forms import InviteForm, PressForm, RolesForm
from marketplace.accounts.permissions import ROLES
from marketplace.admin import actions, erasing_routes, queries
from marketplace.admin.blueprint import blueprint
from marketplace.admin.forms import FoundForm, SuspendForm
from marketplace.admin.reference_files import reference_files
from marketplace.core import clocks
from marketplace.core.acting import form_that_acts, made, on_to
from marketplace.core.errors import NotFound
from marketplace.core.pages import page, page_number
from marketplace.reference import capabilities
from search.answering import index_state
from search.meaning import meaning_state
from tenders.bids.holding import count_on_key_files
from tenders.bids.receipt_time import how_stamped
from tenders.outages.report import tell_outages, watch_words
from tenders.traces.report import trace_warnings

__all__ = ["blueprint", "erasing_routes"]
KINDS = {"authority": "Council", "supplier": "Supplier", "audit_body": "Audit body", "platform": "This service"}


@blueprint.route("/admin")
@may("administer")
def dashboard() -> Any:
    unsent, failed_mails = queries.unsent_mails()
    return page(
        "marketplace/admin/dashboard.html",
        title="Administration",
        requests=account_queries.requests_for_administrator(),
        waiting=queries.waiting_organisations(),
        listeners=queries.listener_states(),
        is_overdue=queries.is_overdue,
        faults=queries.faulty_deliveries(),
        unsent=unsent,
        failed_mails=failed_mails,
        index=index_state(),
        meaning=meaning_state(),
        how_stamped=how_stamped(),
        outages=tell_outages(10),
        trace_warnings=trace_warnings(),
        watch=list(watch_words(timedelta(seconds=config.current().outage_seconds))),
        clocks=clocks.known(),
        on_key_files=count_on_key_files(),
    )


@blueprint.route("/admin/deliveries/<mark>/try-again", methods=["POST"])
@may("administer")
def try_delivery_again(mark: str) -> Any:
    actions.try_delivery_again(mark, get_member())
    return on_to(url_for("admin.dashboard"), "The worker will try again at once")


@blueprint.route("/admin/mails/<mark>/try-again", methods=["POST"])
@may("administer")
def try_mail_again(mark: str) -> Any:
    actions.try_mail_again(mark, get_member())
    return on_to(url_for("admin.dashboard"), "The worker will send it again at once")


@blueprint.route("/admin/requests")
@may("administer")
def requests_page() -> Any:
    waiting = account_queries.requests_for_administrator()
    return page("marketplace/admin/requests.html", title="Requests to join", requests=waiting, kinds=KINDS)


@blueprint.route("/admin/requests/<int:membership_id>", methods=["GET", "POST"])
@may("administer")
def decide(membership_id: int) -> Any:
    asked = _waiting_request(membership_id)
    form = RolesForm(asked.organisation.kind, roles=sorted(asked.roles))
    return form_that_acts(
        "marketplace/accounts/decide.html",
        title=f"{asked.person.name} asks to join",
        form=form,
        act=lambda: joining.approve_request(membership_id, asked.organisation_id, form.roles.data, get_member()),
        done=f"{asked.person.name} is now a member of {asked.organisation.name}",
        back=url_for("admin.requests_page"),
        asked=asked,
        refuse=url_for("admin.refuse", membership_id=membership_id),
    )


@blueprint.route("/admin/requests/<int:membership_id>/refuse", methods=["POST"])
@may("administer")
def refuse(membership_id: int) -> Any:
    asked = _waiting_request(membership_id)
    joining.refuse_request(membership_id, asked.organisation_id, get_member())
    return on_to(url_for("admin.requests_page"), "The request is refused, and the person is told")


def _waiting_request(membership_id: int) -> Any:
    found = next((m for m in account_queries.requests_for_administrator() if m.id == membership_id), None)
    if found is None:
        raise NotFound("This request waits for somebody else, or has been decided.")
    return found


@blueprint.route("/admin/organisations")
@may("administer")
def organisations() -> Any:
    asked = {name: request.args.get(name, "")[:200] for name in ("q", "kind", "state")}
    kind = asked["kind"] if asked["kind"] in KINDS else ""
    found = queries.search_organisations(asked["q"], kind, asked["state"], page_number())
    return page(
        "marketplace/admin/organisations.html",
        title="Organisations",
        found=found,
        unclaimed=queries.unclaimed_suppliers(found.rows),
        asked=asked,
        kinds=KINDS,
        states=queries.STATES,
    )


@blueprint.route("/admin/organisations/new", methods=["GET", "POST"])
@may("administer")
def found_audit_body() -> Any:
    form = FoundForm()
    body = made(form, lambda: account_actions.found_organisation("audit_body", form.name.data, get_member().actor()))
    if body is not None:
        return on_to(_address(body.id), f"{body.name} is set up. Invite its first auditor")
    return page(
        "marketplace/admin/form.html",
        title="Set up an audit body",
        form=form,
        button="Set up",
        back=url_for("admin.organisations"),
    )


def _address(organisation_id: int) -> str:
    return url_for("admin.organisation", organisation_id=organisation_id)


@blueprint.route("/admin/organisations/<int:organisation_id>")
@may("administer")
def organisation(organisation_id: int) -> Any:
    shown = account_queries.get_organisation(organisation_id)
    return page(
        "marketplace/admin/organisation.html",
        title=shown.name,
        organisation=shown,
        kinds=KINDS,
        members=queries.members_including_waiting(shown.id),
        invitations=account_queries.open_invitations_of(shown.id),
        lines=queries.acts_on(shown.reference),
        role_titles=role_titles,
    )


@blueprint.route("/admin/organisations/<int:organisation_id>/approve", methods=["POST"])
@may("administer")
def approve(organisation_id: int) -> Any:
    approved = actions.approve_organisation(organisation_id, get_member())
    return on_to(_address(organisation_id), f"{approved.name} may act here now")


@blueprint.route("/admin/organisations/<int:organisation_id>/suspend", methods=["GET", "POST"])
@may("administer")
def suspend(organisation_id: int) -> Any:
    shown = account_queries.get_organisation(organisation_id)
    form = SuspendForm()
    return form_that_acts(
        "marketplace/admin/suspend.html",
        title=f"Suspend {shown.name}?",
        form=form,
        act=lambda: actions.suspend_organisation(organisation_id, form.reason.data, get_member()),
        done=f"{shown.name} is suspended",
        back=_address(organisation_id),
    )


@blueprint.route("/admin/organisations/<int:organisation_id>/lift", methods=["GET", "POST"])
@may("administer")
def lift(organisation_id: int) -> Any:
    shown = account_queries.get_organisation(organisation_id)
    return form_that_acts(
        "marketplace/admin/form.html",
        title=f"Let {shown.name} act again?",
        form=PressForm(),
        act=lambda: actions.lift_suspension(organisation_id, get_member()),
        done=f"{shown.name} may act again",
        back=_address(organisation_id),
        button="Lift the suspension",
    )


@blueprint.route("/admin/organisations/<int:organisation_id>/invite", methods=["GET", "POST"])
@may("administer")
def invite(organisation_id: int) -> Any:
    """For an organisation's first person; afterwards its own people invite."""
    shown = account_queries.get_organisation(organisation_id)
    only = list(ROLES[shown.kind]) if len(ROLES[shown.kind]) == 1 else []
    form = InviteForm(shown.kind, roles=only)
    return form_that_acts(
        "marketplace/admin/form.html",
        title=f"Invite somebody to {shown.name}",
        form=form,
        act=lambda: people.invite_colleague(shown, form.email.data, form.roles.data, get_member(), form.name.data),
        done=f"We have emailed an invitation to {form.email.data}",
        back=_address(organisation_id),
        button="Send invitation",
    )


@blueprint.route("/admin/reference", methods=["GET", "POST"])
@may("administer")
def reference() -> Any:
    form = PressForm()
    counts = made(form, lambda: account_actions.load_councils(get_member().actor()))
    if counts is not None:
        added, changed = counts
        return on_to(url_for("admin.reference"), f"Councils read again: {added} added, {changed} changed")
    groups = [(group, list(rows)) for group, rows in groupby(capabilities(), key=lambda each: each.group)]
    return page(
        "marketplace/admin/reference.html",
        title="Reference files",
        form=form,
        files=reference_files(),
        councils=len(account_queries.list_councils()),
        groups=groups,
    )
