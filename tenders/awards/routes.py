"""Pages of the decision, and the page on which a bidder reads how its bid was assessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.accounts.models import Membership, Person
from marketplace.core import clock, db
from marketplace.core.acting import acted, form_that_acts, on_to
from marketplace.core.errors import NotFound
from marketplace.core.forms import Form
from marketplace.core.pages import page
from tenders.assessment import queries as assessment
from tenders.awards import actions, queries, rules, setting_aside, standstill, steps
from tenders.awards.blueprint import blueprint
from tenders.awards.forms import (
    NO_AWARD,
    DecisionForm,
    ExplanationForm,
    NoticeForm,
    ReasonForm,
    SendingForm,
    SetAsideForm,
    proposal_form,
)
from tenders.awards.models import Award
from tenders.bids import queries as bid_queries
from tenders.needs import queries as need_queries
from tenders.needs.models import Need
from tenders.needs.rules import regime_of

__all__ = ["blueprint", "steps"]


def _need(reference: str) -> tuple[Need, Membership]:
    member = get_member()
    return need_queries.get_need_of(reference, member.organisation_id), member


def _live(need: Need) -> Award:
    award = queries.find_award(need)
    if award is None:
        raise NotFound("No award is proposed for this need.")
    return award


def _to(need: Need, endpoint: str, done: str) -> Response:
    return on_to(url_for(f"awards.{endpoint}", reference=need.reference), done)


@blueprint.get("/council/needs/<reference>/award")
@may("see_assessment")
def show(reference: str) -> Response:
    """Where the decision stands, and what was decided before."""
    need, member = _need(reference)
    award = queries.find_award(need)
    row = queries.find_standstill(award) if award else None
    return page(
        "tenders/awards/show.html",
        title="Award",
        need=need,
        award=award,
        people=_people(award),
        standstill=row,
        signing=standstill.signing_problems(award, row, clock.today())
        if award and award.bid_id and award.is_told
        else [],
        value_pence=queries.value_pence_of(award) if award else None,
        price_pence=queries.price_pence_of(award) if award else None,
        returned=[each for each in queries.awards_of(need) if each.returned_at],
        can_propose=need.opened_at is not None and steps.can_be_decided(need),
        may_decide="award_approver" in bid_queries.duties_on(need, member.person_id),
        waits_for_notice=award is not None and steps.waits_for_notice(award),
        needs_ending_notice=_is_above(need),
    )


def _people(award: Award | None) -> dict[str, str]:
    ids = (award.proposed_by_id, award.approved_by_id, award.set_aside_asked_by_id) if award else ()
    people = [db.session.get(Person, each) if each else None for each in ids]
    return dict(zip(("proposed", "approved", "set_aside"), (each.name if each else "" for each in people), strict=False))


def _is_above(need: Need) -> bool:
    return regime_of(need, clock.now()).route_for(need.estimated_value_pence).code == "above"


@blueprint.route("/council/needs/<reference>/award/propose", methods=("GET", "POST"))
@may("propose_award")
def propose(reference: str) -> Response:
    """Proposes a bid of the ranking, or no award."""
    need, member = _need(reference)
    results = assessment.results_of(need)
    form = proposal_form(results)

    def act() -> None:
        chosen = "" if form.bid.data == NO_AWARD else form.bid.data
        actions.propose_award(need.id, member, chosen, form.reasons.data or "")

    if acted(form, act):
        return _to(need, "show", "Proposed. The award approver is told by email.")
    return page("tenders/awards/propose.html", title="Propose the award", form=form, need=need, results=results)


@blueprint.route("/council/needs/<reference>/award/decide", methods=("GET", "POST"))
@may("approve_award")
def decide(reference: str) -> Response:
    """The named award approver approves or sends back."""
    need, member = _need(reference)
    award = _live(need)
    form = DecisionForm()

    def act() -> None:
        if form.outcome.data == "approve":
            actions.approve_award(need.id, member)
        else:
            actions.return_award(need.id, member, form.reason.data or "")

    if acted(form, act):
        return _to(need, "show", "Approved." if form.outcome.data == "approve" else "Sent back.")
    duties, seat = bid_queries.duties_on(need, member.person_id), assessment.get_panel(need).find(member.person_id)
    return page(
        "tenders/awards/decide.html",
        title="Decide on the award",
        form=form,
        need=need,
        award=award,
        people=_people(award),
        results=assessment.results_of(need),
        value_pence=queries.value_pence_of(award),
        stops=rules.deciding_problems(need, award, member.person_id, duties, seat),
        advice=_advice(need, award),
    )


def _advice(need: Need, award: Award) -> list[Any]:
    if award.bid is None:
        return []
    regime = regime_of(need, clock.now())
    is_required = regime.permits("winner_identifier_required") and regime.needs_central_notice(
        need.estimated_value_pence
    )
    return rules.identifier_advice(is_required, award.bid.supplier.ppon, award.bid.supplier.name)


@blueprint.get("/council/needs/<reference>/award/explanations")
@may("send_summaries")
def explanations(reference: str) -> Response:
    """What each bidder will be told, and what is still missing."""
    need, _member = _need(reference)
    award = _live(need)
    rows, bids = queries.summaries_of(award), assessment.bids_of(need)
    problems = rules.sending_problems(need, award, rows, [each.id for each in bids])
    links = {
        each.bid.reference: url_for("awards.explain", reference=reference, bid_reference=each.bid.reference)
        for each in rows
    }
    return page(
        "tenders/awards/explanations.html", title="Tell every bidder", need=need, award=award, rows=rows,
        problems=problems, links=links,
    )  # fmt: skip


@blueprint.route("/council/needs/<reference>/award/explanations/<bid_reference>", methods=("GET", "POST"))
@may("send_summaries")
def explain(reference: str, bid_reference: str) -> Response:
    """One bidder's explanation, with all that it will read."""
    need, member = _need(reference)
    award = _live(need)
    summary = queries.get_summary(award, bid_reference)
    form = ExplanationForm(data={"words": summary.explanation})
    if acted(form, lambda: actions.save_explanation(need.id, bid_reference, member, form.words.data or "")):
        return _to(need, "explanations", f"Saved: the explanation to {summary.bid.supplier.name}.")
    told = {**queries.draft_contents(award)[summary.bid_id], "explanation": "", "sent_at": None}
    return page(
        "tenders/awards/explain.html", title=f"Explain the decision to {summary.bid.supplier.name}", form=form,
        need=need, award=award, told=told, stops=rules.explaining_problems(need, award),
    )  # fmt: skip


@blueprint.route("/council/needs/<reference>/award/send", methods=("GET", "POST"))
@may("send_summaries")
def send(reference: str) -> Response:
    """The last look: every bidder is told at once and the outcome is public."""
    need, member = _need(reference)
    award = _live(need)
    terms = queries.standstill_terms(award)
    form = SendingForm()
    if award.bid_id is None or terms.applies:
        del form.takes_voluntary

    def send() -> object:
        wants = "takes_voluntary" in form and bool(form.takes_voluntary.data)
        return actions.send_summaries(need.id, member, wants)

    if acted(form, send):
        return _to(need, "show", "Every bidder has been told, and the outcome is public.")
    return page(
        "tenders/awards/send.html", title="Tell every bidder at once", form=form, need=need, award=award,
        rows=queries.summaries_of(award), terms=terms, value_pence=queries.value_pence_of(award), advice=_advice(need, award),
    )  # fmt: skip


@blueprint.route("/council/needs/<reference>/award/notice", methods=("GET", "POST"))
@may("send_summaries")
def notice(reference: str) -> Response:
    """The award notice's number and day, which start the standstill."""
    need, member = _need(reference)
    award = _live(need)
    form = NoticeForm(data={"number": award.central_notice_number})
    return _simple(
        need,
        form,
        lambda: actions.record_award_notice(need.id, member, form.number.data or "", form.published_on.data),
        "The standstill runs.",
        title="Enter the award notice",
        button="Start the standstill",
        text="Publish the award notice (UK6) on the central platform after the bidders are told. "
        "The standstill of eight working days starts on the day of its publication.",
    )


@blueprint.route("/council/needs/<reference>/award/set-aside", methods=("GET", "POST"))
@may("propose_award")
def ask_to_set_aside(reference: str) -> Response:
    """Proposes to give the told award up."""
    need, member = _need(reference)
    form = ReasonForm()
    return _simple(
        need,
        form,
        lambda: setting_aside.ask_to_set_aside(need.id, member, form.reason.data or ""),
        "Proposed. The award approver is told by email.",
        title="Set the award aside",
        button="Propose to set it aside",
        text="When the winner will not sign, or cannot, the award can be given up before the contract. The award "
        "approver decides. Everyone can read the reason then, every bidder is told, and a new award is proposed, "
        "approved and explained like the first, with a standstill of its own where the law asks for one.",
    )


@blueprint.route("/council/needs/<reference>/award/set-aside/decide", methods=("GET", "POST"))
@may("approve_award")
def decide_setting_aside(reference: str) -> Response:
    """The award approver agrees, or lets the award stand."""
    need, member = _need(reference)
    award = _live(need)
    form = SetAsideForm()
    agrees = form.outcome.data == "agree"
    decide = setting_aside.set_award_aside if agrees else setting_aside.refuse_to_set_aside
    return _simple(
        need,
        form,
        lambda: decide(need.id, member),
        "The award is set aside, and every bidder is told. Propose the next one." if agrees else "The award stands.",
        title="Set the award aside?",
        button="Record this decision",
        text=f"The reason given: {award.set_aside_reason}" if award.set_aside_asked_at else "Nobody proposed it.",
    )


@blueprint.route("/council/needs/<reference>/award/suspend", methods=("GET", "POST"))
@may("send_summaries")
def suspend(reference: str) -> Response:
    """A challenge was notified."""
    need, member = _need(reference)
    form = ReasonForm()
    return _simple(
        need,
        form,
        lambda: actions.suspend_standstill(need.id, member, form.reason.data or ""),
        "Suspended. Nothing can be signed.",
        title="A challenge was notified",
        button="Suspend signing",
        text="When a bidder notifies a legal challenge before the contract is signed, "
        "signing stops until the court or the bidder lifts it.",
    )


@blueprint.route("/council/needs/<reference>/award/lift", methods=("GET", "POST"))
@may("send_summaries")
def lift(reference: str) -> Response:
    """The challenge has ended."""
    need, member = _need(reference)
    form = ReasonForm()
    return _simple(
        need,
        form,
        lambda: actions.lift_suspension(need.id, member, form.reason.data or ""),
        "The suspension is lifted.",
        title="Lift the suspension",
        button="Lift the suspension",
        text="Say how the challenge ended.",
    )


def _simple(need: Need, form: Form, act: Callable[[], object], done: str, **words: str) -> Response:
    """A page with one form about the award; `words` are its title, its button and its text."""
    back = url_for("awards.show", reference=need.reference)
    return form_that_acts("tenders/awards/simple_form.html", form=form, act=act, done=done, back=back, need=need, **words)


@blueprint.get("/supplier/bids/<reference>/feedback")
@may("see_supplier_area")
def feedback(reference: str) -> Response:
    """The firm's own assessment summary: its bid's scores and the winner's."""
    bid = bid_queries.get_own_bid(reference, get_member().organisation_id)
    told = queries.find_feedback(bid)
    return page("tenders/awards/feedback.html", title="How your bid was assessed", bid=bid, need=bid.need, told=told)
