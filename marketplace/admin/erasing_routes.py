"""Erasing a person on request: find the account, read what goes and what stays, then say why and do it."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for

from marketplace.accounts import erasing
from marketplace.accounts.access import get_member, may
from marketplace.accounts.staying import staying_of
from marketplace.admin.blueprint import blueprint
from marketplace.admin.forms import EraseForm, FindPersonForm
from marketplace.core.acting import acted, on_to
from marketplace.core.errors import NotFound, Problem
from marketplace.core.forms import add_problems
from marketplace.core.pages import page


@blueprint.route("/admin/people", methods=["GET", "POST"])
@may("administer")
def find_person() -> Any:
    """A form sent by POST, so that the address stands in no log; the next page is under the reference."""
    form = FindPersonForm()
    if form.validate_on_submit():
        try:
            person = erasing.find_whom(form.who.data)
            return redirect(url_for("admin.erase_person", reference=person.pseudonym), 303)
        except NotFound as refused:
            add_problems(form, [Problem(refused.message, "who")])
    return page("marketplace/admin/find_person.html", title="Erase a person", form=form, back=url_for("admin.dashboard"))


@blueprint.route("/admin/people/<reference>/erase", methods=["GET", "POST"])
@may("administer")
def erase_person(reference: str) -> Any:
    """Under the reference alone: an email address in the address line would stay in logs and histories."""
    person, member = erasing.find_whom(reference), get_member()
    if person.pseudonym != reference:
        raise NotFound("No account has this reference.")
    form = EraseForm()
    if acted(form, lambda: erasing.erase_person(person.id, form.reason.data, member)):
        told = f"{reference} is erased. The name and the email addresses are gone"
        return on_to(url_for("admin.find_person"), told)
    return page(
        "marketplace/admin/erase_person.html",
        title=f"Erase {person.name}?",
        form=form,
        person=person,
        kept=erasing.kept_of(person),
        staying=staying_of(person),
        problems=erasing.erasing_problems(person, member.person_id),
        back=url_for("admin.find_person"),
    )
