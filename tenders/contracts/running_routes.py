"""The council's pages of a contract that runs: deciding on milestones, changing it, ending it."""

from __future__ import annotations

from flask import url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core.forms import add_problems
from marketplace.core.pages import page
from tenders.contracts import queries, rules, running
from tenders.contracts.blueprint import blueprint
from tenders.contracts.changes import Verdict
from tenders.contracts.council_pages import address_of, council_form, own
from tenders.contracts.forms import (
    ApproveChangeForm,
    ChangeForm,
    DecisionForm,
    EndForm,
    OrderForm,
    RefuseChangeForm,
)
from tenders.contracts.models import Contract


@blueprint.route("/council/contracts/<reference>/order-number", methods=("GET", "POST"))
@may("manage_contract")
def name_order_number(reference: str) -> Response:
    """Names the order number that invoices carry."""
    contract = own(reference)
    form = OrderForm(number=contract.purchase_order)
    return council_form(
        contract,
        "Name the order number",
        form,
        lambda: running.name_order_number(contract.id, get_member(), form.number.data),
        "Order number saved",
    )


@blueprint.route("/council/contracts/<reference>/milestones/<int:milestone_id>/decide", methods=("GET", "POST"))
@may("manage_contract")
def decide_milestone(reference: str, milestone_id: int) -> Response:
    """Accepts or rejects what the supplier reports as delivered."""
    contract = own(reference)
    milestone = queries.get_milestone(contract, milestone_id)
    form = DecisionForm()
    return council_form(
        contract,
        f"Decide on “{milestone.title}”",
        form,
        lambda: running.decide_milestone(contract.id, get_member(), milestone_id, not form.reject.data, form.note.data),
        "The supplier is told of your decision",
        quoted=milestone.delivery_note,
        quoted_heading="The supplier says",
    )


@blueprint.route("/council/contracts/<reference>/changes/new", methods=("GET", "POST"))
@may("manage_contract")
def new_change(reference: str) -> Response:
    """Proposes a change; "see the test" shows its result first and keeps everything typed."""
    contract = own(reference)
    form = ChangeForm(direction="same", scope="stays")
    if form.check.data and form.validate_on_submit():
        return _tested(contract, form)
    return council_form(
        contract,
        "Propose a change",
        form,
        lambda: running.propose_change(
            contract.id,
            get_member(),
            form.ground.data,
            form.reason.data,
            form.value_change_pence,
            form.new_ends_on.data,
            form.scope.data == "stays",
        ),
        "Your approvers are asked to decide on the change",
    )


def _tested(contract: Contract, form: ChangeForm) -> Response:
    change = running.change_of(contract, form.value_change_pence, form.new_ends_on.data, form.scope.data == "stays")
    problems = rules.proposing_problems(contract, change, form.ground.data, form.reason.data)
    add_problems(form, problems)
    verdict: Verdict | None = None if problems else running.verdict_for(contract, change, form.ground.data)
    return page(
        "tenders/contracts/form.html",
        title="Propose a change",
        form=form,
        caption=contract.title,
        back=address_of(contract),
        back_text=contract.title,
        findings=verdict.findings if verdict else [],
    )


@blueprint.route("/council/contracts/<reference>/changes/<int:number>", methods=("GET", "POST"))
@may("sign_contract")
def approve_change(reference: str, number: int) -> Response:
    """An approver other than the proposer reads the test and decides."""
    contract = own(reference)
    modification = queries.get_modification(contract, number)
    form = ApproveChangeForm()
    if all(each["holds"] for each in modification.findings):
        del form.knows_warnings
    if not modification.needs_notice:
        del form.notice_number
    return council_form(
        contract,
        f"Decide on change {number}",
        form,
        lambda: running.approve_change(
            contract.id,
            get_member(),
            number,
            bool("knows_warnings" in form and form.knows_warnings.data),
            form.notice_number.data if "notice_number" in form else "",
        ),
        "The change is approved and takes effect",
        modification=modification,
        quoted=modification.reason,
        quoted_heading="The reason given",
        findings=modification.findings,
        other=("Refuse the change", url_for("contracts.refuse_change", reference=reference, number=number)),
    )


@blueprint.route("/council/contracts/<reference>/changes/<int:number>/refuse", methods=("GET", "POST"))
@may("sign_contract")
def refuse_change(reference: str, number: int) -> Response:
    """An approver refuses a change with a reason."""
    contract = own(reference)
    form = RefuseChangeForm()
    return council_form(
        contract,
        f"Refuse change {number}",
        form,
        lambda: running.refuse_change(contract.id, get_member(), number, form.reason.data),
        "The change is refused",
    )


@blueprint.route("/council/contracts/<reference>/end", methods=("GET", "POST"))
@may("manage_contract")
def end(reference: str) -> Response:
    """The contract manager ends a contract that was completed or has expired."""
    return _end(reference, EndForm("completed", "expired"))


@blueprint.route("/council/contracts/<reference>/terminate", methods=("GET", "POST"))
@may("sign_contract")
def terminate(reference: str) -> Response:
    """An approver ends a contract before its time."""
    return _end(reference, EndForm("terminated"))


def _end(reference: str, form: EndForm) -> Response:
    contract = own(reference)
    return council_form(
        contract,
        "End the contract",
        form,
        lambda: running.end_contract(contract.id, get_member(), form.kind.data, form.reason.data, form.outcome.data),
        "The contract has ended, and its outcome is public with the need",
        quoted=contract.need.outcomes,
        quoted_heading="The outcomes that the need asked for",
    )
