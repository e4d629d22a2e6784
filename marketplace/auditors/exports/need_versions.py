"""need_versions.csv."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Select, select

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from tenders.needs.models import Need, NeedVersion


def _changed_fields(row: Any) -> str:
    return " ".join(each["field"] for each in json.loads(row.changes) if "field" in each)


COLUMNS = (
    shape.NEED,
    shape.COUNCIL,
    shape.number("version", "Number of the version, from 1", "need_versions.number"),
    shape.code("kind", "published, amended, extended, withdrawn, corrected (its notice's number) or award_set_aside", "need_versions.kind"),
    shape.instant("made_at", "When the version became public", "need_versions.made_at"),
    shape.person("made_by", "Who made it", "people.pseudonym via need_versions.made_by_id"),
    shape.claim("is_material", "Whether it changes what suppliers bid for", "need_versions.is_material"),
    shape.words("reason", "The published reason", "need_versions.reason"),
    shape.code("changed_fields", "Which parts changed, parted by spaces", "need_versions.changes", _changed_fields),
    shape.words("changes", "Every change as JSON: field, before, after", "need_versions.changes"),
    shape.words("snapshot", "The whole public text of this version as JSON", "need_versions.snapshot"),
    shape.reference("sha256", "SHA-256 of the snapshot’s text", "need_versions.sha256"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    v = NeedVersion
    chosen = select(
        Need.reference.label("need"),
        Organisation.reference.label("council"),
        v.number.label("version"),
        v.kind,
        v.made_at,
        shape.who(v.made_by_id).label("made_by"),
        v.is_material,
        v.reason,
        v.changes,
        v.snapshot,
        v.sha256,
    )
    query = shape.of_council(chosen.select_from(v).join(Need, Need.id == v.need_id)).where(shape.published_here())
    return scope.narrow(query, Organisation.slug, v.made_at).order_by(v.made_at, v.id)


EXPORT = shape.Export(
    "need_versions",
    "One published version of a need: first publication, amendment, extension or withdrawal",
    "From the version’s publication",
    "made_at",
    COLUMNS,
    _query,
)
