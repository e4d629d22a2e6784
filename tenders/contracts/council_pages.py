"""What the council's pages of contracts share: the contract that is theirs, and a page with one form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member
from marketplace.core.errors import Problems
from marketplace.core.forms import Form, add_problems
from marketplace.core.pages import page
from tenders.contracts import queries
from tenders.contracts.models import Contract


def own(reference: str) -> Contract:
    """The acting council's contract; NotFound."""
    return queries.get_contract_of(reference, get_member().organisation_id)


def to_contract(contract: Contract, message: str) -> Response:
    """Back to the contract, saying what was done."""
    flash(message, "success")
    return redirect(url_for("contracts.show_contract", reference=contract.reference))


def council_form(
    contract: Contract, title: str, form: Form, act: Callable[[], object], done: str, **context: Any
) -> Response:
    """A page with one form of the council: acts when it is sent well, shows problems where they belong otherwise."""
    if form.validate_on_submit():
        try:
            act()
        except Problems as problems:
            add_problems(form, problems.problems)
        else:
            return to_contract(contract, done)
    return page(
        "tenders/contracts/form.html",
        title=title,
        form=form,
        caption=contract.title,
        back=url_for("contracts.show_contract", reference=contract.reference),
        back_text=contract.title,
        **context,
    )
