"""The pages by which a firm, or another person of it, comes in. Routes are entered in routes.py's blueprint."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_login import current_user

from marketplace.accounts.access import choose_membership, signed_in_person
from marketplace.accounts.models import Person
from marketplace.accounts.queries import find_membership
from marketplace.accounts.throttle import count_mail
from marketplace.core.acting import on_to
from marketplace.core.errors import Conflict, Problem, Problems, TooMany
from marketplace.core.forms import Form, add_problems
from marketplace.core.pages import page
from suppliers.profiles import actions, queries, rules
from suppliers.profiles.actions import Newcomer, SameFirm
from suppliers.profiles.forms import FILTER_BUTTON, AskToJoinAsNewcomerForm, AskToJoinForm, FirmForm, JoinForm
from suppliers.profiles.models import Supplier

# Pressed beside a firm of the same name: carries name and address over to the page that asks to join it.
CARRY_BUTTON = "carry"


def register_page() -> Any:
    """One page: the firm, then the person; a firm that is here already is offered to be joined instead."""
    form: FirmForm = FirmForm() if current_user.is_authenticated else JoinForm()
    same: SameFirm | None = None
    if FILTER_BUTTON not in request.form and form.is_submitted() and _is_whole(form):
        try:
            made = actions.register_supplier(form.firm(), _who_asks(form))
        except SameFirm as refused:
            same = refused
            add_problems(form, [Problem(refused.message, "firm_name")])
        except Problems as refused:
            add_problems(form, refused.problems)
        except TooMany as refused:
            add_problems(form, [Problem(refused.message)])
        else:
            return _after_registering(form, made)
    return page("suppliers/profiles/join.html", title="Join as a supplier", form=form, same=same)


def _is_whole(form: FirmForm) -> bool:
    """Whether neither the fields nor the rule find anything; both are told of at once."""
    form.validate()
    found = [each for each in actions.firm_problems(form.firm()) if not form[each.field].errors]
    add_problems(form, found)
    return not form.has_problems


def ask_page(slug: str) -> Any:
    """Asks to be let into a firm: its administrators decide, or the service's administrator when it has none."""
    supplier = queries.get_joinable(slug)
    form: AskToJoinForm = AskToJoinForm() if current_user.is_authenticated else AskToJoinAsNewcomerForm()
    if CARRY_BUTTON not in request.form and form.validate_on_submit():
        try:
            actions.ask_to_join_supplier(supplier.id, _who_asks(form), form.note.data or "")
        except Problems as refused:
            add_problems(form, refused.problems)
        except (Conflict, TooMany) as refused:
            add_problems(form, [Problem(refused.message)])
        else:
            return _after_asking(supplier)
    is_claimed = queries.is_claimed(supplier)
    title = f"Ask to join {supplier.name}" if is_claimed else f"{supplier.name} is our firm"
    return page("suppliers/profiles/ask.html", title=title, form=form, supplier=supplier, is_claimed=is_claimed)


def check_email_page() -> Any:
    """The same words whether or not the address was known before."""
    return page("suppliers/profiles/check_email.html", title="Check your email")


def _who_asks(form: Form) -> Person | Newcomer:
    if isinstance(form, JoinForm | AskToJoinAsNewcomerForm):
        newcomer = form.newcomer()
        count_mail(newcomer.email, request.remote_addr or "")
        return newcomer
    return signed_in_person()


def _after_registering(form: FirmForm, made: Supplier | None) -> Any:
    if not rules.is_placed(form.postcode.data or ""):
        flash(
            "We do not know yet where your postcode is. It is kept; until we do, searches by distance leave you out.",
            "notice",
        )
    if not current_user.is_authenticated or made is None:
        return redirect(url_for("profiles.check_email"), 303)
    membership = find_membership(current_user.id, made.id)
    if membership is None or current_user.email_confirmed_at is None:
        return redirect(url_for("profiles.check_email"), 303)
    choose_membership(membership)
    return on_to(url_for("suppliers.own"), f"{made.name} is registered.")


def _after_asking(supplier: Supplier) -> Any:
    if not current_user.is_authenticated or current_user.email_confirmed_at is None:
        return redirect(url_for("profiles.check_email"), 303)
    who = f"An administrator of {supplier.name}" if queries.is_claimed(supplier) else "The service’s administrator"
    return on_to("/account", f"Your request is sent. {who} decides, and you get an email.")
