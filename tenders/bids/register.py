"""The register of what was received, closed before anything is opened: nobody can add, drop or change a bid after it.

Its root is that of an RFC 6962 tree over the receipts that count, and it is on the need's page and in the journal
before the openers begin. The first leaf is a random number, told after the opening: without it the root of one receipt,
or of none, would tell how many bid. docs/sealed-bids.md has the format.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from marketplace.core import clock, clocks, db, merkle
from marketplace.core.db import action
from marketplace.core.journal import canonical_json, plain, record
from tenders.bids import left_drafts, queries, rules, submission
from tenders.bids.events import RegisterClosed
from tenders.bids.models import Bid, BidVersion, ClosedRegister
from tenders.bids.uploads.sweeping import finish_uploads_for
from tenders.needs.models import Need
from tenders.outages.queries import waiting_problems

FORMAT = "bid-register/1"
_logger = logging.getLogger(__name__)


def close_registers() -> int:
    """Closes the register of every need whose time has come; returns how many. Repeating it does no harm."""
    due = db.session.scalars(
        select(Need.id)
        .where(
            Need.published_at.is_not(None),
            Need.public_key.is_not(None),
            Need.bids_closed_at.is_(None),
            Need.opened_at.is_(None),
            Need.withdrawn_at.is_(None),
            Need.closes_at < clock.now() - rules.SETTLES,
        )
        .order_by(Need.closes_at, Need.id)
    ).all()
    return sum(_close_if_possible(need_id) for need_id in due)


def _close_if_possible(need_id: int) -> bool:
    """One need whose register cannot be closed holds up no other."""
    try:
        return close_register(need_id)
    except Exception:
        db.session.rollback()
        _logger.exception("the register of need %s could not be closed", need_id)
        return False


def close_register(need_id: int) -> bool:
    """Takes in what the council said becomes of drafts left complete, then closes the need's register.

    False when it is closed already, before its time, while clocks differ, and while the deadline may still move because
    of an outage.
    """
    finish_uploads_for(need_id)
    closed, taken = _close(need_id)
    for each in taken:
        submission.forget_draft(each)
    return closed


@action
def _close(need_id: int) -> tuple[bool, list[submission.Submitted]]:
    need = queries.lock_need(need_id)
    is_over = need.bids_closed_at is not None or need.opened_at is not None
    if is_over or rules.register_problems(need, clock.now()) or clocks.problems() or waiting_problems(need):
        return False, []
    taken = left_drafts.take_in(need)
    assert need.closes_at is not None  # register_problems said so
    now, blinding = clock.now(), secrets.token_bytes(32)
    root = root_of(blinding, receipt_leaves(need)).hex()
    db.session.add(
        ClosedRegister(need_id=need.id, closes_at=need.closes_at, closed_at=now, root=root, blinding=blinding.hex())
    )
    need.bids_closed_at = now
    authority = need.authority.reference if need.authority else ""
    record(
        RegisterClosed(
            subject=need.reference, need=need.reference, authority=authority, closes_at=need.closes_at, root=root
        )
    )
    return True, taken


def find_register(need: Need) -> ClosedRegister | None:
    """The register that holds now; None while bidding is open, and for needs opened before registers were kept."""
    query = select(ClosedRegister).where(
        ClosedRegister.need_id == need.id, ClosedRegister.closes_at == need.closes_at
    )
    return db.session.scalar(query)


def was_closed_late(register: ClosedRegister) -> bool:
    """Whether its readers should be told why it was not closed about a minute after the deadline."""
    return register.closed_at > register.closes_at + 5 * rules.SETTLES


def receipt_leaves(need: Need) -> list[bytes]:
    """The leaf of each receipt that counts for the need, in the order of their bytes."""
    query = (
        select(BidVersion.receipt)
        .join(Bid, (Bid.id == BidVersion.bid_id) & (Bid.current_version == BidVersion.number))
        .where(Bid.need_id == need.id, Bid.withdrawn_at.is_(None))
    )
    return sorted(merkle.leaf_hash(each.encode()) for each in db.session.scalars(query))


def root_of(blinding: bytes, leaves: Sequence[bytes]) -> bytes:
    """The root over the blinding and the receipts' leaves."""
    return merkle.root([merkle.leaf_hash(blinding), *leaves])


def is_as_closed(need: Need, register: ClosedRegister) -> bool:
    """Whether the receipts that count now are exactly those that the register was closed over."""
    return root_of(bytes.fromhex(register.blinding), receipt_leaves(need)).hex() == register.root


def as_json(need: Need, register: ClosedRegister) -> str:
    """The register as anyone may have it: its root before the opening; then all that leads to it."""
    told: dict[str, Any] = {
        "format": FORMAT,
        "need_ref": need.reference,
        "closes_at": plain(register.closes_at),
        "closed_at": plain(register.closed_at),
        "root": register.root,
    }
    if need.opened_at is not None:
        told["blinding"] = register.blinding
        told["receipts"] = [each.hex() for each in receipt_leaves(need)]
    return canonical_json(told)
