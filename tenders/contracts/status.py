"""The status of a contract, read from its facts; the first that holds."""

from __future__ import annotations

from tenders.contracts.models import Contract

END_KINDS = {
    "completed": "Completed",
    "expired": "Expired",
    "terminated": "Terminated early",
}
LABELS = {
    "draft": "Draft",
    "to_sign": "Waits for the council's signature",
    "sent": "Waits for the supplier's signature",
    "void": "Award set aside",
    "active": "Active",
    **END_KINDS,
}
COLOURS = {"draft": "grey", "to_sign": "yellow", "sent": "yellow", "active": "green", "terminated": "red"}


def status_of(contract: Contract) -> str:
    """The contract's status by its name in LABELS."""
    if contract.ended_at is not None:
        return contract.end_kind
    if contract.is_signed:
        return "active"
    if contract.award is not None and contract.award.is_set_aside:
        return "void"
    if contract.council_signed_at is not None:
        return "sent"
    return "to_sign" if contract.signature_asked_at is not None else "draft"
