"""The blueprint of the administrator's pages; its routes are gathered in `routes`."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("admin", __name__)
