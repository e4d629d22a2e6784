"""A firm's pages: joining, and its own profile in sections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, request, url_for

from marketplace.accounts.access import get_member, may, public
from marketplace.core.acting import on_to
from marketplace.core.errors import Conflict, Problem, Problems
from marketplace.core.forms import Form, add_problems
from marketplace.core.pages import page
from suppliers.profiles import actions, joining_routes, queries, rules
from suppliers.profiles.forms import FILTER_BUTTON, CapabilitiesForm, DescriptionForm, IdentityForm, identity_of

blueprint = Blueprint("profiles", __name__)


@blueprint.route("/join/supplier", methods=["GET", "POST"])
@public
def register() -> Any:
    """Registers a firm."""
    return joining_routes.register_page()


@blueprint.route("/join/supplier/check-your-email")
@public
def check_email() -> Any:
    """What happens next."""
    return joining_routes.check_email_page()


@blueprint.route("/join/supplier/firm/<slug>", methods=["GET", "POST"])
@public
def ask(slug: str) -> Any:
    """Asks to join a firm that is here, or says that an unclaimed profile is one's own."""
    return joining_routes.ask_page(slug)


@blueprint.route("/supplier/profile/organisation", methods=["GET", "POST"])
@may("edit_profile")
def organisation() -> Any:
    """Name, numbers, size and place."""
    form = IdentityForm(data=identity_of(queries.get_supplier(get_member().organisation_id)))
    return _section(form, "Your organisation", lambda: _save_identity(form))


def _save_identity(form: IdentityForm) -> None:
    actions.change_identity(get_member(), form.who())
    if not rules.is_placed(form.postcode.data or ""):
        flash("We do not know yet where your postcode is, so searches by distance leave you out.", "notice")


@blueprint.route("/supplier/profile/description", methods=["GET", "POST"])
@may("edit_profile")
def description() -> Any:
    """The firm's own words."""
    supplier = queries.get_supplier(get_member().organisation_id)
    form = DescriptionForm(obj=supplier, data={"one_sentence": supplier.summary})
    return _section(form, "What you do", lambda: actions.change_description(get_member(), form.words()))


@blueprint.route("/supplier/profile/capabilities", methods=["GET", "POST"])
@may("edit_profile")
def capabilities() -> Any:
    """What the firm can do, from the list."""
    form = CapabilitiesForm(data={"capabilities": queries.get_supplier(get_member().organisation_id).capabilities})
    if FILTER_BUTTON in request.form:
        return page("suppliers/profiles/section.html", title="What you can do", form=form)
    return _section(
        form, "What you can do", lambda: actions.change_capabilities(get_member(), form.capabilities.data or [])
    )


def _section(form: Form, title: str, save: Callable[[], Any]) -> Any:
    if form.validate_on_submit():
        try:
            save()
        except Problems as refused:
            add_problems(form, refused.problems)
        except Conflict as refused:
            add_problems(form, [Problem(refused.message)])
        else:
            return on_to(url_for("suppliers.own"), "Changes saved.")
    return page("suppliers/profiles/section.html", title=title, form=form)
