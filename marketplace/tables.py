"""Imports every room's tables, so that Base.metadata is whole: for migrations, backups and tests."""

from __future__ import annotations

import importlib

from sqlalchemy import MetaData

from marketplace.core.db import Base

MODULES = (
    "marketplace.core.journal",
    "marketplace.core.jobs",
    "marketplace.core.mail",
    "marketplace.core.references",
    "marketplace.accounts.models",
    "suppliers.profiles.models",
    "suppliers.solutions.models",
    "suppliers.evidence.models",
    "tenders.needs.models",
    "tenders.outages.models",
    "tenders.clarifications.models",
    "tenders.bids.models",
    "tenders.bids.key_models",
    "tenders.bids.uploads.models",
    "tenders.assessment.models",
    "tenders.awards.models",
    "tenders.contracts.models",
    "tenders.payments.ledger.models",
    "tenders.payments.gateway.models",
    "tenders.payments.invoices.models",
    "tenders.payments.paying.models",
    "tenders.payments.subscriptions.models",
    "tenders.payments.reports.models",
    "tenders.notices.models",
    "search.models",
    "marketplace.transparency.models",
    "marketplace.timetable",
)


def all_tables() -> MetaData:
    """The metadata with every table of the house in it."""
    for module in MODULES:
        importlib.import_module(module)
    return Base.metadata
