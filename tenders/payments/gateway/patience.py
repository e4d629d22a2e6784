"""Work for the timetable that needs Stripe: while it is away, everything else that falls due goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable

from marketplace.core import db
from tenders.payments.gateway import door

_logger = logging.getLogger(__name__)


def unless_away(deed: Callable[[], int]) -> int:
    """What the deed did; 0 without a key, and when Stripe does not answer or refuses, which is logged."""
    if not door.is_on():
        return 0
    try:
        return deed()
    except (door.GatewayDown, door.GatewayRefused) as fault:
        db.session.rollback()
        _logger.warning("put off, because of Stripe: %s", fault.message)
        return 0
