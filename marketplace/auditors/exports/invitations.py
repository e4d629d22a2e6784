"""invitations.csv: every list of suppliers that a council looked at when it invited some, and what became of each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from search.models import ConsideredSupplier, InvitationRound
from tenders.needs.models import Need

COLUMNS = (
    shape.NEED,
    shape.COUNCIL,
    shape.number("round", "Number of the sending of invitations", "invitation_rounds.id"),
    shape.instant("invited_at", "When the invitations were sent", "invitation_rounds.invited_at"),
    shape.person("invited_by", "Who sent them", "people.pseudonym via invitation_rounds.invited_by_id"),
    shape.words("reason", "Why those were invited", "invitation_rounds.reason"),
    shape.words("reason_for_others", "Why those who stood above them were not", "invitation_rounds.reason_for_others"),
    shape.number("place", "The supplier’s place on the list, 1 for the best fit", "considered_suppliers.place"),
    shape.reference("supplier", "Reference of the supplier", "organisations.reference"),
    shape.words("supplier_name", "Name of the supplier", "organisations.name"),
    shape.code(
        "outcome",
        "invited; invited_before; passed_over: stood above one that was invited; lower_place: stood below all of them",
        "considered_suppliers.outcome",
    ),
    shape.words("fit", "Why it fits, as the list said", "considered_suppliers.fit"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    firm, made, each = aliased(Organisation), InvitationRound, ConsideredSupplier
    chosen = select(
        Need.reference.label("need"),
        Organisation.reference.label("council"),
        made.id.label("round"),
        made.invited_at,
        shape.who(made.invited_by_id).label("invited_by"),
        made.reason,
        made.reason_for_others,
        each.place,
        firm.reference.label("supplier"),
        firm.name.label("supplier_name"),
        each.outcome,
        each.fit,
    )
    rows = chosen.select_from(each).join(made, made.id == each.round_id).join(Need, Need.id == made.need_id)
    query = shape.of_council(rows.join(firm, firm.id == each.supplier_id)).where(shape.published_here())
    return scope.narrow(query, Organisation.slug, made.invited_at).order_by(made.invited_at, made.id, each.place)


EXPORT = shape.Export(
    "invitations",
    "One supplier on a list that was looked at when suppliers were invited",
    "From the sending",
    "invited_at",
    COLUMNS,
    _query,
)
