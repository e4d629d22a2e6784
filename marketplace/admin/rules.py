"""What stands in the way of approving, suspending and lifting. No database."""

from __future__ import annotations

from marketplace.accounts.models import Organisation
from marketplace.core.errors import Problem


def suspension_problems(organisation: Organisation, reason: str) -> list[Problem]:
    """Whether this organisation can be suspended, for this reason."""
    if organisation.kind == "platform":
        return [Problem("The service’s own organisation cannot be suspended")]
    if organisation.suspended_at is not None:
        return [Problem("It is suspended already")]
    if organisation.approved_at is None:
        return [Problem("It has not been approved, so there is nothing to suspend")]
    if not reason.strip():
        return [Problem("Enter a reason. The organisation’s people read it", "reason")]
    return []
