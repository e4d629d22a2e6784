"""Pages of the conclusion: bids set aside, prices opened, low prices, ties, the ranking and its freezing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import redirect
from werkzeug.wrappers import Response

from marketplace.accounts.access import may
from marketplace.core.acting import form_that_acts
from marketplace.core.errors import NotFound, Problem
from marketplace.core.forms import Form
from marketplace.core.pages import page
from tenders.assessment import concluding, queries, rules, scoring
from tenders.assessment.blueprint import blueprint
from tenders.assessment.forms import (
    ConfirmForm,
    DisregardDecisionForm,
    NoteForm,
    disregard_form,
    tie_form,
)
from tenders.assessment.grounds import get_ground
from tenders.assessment.visit import Visit, visit
from tenders.regimes import price_formulas


def _answer(
    here: Visit,
    form: Form,
    act: Callable[[], object],
    done: str,
    back: str,
    template: str = "simple_form.html",
    *,
    title: str,
    **words: Any,
) -> Response:
    """A page with one form about a conclusion."""
    return form_that_acts(
        f"tenders/assessment/{template}", title=title, form=form, act=act, done=done, back=back,
        here=here, need=here.need, **words,
    )  # fmt: skip


def _stopped(here: Visit, title: str, stops: Sequence[Problem]) -> Response:
    return page("tenders/assessment/stopped.html", title=title, here=here, need=here.need, stops=stops)


@blueprint.route("/council/needs/<reference>/assessment/disregard/<bid_reference>", methods=("GET", "POST"))
@may("moderate_scores")
def disregard(reference: str, bid_reference: str) -> Response:
    """The chair proposes to set a bid aside."""
    here = visit(reference)
    here.insist_reading()
    bid = here.get_bid(bid_reference)
    title = f"Propose to disregard the bid of {bid.supplier.name}"
    stops = rules.disregarding_problems(here.need, here.seat, here.board, bid.id, get_ground("procedure"), "-", True)
    if stops:
        return _stopped(here, title, stops)
    form = disregard_form()

    def propose() -> None:
        concluding.propose_disregard(
            here.need.id,
            bid_reference,
            here.member,
            form.ground.data,
            form.reason.data or "",
            bool(form.was_heard.data),
        )

    return _answer(
        here, form, propose, "Proposed. An approver who is not on the panel decides.", here.home, title=title,
        button="Propose to disregard", text="A bid may be set aside only on one of these grounds. It stays in play until an approver agrees.",
    )  # fmt: skip


@blueprint.route("/council/needs/<reference>/assessment/disregard/<bid_reference>/decide", methods=("GET", "POST"))
@may("approve_award")
def decide_disregard(reference: str, bid_reference: str) -> Response:
    """An approver outside the panel decides whether a bid is set aside."""
    here = visit(reference)
    bid = here.get_bid(bid_reference)
    row = queries.find_disregard(bid)
    if row is None:
        raise NotFound("There is no proposal to disregard this bid.")
    title = f"Disregard the bid of {bid.supplier.name}?"
    is_own = row.proposed_by_id == here.member.person_id
    stops = rules.disregard_decision_problems(here.need, here.board, bid.id, is_own, here.seat, True, "-")
    if stops:
        return _stopped(here, title, stops)
    form = DisregardDecisionForm()

    def decide_now() -> None:
        concluding.decide_disregard(
            here.need.id, bid_reference, here.member, form.outcome.data == "approve", form.reason.data or ""
        )

    return _answer(
        here, form, decide_now, "Your decision is recorded.", here.home, "disregard.html",
        title=title, row=row, ground=get_ground(row.ground),
    )  # fmt: skip


@blueprint.route("/council/needs/<reference>/assessment/prices", methods=("GET", "POST"))
@may("moderate_scores")
def open_prices(reference: str) -> Response:
    """The chair closes quality; from then on prices are open and agreed scores stand."""
    here = visit(reference)
    here.insist_reading()
    stops = rules.closing_quality_problems(here.need, here.seat, here.board)
    if stops and not here.board.is_quality_agreed:
        return _stopped(here, "Open the prices", stops)
    if stops:
        return redirect(here.address("ranking"))
    return _answer(
        here, ConfirmForm(), lambda: concluding.agree_quality(here.need.id, here.member),
        "Quality is agreed and the prices are open.", here.address("ranking"), title="Open the prices",
        button="Quality is agreed: open the prices",
        text="Every quality score is agreed. Once the prices are open, no agreed score can be changed any more.",
    )  # fmt: skip


@blueprint.get("/council/needs/<reference>/assessment/ranking")
@may("see_assessment")
def ranking(reference: str) -> Response:
    """Marks, prices and places; while not frozen with what is still to do."""
    here = visit(reference)
    here.insist_results()
    is_frozen = here.need.scores_frozen_at is not None
    places = _frozen_places(here) if is_frozen else queries.get_ranking(here.need, here.board, here.prices)
    low = queries.low_prices(here.need, here.prices)
    names = {id_: bid.reference for id_, bid in here.bids.items()}
    noted = queries.low_price_notes_of(here.need)
    tied = scoring.tied_first(places)
    waiting = [names[each] for each in low if each not in noted]
    problems = rules.freezing_problems(here.need, here.seat, here.board, waiting, [names[each] for each in tied])
    return page(
        "tenders/assessment/ranking.html", title="Ranking", here=here, need=here.need, places=places, low=low,
        noted=noted, tied=[here.bids[each] for each in tied], problems=[] if is_frozen else problems,
        is_frozen=is_frozen, shown=scoring.shown, price_weight=queries.price_weight(here.need),
        formula=next(each for each in price_formulas() if each.code == here.need.price_formula),
        is_chair=not rules.chairing_problems(here.need, here.seat),
        aside=[here.bids[each] for each in sorted(here.board.set_aside)], decisions=queries.tie_decisions_of(here.need),
    )  # fmt: skip


def _frozen_places(here: Visit) -> list[scoring.Place]:
    return [
        scoring.Place(
            each.bid_id,
            each.quality_score,
            each.price_score,
            each.total_score,
            each.price_pence,
            each.rank,
            each.can_win,
        )
        for each in queries.results_of(here.need)
    ]


@blueprint.route("/council/needs/<reference>/assessment/low-price/<bid_reference>", methods=("GET", "POST"))
@may("moderate_scores")
def low_price(reference: str, bid_reference: str) -> Response:
    """The note on a price far under the others'."""
    here = visit(reference)
    here.insist_results()
    bid = here.get_bid(bid_reference)
    title = f"Abnormally low price of {bid.supplier.name}"
    is_flagged = bid.id in queries.low_prices(here.need, here.prices)
    stops = rules.low_price_problems(here.need, here.seat, is_flagged, "-")
    if stops:
        return _stopped(here, title, stops)
    row = queries.low_price_notes_of(here.need).get(bid.id)
    form = NoteForm(data={"note": row.note} if row else {})
    return _answer(
        here, form, lambda: concluding.note_low_price(here.need.id, bid_reference, here.member, form.note.data or ""),
        "The note is kept with the assessment.", here.address("ranking"), title=title, button="Keep the note",
        text=f"This price is more than {here.low_price_percent} % under the mean of the others. Ask the supplier how it can deliver "
        "at this price before the ranking stands. If its answer does not convince you, propose to disregard the bid.",
    )  # fmt: skip


@blueprint.route("/council/needs/<reference>/assessment/tie", methods=("GET", "POST"))
@may("moderate_scores")
def tie(reference: str) -> Response:
    """Which of the tied bids comes first."""
    here = visit(reference)
    here.insist_results()
    tied = scoring.tied_first(queries.get_ranking(here.need, here.board, here.prices))
    if not tied:
        return redirect(here.address("ranking"))
    form = tie_form(here.bids[each] for each in tied)
    return _answer(
        here, form,
        lambda: concluding.decide_tie(here.need.id, form.bid.data, here.member, form.reason.data or ""),
        "The decision is kept with the ranking.", here.address("ranking"), title="Decide the tie", button="Keep this decision",
        text=f"These bids have the same marks, the same quality and the same price. The published tie-break: {here.need.tie_break}",
    )  # fmt: skip


@blueprint.route("/council/needs/<reference>/assessment/freeze", methods=("GET", "POST"))
@may("moderate_scores")
def freeze(reference: str) -> Response:
    """The ranking stands from here on."""
    here = visit(reference)
    here.insist_results()
    return _answer(
        here, ConfirmForm(), lambda: concluding.freeze_scores(here.need.id, here.member),
        "The scores are frozen. An officer or you can propose the award.", here.address("ranking"),
        title="Freeze the ranking", button="Freeze the ranking",
        text="Scores, marks and places cannot be changed afterwards. The award is proposed from this ranking.",
    )  # fmt: skip
