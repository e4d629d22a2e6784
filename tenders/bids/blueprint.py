"""The bids room's blueprint, and the stamp of arrival that every request carries."""

from __future__ import annotations

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from tenders.bids.receipt_time import ReceiptTime

blueprint = Blueprint("bids", __name__)


@blueprint.record_once
def _stamp_arrivals(state: BlueprintSetupState) -> None:
    state.app.wsgi_app = ReceiptTime(state.app.wsgi_app)  # type: ignore[method-assign, assignment]
