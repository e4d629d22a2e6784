"""A share passes on: handed over by its holder, or made anew with the council's recovery key by two people.

An opener never holds two shares of a need, one point of the splitting is never held twice, and nobody who assesses bids
or keeps the recovery key holds any. The recovery share can stand in for one lost share at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from marketplace.accounts.models import Membership, Person
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotAllowed, NotFound, Problem, Problems, insist
from marketplace.core.journal import record
from tenders.bids import holding, keys, opener_keys, opening, queries, recovery, rules, sealed
from tenders.bids.events import (
    ShareHandedOver,
    ShareRecovered,
    ShareRecoveryApproved,
    ShareRecoveryAsked,
    ShareRecoveryRefused,
)
from tenders.bids.key_models import OpenerKey, ShareRecovery
from tenders.bids.models import OpenerShare
from tenders.needs import queries as need_queries
from tenders.needs.actions import get_own_need, subject_of
from tenders.needs.models import DutyReplacement, Need


def sealed_problems(need: Need) -> list[Problem]:
    """Shares move only while there is something for them to open."""
    if need.published_at is None:
        return [Problem("This need is not published yet. Name its openers in the section on people")]
    if need.opened_at is not None:
        return [Problem("The bids are open, so nobody needs a share any more")]
    if need.withdrawn_at is not None or need.no_award_at is not None:
        return [Problem("This purchase has ended, so nobody needs a share any more")]
    return []


def receiver_problems(need: Need, person: Person | None, pair: OpenerKey | None, is_able: bool) -> list[Problem]:
    """Whether this colleague can get a share: may open bids, has a passphrase, has no other duty or share in the way."""
    if person is None or not is_able:
        return [Problem("Choose a colleague who may open bids", "person")]
    found = []
    if pair is None:
        found.append(Problem(f"{person.name} has not set an opening passphrase yet. Ask for that first", "person"))
    if rules.is_assessing([each.duty for each in need.panel if each.person_id == person.id]):
        found.append(Problem(f"{person.name} assesses these bids, and who does that opens none", "person"))
    if any(each.person_id == person.id for each in holding.usable_shares(need)):
        found.append(Problem(f"{person.name} holds a share already. Nobody holds two", "person"))
    key = keys.find_recovery_key(need.authority_id)
    if key is not None and person.id in key.keeper_ids:
        found.append(Problem(f"{person.name} keeps the recovery key, and with a share could open bids alone", "person"))
    return found


def fit_to_receive(need: Need) -> list[Person]:
    """The colleagues who could get a share now, by name."""
    able = [each.person for each in need_queries.members_of(need.authority_id or 0) if holding.can_open(each)]
    pairs = keys.opener_keys_of(able)
    return [each for each in able if not receiver_problems(need, each, pairs.get(each.id), True)]


# -- handed over by its holder


def hand_over(need_id: int, member: Membership, passphrase: str, person_id: int, reason: str) -> OpenerShare:
    """The holder's share goes to a colleague, who takes over the duty too. Raises Problems."""
    own = _own_share(need_queries.get_need(need_id), member)
    pair = opener_keys.find_key(member.person_id)
    if pair is None or own.public_key != pair.public_key:
        raise Problems([Problem("Your share does not hang on your present opening passphrase, so you cannot pass it on")])
    try:
        private = opener_keys.unlock(pair, passphrase)
    except opener_keys.WrongOpeningPassphrase:
        opening.record_refusal(need_id, member, "handing_over")
        raise
    try:
        return _hand_over(need_id, member, private, person_id, reason)
    finally:
        private.forget()


@action
def _hand_over(
    need_id: int, member: Membership, private: sealed.PrivateKey, person_id: int, reason: str
) -> OpenerShare:
    need = get_own_need(need_id, member)
    insist(sealed_problems(need))
    person, pair = _get_receiver(need, person_id)
    if not reason.strip():
        raise Problems([Problem("Say why somebody else takes over", "reason")])
    own = _own_share(need, member)
    share = sealed.unwrap_share(
        own.wrapped_share, private, need_ref=need.reference, opener=member.person.pseudonym
    )
    given = _give(need, own, replace(share, opener=person.pseudonym), pair)
    _pass_duty(need, member.person, person, member, reason)
    record(
        ShareHandedOver(**subject_of(need), giver=member.person.pseudonym, receiver=person.pseudonym),
        member.actor("opener"),
    )
    return given


def _own_share(need: Need, member: Membership) -> OpenerShare:
    found = next((each for each in queries.opener_shares(need) if each.person_id == member.person_id), None)
    if found is None or need.authority_id != member.organisation_id:
        raise NotAllowed("You hold no share of this need's key.")
    return found


def _get_receiver(need: Need, person_id: int) -> tuple[Person, OpenerKey]:
    person = db.session.get(Person, person_id)
    pair = opener_keys.find_key(person_id)
    insist(receiver_problems(need, person, pair, person_id in holding.people_able_to_open(need)))
    assert person is not None and pair is not None  # receiver_problems saw to it
    return person, pair


def _give(need: Need, instead_of: OpenerShare | None, share: sealed.Share, pair: OpenerKey) -> OpenerShare:
    """Old wrappings of this point go before the new one comes, so that no point is held twice.

    A begun opening is begun again: its first share was entrusted to others.
    """
    for each in queries.opener_shares(need):
        if each is instead_of or each.person_id == pair.person_id or each.point == share.index:
            db.session.delete(each)
    db.session.flush()
    given = keys.new_share(need, pair, share)
    db.session.add(given)
    begun = queries.find_opening(need)
    if begun is not None and begun.opened_at is None:
        begun.expires_at = min(begun.expires_at, clock.now())
    db.session.flush()
    return given


def _pass_duty(need: Need, left: Person, named: Person, member: Membership, reason: str) -> None:
    now = clock.now()
    for each in need.people_with("opener"):
        if each.person_id == left.id:
            each.person_id, each.named_at = named.id, now
    db.session.add(
        DutyReplacement(
            need_id=need.id, duty="opener", left_id=left.id, named_id=named.id, replaced_by_id=member.person_id,
            replaced_at=now, reason=reason.strip(),
        )
    )  # fmt: skip
    db.session.flush()
    db.session.expire(need, ["panel"])


# -- made anew with the recovery key


def find_under_way(need: Need) -> ShareRecovery | None:
    """The recovery that was asked for and is neither done nor refused."""
    query = select(ShareRecovery).where(
        ShareRecovery.need_id == need.id, ShareRecovery.used_at.is_(None), ShareRecovery.refused_at.is_(None)
    )
    return db.session.scalar(query)


def under_way_at(organisation_id: int) -> Sequence[ShareRecovery]:
    """All recoveries of a council that were asked for and are neither done nor refused."""
    query = (
        select(ShareRecovery)
        .join(Need)
        .where(
            Need.authority_id == organisation_id,
            Need.opened_at.is_(None),
            ShareRecovery.used_at.is_(None),
            ShareRecovery.refused_at.is_(None),
        )
    )
    return db.session.scalars(query.order_by(ShareRecovery.id)).all()


def recoveries_of(need: Need) -> Sequence[ShareRecovery]:
    """Every use of the recovery key for this need, in order."""
    query = select(ShareRecovery).where(ShareRecovery.need_id == need.id, ShareRecovery.used_at.is_not(None))
    return db.session.scalars(query.order_by(ShareRecovery.used_at)).all()


def public_recoveries(need: Need) -> Sequence[ShareRecovery]:
    """The same for everybody to read, once the bids are open."""
    return recoveries_of(need) if need.opened_at is not None else []


def recovery_problems(need: Need, loser_id: int) -> list[Problem]:
    """Whether the recovery share can stand in for this opener's share now."""
    found = sealed_problems(need)
    if found:
        return found
    state = next((each.state for each in holding.holders_of(need) if each.person.id == loser_id), "")
    if state not in ("lost", "gone"):
        return [Problem("This opener's share is not lost. An opener who leaves can hand it over")]
    share = recovery.find_recovery_share(need)
    if share is None:
        return [Problem("There is no recovery share for this need, so what is lost stays lost")]
    holder = next((each for each in holding.usable_shares(need) if each.point == share.point), None)
    if holder is not None and holder.person_id != loser_id:
        return [Problem(f"The recovery share stands in for another one already: {holder.person.name} holds it")]
    return []


@action
def ask_recovery(need_id: int, member: Membership, loser_id: int, receiver_id: int, reason: str) -> ShareRecovery:
    """Somebody asks that the recovery share be given to an opener, who lost the own one or takes over. Raises Problems."""
    need = get_own_need(need_id, member)
    insist(recovery_problems(need, loser_id))
    if find_under_way(need) is not None:
        raise Conflict("The recovery key is asked for already. Wait until that is done or refused.")
    _get_receiver(need, receiver_id)
    if not reason.strip():
        raise Problems([Problem("Say what happened. After the opening everyone can read it", "reason")])
    asked = ShareRecovery(
        need_id=need.id, loser_id=loser_id, receiver_id=receiver_id, reason=reason.strip(),
        asked_by_id=member.person_id, asked_at=clock.now(),
    )  # fmt: skip
    db.session.add(asked)
    db.session.flush()
    record(ShareRecoveryAsked(**_parties(asked)), member.actor())
    return asked


def approval_problems(asked: ShareRecovery, person_id: int) -> list[Problem]:
    """Whoever asked, or gets the share, does not approve."""
    if asked.approved_at is not None:
        return [Problem("This is approved already. Whoever keeps the recovery file does the rest")]
    if person_id in (asked.asked_by_id, asked.receiver_id):
        return [Problem("You asked for this or get the share, so a colleague approves it")]
    return []


@action
def approve_recovery(need_id: int, member: Membership) -> ShareRecovery:
    """A second person approves. Nothing is unwrapped before."""
    asked = _get_under_way(get_own_need(need_id, member))
    insist(approval_problems(asked, member.person_id))
    asked.approved_by_id, asked.approved_at = member.person_id, clock.now()
    record(ShareRecoveryApproved(**_parties(asked)), member.actor())
    return asked


@action
def refuse_recovery(need_id: int, member: Membership) -> ShareRecovery:
    """Refused by a colleague, or taken back."""
    asked = _get_under_way(get_own_need(need_id, member))
    asked.refused_at = clock.now()
    record(ShareRecoveryRefused(**_parties(asked)), member.actor())
    return asked


def use_problems(asked: ShareRecovery, member: Membership) -> list[Problem]:
    """Who brings the recovery file: neither the approver nor the receiver, and nobody with a duty on sealed bids.

    The code of the file unwraps the recovery share of every need of the council that is still sealed, so a duty on any
    of them counts, not only on the need that the file is brought for.
    """
    if asked.approved_at is None:
        return [Problem("A second person must approve this first")]
    if member.person_id in (asked.approved_by_id, asked.receiver_id):
        return [Problem("You approved this or get the share, so a colleague brings the recovery file")]
    on = queries.sealed_needs_with_duty(member.person_id, member.organisation_id)
    if on:
        names = ", ".join(each.reference for each in on)
        return [Problem(f"You open or assess the bids for {names}, so a colleague brings the recovery file")]
    return recovery.keeper_problems(member)


@action
def use_recovery(need_id: int, member: Membership, code: str) -> OpenerShare:
    """With the printed file: the recovery share is wrapped to the receiver, and the lost share's wrapping is removed."""
    need = get_own_need(need_id, member)
    asked = _get_under_way(need)
    insist(use_problems(asked, member) + recovery_problems(need, asked.loser_id))
    kept = recovery.find_recovery_share(need)
    assert kept is not None  # recovery_problems saw to it
    person, pair = _get_receiver(need, asked.receiver_id)
    private = recovery.insist_fits(kept.recovery_key, code)
    try:
        share = sealed.unwrap_share(kept.wrapped_share, private, need_ref=need.reference, opener=keys.RECOVERY)
    finally:
        private.forget()
    lost = next((each for each in queries.opener_shares(need) if each.person_id == asked.loser_id), None)
    given = _give(need, lost, replace(share, opener=person.pseudonym), pair)
    if asked.loser_id != person.id:
        _pass_duty(need, asked.loser, person, member, asked.reason)
    asked.used_by_id, asked.used_at = member.person_id, clock.now()
    assert asked.approved_by is not None  # use_problems saw to it
    record(ShareRecovered(**_parties(asked), approved_by=asked.approved_by.pseudonym), member.actor())
    return given


def _get_under_way(need: Need) -> ShareRecovery:
    found = find_under_way(need)
    if found is None:
        raise NotFound("Nobody has asked for the recovery key.")
    return found


def _parties(asked: ShareRecovery) -> dict[str, str]:
    return {**subject_of(asked.need), "loser": asked.loser.pseudonym, "receiver": asked.receiver.pseudonym}
