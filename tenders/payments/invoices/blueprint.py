"""The invoices room's blueprint; routes.py gathers its pages."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("invoices", __name__)
