"""Every export, in the order of a purchase: the list behind the page, the command and the data dictionary."""

from __future__ import annotations

from marketplace.auditors.exports import (
    awards,
    bids,
    clarifications,
    contracts,
    declarations,
    invitations,
    invoices,
    journal,
    ledger,
    milestones,
    need_versions,
    needs,
    openings,
    payments,
    people,
    scores,
    summaries,
    suppliers,
)
from marketplace.auditors.exports.shape import Export, Scope
from marketplace.core.errors import NotFound

__all__ = ["EXPORTS", "OFFERED", "Export", "Scope", "get_export"]

# The set that a whole export holds, which other programs read: it neither grows nor shrinks.
EXPORTS: tuple[Export, ...] = (
    needs.EXPORT,
    need_versions.EXPORT,
    clarifications.EXPORT,
    bids.EXPORT,
    openings.EXPORT,
    scores.EXPORT,
    declarations.EXPORT,
    awards.EXPORT,
    summaries.EXPORT,
    contracts.EXPORT,
    milestones.EXPORT,
    suppliers.EXPORT,
    people.EXPORT,
    journal.EXPORT,
)
# What can be taken file by file.
OFFERED = (*EXPORTS, invitations.EXPORT, invoices.EXPORT, payments.EXPORT, ledger.EXPORT)


def get_export(name: str) -> Export:
    """The export of this name; NotFound."""
    for each in OFFERED:
        if each.name == name:
            return each
    raise NotFound("There is no such export.")
