"""What the council's pages of contracts share: the contract that is theirs, and a page with one form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member
from marketplace.core.acting import form_that_acts
from marketplace.core.forms import Form
from tenders.contracts import queries
from tenders.contracts.models import Contract


def own(reference: str) -> Contract:
    """The acting council's contract; NotFound."""
    return queries.get_contract_of(reference, get_member().organisation_id)


def address_of(contract: Contract) -> str:
    """The contract's own page."""
    return url_for("contracts.show_contract", reference=contract.reference)


def council_form(
    contract: Contract, title: str, form: Form, act: Callable[[], object], done: str, **context: Any
) -> Response:
    """A page with one form of the council about a contract, which leads back to it."""
    return form_that_acts(
        "tenders/contracts/form.html",
        title=title,
        form=form,
        act=act,
        done=done,
        back=address_of(contract),
        caption=contract.title,
        back_text=contract.title,
        **context,
    )
