"""The council's pages: approving and publishing a need, and the opening of its bids by two people."""

from __future__ import annotations

import json
from typing import Any

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from marketplace.accounts import throttle
from marketplace.accounts.access import get_member, may
from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.errors import Problems
from marketplace.core.forms import add_problems
from marketplace.core.pages import page, plural
from tenders.bids import forms, holding, keys, opener_keys, opening, publishing, queries, rules
from tenders.bids.blueprint import blueprint
from tenders.bids.key_routes import try_passphrase
from tenders.bids.models import BidOpening
from tenders.needs import queries as need_queries
from tenders.needs.models import Need
from tenders.outages.queries import waiting_problems


@blueprint.route("/council/needs/<reference>/publish", methods=["POST"])
@may("approve_need")
def publish(reference: str) -> Response:
    """Approves and publishes in one act, with the key that will keep the bids shut."""
    member = get_member()
    need = need_queries.get_need_of(reference, member.organisation_id)
    try:
        publishing.approve_and_publish(need.id, member)
    except Problems as problems:
        for each in problems.problems:
            flash(each.message, "notice")
        return redirect(f"/council/needs/{reference}/check")
    flash("Published. Suppliers can read the need and bid for it.", "success")
    if keys.find_recovery_key(member.organisation_id) is None:
        flash("It has no recovery share: if fewer than two openers can act later, nobody can open its bids.", "notice")
    return redirect(f"/council/needs/{reference}")


@blueprint.route("/council/needs/<reference>/opening", methods=["GET", "POST"])
@may("open_bids")
def open_bids(reference: str) -> Response:
    """How far the opening is, and this opener's act in it."""
    member = get_member()
    need = need_queries.get_need_of(reference, member.organisation_id)
    asks = _asks_passphrase(need, member)
    form = forms.OpenerForm() if asks else forms.ActForm()
    if form.validate_on_submit():
        tried = try_passphrase()
        try:
            done = opening.take_part_in_opening(need.id, member, form.passphrase.data if asks else "")
            throttle.sign_in_was_right(tried)
            flash(_said(done), "success")
            return redirect(url_for("bids.open_bids", reference=reference))
        except opener_keys.WrongOpeningPassphrase as wrong:
            add_problems(form, wrong.problems)
        except Problems as problems:
            throttle.sign_in_was_right(tried)
            add_problems(form, problems.problems)
    return page("tenders/bids/opening.html", title="Open the bids", form=form, need=need, **_state(need, member))


def _asks_passphrase(need: Need, member: Membership) -> bool:
    """Not of an opener whose share is from before openers had passphrases."""
    own = next((each for each in queries.opener_shares(need) if each.person_id == member.person_id), None)
    return own is None or own.wrapping != keys.KEY_FILE


def _said(done: BidOpening) -> str:
    if done.opened_at is None:
        return "You have done your part. Another opener has thirty minutes to complete the opening."
    return f"The opening is complete: {plural(done.bids_opened, 'bid')} opened."


def _state(need: Need, member: Membership) -> dict[str, Any]:
    found = queries.find_opening(need)
    is_done = queries.is_opened(need)
    return {
        "opening": found,
        "is_done": is_done,
        "is_waiting": found is not None and opening.is_waiting(found),
        "is_mine": found is not None and found.first_opener_id == member.person_id,
        "holders": holding.holders_of(need) if not is_done else [],
        "stops": rules.opening_problems(need, queries.duties_on(need, member.person_id), clock.now(), waiting_problems(need)),
        "bids": queries.opened_bids(need) if is_done else [],
        "hashes": {each["bid"]: each["manifest_hash"] for each in json.loads(found.opening_list)} if found else {},
        "late": queries.late_attempts_for(need) if is_done else [],
        "waits_minutes": int(rules.OPENING_WAITS.total_seconds() // 60),
    }
