"""Pages of the panel: where the assessment stands, conflicts, who joins in the place of whom."""

from __future__ import annotations

from werkzeug.wrappers import Response

from marketplace.accounts.access import has_permission, may
from marketplace.core.acting import acted, form_that_acts, on_to
from marketplace.core.errors import NotFound
from marketplace.core.pages import page
from tenders.assessment import actions, queries, rules
from tenders.assessment.blueprint import blueprint
from tenders.assessment.forms import ConflictDecisionForm, DeclareForm, NamingForm
from tenders.assessment.grounds import get_ground
from tenders.assessment.panel import JUDGING, Seat
from tenders.assessment.steps import Step, address_of, steps_of
from tenders.assessment.visit import Visit, visit
from tenders.bids import queries as bid_queries
from tenders.needs import queries as need_queries

PANEL_WORDS = {"evaluator": "Evaluator", "chair": "Chair"}


@blueprint.get("/council/needs/<reference>/assessment")
@may("see_assessment")
def show(reference: str) -> Response:
    """Where the assessment stands and what waits for this member."""
    here = visit(reference)
    if here.need.opened_at is None:
        return page("tenders/assessment/sealed.html", title="Assessment", need=here.need)
    names = {id_: bid.reference for id_, bid in here.bids.items()}
    is_over = bool(rules.stage_problems(here.need))
    steps = [] if is_over else steps_of(here.panel, here.board, here.seat, has_permission("approve_award"), names)
    return page(
        "tenders/assessment/show.html",
        title="Assessment",
        here=here,
        need=here.need,
        rows=[_row(here, each) for each in steps],
        seats=[_seat_words(here, each) for each in here.panel.seats],
        places_to_fill=_places_to_fill(here),
        disregards=[(each, get_ground(each.ground).title) for each in queries.disregards_of(here.need)],
        decided=[each for each in here.panel.seats if each.is_decided],
    )


def _row(here: Visit, step: Step) -> dict[str, object]:
    href = address_of(here.need) + step.path if step.can_start and step.path else ""
    names = ("title", "hint", "status", "is_done")
    return {"href": href, **{each: getattr(step, each) for each in names}}


def _seat_words(here: Visit, seat: Seat) -> list[str]:
    duties = " and ".join(words for duty, words in PANEL_WORDS.items() if duty in seat.duties)
    return [seat.name, duties, _return_words(seat), _progress(here, seat)]


def _return_words(seat: Seat) -> str:
    if seat.is_aside:
        return "Stands aside"
    if not seat.has_declared:
        return "Not declared yet"
    if not seat.has_conflict:
        return "No conflict"
    return "Conflict, carries on" if seat.is_decided else "Conflict, to be decided"


def _progress(here: Visit, seat: Seat) -> str:
    if not seat.has_duty("evaluator"):
        return "–"
    return "Not finished" if here.board.missing_scores(seat.person_id) else "Finished"


def _places_to_fill(here: Visit) -> list[str]:
    if not has_permission("approve_award") or rules.stage_problems(here.need):
        return []
    return [duty for duty in JUDGING if not rules.naming_problems(here.need, here.panel, here.board, duty, (), True)]


@blueprint.route("/council/needs/<reference>/assessment/declare", methods=("GET", "POST"))
@may("declare_conflicts")
def declare(reference: str) -> Response:
    """The bidders' names, and the member's own return."""
    here = visit(reference)
    form = DeclareForm()
    has_conflict = form.has_conflict.data == "yes"
    if acted(
        form, lambda: actions.declare_conflict(here.need.id, here.member, has_conflict, form.details.data or "")
    ):
        return on_to(here.home, _thanks(has_conflict))
    seat = here.seat
    stops = rules.declaring_problems(here.need, seat, seat is not None and seat.has_declared, "-")
    if here.need.opened_at is None or seat is None:
        return page(
            "tenders/assessment/stopped.html",
            title="Declare conflicts of interest",
            here=here,
            need=here.need,
            stops=stops,
        )
    return page(
        "tenders/assessment/declare.html", title="Declare conflicts of interest", form=form, here=here, need=here.need,
        suppliers=[each.supplier.name for each in here.bids.values()], stops=stops,
    )  # fmt: skip


def _thanks(has_conflict: bool) -> str:
    if has_conflict:
        return "Your conflict is recorded. The chair or an approver decides whether you carry on."
    return "Your return is recorded: no conflict. The bids are open to you."


@blueprint.route("/council/needs/<reference>/assessment/conflicts/<int:person_id>", methods=("GET", "POST"))
@may("see_assessment")
def decide(reference: str, person_id: int) -> Response:
    """Stand aside or carry on; for the chair and for approvers."""
    here = visit(reference)
    seat = here.panel.find(person_id)
    if seat is None:
        raise NotFound("This person is not on the panel of this need.")
    form = ConflictDecisionForm()
    is_aside = form.outcome.data == "aside"
    if acted(
        form,
        lambda: actions.decide_conflict(here.need.id, person_id, here.member, is_aside, form.reason.data or ""),
    ):
        return on_to(here.home, f"Recorded: {seat.name} {'stands aside' if is_aside else 'carries on'}.")
    own = here.seat
    chair = own if own is not None and own.has_duty("chair") else None
    is_approver = "approver" in here.member.roles
    stops = rules.deciding_problems(here.need, seat, chair, here.member.person_id, is_approver, True, "-")
    if stops:
        return page(
            "tenders/assessment/stopped.html", title="Decide on a conflict", here=here, need=here.need, stops=stops
        )
    return page(
        "tenders/assessment/conflict.html",
        title=f"Conflict of {seat.name}",
        form=form,
        here=here,
        need=here.need,
        seat=seat,
    )


@blueprint.route("/council/needs/<reference>/assessment/panel", methods=("GET", "POST"))
@may("approve_award")
def name_person(reference: str) -> Response:
    """Somebody takes the place of one who stands aside."""
    here = visit(reference)
    form = NamingForm()
    free = [
        each
        for each in need_queries.members_of(here.member.organisation_id)
        if each.roles & set(JUDGING) and not bid_queries.duties_on(here.need, each.person_id)
    ]
    form.person.choose_from({str(each.person_id): each.person.name for each in free})
    return form_that_acts(
        "tenders/assessment/simple_form.html", title="Name somebody to the panel", form=form,
        act=lambda: actions.name_to_panel(here.need.id, int(form.person.data), form.duty.data, here.member),
        done="Named. Your colleague is told by email and declares conflicts first.", back=here.home,
        here=here, need=here.need, button="Name to the panel", text="Somebody stands aside, so an approver fills the place. The person named scores blind like everybody.",
    )  # fmt: skip
