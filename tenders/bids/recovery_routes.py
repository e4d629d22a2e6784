"""Pages of the council's recovery key, and of shares that pass on."""

from __future__ import annotations

import io

from flask import url_for
from werkzeug.wrappers import Response

from marketplace.accounts import throttle
from marketplace.accounts.access import get_member, may
from marketplace.accounts.models import Person
from marketplace.core import db
from marketplace.core.acting import acted, button_that_acts, form_that_acts, on_to
from marketplace.core.errors import Problems
from marketplace.core.forms import SelectChoice, add_problems
from marketplace.core.pages import page
from tenders.bids import forms, handing_over, opener_keys, recovery
from tenders.bids.blueprint import blueprint
from tenders.bids.desk import download
from tenders.bids.key_routes import try_passphrase
from tenders.needs import queries as need_queries
from tenders.needs.models import Need


def _need(reference: str) -> Need:
    return need_queries.get_need_of(reference, get_member().organisation_id)


def _key_page(reference: str) -> str:
    return url_for("bids.need_key", reference=reference)


# -- the council's recovery key


@blueprint.route("/council/recovery-key", methods=["GET", "POST"])
@may("keep_recovery_key")
def recovery_key() -> Response:
    """How it stands with the recovery key; a second person confirms here that its file is stored."""
    member, form = get_member(), forms.RecoveryCodeForm()
    if acted(form, lambda: recovery.confirm_recovery_key(member, form.code.data)):
        return on_to(url_for("bids.recovery_key"), "Confirmed. Needs published from now on get a recovery share")
    key = recovery.find_unretired(member.organisation_id)
    can_confirm = key is not None and key.confirmed_at is None and key.made_by_id != member.person_id
    return page(
        "tenders/bids/keys/recovery.html",
        title="Your council’s recovery key",
        form=form if can_confirm else None,
        key=key,
        without=recovery.sealed_needs_without(member.organisation_id),
    )


@blueprint.post("/council/recovery-key/make")
@may("keep_recovery_key")
def make_recovery_key() -> Response:
    """The file with the private half, this once."""
    try:
        key, text = recovery.make_recovery_key(get_member())
    except Problems as refused:
        return on_to(url_for("bids.recovery_key"), refused.message, "notice")
    return download(io.BytesIO(text.encode()), f"recovery-key-{key.fingerprint[:8]}.txt", "text/plain")


@blueprint.route("/council/recovery-key/give-up", methods=["GET", "POST"])
@may("keep_recovery_key")
def retire_recovery_key() -> Response:
    """Its file is lost or in wrong hands."""
    return form_that_acts(
        "tenders/bids/keys/retire.html",
        title="Give up the recovery key",
        form=forms.ActForm(),
        act=lambda: recovery.retire_recovery_key(get_member()),
        done="The recovery key is given up. Make a new one for the needs to come",
        back=url_for("bids.recovery_key"),
    )


# -- shares that pass on


@blueprint.route("/council/needs/<reference>/key/hand-over", methods=["GET", "POST"])
@may("open_bids")
def hand_over_share(reference: str) -> Response:
    """An opener who leaves gives the share to a colleague."""
    member, need, form = get_member(), _need(reference), forms.HandOverForm()
    form.person.choose_from([SelectChoice(str(each.id), each.name) for each in handing_over.fit_to_receive(need)])
    if form.validate_on_submit():
        tried = try_passphrase()
        try:
            words = form.passphrase.data, int(form.person.data), form.reason.data
            handing_over.hand_over(need.id, member, *words)
            throttle.sign_in_was_right(tried)
            return on_to(_key_page(reference), "Your share is handed over, and your colleague is told by email")
        except Problems as refused:
            if not isinstance(refused, opener_keys.WrongOpeningPassphrase):
                throttle.sign_in_was_right(tried)
            add_problems(form, refused.problems)
    return page("tenders/bids/keys/hand_over.html", title="Hand your share over", form=form, need=need)


@blueprint.route("/council/needs/<reference>/key/recover/<int:person_id>", methods=["GET", "POST"])
@may("replace_duty_holder")
def ask_recovery(reference: str, person_id: int) -> Response:
    """Asks that the recovery share stand in for a lost one."""
    member, need, form = get_member(), _need(reference), forms.AskRecoveryForm()
    problems = handing_over.recovery_problems(need, person_id)
    if problems:
        return on_to(_key_page(reference), problems[0].message, "notice")
    form.person.choose_from([SelectChoice(str(each.id), each.name) for each in handing_over.fit_to_receive(need)])
    return form_that_acts(
        "tenders/bids/keys/ask.html",
        title="Use the recovery key",
        form=form,
        act=lambda: handing_over.ask_recovery(need.id, member, person_id, int(form.person.data), form.reason.data),
        done="Asked. A colleague approves it, then whoever keeps the recovery file does the rest",
        back=_key_page(reference),
        need=need,
        loser=db.session.get_one(Person, person_id),
    )


@blueprint.post("/council/needs/<reference>/key/recovery/approve")
@may("replace_duty_holder")
def approve_recovery(reference: str) -> Response:
    """A second person approves the use of the recovery key."""
    return button_that_acts(
        lambda: handing_over.approve_recovery(_need(reference).id, get_member()),
        done="Approved. Whoever keeps the recovery file does the rest",
        back=_key_page(reference),
    )


@blueprint.post("/council/needs/<reference>/key/recovery/refuse")
@may("replace_duty_holder")
def refuse_recovery(reference: str) -> Response:
    """Refuses the use of the recovery key, or takes the asking back."""
    handing_over.refuse_recovery(_need(reference).id, get_member())
    return on_to(_key_page(reference), "The recovery key is not used")


@blueprint.route("/council/needs/<reference>/key/recovery", methods=["GET", "POST"])
@may("keep_recovery_key")
def use_recovery(reference: str) -> Response:
    """Whoever keeps the recovery file gives the recovery share to the opener who needs it."""
    member, need, form = get_member(), _need(reference), forms.RecoveryCodeForm()
    asked = handing_over.find_under_way(need)
    problems = handing_over.use_problems(asked, member) if asked else []
    if asked is None or problems:
        told = problems[0].message if problems else "Nobody has asked for the recovery key."
        return on_to(_key_page(reference), told, "notice")
    return form_that_acts(
        "tenders/bids/keys/use.html",
        title="Bring the recovery file",
        form=form,
        act=lambda: handing_over.use_recovery(need.id, member, form.code.data),
        done="Done. The opener has a share again, and the other openers are told by email",
        back=_key_page(reference),
        need=need,
        asked=asked,
    )
