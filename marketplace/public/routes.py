"""The public pages, gathered."""

from __future__ import annotations

from marketplace.public import (
    front_routes,
    need_routes,
    open_data_routes,
    people_routes,
)
from marketplace.public.blueprint import blueprint

__all__ = ["blueprint", "front_routes", "need_routes", "open_data_routes", "people_routes"]
