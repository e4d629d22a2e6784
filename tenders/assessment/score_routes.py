"""Pages of scores: reading a bid, the own scores, all side by side, the agreed ones."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect
from werkzeug.wrappers import Response

from marketplace.accounts.access import may
from marketplace.core.acting import acted, on_to
from marketplace.core.errors import Conflict, NotAllowed, Problem, Problems
from marketplace.core.forms import Form, add_problems, count_words
from marketplace.core.pages import page
from tenders.assessment import actions, queries, rules
from tenders.assessment.blueprint import blueprint
from tenders.assessment.forms import score_form
from tenders.assessment.models import Moderation, Score
from tenders.assessment.visit import Visit, visit
from tenders.bids import opened
from tenders.bids.content import declared
from tenders.bids.desk import download
from tenders.bids.models import Bid
from tenders.needs.models import Criterion


@blueprint.get("/council/needs/<reference>/assessment/bids")
@may("see_assessment")
def list_bids(reference: str) -> Response:
    """The bids, and for an evaluator what is scored and what is not."""
    here = visit(reference)
    here.insist_reading()
    own = queries.own_scores(here.need, here.member.person_id)
    return page(
        "tenders/assessment/bids.html", title="The bids", here=here, need=here.need,
        criteria=queries.quality_criteria(here.need), own=own, is_evaluator=_is_evaluator(here),
    )  # fmt: skip


def _is_evaluator(here: Visit) -> bool:
    return here.seat is not None and here.seat.has_duty("evaluator")


@blueprint.get("/council/needs/<reference>/assessment/bids/<bid_reference>")
@may("see_assessment")
def read_bid(reference: str, bid_reference: str) -> Response:
    """One bid whole, but for its price."""
    here = visit(reference)
    here.insist_reading()
    bid = here.get_bid(bid_reference)
    answers = opened.read_answers(bid)
    return page(
        "tenders/assessment/bid.html", title=f"Bid of {bid.supplier.name}", here=here, need=here.need, bid=bid,
        parts=[_part(here, bid, each) for each in queries.quality_criteria(here.need)],
        files=answers.files, declared=declared(answers.declarations), is_evaluator=_is_evaluator(here),
    )  # fmt: skip


def _part(here: Visit, bid: Bid, criterion: Criterion) -> dict[str, Any]:
    """The answers under one criterion, with the own score if there is one."""
    answers = opened.read_answers(bid)
    asked = [each for each in here.need.questions if each.criterion_id == criterion.id]
    own = queries.own_scores(here.need, here.member.person_id).get((bid.id, criterion.id))
    return {
        "criterion": criterion,
        "own": own,
        "answers": [
            (each.text, answers.text_of(each.id), count_words(answers.text_of(each.id)), each.word_limit)
            for each in asked
        ],
    }


@blueprint.get("/council/needs/<reference>/assessment/bids/<bid_reference>/files/<slot>")
@may("see_assessment")
def read_file(reference: str, bid_reference: str, slot: str) -> Response:
    """A file of a bid, always as a download."""
    here = visit(reference)
    here.insist_reading()
    file, content = opened.open_file(here.get_bid(bid_reference), slot)
    return download(content, file.name)


@blueprint.route(
    "/council/needs/<reference>/assessment/bids/<bid_reference>/score/<int:criterion_id>", methods=("GET", "POST")
)
@may("score_bids")
def score(reference: str, bid_reference: str, criterion_id: int) -> Response:
    """An evaluator's own score of one bid under one criterion."""
    here = visit(reference)
    here.insist_reading()
    bid, criterion = here.get_bid(bid_reference), queries.get_criterion(here.need, criterion_id)
    own = queries.own_scores(here.need, here.member.person_id).get((bid.id, criterion.id))
    form = score_form(**({"score": own.score, "reason": own.reason} if own else {}))

    def give() -> None:
        actions.give_score(
            here.need.id, bid_reference, criterion_id, here.member, int(form.score.data), form.reason.data or ""
        )

    if acted(form, give):
        done = f"Saved: {form.score.data} for {bid.supplier.name} under {criterion.name}."
        return on_to(_next(here, criterion), done)
    stops = rules.scoring_problems(here.need, here.seat, here.board, bid.id, 0, "-")
    return _score_page(here, form, bid, criterion, "score.html", f"Score {bid.supplier.name}", stops=stops)


def _next(here: Visit, criterion: Criterion) -> str:
    """The next bid that this evaluator has to score under the same criterion, else the list."""
    fresh = visit(here.need.reference)
    missing = fresh.board.missing_scores(here.member.person_id)
    same = [bid for bid, of in missing if of == criterion.id]
    if not same:
        return here.address("list_bids")
    return here.address("score", bid_reference=fresh.bids[same[0]].reference, criterion_id=criterion.id)


def _score_page(
    here: Visit, form: Form, bid: Bid, criterion: Criterion, template: str, title: str, **more: Any
) -> Response:
    files = opened.opened_files(bid)
    return page(
        f"tenders/assessment/{template}", title=title, form=form, here=here, need=here.need, bid=bid,
        criterion=criterion, part=_part(here, bid, criterion), files=files, **more,
    )  # fmt: skip


@blueprint.get("/council/needs/<reference>/assessment/scores")
@may("see_assessment")
def compare(reference: str) -> Response:
    """Individual scores side by side, and the agreed ones; closed to everybody while scoring is blind."""
    here = visit(reference)
    if here.need.scores_frozen_at is not None:
        here.insist_results()
        given = queries.scores_on_record(here.need)
    else:
        given = queries.scores_for_panel(here.need, here.member.person_id)
    agreed = {(each.bid_id, each.criterion_id): each for each in queries.moderations_of(here.need)}
    return page(
        "tenders/assessment/scores.html", title="Scores side by side", here=here, need=here.need,
        rows=_rows(here, given, agreed), may_agree=_may_agree(here),
    )  # fmt: skip


def _may_agree(here: Visit) -> bool:
    return not rules.chairing_problems(here.need, here.seat) and not here.board.is_quality_agreed


def _rows(here: Visit, given: Any, agreed: dict[tuple[int, int], Moderation]) -> list[dict[str, Any]]:
    by_cell: dict[tuple[int, int], list[Score]] = {}
    for each in given:
        by_cell.setdefault((each.bid_id, each.criterion_id), []).append(each)
    return [
        {
            "criterion": criterion,
            "bid": here.bids[bid_id],
            "scores": by_cell.get((bid_id, criterion.id), []),
            "is_wide": here.board.is_wide(bid_id, criterion.id),
            "agreed": agreed.get((bid_id, criterion.id)),
            "is_outside": (bid_id, criterion.id) in agreed
            and here.board.is_outside(bid_id, criterion.id, agreed[bid_id, criterion.id].score),
            "is_below": any(each.id == criterion.id for each in here.board.below_minimum(bid_id)),
        }
        for criterion in queries.quality_criteria(here.need)
        for bid_id in here.board.in_play
    ]


@blueprint.route(
    "/council/needs/<reference>/assessment/scores/<bid_reference>/<int:criterion_id>", methods=("GET", "POST")
)
@may("moderate_scores")
def agree(reference: str, bid_reference: str, criterion_id: int) -> Response:
    """The chair records the agreed score, with the individual ones beside it."""
    here = visit(reference)
    given = queries.scores_for_panel(here.need, here.member.person_id)
    bid, criterion = here.get_bid(bid_reference), queries.get_criterion(here.need, criterion_id)
    stops = rules.agreeing_problems(here.need, here.seat, here.board, bid.id, 0, "-")
    if stops:
        raise NotAllowed(stops[0].message)
    agreed = {(each.bid_id, each.criterion_id): each for each in queries.moderations_of(here.need)}.get(
        (bid.id, criterion.id)
    )
    form = score_form(**({"score": agreed.score, "reason": agreed.reason, "seen": agreed.score} if agreed else {}))
    if form.validate_on_submit() and _is_agreed(here, form, bid, criterion):
        flash(f"Agreed: {form.score.data} for {bid.supplier.name} under {criterion.name}.", "success")
        if here.board.is_outside(bid.id, criterion.id, int(form.score.data)):
            flash("That score lies outside what the evaluators gave. The auditor's case file asks why.", "notice")
        return redirect(here.address("compare"))
    scores = [each for each in given if (each.bid_id, each.criterion_id) == (bid.id, criterion.id)]
    return _score_page(
        here, form, bid, criterion, "agree.html", f"Agreed score for {bid.supplier.name}",
        scores=scores, is_wide=here.board.is_wide(bid.id, criterion.id),
    )  # fmt: skip


def _is_agreed(here: Visit, form: Any, bid: Bid, criterion: Criterion) -> bool:
    text = form.seen.data or ""
    seen = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None
    try:
        actions.agree_score(
            here.need.id, bid.reference, criterion.id, here.member, int(form.score.data), form.reason.data or "", seen
        )
    except Problems as problems:
        add_problems(form, problems.problems)
    except Conflict as refused:
        add_problems(form, [Problem(refused.message)])
    else:
        return True
    return False
