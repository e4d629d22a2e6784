"""Signing in and out, joining, confirming an address, a forgotten password."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_login import current_user

from marketplace.accounts import account_routes, actions, people_routes, queries, throttle
from marketplace.accounts.access import public, signed_in_even_unconfirmed
from marketplace.accounts.blueprint import blueprint
from marketplace.accounts.forms import (
    EmailForm,
    JoinChoiceForm,
    JoinCouncilForm,
    NewPasswordForm,
    PressForm,
    SignInForm,
)
from marketplace.accounts.models import Organisation
from marketplace.accounts.passwords import is_password
from marketplace.accounts.visiting import end_session, home_address, known_browser, network_address, welcome
from marketplace.core.acting import made, on_to
from marketplace.core.errors import Problem, Problems
from marketplace.core.forms import add_problems
from marketplace.core.pages import page
from marketplace.reference import councils_for_email

__all__ = ["account_routes", "blueprint", "people_routes"]

WRONG = Problem("Email address or password is not right", "email")


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> Any:
    if current_user.is_authenticated and request.method == "GET":
        return redirect(home_address())
    form = SignInForm(next=request.args.get("next", ""))
    if form.validate_on_submit():
        tried = throttle.begin_sign_in(form.email.data, network_address(), known_browser())
        person = queries.find_person(form.email.data)
        # An unknown address costs a hash as well, so that the time taken tells nothing.
        is_right = is_password(form.password.data, person.password_hash if person else "")
        if person is not None and is_right:
            throttle.sign_in_was_right(tried)
            return welcome(person, form.next.data)
        add_problems(form, [WRONG])
    return page("marketplace/accounts/sign_in.html", title="Sign in", form=form)


@blueprint.route("/sign-out", methods=["GET", "POST"])
@public
def sign_out() -> Any:
    if request.method == "POST":
        end_session()
        return on_to("/", "You have signed out")
    return page("marketplace/accounts/sign_out.html", title="Sign out", form=PressForm())


@blueprint.route("/join", methods=["GET", "POST"])
@public
def join() -> Any:
    form = JoinChoiceForm()
    if form.validate_on_submit():
        return redirect("/join/council" if form.kind.data == "council" else "/join/supplier", 303)
    return page("marketplace/accounts/join.html", title="Join", form=form)


@blueprint.route("/join/council", methods=["GET", "POST"])
@public
def join_council() -> Any:
    if current_user.is_authenticated:
        return redirect(url_for("accounts.ask_to_join"))
    form = JoinCouncilForm()
    form.offer(queries.list_councils())
    if form.validate_on_submit():
        try:
            council = _council_of(form.email.data, form.council.data)
            throttle.count_mail(form.email.data, network_address())
            actions.join_council(form.name.data, form.email.data, form.password.data, council, form.note.data)
            return redirect(url_for("accounts.check_email"), 303)
        except Problems as refused:
            add_problems(form, refused.problems)
    return page("marketplace/accounts/join_council.html", title="Join as a council", form=form)


def _council_of(email: str, chosen: str) -> Organisation:
    """The council that was chosen, or the only one whose address it is. Problems when neither tells."""
    told = councils_for_email(email)
    code = chosen or (told[0].code if len(told) == 1 else "")
    council = queries.find_council(code) if code else None
    if council is None:
        shared = "Several councils share your email domain" if told else "We do not know your email domain"
        raise Problems([Problem(f"Choose your council. {shared}", "council")])
    return council


@blueprint.route("/join/check-email")
@public
def check_email() -> Any:
    return page("marketplace/accounts/check_email.html", title="Check your email")


@blueprint.route("/confirm/<link>", methods=["GET", "POST"])
@public
def confirm(link: str) -> Any:
    form = PressForm()
    if form.validate_on_submit():
        person = actions.confirm_email(link)
        flash("Your email address is confirmed", "success")
        if current_user.is_authenticated and current_user.id == person.id:
            return redirect(home_address(), 303)
        return redirect(url_for("accounts.sign_in"), 303)
    token = actions.find_link("confirm", link)
    return page(
        "marketplace/accounts/confirm.html", title="Confirm your email address", form=form, person=token.person
    )


@blueprint.route("/account/unconfirmed", methods=["GET", "POST"])
@signed_in_even_unconfirmed
def unconfirmed() -> Any:
    if current_user.email_confirmed_at is not None:
        return redirect(home_address())
    form = PressForm()
    if form.validate_on_submit():
        throttle.count_mail(current_user.email, network_address())
        actions.send_confirmation(current_user.id)
        return on_to(url_for("accounts.unconfirmed"), "We have sent you a new link")
    return page("marketplace/accounts/unconfirmed.html", title="Confirm your email address", form=form)


@blueprint.route("/forgotten-password", methods=["GET", "POST"])
@public
def forgotten_password() -> Any:
    form = EmailForm()
    if form.validate_on_submit():
        throttle.count_mail(form.email.data, network_address())
        actions.ask_to_change_password(form.email.data)
        return redirect(url_for("accounts.check_email_for_reset"), 303)
    return page("marketplace/accounts/forgotten_password.html", title="Forgotten your password?", form=form)


@blueprint.route("/forgotten-password/check-email")
@public
def check_email_for_reset() -> Any:
    return page("marketplace/accounts/check_email_for_reset.html", title="Check your email")


@blueprint.route("/reset/<link>", methods=["GET", "POST"])
@public
def reset(link: str) -> Any:
    actions.find_link("reset", link)
    form = NewPasswordForm()
    person = made(form, lambda: actions.reset_password(link, form.password.data))
    if person is not None:
        flash("Your new password is set, and every other device is signed out", "success")
        return welcome(person)
    return page("marketplace/accounts/reset.html", title="Choose a new password", form=form)
