"""The pages of a firm as a whole: its own profile, and its portable record."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, current_app

from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.pages import page
from suppliers.profiles import queries
from suppliers.profiles.models import SIZES
from suppliers.record import as_plain, portable_record, profile_hints, public_profile

blueprint = Blueprint("suppliers", __name__)


@blueprint.route("/supplier/profile")
@may("see_supplier_area")
def own() -> Any:
    """The firm's profile as its people see it, with what would make it fuller."""
    profile = public_profile(queries.get_supplier(get_member().organisation_id))
    hints = profile_hints(profile)
    return page("suppliers/profiles/own.html", title="Your profile", profile=profile, hints=hints, sizes=SIZES)


@blueprint.route("/supplier/profile/download")
@may("edit_profile")
def download() -> Any:
    """Everything that is kept of the firm, as JSON."""
    supplier = queries.get_supplier(get_member().organisation_id)
    text = json.dumps(portable_record(supplier), default=as_plain, ensure_ascii=False, indent=2)
    response: Response = current_app.response_class(text, mimetype="application/json")
    name = f"{supplier.slug}-{clock.today().isoformat()}.json"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
