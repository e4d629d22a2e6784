"""A firm's pages for its certificates and insurance."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for

from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.acting import on_to
from marketplace.core.errors import NotFound, Problems
from marketplace.core.forms import add_problems
from marketplace.core.pages import page
from suppliers.evidence import actions, queries, rules
from suppliers.evidence.forms import EvidenceForm
from suppliers.evidence.rules import KINDS, has_expired

blueprint = Blueprint("evidence", __name__)


@blueprint.route("/supplier/evidence")
@may("see_supplier_area")
def index() -> Any:
    """What the firm holds, and until when."""
    today = clock.today()
    papers = [
        (each, KINDS[each.kind], has_expired(each, today)) for each in queries.evidence_of(get_member().organisation_id)
    ]
    return page("suppliers/evidence/index.html", title="Certificates and insurance", papers=papers)


@blueprint.route("/supplier/evidence/new", methods=["GET", "POST"])
@may("edit_profile")
def add() -> Any:
    """Adds a certificate or policy."""
    form = EvidenceForm()
    if form.is_submitted() and _is_whole(form):
        try:
            actions.add_evidence(get_member(), form.facts(), form.sent_copy())
        except Problems as refused:
            add_problems(form, refused.problems)
        else:
            return on_to(url_for("evidence.index"), f"{form.name.data} added.")
    return page("suppliers/evidence/edit.html", title="Add a certificate or insurance", form=form, paper=None)


def _is_whole(form: EvidenceForm, known_end: date | None = None) -> bool:
    """Whether neither the fields nor the rules find anything; all of it is told of at once."""
    form.validate()
    found = [
        *rules.evidence_problems(form.facts(), clock.today(), known_end),
        *actions.copy_problems(form.sent_copy()),
    ]
    add_problems(form, [each for each in found if not form[each.field].errors])
    return not form.has_problems


@blueprint.route("/supplier/evidence/<int:evidence_id>", methods=["GET", "POST"])
@may("edit_profile")
def change(evidence_id: int) -> Any:
    """Corrects or renews one."""
    paper = queries.get_evidence(evidence_id, get_member().organisation_id)
    form = EvidenceForm(obj=paper)
    if form.is_submitted() and _is_whole(form, paper.expires_on):
        try:
            actions.change_evidence(get_member(), evidence_id, form.facts(), form.sent_copy())
        except Problems as refused:
            add_problems(form, refused.problems)
        else:
            return on_to(url_for("evidence.index"), "Changes saved.")
    return page("suppliers/evidence/edit.html", title=f"Change or renew {paper.name}", form=form, paper=paper)


@blueprint.route("/supplier/evidence/<int:evidence_id>/remove", methods=["GET", "POST"])
@may("edit_profile")
def remove(evidence_id: int) -> Any:
    """Asks first, then takes it off the profile and destroys its copy."""
    paper = queries.get_evidence(evidence_id, get_member().organisation_id)
    if request.method == "POST":
        name = paper.name
        actions.remove_evidence(get_member(), evidence_id)
        return on_to(url_for("evidence.index"), f"{name} is no longer on your profile.")
    return page("suppliers/evidence/remove.html", title="Remove from your profile", paper=paper)


@blueprint.route("/supplier/evidence/<int:evidence_id>/copy")
@may("see_supplier_area")
def download(evidence_id: int) -> Any:
    """The copy of the paper, for the firm's own people only; always as a download."""
    paper = queries.get_evidence(evidence_id, get_member().organisation_id)
    if not paper.file_key:
        raise NotFound("There is no copy of it here.")
    response: Response = current_app.response_class(
        actions.store().chunks(paper.file_key), mimetype="application/octet-stream"
    )
    response.headers.set("Content-Disposition", "attachment", filename=paper.file_name)
    return response
