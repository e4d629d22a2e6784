"""The lines of one need that everybody may know, whole, so that each can be hashed and found in the tree.

Before the opening nobody may learn who bids, nor how many: lines about bids are then left out, and nothing tells that
they are. Afterwards a bid appears by its reference; its bidder as a keyed hash, as in the line itself. Lines that name
bidders or what evaluators think are never here: BidsOpened lists the suppliers, of whom the public learns the winner.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from marketplace.core import db
from marketplace.core.errors import NotFound
from marketplace.core.journal import HASH_FORMAT, HASHED, JournalLine, plain
from marketplace.transparency.checkpoints import find_newest
from tenders.bids.queries import shown_lines
from tenders.needs.models import Need

FORMAT = "need-lines/1"
ALWAYS = frozenset(
    {"NeedPublished", "NeedAmended", "NeedExtended", "NeedWithdrawn", "QuestionAnswered", "RegisterClosed"}
)
AFTER_OPENING = frozenset({"BidSubmitted", "DraftTakenAsBid", "BidWithdrawn", "BidRefusedLate", "OpeningBegun"})


def public_lines(reference: str) -> dict[str, Any]:
    """What is told of a published need's lines, up to the newest checkpoint. NotFound."""
    need = db.session.execute(
        select(Need.reference, Need.opened_at).where(
            Need.reference == reference, Need.published_at.is_not(None), Need.source == ""
        )
    ).first()
    if need is None:
        raise NotFound("There is no such need.")
    newest = find_newest()
    told = ALWAYS | (AFTER_OPENING if need.opened_at else frozenset())
    columns = JournalLine.__table__.c
    chosen = select(*(columns[name] for name in HASHED), columns.hash).where(
        JournalLine.need == reference,
        JournalLine.event.in_(sorted(told)),
        JournalLine.number <= (newest.size if newest else 0),
        shown_lines(),
    )
    rows = db.session.execute(chosen.order_by(JournalLine.number))
    return {
        "format": FORMAT,
        "hashed_as": [HASH_FORMAT, *HASHED],
        "need": reference,
        "opened_at": plain(need.opened_at) if need.opened_at else None,
        "lines": [{name: plain(value) for name, value in row._mapping.items()} for row in rows],
    }
