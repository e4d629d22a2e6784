"""The council's notices of a purchase with text to copy, and our purchases as open contracting data."""

from __future__ import annotations

from flask import Blueprint, jsonify, url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may, public
from marketplace.core import clock
from marketplace.core.acting import acted, form_that_acts, on_to
from marketplace.core.moments import day
from marketplace.core.pages import page, plural
from tenders.needs import queries as needs
from tenders.notices import actions, ocds, queries, tasks
from tenders.notices.forms import CorrectForm, RecordForm
from tenders.notices.packs import as_text, pack_of
from tenders.regimes.rows import notice_rules

__all__ = ["blueprint", "tasks"]

blueprint = Blueprint("notices", __name__)


@blueprint.app_template_filter("notice_title")
def notice_title(kind: str) -> str:
    """UK7 -> "Contract details notice"."""
    return next((each.title for each in notice_rules() if each.code == kind), kind)


@blueprint.get("/council/needs/<reference>/notices")
@may("see_council")
def council_notices(reference: str) -> Response:
    """Every notice of the purchase: on record, to publish, overdue."""
    need = needs.get_need_of(reference, get_member().organisation_id)
    return page(
        "tenders/notices/list.html",
        title="Notices",
        need=need,
        notices=queries.notices_of(need),
        today=clock.today(),
    )


@blueprint.route("/council/needs/<reference>/notices/<int:notice_id>", methods=("GET", "POST"))
@may("draft_contract")
def record_notice(reference: str, notice_id: int) -> Response:
    """One notice: its text to copy, and the form for its number."""
    need = needs.get_need_of(reference, get_member().organisation_id)
    notice = queries.get_notice(need, notice_id)
    form = RecordForm(data={"published_on": clock.today()})

    def record() -> None:
        values = (form.number.data, form.url.data, form.published_on.data)
        actions.record_notice(need.id, get_member(), notice_id, *values)

    if acted(form, record):
        late = notice.days_late(clock.today())
        told = f", {plural(late, 'day')} late: it was due by {day(notice.due_on)}" if late and notice.due_on else ""
        address = url_for("notices.council_notices", reference=reference)
        return on_to(address, f"Notice {notice.kind} is on record with its number{told}")
    pack = pack_of(notice)
    return page(
        "tenders/notices/show.html",
        title=f"{notice.kind}: {notice_title(notice.kind)}",
        form=form,
        need=need,
        notice=notice,
        pack=pack,
        text=as_text(pack),
        today=clock.today(),
    )


@blueprint.route("/council/needs/<reference>/notices/<int:notice_id>/correct", methods=("GET", "POST"))
@may("draft_contract")
def correct_notice(reference: str, notice_id: int) -> Response:
    """Puts right what was recorded of a published notice."""
    need = needs.get_need_of(reference, get_member().organisation_id)
    notice = queries.get_notice(need, notice_id)
    form = CorrectForm(data={"number": notice.number, "url": notice.url, "published_on": notice.published_on})

    def correct() -> None:
        values = (form.number.data, form.url.data, form.published_on.data, form.reason.data)
        actions.correct_notice(need.id, get_member(), notice_id, *values)

    return form_that_acts(
        "tenders/notices/correct.html",
        title=f"Correct the record of {notice.kind}",
        form=form,
        act=correct,
        done=f"The record of notice {notice.kind} is corrected",
        back=url_for("notices.record_notice", reference=reference, notice_id=notice_id),
        need=need,
        notice=notice,
    )


@blueprint.get("/needs/<reference>.json")
@public
def need_as_ocds(reference: str) -> Response:
    """The purchase as an OCDS 1.1 release package; what is not public yet is not in it."""
    response = jsonify(ocds.package_of(needs.get_public_need(reference)))
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
