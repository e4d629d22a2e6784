"""The blueprint of the assessment's pages."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("assessment", __name__)
