"""What everybody reads of outages on a need's page."""

from __future__ import annotations

from tenders.outages import queries, rules
from tenders.outages.models import KEEP


def outages_of(need_id: int) -> list[str]:
    """A sentence for each outage that hit a deadline of the need and was not answered by more time."""
    found = []
    for hit in queries.hits_of_id(need_id):
        away = f"This service was away {rules.away_words(hit.outage)}."
        if rules.is_pending(hit, hit.need):
            found.append(f"{away} The council decides whether bids close later. Until then no bid is opened.")
        elif hit.decided_at is not None and hit.choice == KEEP:
            found.append(f"{away} The council decided that the closing time stands: {hit.reason}")
    return found
