"""The pages of invoices, gathered for the application."""

from __future__ import annotations

from tenders.payments.invoices import council_routes, keeping, sending_routes, supplier_routes, tasks
from tenders.payments.invoices.blueprint import blueprint

__all__ = ["blueprint", "council_routes", "keeping", "sending_routes", "supplier_routes", "tasks"]
