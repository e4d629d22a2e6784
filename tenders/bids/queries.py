"""Finding bids: a firm's own at any time; a council's, an auditor's or an administrator's only after the opening."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import contains_eager, joinedload, lazyload
from sqlalchemy.orm.attributes import set_committed_value

from marketplace.accounts.models import Membership, Person
from marketplace.accounts.permissions import is_granted
from marketplace.core import db
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.journal import JournalLine
from suppliers.profiles.models import Supplier
from tenders.bids import events, rules
from tenders.bids.models import Bid, BidOpening, BidVersion, LateAttempt, OpenerShare
from tenders.needs import queries as need_queries
from tenders.needs.models import Need, PanelMember


class StillSealed(Conflict):
    """Somebody outside the bidding firm asked for bids before their opening; not even their number is told."""

    def __init__(self) -> None:
        super().__init__("The bids for this need have not been opened, so nothing about them can be shown yet.")


# -- for the bidding firm


def find_live_bid(need_id: int, supplier_id: int) -> Bid | None:
    """The firm's bid for this need that it has not withdrawn."""
    query = select(Bid).where(Bid.need_id == need_id, Bid.supplier_id == supplier_id, Bid.withdrawn_at.is_(None))
    return db.session.scalar(query)


def bids_of_supplier(supplier_id: int) -> Sequence[Bid]:
    """Every bid that the firm ever began, the latest first, with its need."""
    query = select(Bid).where(Bid.supplier_id == supplier_id).options(joinedload(Bid.need))
    return db.session.scalars(query.order_by(Bid.id.desc())).all()


def open_bids_of_supplier(supplier_id: int, now: datetime) -> Sequence[Bid]:
    """The firm's bids for needs that have not closed, not withdrawn."""
    query = (
        select(Bid)
        .join(Bid.need)
        .where(Bid.supplier_id == supplier_id, Bid.withdrawn_at.is_(None), Need.closes_at >= now)
        .options(contains_eager(Bid.need))
    )
    return db.session.scalars(query.order_by(Bid.id)).all()


def get_own_bid(reference: str, supplier_id: int) -> Bid:
    """The firm's own bid; NotFound for anyone else's."""
    bid = db.session.scalar(select(Bid).where(Bid.reference == reference, Bid.supplier_id == supplier_id))
    if bid is None:
        raise NotFound("Your firm has no such bid.")
    return bid


def current_version(bid: Bid) -> BidVersion | None:
    """The version that counts, if anything was submitted."""
    return next((each for each in bid.versions if each.number == bid.current_version), None)


def find_version_by_key(bid: Bid, idempotency_key: str) -> BidVersion | None:
    """The version that this very submission made, when it was sent before."""
    return next((each for each in bid.versions if each.idempotency_key == idempotency_key), None)


def late_attempts_of(bid: Bid) -> Sequence[LateAttempt]:
    """What of this firm came too late for this need, in order."""
    query = select(LateAttempt).where(LateAttempt.need_id == bid.need_id, LateAttempt.supplier_id == bid.supplier_id)
    return db.session.scalars(query.order_by(LateAttempt.id)).all()


# Only the row itself: PostgreSQL refuses to lock what an outer join brings along.
_LOCKED_BID = (
    select(Bid)
    .where(Bid.id == bindparam("bid_id"))
    .options(joinedload(Bid.supplier).lazyload(Supplier.capability_rows))
    .with_for_update(of=Bid)
    .execution_options(populate_existing=True)
)


def get_bid(bid_id: int, lock: bool = False) -> Bid:
    """A bid by its id. With `lock`, its need is locked first: an extension and a submission cannot cross."""
    bid = db.session.get(Bid, bid_id)
    if bid is None:
        raise NotFound("There is no such bid.")
    if lock:
        need = lock_need(bid.need_id)
        db.session.scalar(_LOCKED_BID, {"bid_id": bid_id})
        set_committed_value(bid, "need", need)
    return bid


_LOCKED_NEED = (
    select(Need)
    .where(Need.id == bindparam("need_id"))
    .options(lazyload(Need.authority))
    .with_for_update(of=Need)
    .execution_options(populate_existing=True)
)


def lock_need(need_id: int) -> Need:
    """The need as it is now, held until the transaction ends."""
    need = db.session.scalar(_LOCKED_NEED, {"need_id": need_id})
    if need is None:
        raise NotFound(need_queries.NO_NEED)
    return need


def get_supplier_of(member: Membership) -> Supplier:
    """The firm in which the member acts; NotFound for members of anything else."""
    supplier = db.session.get(Supplier, member.organisation_id)
    if supplier is None:
        raise NotFound("Only suppliers have bids.")
    return supplier


def colleagues_who_bid(supplier_id: int) -> list[Person]:
    """The firm's people who may write bids."""
    query = select(Membership).where(
        Membership.organisation_id == supplier_id, Membership.approved_at.is_not(None), Membership.ended_at.is_(None)
    )
    members = db.session.scalars(query.order_by(Membership.id)).unique()
    return [each.person for each in members if is_granted("write_bid", "supplier", each.roles)]


# -- for the council


def duties_on(need: Need, person_id: int) -> list[str]:
    """What the person was named for on this need."""
    query = select(PanelMember.duty).where(PanelMember.need_id == need.id, PanelMember.person_id == person_id)
    return list(db.session.scalars(query.order_by(PanelMember.duty)))


def find_opening(need: Need) -> BidOpening | None:
    """The need's opening, begun or complete."""
    return db.session.scalar(select(BidOpening).where(BidOpening.need_id == need.id))


def opener_shares(need: Need) -> Sequence[OpenerShare]:
    """What each opener holds, in the order in which the shares were made."""
    return db.session.scalars(select(OpenerShare).where(OpenerShare.need_id == need.id).order_by(OpenerShare.id)).all()


def needs_to_open(person_id: int, organisation_id: int) -> Sequence[Need]:
    """The council's published needs, not yet opened, whose bids this person is named to open; by closing instant."""
    named = select(PanelMember.need_id).where(PanelMember.person_id == person_id, PanelMember.duty == "opener")
    query = select(Need).where(
        Need.id.in_(named),
        Need.authority_id == organisation_id,
        Need.published_at.is_not(None),
        Need.withdrawn_at.is_(None),
        Need.opened_at.is_(None),
    )
    return db.session.scalars(query.order_by(Need.closes_at, Need.id)).all()


def needs_naming_opener(person_id: int, organisation_id: int) -> Sequence[Need]:
    """The council's needs, drafts among them, whose bids are not opened and that name this person as an opener."""
    named = select(PanelMember.need_id).where(PanelMember.person_id == person_id, PanelMember.duty == "opener")
    query = select(Need).where(
        Need.id.in_(named),
        Need.authority_id == organisation_id,
        Need.discarded_at.is_(None),
        Need.withdrawn_at.is_(None),
        Need.opened_at.is_(None),
        Need.no_award_at.is_(None),
    )
    return db.session.scalars(query.order_by(Need.closes_at, Need.id)).all()


def sealed_needs_with_duty(person_id: int, organisation_id: int) -> Sequence[Need]:
    """The council's published needs, not opened, whose bids this person opens or assesses; by closing instant."""
    named = select(PanelMember.need_id).where(
        PanelMember.person_id == person_id, PanelMember.duty.in_(("opener", *rules.EVALUATING))
    )
    query = select(Need).where(
        Need.id.in_(named),
        Need.authority_id == organisation_id,
        Need.published_at.is_not(None),
        Need.withdrawn_at.is_(None),
        Need.no_award_at.is_(None),
        Need.opened_at.is_(None),
    )
    return db.session.scalars(query.order_by(Need.closes_at, Need.id)).all()


def opened_bids(need: Need) -> Sequence[Bid]:
    """The bids that were opened, in the order of their receipt. Raises StillSealed before the opening."""
    insist_opened(need)
    query = select(Bid).where(Bid.need_id == need.id, Bid.opened_at.is_not(None))
    return db.session.scalars(query.order_by(Bid.submitted_at, Bid.id)).all()


def get_opened_bid(need: Need, reference: str) -> Bid:
    """One of the opened bids; NotFound, or StillSealed before the opening."""
    found = next((each for each in opened_bids(need) if each.reference == reference), None)
    if found is None:
        raise NotFound("No such bid was opened for this need.")
    return found


def late_attempts_for(need: Need) -> Sequence[LateAttempt]:
    """What reached us too late, by whom and when. Raises StillSealed before the opening."""
    insist_opened(need)
    query = select(LateAttempt).where(LateAttempt.need_id == need.id)
    return db.session.scalars(query.order_by(LateAttempt.received_at, LateAttempt.id)).all()


def is_opened(need: Need) -> bool:
    """Whether the opening of this need's bids is complete."""
    return need.opened_at is not None


def insist_opened(need: Need) -> None:
    """Raises StillSealed before the opening."""
    if not is_opened(need):
        raise StillSealed


def is_withheld(line: JournalLine) -> bool:
    """Whether a line may not be shown to anyone outside the bidding firm yet: pages and exports leave it out."""
    if line.event not in events.WITHHELD:
        return False
    opened_at = db.session.scalar(select(Need.opened_at).where(Need.reference == line.need))
    return opened_at is None


def shown_lines() -> Any:
    """A condition on JournalLine that leaves out what is_withheld would leave out."""
    opened = select(Need.reference).where(Need.opened_at.is_not(None))
    return JournalLine.event.not_in(sorted(events.WITHHELD)) | JournalLine.need.in_(opened)
