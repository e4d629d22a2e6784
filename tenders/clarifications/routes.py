"""Asking about a need, and the council's answers."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.acting import acted, form_that_acts, made, on_to
from marketplace.core.forms import Form
from marketplace.core.pages import page
from tenders.clarifications import actions, queries, rules, tasks
from tenders.clarifications.forms import AnswerForm, AskForm
from tenders.clarifications.models import Clarification
from tenders.needs import queries as needs

__all__ = ["blueprint", "tasks"]

blueprint = Blueprint("clarifications", __name__)


@blueprint.route("/needs/<reference>/questions/ask", methods=("GET", "POST"))
@may("ask_question")
def ask(reference: str) -> Response:
    """A supplier's question, and the firm's own earlier ones."""
    need, member = needs.get_public_need(reference), get_member()
    form = AskForm()
    if acted(form, lambda: actions.ask_question(need.id, member, form.question.data)):
        told = "Your question was sent. The answer is published on the need's page, and you get an e-mail"
        return on_to(url_for("clarifications.ask", reference=reference), told)
    return page(
        "tenders/clarifications/ask.html",
        title="Ask a question",
        form=form,
        need=need,
        closed=rules.asking_time_problems(need, clock.now()),
        own=queries.own_of(need, member.organisation_id),
    )


@blueprint.route("/needs/<reference>/questions/<question>/withdraw", methods=("GET", "POST"))
@may("ask_question")
def withdraw(reference: str, question: str) -> Response:
    """Asks, then takes the firm's own question back."""
    need, member = needs.get_public_need(reference), get_member()
    asked = queries.get_own(question, member.organisation_id)
    return form_that_acts(
        "tenders/clarifications/withdraw.html",
        title="Take this question back?",
        form=Form(),
        act=lambda: actions.withdraw_question(member, asked.reference),
        done="Your question was taken back",
        back=url_for("clarifications.ask", reference=need.reference),
        need=need,
        asked=asked,
    )


@blueprint.get("/council/needs/<reference>/questions")
@may("see_council")
def council_questions(reference: str) -> Response:
    """The questions about a need, without their askers."""
    need = needs.get_need_of(reference, get_member().organisation_id)
    return page(
        "tenders/clarifications/council.html",
        title="Questions from suppliers",
        need=need,
        waiting=queries.unanswered_of(need),
        published=queries.published_of(need),
        closed=rules.answering_time_problems(need, clock.now()),
    )


@blueprint.route("/council/needs/<reference>/questions/<question>", methods=("GET", "POST"))
@may("answer_questions")
def answer(reference: str, question: str) -> Response:
    """One answer, for everyone."""
    need = needs.get_need_of(reference, get_member().organisation_id)
    asked = queries.get_clarification(need, question)
    form = AnswerForm(data={"published_question": asked.question})
    changes = bool(form.changes_the_need.data)

    def publish() -> Clarification:
        words = form.published_question.data, form.answer.data
        return actions.answer_question(need.id, get_member(), question, *words, changes)

    published = made(form, publish)
    if published is not None:
        flash(f"Question {published.number} is public with your answer", "success")
        if changes:
            told = "You said that the answer changes the need: change it here, so that both say the same"
            return on_to(f"/council/needs/{reference}/amend", told, "notice")
        return redirect(url_for("clarifications.council_questions", reference=reference), 303)
    return page("tenders/clarifications/answer.html", title="Answer a question", form=form, need=need, asked=asked)
