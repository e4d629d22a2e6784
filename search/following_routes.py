"""Following a need by e-mail, without an account: ask, confirm, stop. Links open a page with one button."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for

from marketplace.accounts.access import public
from marketplace.core.acting import acted, on_to
from marketplace.core.errors import Gone
from marketplace.core.pages import page
from marketplace.core.tokens import read_token
from search import actions, kept
from search.blueprint import blueprint
from search.emails import CONFIRM_FOLLOW, STOP_FOLLOW
from search.forms import ButtonForm, FollowForm
from search.models import Follow
from search.one_click import is_one_click, stopped, takes_one_click
from tenders.needs.models import Need
from tenders.needs.queries import get_public_need


@blueprint.route("/needs/<reference>/follow", methods=["GET", "POST"])
@public
def follow(reference: str) -> Any:
    need = get_public_need(reference)
    form = FollowForm()
    if acted(form, lambda: actions.ask_to_follow(reference, form.email.data or "")):
        return redirect(url_for("search.follow_asked", reference=reference), 303)
    return page("search/follow.html", title=f"Follow {need.title}", form=form, need=need)


@blueprint.route("/needs/<reference>/follow/asked")
@public
def follow_asked(reference: str) -> Any:
    need = get_public_need(reference)
    return page("search/follow_asked.html", title="Check your email", need=need)


@blueprint.route("/follows/<token>/confirm", methods=["GET", "POST"])
@public
def confirm_follow(token: str) -> Any:
    follow, need = _linked(CONFIRM_FOLLOW, token)
    form = ButtonForm()
    if form.validate_on_submit():
        actions.confirm_follow(follow.id)
        return on_to(f"/needs/{need.reference}", f"You follow “{need.title}”. Every mail has a link to stop.")
    return page(
        "search/one_button.html",
        title="Follow this need",
        form=form,
        text=f"We mail you when “{need.title}” changes, gets more time, has a question answered, or has a result.",
        button="Yes, tell me",
    )


@blueprint.route("/follows/<token>/stop", methods=["GET", "POST"])
@takes_one_click
@public
def stop_follow(token: str) -> Any:
    follow, need = _linked(STOP_FOLLOW, token)
    form = ButtonForm()
    if is_one_click():
        actions.stop_follow(follow.id)
        return stopped()
    if form.validate_on_submit():
        actions.stop_follow(follow.id)
        return on_to(f"/needs/{need.reference}", f"No more mails about “{need.title}”.")
    return page(
        "search/one_button.html",
        title="Stop following this need",
        form=form,
        text=f"You will get no more mails about “{need.title}”.",
        button="Stop the mails",
    )


def _linked(purpose: str, token: str) -> tuple[Follow, Need]:
    """The follow that the link names; NotFound when the link is not ours, Gone when the need is no longer public."""
    follow, need = kept.get_follow(read_token(purpose, token))
    if need.published_at is None:
        raise Gone("This need is no longer here.")
    return follow, need
