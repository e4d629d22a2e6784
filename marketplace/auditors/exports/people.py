"""people.csv: who stands behind a pseudonym, as far as an auditor needs it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, case, func, select

from marketplace.accounts.models import Membership, MembershipRole, Organisation, Person
from marketplace.auditors.exports import shape

COLUMNS = (
    shape.reference("pseudonym", "How every other file and the journal name the person", "people.pseudonym"),
    shape.words("name", "The person’s name; empty once erased", "people.name"),
    shape.words("email", "E-mail address; empty once erased, and for suppliers’ people", "people.email"),
    shape.reference("organisation", "Reference of the organisation", "organisations.reference"),
    shape.words("organisation_name", "Its name", "organisations.name"),
    shape.code("organisation_kind", "authority, supplier, audit_body or platform", "organisations.kind"),
    shape.code(
        "roles",
        "Roles now, parted by spaces",
        "membership_roles.role",
        lambda row: " ".join(sorted((row.roles or "").split())),
    ),
    shape.instant("joined_at", "When the membership was approved", "memberships.approved_at"),
    shape.instant("left_at", "When it ended", "memberships.ended_at"),
    shape.instant("erased_at", "When name and address were erased", "people.erased_at"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    m, o, p = Membership, Organisation, Person
    roles = select(func.aggregate_strings(MembershipRole.role, " ")).where(MembershipRole.membership_id == m.id)
    is_kept = p.erased_at.is_(None)
    chosen = select(
        p.pseudonym,
        case((is_kept, p.name), else_="").label("name"),
        case((is_kept & (o.kind != "supplier"), p.email), else_="").label("email"),
        o.reference.label("organisation"),
        o.name.label("organisation_name"),
        o.kind.label("organisation_kind"),
        roles.correlate(m).scalar_subquery().label("roles"),
        m.approved_at.label("joined_at"),
        m.ended_at.label("left_at"),
        p.erased_at,
    )
    query = chosen.select_from(m).join(p, p.id == m.person_id).join(o, o.id == m.organisation_id)
    query = query.where(m.approved_at.is_not(None))
    if scope.council:
        query = query.where(o.kind == "authority")
    return scope.narrow(query, o.slug, m.approved_at).order_by(m.approved_at, m.id)


EXPORT = shape.Export(
    "people",
    "One person’s membership of one organisation, now or before",
    "From the approval of the membership",
    "joined_at",
    COLUMNS,
    _query,
)
