"""The traces room's blueprint: no page of its own, the trace of every request that a bidder makes about a bid."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from marketplace.core.arrival import BROKEN
from tenders.traces import noting
from tenders.traces.noting import Traced, note_broken

blueprint = Blueprint("traces", __name__)


@blueprint.record_once
def _trace_requests(state: BlueprintSetupState) -> None:
    application = cast(Flask, state.app)
    application.wsgi_app = Traced(application.wsgi_app, application)  # type: ignore[method-assign]
    application.before_request(noting.note_starter)
    application.after_request(noting.note_answer)
    if note_broken not in BROKEN:
        BROKEN.append(note_broken)
