"""Who is told what by mail. No mail says anything of a bid's content."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.accounts.queries import find_person_by_pseudonym
from marketplace.core import db
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute
from tenders.bids import queries
from tenders.bids.models import Bid
from tenders.bids.opener_keys import find_key
from tenders.needs import queries as need_queries


def to_bidders(line: JournalLine) -> Iterable[Letter]:
    """Submitted, taken in as it was left, withdrawn, refused as late: everyone of the firm who may bid."""
    bid = _bid(line.subject)
    facts = line.facts
    context = {
        "bid": bid.reference,
        "title": bid.need.title,
        "buyer": bid.need.buyer_name,
        "closes_at": bid.need.closes_at,
        "version": facts.get("version"),
        "received_at": _instant(facts["received_at"]),
        "closed_at": _instant(facts["closed_at"]) if "closed_at" in facts else None,
        "kind": facts.get("kind", ""),
        "fingerprint": facts.get("manifest_hash", ""),
        "link": absolute(f"/supplier/bids/{bid.reference}"),
    }
    return [Letter(each.email, {**context, "name": each.name}) for each in _team(bid)]


def to_forgetful_bidders(line: JournalLine) -> Iterable[Letter]:
    """A draft waits a day before bidding closes: everyone of the firm who may bid."""
    bid = _bid(line.subject)
    context = {
        "title": bid.need.title,
        "buyer": bid.need.buyer_name,
        "closes_at": bid.need.closes_at,
        "version": bid.current_version,
        "counted": bid.need.left_drafts == "counted",
        "link": absolute(f"/supplier/bids/{bid.reference}/review"),
    }
    return [Letter(each.email, {**context, "name": each.name}) for each in _team(bid)]


def to_bidders_with_found_files(line: JournalLine) -> Iterable[Letter]:
    """A virus scanner knows something in a file of the draft: everyone of the firm who may bid, while there is time."""
    if not line.facts["found"]:
        return []
    bid = _bid(line.subject)
    context = {
        "title": bid.need.title,
        "buyer": bid.need.buyer_name,
        "closes_at": bid.need.closes_at,
        "link": absolute(f"/supplier/bids/{bid.reference}/files"),
    }
    return [Letter(each.email, {**context, "name": each.name}) for each in _team(bid)]


def to_other_openers(line: JournalLine) -> Iterable[Letter]:
    """The first act waits: the other openers have thirty minutes."""
    need = need_queries.get_need_by_reference(line.need)
    opening = queries.find_opening(need)
    others = [each.person for each in queries.opener_shares(need)]
    context = {
        "title": need.title,
        "expires_at": _instant(line.facts["expires_at"]),
        "first": opening.first_opener.name if opening else "A colleague",
        "link": absolute(f"/council/needs/{need.reference}/opening"),
    }
    return [Letter(each.email, {**context, "name": each.name}) for each in others if each.pseudonym != line.actor]


def to_opened_bidders(line: JournalLine) -> Iterable[Letter]:
    """Every firm whose bid was opened."""
    letters = []
    for listed in line.facts["bids"]:
        bid = _bid(listed["bid"])
        context = {
            "bid": bid.reference,
            "title": bid.need.title,
            "buyer": bid.need.buyer_name,
            "opened_at": line.at,
            "link": absolute(f"/supplier/bids/{bid.reference}"),
        }
        letters += [Letter(each.email, {**context, "name": each.name}) for each in _team(bid)]
    return letters


def to_named_openers(line: JournalLine) -> Iterable[Letter]:
    """Who was named as an opener and has no opening passphrase yet."""
    need = need_queries.get_need_by_reference(line.need)
    for pseudonym in line.facts["people"]:
        person = find_person_by_pseudonym(pseudonym)
        if person is not None and find_key(person.id) is None:
            context = {"name": person.name, "title": need.title or need.reference, "link": absolute(OWN_KEY)}
            yield Letter(person.email, context)


def to_key_owner(line: JournalLine) -> Iterable[Letter]:
    """Whoever set, changed or replaced an opening passphrase hears of it, in case it was somebody else."""
    person = find_person_by_pseudonym(line.subject)
    if person is not None:
        yield Letter(person.email, {"name": person.name, "at": line.at, "link": absolute(OWN_KEY)})


def to_openers(line: JournalLine) -> Iterable[Letter]:
    """A share passed on: every opener of the need, and who gave it."""
    need = need_queries.get_need_by_reference(line.need)
    told = {each.person.pseudonym: each.person for each in queries.opener_shares(need)}
    names = {each: find_person_by_pseudonym(line.facts[each]) for each in ("giver", "loser", "receiver") if each in line.facts}
    context = {
        "title": need.title,
        "before": next((each.name for role, each in names.items() if each and role != "receiver"), "An opener"),
        "receiver": names["receiver"].name if names["receiver"] else "an opener",
        "link": absolute(f"/council/needs/{need.reference}/key"),
    }
    everyone = {**told, **{each.pseudonym: each for each in names.values() if each}}
    return [Letter(each.email, {**context, "name": each.name}) for each in everyone.values()]


OWN_KEY = "/account/opening-passphrase"
EMAILS: dict[str, Writer] = {
    "BidSubmitted": to_bidders,
    "DraftTakenAsBid": to_bidders,
    "DraftWaits": to_forgetful_bidders,
    "DraftFilesChecked": to_bidders_with_found_files,
    "DraftNotTaken": to_forgetful_bidders,
    "BidWithdrawn": to_bidders,
    "BidRefusedLate": to_bidders,
    "OpeningBegun": to_other_openers,
    "BidsOpened": to_opened_bidders,
    "OpenersNamed": to_named_openers,
    "ShareHandedOver": to_openers,
    "ShareRecovered": to_openers,
    "OpenerKeyMade": to_key_owner,
    "OpenerPassphraseChanged": to_key_owner,
    "OpenerKeyReplaced": to_key_owner,
}


def _bid(reference: str) -> Bid:
    return db.session.scalars(select(Bid).where(Bid.reference == reference)).one()


def _team(bid: Bid) -> list[Person]:
    return queries.colleagues_who_bid(bid.supplier_id)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
