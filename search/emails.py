"""Mails of following and inviting: who is told what of a need that moved."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sqlalchemy import select

from marketplace.accounts.models import Organisation
from marketplace.core import db
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute
from marketplace.core.tokens import make_token
from search.kept import followers_of, get_follow
from search.models import Follow, NeedInvitation
from suppliers.profiles.models import Supplier
from suppliers.profiles.queries import admins_of
from tenders.bids.models import Bid
from tenders.bids.queries import colleagues_who_bid
from tenders.needs.models import Need
from tenders.needs.queries import find_public_need

CONFIRM_FOLLOW, STOP_FOLLOW = "confirm-follow", "stop-follow"


def follow_address(purpose: str, follow: Follow) -> str:
    """The page with the one button that confirms or stops a follow."""
    verb = "confirm" if purpose == CONFIRM_FOLLOW else "stop"
    return absolute(f"/follows/{make_token(purpose, follow.id)}/{verb}")


def to_asker(line: JournalLine) -> Iterator[Letter]:
    """The confirmation mail to whoever's address was entered."""
    follow, need = get_follow(line.facts["follow"])
    if follow.confirmed_at is None or follow.stopped_at is not None or follow.asked_at > follow.confirmed_at:
        context = {**_about(need), "confirm": follow_address(CONFIRM_FOLLOW, follow)}
        yield Letter(follow.email, context)


def to_followers(line: JournalLine, template: str = "", tells_bidders: bool = False) -> Iterator[Letter]:
    """Confirmed followers, and where asked the firms that have a bid or a draft, once an address."""
    need = find_public_need(line.need or line.subject)
    if need is None:
        return
    told: set[str] = set()
    for follow in followers_of(need.id):
        told.add(follow.email)
        stop = follow_address(STOP_FOLLOW, follow)
        yield Letter(follow.email, {**_about(need), "line": line, "facts": line.facts, "stop": stop}, template, stop)
    for email in _bidders(need) if tells_bidders else ():
        if email not in told:
            told.add(email)
            yield Letter(email, {**_about(need), "line": line, "facts": line.facts, "stop": ""}, template)


def _bidders(need: Need) -> list[str]:
    query = select(Bid.supplier_id).where(Bid.need_id == need.id, Bid.withdrawn_at.is_(None)).order_by(Bid.id)
    return [person.email for supplier in db.session.scalars(query) for person in colleagues_who_bid(supplier)]


def to_invited(line: JournalLine) -> Iterator[Letter]:
    """The administrators of the invited firms."""
    need = find_public_need(line.subject)
    if need is None:
        return
    query = (
        select(Supplier, NeedInvitation)
        .join(Organisation, Organisation.id == Supplier.id)
        .join(NeedInvitation, NeedInvitation.supplier_id == Supplier.id)
        .where(
            NeedInvitation.need_id == need.id,
            Organisation.reference.in_(line.facts["suppliers"]),
            Organisation.suspended_at.is_(None),  # since it was invited
        )
    )
    for supplier, invitation in db.session.execute(query.order_by(Supplier.id)).unique():
        for person in admins_of(supplier):
            yield Letter(
                person.email,
                {**_about(need), "name": person.name, "supplier": supplier.name, "reason": invitation.reason},
            )


def _about(need: Need) -> dict[str, object]:
    return {"need": need, "address": absolute(f"/needs/{need.reference}")}


EMAILS: dict[str, Writer] = {
    "FollowAsked": to_asker,
    "NeedAmended": partial(to_followers, tells_bidders=True),
    "NeedExtended": partial(to_followers, tells_bidders=True),
    "NeedWithdrawn": partial(to_followers, tells_bidders=True),
    "QuestionAnswered": partial(to_followers, template="followed-need-answered"),
    "SummariesSent": partial(to_followers, template="followed-need-result"),
    "NoAwardMade": partial(to_followers, template="followed-need-result"),
    "SuppliersInvited": to_invited,
}
