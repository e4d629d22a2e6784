"""Saved searches: kept from the list, listed, given another rhythm, stopped; and from a mail without signing in."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for

from marketplace.accounts.access import get_member, may, public
from marketplace.core.acting import on_to
from marketplace.core.errors import NotFound, Problems
from marketplace.core.pages import page
from marketplace.core.tokens import read_token
from search import actions, kept
from search.asking import ask_again, in_words
from search.blueprint import blueprint
from search.forms import ButtonForm
from search.models import AT_ONCE, RHYTHMS, SavedSearch
from search.one_click import is_one_click, stopped, takes_one_click
from search.one_need import question_of
from search.telling import MUTE_NEED, STOP_SEARCH, stop_all_purpose
from tenders.needs.queries import get_public_need

IN_WORDS = {AT_ONCE: "at once", "daily": "every morning", "weekly": "every Monday morning"}


@blueprint.route("/account/searches")
@may("save_search")
def saved_searches() -> Any:
    person = get_member().person_id
    return page(
        "search/saved.html",
        title="Your saved searches",
        rows=[_row(each) for each in kept.saved_searches_of(person)],
        found=kept.lately_found(person),
        muted=kept.muted_by(person),
        rhythms=RHYTHMS,
    )


def _row(search: SavedSearch) -> dict[str, Any]:
    asked = {"id": search.id, "words": described(search), "asked": search.query_string}
    return {**asked, "saved_at": search.saved_at, "rhythm": search.rhythm}


def described(search: SavedSearch) -> str:
    """The search in words, or its name when it can no longer be read."""
    question = question_of(search.query_string)
    return in_words(question) if question else search.name


@blueprint.route("/saved-searches", methods=["POST"])
@may("save_search")
def save_search() -> Any:
    question = ask_again(request.form.get("query", ""))
    try:
        search = actions.save_search(question, get_member(), request.form.get("rhythm", AT_ONCE))
    except Problems as refused:
        flash(refused.message, "problem")
        return redirect(f"/needs?{question.query_string}" if question.values else "/needs")
    told = f"Saved. We mail you {IN_WORDS[search.rhythm]} when new needs fit this search."
    return on_to(url_for("search.saved_searches"), told)


@blueprint.route("/account/searches/<int:search_id>/rhythm", methods=["POST"])
@may("save_search")
def change_rhythm(search_id: int) -> Any:
    rhythm = request.form.get("rhythm", "")
    try:
        actions.change_rhythm(search_id, rhythm, get_member())
        flash(f"Changed. This search mails you {IN_WORDS[rhythm]}.", "success")
    except Problems as refused:
        flash(refused.message, "problem")
    return redirect(url_for("search.saved_searches"))


@blueprint.route("/account/searches/<int:search_id>/stop", methods=["POST"])
@may("save_search")
def stop_own_search(search_id: int) -> Any:
    actions.stop_saved_search(search_id, get_member())
    return on_to(url_for("search.saved_searches"), "Stopped. This search mails you no more.")


@blueprint.route("/account/searches/muted/<reference>", methods=["POST"])
@may("save_search")
def mute_own_need(reference: str) -> Any:
    need, member = get_public_need(reference), get_member()
    actions.mute_need(member.person_id, need.id, member.actor())
    return on_to(url_for("search.saved_searches"), f"Muted. Your saved searches mail you no more about “{need.title}”.")


@blueprint.route("/account/searches/muted/<reference>/end", methods=["POST"])
@may("save_search")
def unmute_own_need(reference: str) -> Any:
    need = get_public_need(reference)
    actions.unmute_need(need.id, get_member())
    return on_to(url_for("search.saved_searches"), f"Your saved searches may mail you about “{need.title}” again.")


@blueprint.route("/saved-searches/<token>/stop", methods=["GET", "POST"])
@takes_one_click
@public
def stop_search(token: str) -> Any:
    search = kept.get_saved_search(read_token(STOP_SEARCH, token))
    form = ButtonForm()
    if is_one_click() or form.validate_on_submit():
        actions.stop_saved_search(search.id)
        return _stopped("Stopped. This search mails you no more.")
    return page(
        "search/one_button.html",
        title="Stop this saved search",
        form=form,
        text=f"You will get no more mails about: {described(search)}."
        if search.stopped_at is None
        else f"This search is stopped already: {described(search)}.",
        button="Stop the mails",
    )


@blueprint.route("/saved-searches/<rhythm>/<token>/stop", methods=["GET", "POST"])
@takes_one_click
@public
def stop_searches(rhythm: str, token: str) -> Any:
    person = read_token(stop_all_purpose(rhythm), token)
    if rhythm not in RHYTHMS or person is None:
        raise NotFound(kept.NO_SEARCH)
    form = ButtonForm()
    if is_one_click() or form.validate_on_submit():
        actions.stop_saved_searches(person, rhythm)
        return _stopped(f"Stopped. No saved search mails you {IN_WORDS[rhythm]} any more.")
    names = [described(each) for each in kept.saved_searches_of(person) if each.rhythm == rhythm]
    return page(
        "search/one_button.html",
        title=f"Stop the searches that mail you {IN_WORDS[rhythm]}",
        form=form,
        text="You will get no more mails about:" if names else "All of these searches are stopped already.",
        items=names,
        button="Stop the mails",
    )


@blueprint.route("/saved-searches/<token>/mute", methods=["GET", "POST"])
@public
def mute_need(token: str) -> Any:
    _, search, need = kept.get_alert(read_token(MUTE_NEED, token))
    form = ButtonForm()
    if form.validate_on_submit():
        actions.mute_need(search.person_id, need.id)
        return on_to("/needs", f"Muted. Your saved searches mail you no more about “{need.title}”.")
    return page(
        "search/one_button.html",
        title="No more mails about this need",
        form=form,
        text=f"Your saved searches will not mail you about “{need.title}” again, whatever changes in it. "
        "They go on finding other needs. If you follow this need, those mails have a link of their own to stop them.",
        button="Mute this need",
    )


def _stopped(words: str) -> Any:
    if is_one_click():
        return stopped()
    return on_to("/needs", words)
