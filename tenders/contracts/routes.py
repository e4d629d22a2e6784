"""The council's pages of a contract until it is signed: list, page, terms, milestones, signature."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, has_permission, may
from marketplace.core import clock
from marketplace.core.acting import button_that_acts, made, on_to
from marketplace.core.forms import Form
from marketplace.core.pages import page
from tenders.awards import queries as award_queries
from tenders.contracts import actions, queries, rules, running_routes, supplier_routes, tasks
from tenders.contracts.blueprint import blueprint
from tenders.contracts.changes import in_words
from tenders.contracts.council_pages import address_of, council_form, own
from tenders.contracts.forms import MilestoneForm, TermsForm
from tenders.contracts.grounds import get_ground
from tenders.contracts.models import Contract, Milestone, Modification
from tenders.contracts.running import change_of
from tenders.contracts.status import COLOURS, LABELS, status_of
from tenders.needs import queries as needs

__all__ = ["blueprint", "running_routes", "supplier_routes", "tasks"]


@blueprint.app_template_filter("contract_label")
def contract_label(contract: Contract) -> str:
    """A contract's status in words."""
    return LABELS[status_of(contract)]


@blueprint.app_template_filter("contract_colour")
def contract_colour(contract: Contract) -> str:
    """The colour that repeats the words."""
    return COLOURS.get(status_of(contract), "blue")


@blueprint.app_template_filter("ground_title")
def ground_title(code: str) -> str:
    """A ground for a change in words."""
    return get_ground(code).title


@blueprint.app_template_filter("milestone_label")
def milestone_label(milestone: Milestone) -> str:
    """A milestone's status in words; "Late" while a signed contract waits for it past its day."""
    contract = milestone.contract
    if contract.is_signed and contract.ended_at is None and milestone.is_late(clock.today()):
        return "Late, rejected" if milestone.status == "rejected" else "Late"
    return milestone.status.capitalize()


@blueprint.app_template_filter("contract_sums")
def contract_sums(contract: Contract) -> queries.Sums:
    """The winner's price and the contract's value, to stand side by side."""
    return queries.sums_of(contract)


@blueprint.app_template_filter("change_in_words")
def change_in_words(modification: Modification) -> str:
    """What a change does to value and end."""
    return in_words(change_of(modification.contract, modification.value_change_pence, modification.new_ends_on, True))


@blueprint.get("/council/contracts")
@may("see_contracts")
def council_contracts() -> Response:
    """The council's contracts, and awards that wait for one."""
    member = get_member()
    return page(
        "tenders/contracts/list.html",
        title="Contracts",
        contracts=queries.contracts_of_authority(member.organisation_id),
        waiting=queries.awards_to_draft(member.organisation_id) if has_permission("draft_contract", member) else [],
        side="council",
    )


@blueprint.route("/council/needs/<reference>/contract", methods=("GET", "POST"))
@may("draft_contract")
def new_contract(reference: str) -> Response:
    """Drafts the contract of the need's award; leads to it when it is there."""
    member = get_member()
    need = needs.get_need_of(reference, member.organisation_id)
    found = queries.find_contract(need)
    if found is not None:
        return redirect(address_of(found))
    form = TermsForm(data=queries.first_terms(need))
    award = award_queries.find_made_award(need)
    contract = made(form, lambda: actions.draft_contract(need.id, member, **_terms(form)))
    if contract is not None:
        return on_to(address_of(contract), "Drafted. Check the milestones, then ask an approver to sign")
    return page(
        "tenders/contracts/form.html",
        title="Draft the contract",
        form=form,
        caption=need.title,
        back=url_for("needs.show_need", reference=need.reference),
        back_text=need.title,
        sums=queries.award_sums(award, 0) if award else None,
    )


def _terms(form: TermsForm) -> dict[str, Any]:
    names = ("title", "value_pence", "difference_reason", "starts_on", "ends_on")
    return {each: form[each].data or "" if each == "difference_reason" else form[each].data for each in names}


@blueprint.get("/council/contracts/<reference>")
@may("see_contracts")
def show_contract(reference: str) -> Response:
    """The contract for the council, with what can be done now."""
    contract = own(reference)
    is_draft = contract.council_signed_at is None
    sums = queries.sums_of(contract)
    return page(
        "tenders/contracts/show.html",
        title=contract.title,
        contract=contract,
        stage=status_of(contract),
        problems=rules.terms_problems(contract, sums.price_with_vat_pence) if is_draft else [],
        award_problems=actions.award_problems(contract) if not contract.is_signed else [],
        advice=rules.estimate_advice(sums.value_pence, sums.estimate_pence) if not contract.is_signed else "",
        is_writer=contract.written_by_id == get_member().person_id,
    )


@blueprint.route("/council/contracts/<reference>/terms", methods=("GET", "POST"))
@may("draft_contract")
def edit_terms(reference: str) -> Response:
    """Title, value and dates before signature."""
    contract = own(reference)
    form = TermsForm(obj=contract)
    return council_form(
        contract,
        "Change the terms",
        form,
        lambda: actions.save_terms(contract.id, get_member(), **_terms(form)),
        "Terms saved",
        sums=queries.sums_of(contract),
    )


@blueprint.route("/council/contracts/<reference>/milestones/new", methods=("GET", "POST"))
@may("draft_contract")
def new_milestone(reference: str) -> Response:
    """Adds a milestone; the amount starts as what is missing."""
    contract = own(reference)
    missing = contract.value_pence - sum(each.amount_pence for each in contract.milestones)
    form = MilestoneForm(data={"due_on": contract.ends_on, "amount_pence": max(missing, 0)})
    return council_form(
        contract, "Add a milestone", form, lambda: _save_milestone(contract, form, None), "Milestone added"
    )


@blueprint.route("/council/contracts/<reference>/milestones/<int:milestone_id>", methods=("GET", "POST"))
@may("draft_contract")
def edit_milestone(reference: str, milestone_id: int) -> Response:
    """Changes a milestone before signature."""
    contract = own(reference)
    form = MilestoneForm(obj=queries.get_milestone(contract, milestone_id))
    return council_form(
        contract, "Change a milestone", form, lambda: _save_milestone(contract, form, milestone_id), "Milestone saved"
    )


def _save_milestone(contract: Contract, form: MilestoneForm, milestone_id: int | None) -> None:
    values: dict[str, Any] = {each: form[each].data for each in ("title", "due_on", "amount_pence")}
    actions.save_milestone(contract.id, get_member(), **values, milestone_id=milestone_id)


@blueprint.route("/council/contracts/<reference>/milestones/<int:milestone_id>/remove", methods=("GET", "POST"))
@may("draft_contract")
def remove_milestone(reference: str, milestone_id: int) -> Response:
    """Asks, then takes a milestone out."""
    contract = own(reference)
    milestone = queries.get_milestone(contract, milestone_id)
    return council_form(
        contract,
        f"Remove “{milestone.title}”?",
        Form(),
        lambda: actions.remove_milestone(contract.id, get_member(), milestone_id),
        "Milestone removed",
        button="Remove it",
    )


@blueprint.post("/council/contracts/<reference>/ask-signature")
@may("draft_contract")
def ask_signature(reference: str) -> Response:
    """Asks the council's approvers to sign."""
    contract = own(reference)
    return button_that_acts(
        lambda: actions.ask_signature(contract.id, get_member()),
        done="Your approvers are asked to sign",
        back=address_of(contract),
    )


@blueprint.route("/council/contracts/<reference>/sign", methods=("GET", "POST"))
@may("sign_contract")
def sign(reference: str) -> Response:
    """An approver reads the terms once more and signs."""
    contract = own(reference)
    sums = queries.sums_of(contract)
    return council_form(
        contract,
        "Sign for the council",
        Form(),
        lambda: actions.sign_for_council(contract.id, get_member()),
        "Signed. The supplier is asked to sign",
        button="Sign for the council",
        read_again=contract,
        advice=rules.estimate_advice(sums.value_pence, sums.estimate_pence),
    )
