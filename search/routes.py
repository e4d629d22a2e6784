"""The pages of the search room, gathered."""

from __future__ import annotations

from search import (
    following_routes,
    forgetting,
    list_routes,
    matching_routes,
    own_record,
    saved_routes,
)
from search.blueprint import blueprint

__all__ = ["blueprint", "following_routes", "forgetting", "list_routes", "matching_routes", "own_record", "saved_routes"]
