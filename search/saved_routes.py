"""Saved searches: kept from the list, listed, stopped; and stopped from a mail without signing in."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for

from marketplace.accounts.access import get_member, may, public
from marketplace.core.errors import Problems
from marketplace.core.pages import page
from marketplace.core.tokens import read_token
from search import actions, kept
from search.alerts import STOP_SEARCH, described
from search.asking import ask_again
from search.blueprint import blueprint
from search.forms import ButtonForm


@blueprint.route("/account/searches")
@may("save_search")
def saved_searches() -> Any:
    searches = kept.saved_searches_of(get_member().person_id)
    rows = [{"id": each.id, "words": described(each), "asked": each.query_string, "saved_at": each.saved_at}
            for each in searches]  # fmt: skip
    return page("search/saved.html", title="Your saved searches", rows=rows)


@blueprint.route("/saved-searches", methods=["POST"])
@may("save_search")
def save_search() -> Any:
    question = ask_again(request.form.get("query", ""))
    try:
        actions.save_search(question, get_member())
    except Problems as refused:
        flash(refused.message, "problem")
        return redirect(f"/needs?{question.query_string}" if question.values else "/needs")
    flash("Saved. We mail you when a new need fits this search.", "success")
    return redirect(url_for("search.saved_searches"))


@blueprint.route("/account/searches/<int:search_id>/stop", methods=["POST"])
@may("save_search")
def stop_own_search(search_id: int) -> Any:
    actions.stop_saved_search(search_id, get_member())
    flash("Stopped. This search mails you no more.", "success")
    return redirect(url_for("search.saved_searches"))


@blueprint.route("/saved-searches/<token>/stop", methods=["GET", "POST"])
@public
def stop_search(token: str) -> Any:
    search = kept.get_saved_search(read_token(STOP_SEARCH, token))
    form = ButtonForm()
    if form.validate_on_submit():
        actions.stop_saved_search(search.id)
        flash("Stopped. This search mails you no more.", "success")
        return redirect("/needs")
    return page(
        "search/one_button.html",
        title="Stop this saved search",
        form=form,
        text=f"You will get no more mails about: {described(search)}.",
        button="Stop the mails",
    )
