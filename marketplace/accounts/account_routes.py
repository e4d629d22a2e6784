"""A person's own account: name, password, organisations, sessions, own record, closing."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_login import current_user

from marketplace.accounts import actions, joining, new_address, queries, throttle
from marketplace.accounts.access import (
    choose_membership,
    current_member,
    public,
    signed_in,
    signed_in_even_unconfirmed,
    signed_in_person,
)
from marketplace.accounts.blueprint import blueprint
from marketplace.accounts.exports import account_record
from marketplace.accounts.forms import (
    AskToJoinForm,
    ChangePasswordForm,
    CloseForm,
    NameForm,
    NewAddressForm,
    PressForm,
)
from marketplace.accounts.permissions import ROLES
from marketplace.accounts.staying import staying_of
from marketplace.accounts.visiting import (
    begin_session,
    end_session,
    home_address,
    known_browser,
    network_address,
    remember_browser,
)
from marketplace.core.acting import form_that_acts, on_to
from marketplace.core.errors import NotFound, Problems
from marketplace.core.forms import add_problems
from marketplace.core.pages import page


@blueprint.route("/account")
@signed_in
def account() -> Any:
    memberships = queries.memberships_of_person(current_user.id)
    return page(
        "marketplace/accounts/account.html",
        title="Your account",
        memberships=[each for each in memberships if each.is_live],
        requests=[(each, queries.waits_for(each)) for each in memberships if not each.is_live],
        acting=current_member(),
        role_titles=role_titles,
    )


def role_titles(kind: str, roles: set[str]) -> str:
    """The roles in words, in the order of the list: "Officer, Evaluator"."""
    return ", ".join(words.partition(":")[0] for code, words in ROLES[kind].items() if code in roles)


@blueprint.route("/account/name", methods=["GET", "POST"])
@signed_in
def change_name() -> Any:
    form = NameForm(name=current_user.name)
    return form_that_acts(
        "marketplace/accounts/form.html",
        title="Change your name",
        form=form,
        act=lambda: actions.change_name(current_user.id, form.name.data),
        done="Your name is changed",
        back=url_for("accounts.account"),
        button="Save",
    )


@blueprint.route("/account/password", methods=["GET", "POST"])
@signed_in
def change_password() -> Any:
    form = ChangePasswordForm()
    if form.validate_on_submit():
        tried = throttle.begin_sign_in(current_user.email, network_address(), known_browser())
        try:
            person = actions.change_password(current_user.id, form.current.data, form.password.data)
            throttle.sign_in_was_right(tried)
            begin_session(person)
            return on_to(url_for("accounts.account"), "Your password is changed, and every other device is signed out")
        except Problems as refused:
            add_problems(form, refused.problems)
    return page("marketplace/accounts/form.html", title="Change your password", form=form, button="Save")


@blueprint.route("/account/email", methods=["GET", "POST"])
@signed_in
def change_email() -> Any:
    form = NewAddressForm()
    if form.validate_on_submit():
        tried = throttle.begin_sign_in(current_user.email, network_address(), known_browser())
        try:
            throttle.count_mail(form.email.data, network_address())
            new_address.ask_for_new_address(current_user.id, form.email.data, form.password.data)
            throttle.sign_in_was_right(tried)
            told = "We have sent a link to the new address. Nothing changes until you use it"
            return on_to(url_for("accounts.account"), told)
        except Problems as refused:
            add_problems(form, refused.problems)
    return page(
        "marketplace/accounts/form.html",
        title="Change your email address",
        form=form,
        button="Send the link",
        text=NEW_ADDRESS,
    )


NEW_ADDRESS = (
    "Your present address is told as well. A council’s people have an address of their council: with another one, "
    "the administrator of the service approves you there again."
)


@blueprint.route("/account/email/<link>", methods=["GET", "POST"])
@public
def confirm_new_email(link: str) -> Any:
    form = PressForm()
    if form.validate_on_submit():
        person = new_address.change_address(link)
        flash("Your email address is changed. Sign in with the new one from now on", "success")
        is_here = current_user.is_authenticated and current_user.id == person.id
        target = url_for("accounts.account") if is_here else url_for("accounts.sign_in")
        return remember_browser(redirect(target, 303), person.email)
    change = new_address.find_change(link)
    return page(
        "marketplace/accounts/new_email.html",
        title="Confirm your new email address",
        form=form,
        change=change,
        doubted=new_address.memberships_in_doubt(change.token.person, change.email_after),
    )


@blueprint.route("/account/switch", methods=["POST"])
@signed_in
def switch() -> Any:
    wanted = request.form.get("membership", "")
    chosen = next(
        (m for m in queries.memberships_of_person(current_user.id) if str(m.id) == wanted and m.is_live), None
    )
    if chosen is None:
        raise NotFound("You are not a member there.")
    choose_membership(chosen)
    return on_to(home_address(), f"You now act for {chosen.organisation.name}")


@blueprint.route("/account/join", methods=["GET", "POST"])
@signed_in
def ask_to_join() -> Any:
    form = AskToJoinForm()
    form.offer(queries.list_councils())
    if form.validate_on_submit():
        council = queries.find_council(form.council.data)
        if council is None:
            raise NotFound("There is no such council.")
        request_made = joining.ask_to_join(signed_in_person(), council, form.note.data)
        done = f"You are now a member of {council.name}" if request_made.is_live else "Your request is sent"
        return on_to(url_for("accounts.account"), done)
    return page("marketplace/accounts/form.html", title="Ask to join a council", form=form, button="Send request")


@blueprint.route("/account/memberships/<int:membership_id>/leave", methods=["GET", "POST"])
@signed_in
def leave(membership_id: int) -> Any:
    membership = next((m for m in queries.memberships_of_person(current_user.id) if m.id == membership_id), None)
    if membership is None:
        raise NotFound("You are not a member there.")
    return form_that_acts(
        "marketplace/accounts/leave.html",
        title=f"Leave {membership.organisation.name}?" if membership.is_live else "Take your request back?",
        form=PressForm(),
        act=lambda: joining.leave(membership.id, current_user.id),
        done="You have left",
        back=url_for("accounts.account"),
        membership=membership,
    )


@blueprint.route("/account/sign-out-everywhere", methods=["GET", "POST"])
@signed_in_even_unconfirmed
def sign_out_everywhere() -> Any:
    form = PressForm()
    if form.validate_on_submit():
        actions.end_sessions(current_user.id)
        end_session()
        return on_to(url_for("accounts.sign_in"), "You are signed out on every device")
    return page("marketplace/accounts/sign_out_everywhere.html", title="Sign out everywhere?", form=form)


@blueprint.route("/account/record.json")
@signed_in_even_unconfirmed
def own_record() -> Any:
    text = json.dumps(account_record(signed_in_person()), indent=2, ensure_ascii=False)
    headers = {"Content-Disposition": 'attachment; filename="my-account.json"'}
    return Response(text + "\n", mimetype="application/json", headers=headers)


@blueprint.route("/account/close", methods=["GET", "POST"])
@signed_in_even_unconfirmed
def close() -> Any:
    form = CloseForm()
    if form.validate_on_submit():
        tried = throttle.begin_sign_in(current_user.email, network_address(), known_browser())
        try:
            actions.close_account(current_user.id, form.password.data)
            throttle.sign_in_was_right(tried)
            end_session()
            return on_to("/", "Your account is closed, and your name and email address are erased")
        except Problems as refused:
            add_problems(form, refused.problems)
    return page(
        "marketplace/accounts/close.html",
        title="Close your account?",
        form=form,
        staying=staying_of(signed_in_person()),
    )
