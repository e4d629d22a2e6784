"""Where a bidder writes: start, task list, one page for each question, price, files, declarations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request
from werkzeug.wrappers import Response

from marketplace import config
from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.acting import acted, made, on_to
from marketplace.core.errors import Problem, Problems
from marketplace.core.forms import Form, add_problems, count_words
from marketplace.core.pages import autosaved, is_autosave, page, plural
from tenders.bids import actions, drafts, forms, opened, own_copy, queries, rules
from tenders.bids.blueprint import blueprint
from tenders.bids.content import Declarations, price_of
from tenders.bids.desk import Desk, bid_parts, download, get_desk, get_question, task_sections
from tenders.bids.listing import grouped
from tenders.bids.models import Bid
from tenders.bids.price_sight import see_price, vat_percent_of
from tenders.bids.rules import Reservation
from tenders.bids.status import is_overtaken
from tenders.bids.uploads import queries as upload_queries
from tenders.needs import queries as need_queries
from tenders.needs.models import BidQuestion


@blueprint.route("/needs/<reference>/bid", methods=["GET", "POST"])
@may("write_bid")
def start(reference: str) -> Response:
    """What bidding involves, and the button that begins."""
    need, member = need_queries.get_public_need(reference), get_member()
    supplier = queries.get_supplier_of(member)
    bid = queries.find_live_bid(need.id, supplier.id)
    if bid is not None:
        return redirect(Desk(bid, member).home)
    form = forms.start_form(need)
    given = {name: form._fields[name].data for name in ("is_small", "is_in_area") if name in form._fields}
    bid = made(form, lambda: actions.start_bid(need.id, member, Reservation(**given)))
    if bid is not None:
        return redirect(Desk(bid, member).home)
    everything = Reservation(is_small=True, is_in_area=True)
    stops = rules.start_problems(need, supplier, everything, clock.now())
    return page("tenders/bids/start.html", title="Bid for this need", form=form, need=need, stops=stops)


@blueprint.route("/supplier/bids")
@may("see_supplier_area")
def list_bids() -> Response:
    """Every bid that the firm ever began, by how far it has come."""
    groups = grouped(queries.bids_of_supplier(get_member().organisation_id), clock.now())
    return page("tenders/bids/list.html", title="Your bids", groups=groups)


@blueprint.route("/supplier/bids/<reference>")
@may("see_supplier_area")
def show_bid(reference: str) -> Response:
    """The bid: its task list while it is written, its receipt once submitted, its own words after the opening."""
    desk = get_desk(reference)
    bid = desk.bid
    writes = not desk.closed and (drafts.is_drafting(bid) or "new" in request.args)
    shown = _opened_parts(desk) if bid.opened_at is not None else None
    return page(
        "tenders/bids/show.html",
        title=bid.need.title,
        sections=task_sections(desk, drafts.read_draft(bid)) if writes else [],
        version=queries.current_version(bid),
        late=queries.late_attempts_of(bid),
        has_copy=own_copy.has_copy(bid),
        is_overtaken=is_overtaken(bid) and not desk.closed,
        shown=shown,
        **desk.context,
    )


def _opened_parts(desk: Desk) -> dict[str, Any]:
    price = None if opened.is_price_shut(desk.bid) else opened.read_price(desk.bid)
    answers = opened.read_answers(desk.bid)
    return bid_parts(answers, price, [(each, desk.address("opened_file", slot=each.slot)) for each in answers.files])


@blueprint.route("/supplier/bids/<reference>/opened-files/<slot>")
@may("see_supplier_area")
def opened_file(reference: str, slot: str) -> Response:
    """A file of the firm's own bid, after the opening."""
    file, content = opened.open_file(get_desk(reference).bid, slot)
    return download(content, file.name)


@blueprint.route("/supplier/bids/<reference>/answers/<int:question_id>", methods=["GET", "POST"])
@may("write_bid")
def edit_answer(reference: str, question_id: int) -> Response:
    """One question; whatever is typed is saved, and too many words are told."""
    desk = get_desk(reference)
    question = get_question(desk, question_id)
    form, slot = forms.answer_form(question), drafts.answer_slot(question.id)
    saved = drafts.read_slot(desk.bid, slot)
    if not form.is_submitted():
        form.text.data = saved.value or ""
    written = count_words(saved.value or "")
    return _edit(
        desk,
        form,
        slot,
        saved,
        lambda: form.text.data,
        "tenders/bids/answer.html",
        lacks=lambda: _too_long(question, form.text.data or ""),
        title=question.text,
        question=question,
        written=written,
        too_long=bool(rules.answer_problems(question, saved.value or "")) and written > 0,
    )


@blueprint.route("/supplier/bids/<reference>/price", methods=["GET", "POST"])
@may("write_bid")
def edit_price(reference: str) -> Response:
    """All price lines; the sum is shown after saving."""
    desk = get_desk(reference)
    lines = desk.need.price_lines
    form, saved = forms.price_form(lines), drafts.read_slot(desk.bid, drafts.PRICE)
    prices = {int(line): pence for line, pence in (saved.value or {}).items()}
    fields = {each.id: form._fields[f"line_{each.id}"] for each in lines}
    if not form.is_submitted():
        for line_id, field in fields.items():
            field.data = prices.get(line_id)

    def value() -> dict[str, int]:
        return {str(line_id): field.data for line_id, field in fields.items() if field.data is not None}

    def lacks() -> str:
        missing = len(fields) - len(value())
        verb = "has" if missing == 1 else "have"
        return f"{plural(missing, 'line')} still {verb} no price." if missing else ""

    return _edit(
        desk,
        form,
        drafts.PRICE,
        saved,
        value,
        "tenders/bids/price.html",
        lacks=lacks,
        title="Your price",
        vat_percent=vat_percent_of(desk.need, clock.now()),
        sight=see_price(desk.need, price_of(lines, prices), clock.now()),
    )


def _too_long(question: BidQuestion, text: str) -> str:
    over = count_words(text) - question.word_limit
    return f"It is {plural(over, 'word')} over the limit: take them out before you submit." if over > 0 else ""


@blueprint.route("/supplier/bids/<reference>/declarations", methods=["GET", "POST"])
@may("write_bid")
def edit_declarations(reference: str) -> Response:
    """Conflicts, no collusion, accuracy."""
    desk = get_desk(reference)
    saved = drafts.read_slot(desk.bid, drafts.DECLARATIONS)
    form = forms.DeclarationsForm(obj=Declarations.of(saved.value or {}))

    def value() -> dict[str, Any]:
        return vars(form.declared()).copy()

    def lacks() -> str:
        missing = len(rules.declaration_problems(form.declared()))
        verb = "is" if missing == 1 else "are"
        return f"{plural(missing, 'declaration')} {verb} still to be made." if missing else ""

    template = "tenders/bids/declarations.html"
    return _edit(desk, form, drafts.DECLARATIONS, saved, value, template, lacks=lacks, title="Declarations")


def _edit(
    desk: Desk,
    form: Form,
    slot: str,
    saved: drafts.Saved,
    value: Callable[[], Any],
    template: str,
    *,
    lacks: Callable[[], str],
    title: str,
    **context: Any,
) -> Response:
    """One part of a draft: shown, saved, or shown again with a colleague's text beside what was typed."""
    theirs, status = None, 200
    if not form.is_submitted():
        form.version.data = str(saved.version)
    elif form.validate():
        try:
            part = actions.save_part(desk.bid.id, desk.member, slot, value(), _version_of(form))
        except Problems as problems:
            add_problems(form, problems.problems)
        except drafts.LostEdit as lost:
            add_problems(form, [Problem(f"{lost.message} Change yours to what it should say, and save again.")])
            form.version.data, theirs, status = str(lost.version), lost, 409
        else:
            return _saved(desk, part.version, lacks())
    context = {**desk.context, **context, "saved": saved, "theirs": theirs}
    return page(template, title=title, form=form, status=status, **context)


def _version_of(form: Form) -> int | None:
    text = form._fields["version"].data or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _saved(desk: Desk, version: int, lacks: str) -> Response:
    if is_autosave():
        response = autosaved()
        # The page's next save builds on this one.
        response.headers["X-Version"] = str(version)
        return response
    flash(f"Saved. Only your firm can read it. {lacks}".strip(), "notice" if lacks else "success")
    if request.form.get("stay"):
        return redirect(request.full_path.rstrip("?"))
    return redirect(desk.address("show_bid", new=1))


@blueprint.route("/supplier/bids/<reference>/files", methods=["GET", "POST"])
@may("write_bid")
def edit_files(reference: str) -> Response:
    """The draft's files, and one form that adds one more."""
    desk = get_desk(reference)
    form = forms.FileForm()

    def add() -> None:
        actions.add_file(desk.bid.id, desk.member, form.file.data.filename or "", form.file.data.stream)

    if acted(form, add):
        return on_to(desk.address("edit_files"), "File added. Only your firm can read it.")
    return page(
        "tenders/bids/files.html",
        title="Files",
        form=form,
        files=drafts.read_draft(desk.bid).answers.files,
        unfinished=upload_queries.unfinished_of(desk.bid),
        most=rules.MOST_FILES,
        keep_hours=config.current().upload_keep_hours,
        **desk.context,
    )


@blueprint.route("/supplier/bids/<reference>/files/<slot>")
@may("write_bid")
def draft_file(reference: str, slot: str) -> Response:
    """One file of the draft."""
    file, content = drafts.open_file(get_desk(reference).bid, slot)
    return download(content, file.name)


@blueprint.route("/supplier/bids/<reference>/files/<slot>/remove", methods=["GET", "POST"])
@may("write_bid")
def remove_file(reference: str, slot: str) -> Response:
    """Asks, then takes one file out of the draft."""
    desk = get_desk(reference)
    file = drafts.file_of(desk.bid, slot)
    form = Form()
    if form.validate_on_submit():
        actions.remove_file(desk.bid.id, desk.member, slot)
        flash(f"{file.name} is removed", "success")
        return redirect(desk.address("edit_files"))
    return page("tenders/bids/remove_file.html", title="Remove this file?", form=form, file=file, **desk.context)


@blueprint.route("/supplier/bids/<reference>/discard", methods=["GET", "POST"])
@may("write_bid")
def discard(reference: str) -> Response:
    """Asks, then throws away a new version that is not submitted."""
    desk = get_desk(reference)
    if not _has_new_version(desk.bid):
        return redirect(desk.home)
    form = Form()
    if form.validate_on_submit():
        actions.discard_draft(desk.bid.id, desk.member)
        flash("The new version is thrown away. The version you submitted stands.", "success")
        return redirect(desk.home)
    return page("tenders/bids/discard.html", title="Throw away the new version?", form=form, **desk.context)


def _has_new_version(bid: Bid) -> bool:
    return bid.current_version > 0 and bool(bid.draft_parts)


@blueprint.route("/supplier/bids/<reference>/my-copy", methods=["GET", "POST"])
@may("write_bid")
def my_copy(reference: str) -> Response:
    """The firm's own copy of what it submitted: read it, or take it up again, with the passphrase."""
    desk = get_desk(reference)
    form = forms.PassphraseForm()
    shown = None
    if form.validate_on_submit():
        try:
            if request.form.get("act") == "amend":
                actions.amend_from_own_copy(desk.bid.id, desk.member, form.passphrase.data)
                flash(
                    "Your copy is a new version now. Change it, then submit it. Until then the old one stands.",
                    "success",
                )
                return redirect(desk.home)
            copy = own_copy.open_copy(desk.bid, form.passphrase.data)
            shown = bid_parts(copy.answers, copy.price, [(each, "") for each in copy.answers.files])
        except Problems as problems:
            add_problems(form, problems.problems)
    return page(
        "tenders/bids/my_copy.html",
        title="Your own copy",
        form=form,
        shown=shown,
        has_copy=own_copy.has_copy(desk.bid),
        **desk.context,
    )
