"""The council's pages that change a published need: amend, extend, withdraw; and its history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.acting import acted, button_that_acts, form_that_acts, made, on_to
from marketplace.core.errors import Conflict
from marketplace.core.forms import Form, SelectChoice
from marketplace.core.pages import page
from tenders.needs import amending, queries, replacing, snapshots
from tenders.needs.blueprint import blueprint
from tenders.needs.forms import AmendForm, AskAmendmentForm, CommentForm, ExtendForm, ReplaceForm, WithdrawForm
from tenders.needs.models import Need, NeedAmendment
from tenders.needs.public import description, history
from tenders.needs.section_routes import warn_of_closing
from tenders.needs.sections import SECTIONS
from tenders.needs.status import status_of


def _need(reference: str) -> Need:
    return queries.get_need_of(reference, get_member().organisation_id)


def _insist_open(need: Need) -> None:
    if status_of(need) != "open":
        raise Conflict("This need is not open, so what it says stands.")


def _home(need: Need) -> str:
    return f"/council/needs/{need.reference}"


@blueprint.route("/council/needs/<reference>/amend", methods=("GET", "POST"))
@may("amend_need")
def amend(reference: str) -> Response:
    """The amendment being prepared: its sections, what differs, and its publication."""
    need = _need(reference)
    _insist_open(need)
    amendment = queries.find_amendment(need)
    changes = _changes(need, amendment)
    fields = [each["field"] for each in changes]
    is_material = amending.is_material_by_rule(fields)
    form: Form = AskAmendmentForm() if is_material else AmendForm()
    done = made(form, lambda: _publish_or_ask(need, form, is_material))
    if done is not None:
        return on_to(_home(need), done)
    return page(
        "tenders/needs/amend.html",
        title="Change a published need",
        form=form,
        need=need,
        amendment=amendment,
        changes=changes,
        is_material=is_material,
        least_days=amending.least_days(need, clock.now()),
        rows=_amendable_rows(need, set(fields)),
    )


def _changes(need: Need, amendment: NeedAmendment | None) -> list[dict[str, str]]:
    after = snapshots.snapshot_of(amending.as_amended(need, amendment))
    return snapshots.changes_between(snapshots.snapshot_of(need), after)


def _publish_or_ask(need: Need, form: Any, is_material: bool) -> str:
    """Publishes changes that are not material, asks an approver for the others; gives what was done, in words."""
    member, says_material = get_member(), not is_material and bool(form.is_material.data)
    if is_material or says_material:
        amending.ask_amendment_approval(need.id, member, form.reason.data, says_material)
        return "Your approvers are asked to publish these changes. Nothing public has changed yet"
    amending.amend_need(need.id, member, form.reason.data)
    return "The changed need is public. Everyone who follows it or bids is told"


def _amendable_rows(need: Need, fields: set[str]) -> list[dict[str, object]]:
    return [
        {
            "title": each.title,
            "href": f"{_home(need)}/amend/{each.name}",
            "hint": "Counts as a material change" if each.is_material else "",
            "is_done": not fields & set(each.keys),
            "status": "Changed" if fields & set(each.keys) else "As published",
        }
        for each in SECTIONS
        if each.is_amendable
    ]


@blueprint.post("/council/needs/<reference>/amend/take-back")
@may("amend_need")
def take_back_amendment(reference: str) -> Response:
    """Takes the changes back from approval."""
    need = _need(reference)
    amending.take_back_amendment(need.id, get_member())
    return on_to(f"{_home(need)}/amend", "You took the changes back. Change them, then ask for approval again")


@blueprint.route("/council/needs/<reference>/amend/decide", methods=("GET", "POST"))
@may("approve_need")
def decide_amendment(reference: str) -> Response:
    """The approver reads before and after, then publishes the changes or sends them back."""
    need = _need(reference)
    form = CommentForm()
    if acted(form, lambda: amending.send_back_amendment(need.id, get_member(), form.comment.data)):
        return on_to(_home(need), "Sent back to the author with your comment")
    amendment = queries.find_amendment(need)
    if amendment is None or amendment.asked_at is None:
        raise Conflict("No changes wait for approval.")
    return page(
        "tenders/needs/decide_amendment.html",
        title="Changes to decide on",
        form=form,
        need=need,
        amendment=amendment,
        changes=_changes(need, amendment),
        stops=amending.amendment_deciding_problems(amendment, get_member().person_id),
    )


@blueprint.post("/council/needs/<reference>/amend/approve")
@may("approve_need")
def approve_amendment(reference: str) -> Response:
    """Publishes the changes that wait."""
    need = _need(reference)
    return button_that_acts(
        lambda: amending.approve_amendment(need.id, get_member()),
        done="The changed need is public. Everyone who follows it or bids is told",
        back=_home(need),
        refused=f"{_home(need)}/amend/decide",
    )


@blueprint.get("/council/needs/<reference>/amend/preview")
@may("see_council")
def preview_amendment(reference: str) -> Response:
    """The need as it would read after the amendment."""
    need = _need(reference)
    _insist_open(need)
    changed = amending.as_amended(need, queries.find_amendment(need))
    return page("tenders/needs/preview.html", title=changed.title, need=changed, **description(changed))


@blueprint.route("/council/needs/<reference>/amend/drop", methods=("GET", "POST"))
@may("amend_need")
def drop_amendment(reference: str) -> Response:
    """Asks, then throws the amendment away."""
    need = _need(reference)
    return _simple(
        need,
        Form(),
        lambda: amending.drop_amendment(need.id, get_member()),
        "The changes were thrown away. The published need is as it was",
        title="Throw the changes away?",
        text="What you prepared is lost. The published need stays as it is.",
        button="Throw the changes away",
    )


def _simple(need: Need, form: Form, act: Callable[[], object], done: str, **words: str) -> Response:
    """A page with one form, which leads back to the need; `words` are its title, its text and its button."""
    template, back = "tenders/needs/simple_form.html", _home(need)
    return form_that_acts(template, form=form, act=act, done=done, back=back, need=need, **words)


@blueprint.route("/council/needs/<reference>/extend", methods=("GET", "POST"))
@may("amend_need")
def extend(reference: str) -> Response:
    """More time for everyone, before closing."""
    need = _need(reference)
    _insist_open(need)
    form = ExtendForm(data={"closes_at": need.closes_at, "questions_close_at": need.questions_close_at})

    def extend_need() -> None:
        times = form.closes_at.data, form.reason.data, form.questions_close_at.data
        amending.extend_need(need.id, get_member(), *times)

    if acted(form, extend_need):
        flash("The new closing time is public. Everyone who follows the need or bids is told", "success")
        warn_of_closing(form.closes_at.data)
        return redirect(_home(need), 303)
    return page(
        "tenders/needs/simple_form.html",
        title="Give more time",
        form=form,
        need=need,
        text="The closing time can move later, never earlier, and only before it has passed.",
    )


@blueprint.route("/council/needs/<reference>/withdraw", methods=("GET", "POST"))
@may("withdraw_need")
def withdraw(reference: str) -> Response:
    """Asks for the reason, then withdraws the need."""
    need = _need(reference)
    form = WithdrawForm()
    return _simple(
        need,
        form,
        lambda: amending.withdraw_need(need.id, get_member(), form.reason.data),
        "The need is withdrawn and says why",
        title="Withdraw this need",
        text="This cannot be undone. The need stays readable with your reason, and bids already sealed are never opened.",
    )


@blueprint.route("/council/needs/<reference>/duties/<int:row_id>", methods=("GET", "POST"))
@may("replace_duty_holder")
def replace_duty_holder(reference: str, row_id: int) -> Response:
    """Somebody takes over the duty of a colleague who is no longer in office."""
    need = _need(reference)
    row = replacing.get_row(need, row_id)
    problems = replacing.replacing_problems(need, row.duty, replacing.is_in_office(need, row))
    if problems:
        return on_to(_home(need), problems[0].message, "notice")
    form = ReplaceForm()
    fit = [each for each in queries.members_of(get_member().organisation_id) if replacing.can_hold(row.duty, each)]
    form.person.choose_from([SelectChoice(str(each.person_id), each.person.name) for each in fit])
    deed = replacing.DUTY_DEEDS[row.duty]
    return _simple(
        need,
        form,
        lambda: replacing.replace_duty_holder(need.id, get_member(), row_id, int(form.person.data), form.reason.data),
        "The duty is handed over, and your colleague is told by email",
        title=f"Who will {deed}?",
        text=f"{row.person.name} was named to {deed} and has left, or no longer has the role. Your council’s account "
        "offers everybody who has that role.",
    )


@blueprint.get("/council/needs/<reference>/versions")
@may("see_council")
def versions(reference: str) -> Response:
    """Every published version, what changed and why."""
    need = _need(reference)
    return page("tenders/needs/versions.html", title="What changed and when", need=need, versions=history(need))
