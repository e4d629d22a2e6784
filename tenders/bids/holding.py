"""Who holds a share of a need's key, and whether it can still be used: read from facts, told in words."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from marketplace.accounts.models import Membership, Person
from marketplace.accounts.permissions import is_granted
from marketplace.core import db
from tenders.bids import keys, queries
from tenders.bids.key_models import OpenerKey
from tenders.bids.models import OpenerShare
from tenders.needs import queries as need_queries
from tenders.needs.models import Need

WORDS = {
    "unset": "has not set an opening passphrase yet",
    "set": "has set an opening passphrase",
    "holds": "holds a share",
    "key_file": "holds a share that hangs on a key file of the service, until an opening passphrase is set",
    "lost": "has lost the share with an earlier passphrase",
    "gone": "has left or no longer has the role, and still holds a share",
    "none": "holds no share",
}


@dataclass(frozen=True)
class Holder:
    """An opener of a need and how it stands with the opener's share: one of WORDS."""

    person: Person
    state: str

    @property
    def words(self) -> str:
        return WORDS[self.state]

    @property
    def can_open(self) -> bool:
        return self.state in ("holds", "key_file")


def holders_of(need: Need) -> list[Holder]:
    """Every opener of the need in the order of naming; until publication whether a passphrase is set."""
    people = [each.person for each in need.people_with("opener")]
    if need.published_at is None:
        ready = keys.opener_keys_of(people)
        return [Holder(each, "set" if each.id in ready else "unset") for each in people]
    shares = {each.person_id: each for each in queries.opener_shares(need)}
    usable = {each.person_id for each in usable_shares(need)}
    able = people_able_to_open(need)
    return [Holder(each, _state(shares.get(each.id), each.id in usable, each.id in able)) for each in people]


def _state(share: OpenerShare | None, is_usable: bool, is_able: bool) -> str:
    if share is None:
        return "none"
    if not is_usable:
        return "lost"
    if not is_able:
        return "gone"
    return "key_file" if share.wrapping == keys.KEY_FILE else "holds"


def usable_shares(need: Need) -> list[OpenerShare]:
    """The shares that their holders' present keys can unwrap."""
    shares = queries.opener_shares(need)
    pairs = keys.opener_keys_of([each.person for each in shares])
    return [each for each in shares if each.wrapping == keys.KEY_FILE or _fits(each, pairs)]


def _fits(share: OpenerShare, pairs: dict[int, OpenerKey]) -> bool:
    pair = pairs.get(share.person_id)
    return pair is not None and pair.public_key == share.public_key


def can_open(member: Membership) -> bool:
    """Whether a member of a council may be named as an opener and take part in an opening."""
    return member.is_live and is_granted("open_bids", "authority", member.roles)


def people_able_to_open(need: Need) -> set[int]:
    """The ids of the council's present people whose roles let them open bids."""
    members = need_queries.members_of(need.authority_id) if need.authority_id else []
    return {each.person_id for each in members if can_open(each)}


def names_of(need: Need) -> dict[str, str]:
    """Pseudonym -> name of everybody who is or was a member of the need's council."""
    query = select(Person.pseudonym, Person.name).join(Membership, Membership.person_id == Person.id)
    rows = db.session.execute(query.where(Membership.organisation_id == need.authority_id))
    return {pseudonym: name for pseudonym, name in rows}


def count_on_key_files() -> tuple[int, int]:
    """How many shares of needs that are still sealed hang on key files, and of how many needs."""
    query = (
        select(func.count(OpenerShare.id), func.count(func.distinct(OpenerShare.need_id)))
        .join(Need)
        .where(OpenerShare.wrapping == keys.KEY_FILE, Need.opened_at.is_(None), Need.withdrawn_at.is_(None))
    )
    shares, needs = db.session.execute(query).one()
    return shares, needs
