"""The outages room's blueprint."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("outages", __name__)
