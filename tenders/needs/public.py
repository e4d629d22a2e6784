"""What the public description of a need shows (templates/tenders/needs/_description.html), for every page that has it."""

from __future__ import annotations

import json
from typing import Any

from marketplace.core import clock
from marketplace.reference import capabilities, find_cpv
from tenders import regimes
from tenders.needs.models import Need
from tenders.needs.snapshots import LEFT_DRAFTS, RESERVED_TO
from tenders.needs.status import LABELS, status_of
from tenders.needs.timeline import timeline


def description(need: Need, document_base: str = "") -> dict[str, Any]:
    """The context of _description.html: `described`, lists in the order shown. `document_base` precedes document ids."""
    titles = {each.code: each.title for each in capabilities()}
    codes = [(code, find_cpv(code)) for code in need.cpv_codes.split()]
    formula = next((each for each in regimes.price_formulas() if each.code == need.price_formula), None)
    status = status_of(need)
    return {
        "described": {
            "status": status,
            "label": LABELS[status],
            "capabilities": [titles.get(code, code) for code in need.capabilities],
            "cpv": [(code, each.title if each else "") for code, each in codes],
            "essential": [each for each in need.requirements if each.kind == "essential"],
            "desirable": [each for each in need.requirements if each.kind == "desirable"],
            "documents": [each for each in need.documents if each.removed_at is None],
            "document_base": document_base or f"/needs/{need.reference}/documents/",
            "formula": formula,
            "scale": regimes.scoring_scale(),
            "left_drafts": LEFT_DRAFTS.get(need.left_drafts, ""),
            "reserved_to": RESERVED_TO.get(need.reserved_to, ""),
            "timeline": timeline(need, clock.now()),
        }
    }


def history(need: Need) -> list[dict[str, Any]]:
    """The need's versions, newest first, for _history.html."""
    return [
        {
            "number": each.number,
            "kind": VERSION_KINDS.get(each.kind, each.kind),
            "made_at": each.made_at,
            "reason": each.reason,
            "is_material": each.is_material,
            "sha256": each.sha256,
            "changes": json.loads(each.changes),
        }
        for each in reversed(need.versions)
    ]


VERSION_KINDS = {
    "published": "Published",
    "amended": "Changed",
    "extended": "More time given",
    "withdrawn": "Withdrawn",
    "corrected": "Notice number corrected",
    "award_set_aside": "Award set aside: the council decides anew",
}
