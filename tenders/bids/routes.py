"""Gathers the room's pages: the bidder's, and the council's."""

from __future__ import annotations

from tenders.bids import (
    council_routes,
    council_tasks,
    draft_routes,
    key_routes,
    receipt_routes,
    recovery_routes,
    sealed_routes,
    submission_routes,
    trace_routes,
)
from tenders.bids.blueprint import blueprint
from tenders.bids.uploads import routes as upload_routes

__all__ = [
    "blueprint", "council_routes", "council_tasks", "draft_routes", "key_routes", "receipt_routes", "submission_routes",
    "recovery_routes", "sealed_routes", "trace_routes", "upload_routes",
]  # fmt: skip
