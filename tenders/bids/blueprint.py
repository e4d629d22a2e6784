"""The bids room's blueprint, and the stamp of arrival that every request carries."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from tenders.bids.receipt_time import ReceiptTime

blueprint = Blueprint("bids", __name__)


@blueprint.record_once
def _stamp_arrivals(state: BlueprintSetupState) -> None:
    application = cast(Flask, state.app)
    application.wsgi_app = ReceiptTime(application.wsgi_app)  # type: ignore[method-assign]
