"""The council's pages of needs before publication: dashboard, lists, task list, check, preview, approval."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, has_permission, may
from marketplace.core import clock
from marketplace.core.acting import form_that_acts, on_to
from marketplace.core.errors import Conflict, Problem, Problems
from marketplace.core.forms import Form, add_problems
from marketplace.core.pages import page, page_number
from tenders.needs import actions, duties_left, files, published_routes, queries, replacing, rules, section_routes
from tenders.needs.advice import clarity_advice
from tenders.needs.blueprint import blueprint
from tenders.needs.dashboard import panels_of, places_of, tasks_of
from tenders.needs.forms import CommentForm, CopyForm
from tenders.needs.models import Need
from tenders.needs.next_step import next_step
from tenders.needs.public import description
from tenders.needs.sections import GROUPS, SECTIONS, Section
from tenders.needs.status import LABELS, STATUSES, status_of
from tenders.needs.timeline import timeline

__all__ = ["blueprint", "duties_left", "published_routes", "section_routes"]

# May stay empty: nothing is missing without them.
OPTIONAL_KEYS = {"what-exists": "what_exists", "constraints": "constraints", "documents": "documents"}


@blueprint.get("/council")
@may("see_council")
def dashboard() -> Response:
    """What waits for this member, and the council's needs by status."""
    member = get_member()
    counts = queries.counts_by_status(member.organisation_id)
    return page(
        "tenders/needs/dashboard.html",
        title="Your council",
        tasks=tasks_of(member),
        counts=[(each, counts[each.name]) for each in reversed(STATUSES) if each.name in counts],
        organisation=member.organisation,
        is_alone=len(queries.live_people(member.organisation_id)) == 1,
    )


@blueprint.get("/council/needs")
@may("see_council")
def council_needs() -> Response:
    """The council's needs, all or of one status."""
    member = get_member()
    status = request.args.get("status", "")
    status = status if status in LABELS else ""
    found = queries.needs_of_authority(member.organisation_id, status, page_number())
    return page(
        "tenders/needs/list.html",
        title="Needs of your council",
        found=found,
        statuses={need.id: status_of(need) for need in found.rows},
        labels=LABELS,
        chosen=status,
    )


@blueprint.route("/council/needs/new", methods=("GET", "POST"))
@may("draft_need")
def new_need() -> Response:
    """Begins a need: empty, as a copy of the council's own, or as a copy of any published one."""
    member = get_member()
    form = CopyForm(data={"reference": request.args.get("from", "")[:40]})
    stopped = actions.drafting_problems_of(member)
    if stopped:
        return page("tenders/needs/stopped.html", title="No new needs for now", problem=stopped[0])
    if request.method == "POST" and "reference" not in request.form:
        need = actions.draft_need(member)
        return redirect(url_for("needs.show_need", reference=need.reference))
    if form.validate_on_submit():
        source = _copyable(form.reference.data, member.organisation_id)
        if source is not None:
            need = actions.draft_need(member, copy_of=source)
            told = f"Copied from {source.reference}. Dates, people and notices were not copied"
            return on_to(url_for("needs.show_need", reference=need.reference), told)
        add_problems(
            form, [Problem("No published need has this reference. Look it up on the need's page", "reference")]
        )
    own = queries.needs_of_authority(member.organisation_id)
    return page("tenders/needs/new.html", title="Post a new need", form=form, own=own.rows, more=own.total - len(own.rows))


def _copyable(reference: str, organisation_id: int) -> Need | None:
    reference = reference.strip().upper()
    own = queries.find_need_of(reference, organisation_id)
    return own or queries.find_public_need(reference)


@blueprint.get("/council/needs/<reference>")
@may("see_council")
def show_need(reference: str) -> Response:
    """The need's task list while it is written, and its file for the council afterwards."""
    member = get_member()
    need = queries.get_need_of(reference, member.organisation_id)
    now = clock.now()
    status = status_of(need, now)
    problems = _left_to_do(need)
    return page(
        "tenders/needs/show.html",
        title=need.title or "New need",
        need=need,
        stage=status,
        label=LABELS[status],
        tasks=_task_list(need, problems) if need.published_at is None else [],
        problems=problems if need.published_at is None else [],
        later=rules.notice_problems(need, now) if need.published_at is None else [],
        links=_links(need),
        timeline=timeline(need, now),
        next_step=next_step(need, status),
        places=places_of(need, member) if need.published_at is not None else [],
        panels=panels_of(need, member) if need.published_at is None else [],
        amendment=queries.find_amendment(need),
        vacant=replacing.vacant_duties(need) if need.published_at is not None else [],
        replacements=replacing.replacements_of(need),
        is_author=need.author_id == member.person_id,
        comment_form=CommentForm() if status in ("in_review", "approved") else None,
    )


def _left_to_do(need: Need) -> list[Problem]:
    now = clock.now()
    found = rules.content_problems(need, now, queries.live_people(need.authority_id))
    return [*found, *rules.notice_problems(need, now)]


def _links(need: Need) -> dict[str, str]:
    return {each.name: f"/council/needs/{need.reference}/{each.name}" for each in SECTIONS}


def _task_list(need: Need, problems: list[Problem]) -> list[dict[str, Any]]:
    is_draft = status_of(need) == "draft"
    unfinished = {each.field for each in problems}
    return [
        {
            "heading": group,
            "rows": [_task(need, each, unfinished, is_draft) for each in SECTIONS if each.group == group],
        }
        for group in GROUPS
    ]


def _task(need: Need, section: Section, unfinished: set[str], is_draft: bool) -> dict[str, Any]:
    is_done = section.name not in unfinished
    status = ""
    if section.name in OPTIONAL_KEYS and not getattr(need, OPTIONAL_KEYS[section.name]):
        status = "Optional"
    if section.name == "central-notice" and is_done and not need.central_notice_number:
        status = "Not needed at this value"
    may_write = has_permission("draft_need") and (is_draft or section.name == "central-notice")
    href = f"/council/needs/{need.reference}/{section.name}" if may_write else ""
    return {"title": section.title, "href": href, "hint": "", "is_done": is_done, "status": status or _words(is_done)}


def _words(is_done: bool) -> str:
    return "Completed" if is_done else "Not finished"


@blueprint.get("/council/needs/<reference>/check")
@may("see_council")
def check(reference: str) -> Response:
    """What is still to do, and advice that stands in nobody's way."""
    need = queries.get_need_of(reference, get_member().organisation_id)
    now = clock.now()
    return page(
        "tenders/needs/check.html",
        title="Check before you publish",
        need=need,
        stage=status_of(need, now),
        problems=rules.content_problems(need, now, queries.live_people(need.authority_id)),
        later=rules.notice_problems(need, now),
        advice=clarity_advice(need, now),
        links=_links(need),
    )


@blueprint.get("/council/needs/<reference>/preview")
@may("see_council")
def preview(reference: str) -> Response:
    """The need as a supplier sees it."""
    need = queries.get_need_of(reference, get_member().organisation_id)
    return page("tenders/needs/preview.html", title=need.title or "Untitled need", need=need, **description(need))


@blueprint.get("/council/needs/<reference>/documents/<int:document_id>/file")
@may("see_council")
def draft_document(reference: str, document_id: int) -> Any:
    """A document of the council's own need, published or not."""
    need = queries.get_need_of(reference, get_member().organisation_id)
    return files.send_document(queries.get_document(need, document_id))


@blueprint.route("/council/needs/<reference>/discard", methods=("GET", "POST"))
@may("draft_need")
def discard(reference: str) -> Response:
    """Asks, then throws a draft away that was never published."""
    need = queries.get_need_of(reference, get_member().organisation_id)
    problems = rules.discarding_problems(need, clock.now())
    if problems:
        return _to_need(reference, problems[0].message, "notice")
    return form_that_acts(
        "tenders/needs/simple_form.html",
        title="Discard this draft?",
        form=Form(),
        act=lambda: actions.discard_draft(need.id, get_member()),
        done=f"The draft {reference} is discarded",
        back=url_for("needs.council_needs"),
        need=need,
        text="Nobody can open or copy it afterwards, and this cannot be undone. Only the fact that the draft "
        "existed and was discarded stays on record.",
        button="Discard the draft",
    )


# -- approval


def _own_need_id(reference: str) -> int:
    return queries.get_need_of(reference, get_member().organisation_id).id


def _to_need(reference: str, message: str, category: str = "success") -> Response:
    return on_to(url_for("needs.show_need", reference=reference), message, category)


@blueprint.post("/council/needs/<reference>/ask-approval")
@may("draft_need")
def ask_approval(reference: str) -> Response:
    """Sends the draft to the approvers."""
    try:
        actions.ask_approval(_own_need_id(reference), get_member())
    except Problems:
        told = "Some things are still to do before approval can be asked"
        return on_to(url_for("needs.check", reference=reference), told, "notice")
    return _to_need(reference, "Your approvers are asked to approve and publish this need")


@blueprint.post("/council/needs/<reference>/take-back")
@may("draft_need")
def take_back(reference: str) -> Response:
    """Takes the need back from approval."""
    actions.take_back(_own_need_id(reference), get_member())
    return _to_need(reference, "You took the need back. Change it, then ask for approval again")


@blueprint.post("/council/needs/<reference>/approve")
@may("approve_need")
def approve(reference: str) -> Response:
    """Approves now; publication follows when the central notice is there."""
    try:
        actions.approve_need(_own_need_id(reference), get_member())
    except (Problems, Conflict) as refused:
        return _to_need(reference, refused.message, "notice")
    return _to_need(reference, "Approved. It is not public yet")


@blueprint.route("/council/needs/<reference>/send-back", methods=("GET", "POST"))
@may("approve_need")
def send_back(reference: str) -> Response:
    """Sends the need back to its author with a comment."""
    need = queries.get_need_of(reference, get_member().organisation_id)
    form = CommentForm()
    return form_that_acts(
        "tenders/needs/simple_form.html",
        title="Send back to the author",
        form=form,
        act=lambda: actions.send_back(need.id, get_member(), form.comment.data),
        done="Sent back to the author with your comment",
        back=url_for("needs.show_need", reference=reference),
        need=need,
        text="",
    )
