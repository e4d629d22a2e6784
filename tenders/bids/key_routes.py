"""Pages of the keys that keep bids shut: an opener's own passphrase, and who holds a share of a need's key."""

from __future__ import annotations

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from marketplace.accounts import throttle
from marketplace.accounts.access import get_member, may
from marketplace.accounts.passwords import is_password
from marketplace.accounts.visiting import known_browser, network_address
from marketplace.core.acting import acted, on_to
from marketplace.core.errors import Problem, Problems
from marketplace.core.forms import add_problems
from marketplace.core.pages import page
from tenders.bids import forms, handing_over, holding, opener_keys, opening, passphrases, recovery
from tenders.bids.blueprint import blueprint
from tenders.needs import queries as need_queries

OWN = "tenders/bids/keys/own.html"


def try_passphrase() -> list[int]:
    """Counts a try with an opening passphrase, before it is looked at; throttle.sign_in_was_right takes it back."""
    return throttle.begin_unlocking(get_member().person.email, network_address(), known_browser())


@blueprint.route("/account/opening-passphrase", methods=["GET", "POST"])
@may("open_bids")
def own_key() -> Response:
    """Sets the opening passphrase, or says how it stands with it."""
    member = get_member()
    form = forms.NewPassphraseForm()
    if acted(form, lambda: opener_keys.set_passphrase(member, form.passphrase.data, form.again.data)):
        return on_to(url_for("bids.own_key"), "Your opening passphrase is set. Keep it where only you can find it")
    pair = opener_keys.find_key(member.person_id)
    return page(
        OWN,
        title="Your opening passphrase" if pair else "Set your opening passphrase",
        form=None if pair else form,
        pair=pair,
        shares=opener_keys.sealed_shares(member.person_id),
        suggestion=passphrases.suggest(),
    )


@blueprint.route("/account/opening-passphrase/change", methods=["GET", "POST"])
@may("open_bids")
def change_passphrase() -> Response:
    """Other words for the same key."""
    member, form = get_member(), forms.ChangePassphraseForm()
    if form.validate_on_submit():
        tried = try_passphrase()
        try:
            opener_keys.change_passphrase(member, form.current.data, form.passphrase.data, form.again.data)
            throttle.sign_in_was_right(tried)
            flash("Your opening passphrase is changed. Your shares are as they were", "success")
            return redirect(url_for("bids.own_key"), 303)
        except Problems as refused:
            add_problems(form, refused.problems)
    return page(
        "tenders/bids/keys/change.html",
        title="Change your opening passphrase",
        form=form,
        suggestion=passphrases.suggest(),
    )


@blueprint.route("/account/opening-passphrase/forgotten", methods=["GET", "POST"])
@may("open_bids")
def forgotten_passphrase() -> Response:
    """A new key after the words were lost; what that costs is listed first."""
    member, form = get_member(), forms.ForgottenPassphraseForm()
    if form.validate_on_submit():
        tried = try_passphrase()
        try:
            if not form.understood.data:
                raise Problems([Problem("Tick the box: shares wrapped to your old key are lost", "understood")])
            if not is_password(form.password.data, member.person.password_hash):
                raise Problems([Problem("That is not your password", "password")])
            throttle.sign_in_was_right(tried)
            opener_keys.begin_anew(member, form.passphrase.data, form.again.data)
            flash("You have a new opening passphrase. Ask a colleague about the shares that were lost", "success")
            return redirect(url_for("bids.own_key"), 303)
        except Problems as refused:
            add_problems(form, refused.problems)
    return page(
        "tenders/bids/keys/forgotten.html",
        title="Set a new opening passphrase because yours is lost",
        form=form,
        shares=opener_keys.sealed_shares(member.person_id),
        suggestion=passphrases.suggest(),
    )


@blueprint.get("/council/needs/<reference>/key")
@may("see_council")
def need_key(reference: str) -> Response:
    """Who holds a share of the need's key, whether enough can still be used, and every refused try."""
    member = get_member()
    need = need_queries.get_need_of(reference, member.organisation_id)
    holders = holding.holders_of(need)
    asked = handing_over.find_under_way(need)
    return page(
        "tenders/bids/keys/need.html",
        title="Who holds the key to the bids",
        need=need,
        holders=holders,
        able=sum(each.can_open for each in holders),
        refusals=opening.refusals_of(need),
        names=holding.names_of(need),
        why=opening.WHY,
        member_id=member.person_id,
        is_sealed=not handing_over.sealed_problems(need),
        recovery_share=recovery.find_recovery_share(need),
        asked=asked,
        approval_stops=handing_over.approval_problems(asked, member.person_id) if asked else [],
        use_stops=handing_over.use_problems(asked, member) if asked else [],
        recoveries=handing_over.recoveries_of(need),
    )
