"""Who is written to about a decision. A bidder's mail is a link to its own page: no score stands in a mail."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.core import db
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute
from tenders.awards.models import Award
from tenders.bids import queries as bid_queries
from tenders.bids.models import Bid
from tenders.needs import queries as need_queries


def to_award_approver(line: JournalLine) -> Iterable[Letter]:
    """An award is proposed: the named approver decides."""
    award = _award(line)
    return [_to(each.person, award, "/decide") for each in award.need.people_with("award_approver")]


def to_proposer(line: JournalLine) -> Iterable[Letter]:
    """Sent back: whoever proposed reads what should change."""
    award = _award(line)
    return [_to(each, award, reason=award.return_reason) for each in _by_id(award.proposed_by_id)]


def to_officers(line: JournalLine) -> Iterable[Letter]:
    """Approved: the officers explain it and tell the bidders."""
    award = _award(line)
    return [_to(each, award, "/explanations") for each in need_queries.officers_of_need(award.need)]


def to_bidders(line: JournalLine) -> Iterable[Letter]:
    """Everybody at every firm whose bid was opened."""
    bids = db.session.scalars(select(Bid).where(Bid.reference.in_(line.facts["bids"])).order_by(Bid.id)).all()
    return [
        Letter(
            each.email,
            {
                "name": each.name,
                "bid": bid.reference,
                "title": bid.need.title,
                "buyer": bid.need.buyer_name,
                "link": absolute(f"/supplier/bids/{bid.reference}/feedback"),
            },
        )
        for bid in bids
        for each in bid_queries.colleagues_who_bid(bid.supplier_id)
    ]


def to_decider(line: JournalLine) -> Iterable[Letter]:
    """It is proposed to set the award aside: the award approver decides."""
    award = _award(line)
    people = [each.person for each in award.need.people_with("award_approver")]
    return [_to(each, award, "/set-aside/decide") for each in people if each.id != award.set_aside_asked_by_id]


EMAILS: dict[str, Writer] = {
    "AwardProposed": to_award_approver,
    "AwardReturned": to_proposer,
    "AwardApproved": to_officers,
    "SummariesSent": to_bidders,
    "NoAwardMade": to_bidders,
    "SettingAsideAsked": to_decider,
    "AwardSetAside": to_bidders,
}


def _award(line: JournalLine) -> Award:
    return db.session.scalars(select(Award).where(Award.reference == line.subject)).one()


def _by_id(person_id: int) -> list[Person]:
    found = db.session.get(Person, person_id)
    return [found] if found is not None and found.erased_at is None else []


def _to(person: Person, award: Award, path: str = "", **more: object) -> Letter:
    need = award.need
    link = absolute(f"/council/needs/{need.reference}/award{path}")
    return Letter(
        person.email, {"name": person.name, "title": need.title, "reference": need.reference, "link": link, **more}
    )
