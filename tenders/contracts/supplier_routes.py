"""The supplier's pages of its contracts: list, page, signing or sending back, reporting milestones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core.acting import form_that_acts
from marketplace.core.forms import Form
from marketplace.core.pages import page
from tenders.contracts import actions, queries, running
from tenders.contracts.blueprint import blueprint
from tenders.contracts.forms import DeliveryForm, ReturnForm
from tenders.contracts.models import Contract
from tenders.contracts.status import status_of


@blueprint.get("/supplier/contracts")
@may("see_supplier_area")
def supplier_contracts() -> Response:
    """The firm's contracts, those to sign first."""
    return page(
        "tenders/contracts/list.html",
        title="Your contracts",
        contracts=queries.contracts_of_supplier(get_member().organisation_id),
        waiting=[],
        side="supplier",
    )


@blueprint.get("/supplier/contracts/<reference>")
@may("see_supplier_area")
def show_to_supplier(reference: str) -> Response:
    """The contract for the supplier, with what can be done now."""
    contract = _own(reference)
    return page(
        "tenders/contracts/supplier.html",
        title=contract.title,
        contract=contract,
        stage=status_of(contract),
        award_problems=actions.award_problems(contract) if not contract.is_signed else [],
    )


def _own(reference: str) -> Contract:
    return queries.get_contract_of_supplier(reference, get_member().organisation_id)


def _form(contract: Contract, title: str, form: Form, act: Callable[[], object], done: str, **context: Any) -> Response:
    return form_that_acts(
        "tenders/contracts/form.html",
        title=title,
        form=form,
        act=act,
        done=done,
        back=url_for("contracts.show_to_supplier", reference=contract.reference),
        caption=contract.title,
        back_text=contract.title,
        **context,
    )


@blueprint.route("/supplier/contracts/<reference>/sign", methods=("GET", "POST"))
@may("sign_supplier_contract")
def sign_for_supplier(reference: str) -> Response:
    """The firm's administrator reads the terms once more and signs."""
    contract = _own(reference)
    return _form(
        contract,
        "Sign for your firm",
        Form(),
        lambda: actions.sign_for_supplier(contract.id, get_member()),
        "Signed. The contract is entered into, and both sides have an e-mail",
        button="Sign for your firm",
        read_again=contract,
    )


@blueprint.route("/supplier/contracts/<reference>/return", methods=("GET", "POST"))
@may("sign_supplier_contract")
def return_contract(reference: str) -> Response:
    """Sends the contract back unsigned."""
    contract = _own(reference)
    form = ReturnForm()
    return _form(
        contract,
        "Send the contract back",
        form,
        lambda: actions.return_contract(contract.id, get_member(), form.reason.data),
        "Sent back to the council with your reason",
        to=url_for("contracts.supplier_contracts"),  # the firm sees it again when the council has signed again
    )


@blueprint.route("/supplier/contracts/<reference>/milestones/<int:milestone_id>/deliver", methods=("GET", "POST"))
@may("report_milestone")
def deliver_milestone(reference: str, milestone_id: int) -> Response:
    """Reports a milestone as delivered."""
    contract = _own(reference)
    milestone = queries.get_milestone(contract, milestone_id)
    form = DeliveryForm()
    return _form(
        contract,
        f"Deliver “{milestone.title}”",
        form,
        lambda: running.deliver_milestone(contract.id, get_member(), milestone_id, form.note.data),
        "Reported. The council is asked to accept it",
        quoted=milestone.decision_note if milestone.status == "rejected" else "",
        quoted_heading="Why it was rejected",
    )
