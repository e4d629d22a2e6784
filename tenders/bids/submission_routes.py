"""Reading the whole bid, submitting it, its receipt, withdrawing it."""

from __future__ import annotations

import json
import secrets
import shutil
import zipfile
from typing import IO, cast

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import current_member, may
from marketplace.core import clock
from marketplace.core.errors import Conflict, NotFound, Problem, Problems
from marketplace.core.files import CHUNK
from marketplace.core.forms import Form, add_problems
from marketplace.core.pages import page
from marketplace.core.passing import OnlyForward, PassingFile
from tenders.bids import drafts, forms, keys, own_copy, queries, rules, submission
from tenders.bids.blueprint import blueprint
from tenders.bids.content import as_text
from tenders.bids.desk import Desk, bid_parts, download, get_desk, places
from tenders.bids.models import BidVersion
from tenders.bids.price_sight import see_price
from tenders.bids.receipt_time import received_at
from tenders.bids.sealed_routes import get_version
from tenders.bids.submission import ReadAgain, RefusedLate


@blueprint.route("/supplier/bids/<reference>/review")
@may("write_bid")
def review(reference: str) -> Response:
    """The whole bid as the council will read it, what it lacks, and the button that submits it."""
    desk = get_desk(reference)
    form = forms.SubmitForm()
    form.idempotency_key.data = secrets.token_hex(16)
    return _review_page(desk, form)


def _review_page(desk: Desk, form: forms.SubmitForm, status: int = 200) -> Response:
    draft = drafts.read_draft(desk.bid)
    form.seen.data = draft.mark
    files = [(each, desk.address("draft_file", slot=each.slot)) for each in draft.answers.files]
    return page(
        "tenders/bids/review.html",
        title="Read and submit your bid",
        form=form,
        status=status,
        problems=rules.submission_problems(desk.need, draft.answers, draft.price),
        links=places(desk),
        shown=bid_parts(draft.answers, draft.price, files),
        sight=see_price(desk.need, draft.price, clock.now()),
        copied_version=desk.bid.current_version if own_copy.has_copy(desk.bid) else 0,
        **desk.context,
    )


@blueprint.route("/supplier/bids/<reference>/submit", methods=["POST"])
@may("submit_bid")
def submit(reference: str) -> Response:
    """Submits what was read: one small request, which names the draft by its mark. Sent again, it does no harm."""
    key, seen, passphrase = (request.form.get(each, "") for each in ("idempotency_key", "seen", "passphrase"))
    # Only a passphrase has anything that the form would check; the page's token was checked before we came here.
    if passphrase and not (form := forms.SubmitForm()).validate():
        return _review_page(get_desk(reference), form)
    member = current_member()
    assert member is not None  # may() saw to it; only the firm's and the person's number are used of it
    try:
        outcome = submission.submit_bid(reference, member, key, received_at(), passphrase, seen)
    except Problems as problems:
        add_problems(form := forms.SubmitForm(), problems.problems)
        return _review_page(get_desk(reference), form)
    except ReadAgain as changed:
        add_problems(form := forms.SubmitForm(), [Problem(changed.message)])
        return _review_page(get_desk(reference), form, 409)
    except Conflict as conflict:
        flash(conflict.message, "notice")
        return redirect(get_desk(reference).home)
    if isinstance(outcome, RefusedLate):
        return _late_page(get_desk(reference), outcome)
    return redirect(url_for("bids.submitted", reference=reference, number=outcome.told.version.number))


@blueprint.route("/supplier/bids/<reference>/submitted/<int:number>")
@may("see_supplier_area")
def submitted(reference: str, number: int) -> Response:
    """That this version of the bid is in, when, and its receipt."""
    desk = get_desk(reference)
    version = get_version(desk.bid.versions, number)
    is_current = number == desk.bid.current_version
    title = "Bid submitted"
    return page("tenders/bids/submitted.html", title=title, version=version, is_current=is_current, **desk.context)


def _late_page(desk: Desk, refused: RefusedLate) -> Response:
    return page("tenders/bids/late.html", title="Too late", status=409, attempt=refused.attempt, **desk.context)


@blueprint.route("/supplier/bids/<reference>/download")
@may("write_bid")
def download_draft(reference: str) -> Response:
    """The whole draft as a zip: plain text, JSON, and every file."""
    desk = get_desk(reference)
    draft = drafts.read_draft(desk.bid)
    packed = PassingFile()
    with zipfile.ZipFile(cast(IO[bytes], OnlyForward(packed)), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bid.txt", as_text(desk.need.title, draft.answers, draft.price))
        both = {
            "need": desk.need.reference,
            "bid": desk.bid.reference,
            "answers": json.loads(draft.answers.to_bytes()),
            "price": json.loads(draft.price.to_bytes()),
        }
        archive.writestr("bid.json", json.dumps(both, indent=2, ensure_ascii=False))
        for number, each in enumerate(draft.answers.files, start=1):
            with drafts.open_file(desk.bid, each.slot)[1] as file:
                with archive.open(f"files/{number:02}-{each.name}", "w") as entry:
                    shutil.copyfileobj(file, entry, CHUNK)
    packed.seek(0)
    return download(packed, f"{desk.bid.reference}.zip", "application/zip")


@blueprint.route("/supplier/bids/<reference>/receipt")
@may("see_supplier_area")
def receipt(reference: str) -> Response:
    """The receipt of the version that counts, and those of the versions before."""
    desk = get_desk(reference)
    return page(
        "tenders/bids/receipt.html",
        title="Receipt",
        version=_current(desk),
        versions=desk.bid.versions,
        public_key=keys.signing_keys().public_key().hex(),
        **desk.context,
    )


def _current(desk: Desk) -> BidVersion:
    version = queries.current_version(desk.bid)
    if version is None:
        raise NotFound("This bid was not submitted, so there is no receipt.")
    return version


@blueprint.route("/supplier/bids/<reference>/withdraw", methods=["GET", "POST"])
@may("submit_bid")
def withdraw(reference: str) -> Response:
    """Asks, then withdraws the bid; after the deadline the attempt is recorded and refused."""
    desk = get_desk(reference)
    form = Form()
    if form.validate_on_submit():
        outcome = submission.withdraw_bid(desk.bid.id, desk.member, received_at())
        if isinstance(outcome, RefusedLate):
            return _late_page(desk, outcome)
        said = "Your bid is withdrawn. Nobody can open it." if desk.bid.submitted_at else "Your draft is deleted."
        flash(said, "success")
        return redirect(url_for("bids.list_bids"))
    title = "Withdraw this bid?" if desk.bid.submitted_at else "Delete this draft?"
    return page("tenders/bids/withdraw.html", title=title, form=form, **desk.context)
