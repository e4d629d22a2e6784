"""contracts.csv: what was signed, what it has become through approved changes, and how it ended."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from tenders.awards.models import Award
from tenders.contracts.models import Contract, Milestone, Modification
from tenders.needs.models import Need

COLUMNS = (
    shape.reference("reference", "Reference of the contract", "contracts.reference"),
    shape.NEED,
    shape.reference("council", "Reference of the council", "organisations.reference via contracts.authority_id"),
    shape.reference("award", "Reference of the award", "awards.reference via contracts.award_id"),
    shape.reference("supplier", "Reference of the supplier", "organisations.reference via contracts.supplier_id"),
    shape.words("supplier_name", "The supplier’s name", "organisations.name via contracts.supplier_id"),
    shape.words("title", "Title of the contract", "contracts.title"),
    shape.money("first_value_gbp", "Value as signed; empty until then", "contracts.first_value_pence"),
    shape.money("value_gbp", "Value now, approved changes in it", "contracts.value_pence"),
    shape.number("modifications", "Approved changes", "count of modifications", "changes"),
    shape.money("modifications_gbp", "Sum of approved changes of value", "sum of modifications.value_change_pence"),
    shape.day("starts_on", "First day", "contracts.starts_on"),
    shape.day("first_ends_on", "Last day as signed; empty until then", "contracts.first_ends_on"),
    shape.day("ends_on", "Last day now", "contracts.ends_on"),
    shape.instant("drafted_at", "When it was begun", "contracts.drafted_at"),
    shape.person("written_by", "Who wrote the terms last", "people.pseudonym via contracts.written_by_id"),
    shape.instant("council_signed_at", "When the council signed", "contracts.council_signed_at"),
    shape.person(
        "council_signed_by", "Who signed, never the writer", "people.pseudonym via contracts.council_signed_by_id"
    ),
    shape.instant("supplier_signed_at", "When the supplier signed", "contracts.supplier_signed_at"),
    shape.person(
        "supplier_signed_by", "Who signed for the supplier", "people.pseudonym via contracts.supplier_signed_by_id"
    ),
    shape.money("accepted_gbp", "Sum of the milestones accepted so far", "sum of milestones.amount_pence"),
    shape.instant("ended_at", "When it ended", "contracts.ended_at"),
    shape.code("end_kind", "How it ended", "contracts.end_kind"),
    shape.words("end_reason", "Why it ended", "contracts.end_reason"),
    shape.words("outcome", "What residents got, in the council’s words", "contracts.outcome"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    c, firm = Contract, aliased(Organisation)
    approved = (Modification.contract_id == c.id, Modification.approved_at.is_not(None))
    accepted = (Milestone.contract_id == c.id, Milestone.accepted_at.is_not(None))
    changes = select(func.count(Modification.id)).where(*approved).scalar_subquery()
    chosen = select(
        c.reference,
        Need.reference.label("need"),
        Organisation.reference.label("council"),
        Award.reference.label("award"),
        firm.reference.label("supplier"),
        firm.name.label("supplier_name"),
        c.title,
        c.first_value_pence,
        c.value_pence,
        changes.label("modifications"),
        _sum(Modification.value_change_pence, approved).label("modifications_pence"),
        c.starts_on,
        c.first_ends_on,
        c.ends_on,
        c.drafted_at,
        shape.who(c.written_by_id).label("written_by"),
        c.council_signed_at,
        shape.who(c.council_signed_by_id).label("council_signed_by"),
        c.supplier_signed_at,
        shape.who(c.supplier_signed_by_id).label("supplier_signed_by"),
        _sum(Milestone.amount_pence, accepted).label("accepted_pence"),
        c.ended_at,
        c.end_kind,
        c.end_reason,
        c.outcome,
    )
    query = chosen.select_from(c).join(Need, Need.id == c.need_id).join(Award, Award.id == c.award_id)
    query = query.join(Organisation, Organisation.id == c.authority_id).join(firm, firm.id == c.supplier_id)
    return scope.narrow(query, Organisation.slug, c.drafted_at).order_by(c.drafted_at, c.id)


def _sum(pence: Any, conditions: tuple[Any, ...]) -> Any:
    return select(func.coalesce(func.sum(pence), 0)).where(*conditions).scalar_subquery()


EXPORT = shape.Export(
    "contracts", "One contract, signed or still in draft", "From its drafting", "drafted_at", COLUMNS, _query
)
