"""An opener's own key pair: made from a passphrase, changed with it, and begun anew when the words are lost."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from sqlalchemy import select

from marketplace.accounts.models import Membership, Person
from marketplace.accounts.passwords import is_password
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotFound, Problem, Problems, insist
from marketplace.core.journal import record
from tenders.bids import keys, sealed
from tenders.bids.events import OpenerKeyMade, OpenerKeyReplaced, OpenerPassphraseChanged
from tenders.bids.key_models import OpenerKey
from tenders.bids.models import OpenerShare
from tenders.bids.passphrases import new_passphrase_problems
from tenders.needs.models import Need

# One at a time: each stretching of a passphrase takes 64 MiB and every core.
_turn = threading.BoundedSemaphore(1)


class WrongOpeningPassphrase(Problems):
    """What was typed does not unwrap the opener's key."""

    def __init__(self, field: str = "passphrase") -> None:
        super().__init__([Problem("That is not your opening passphrase", field)])


def find_key(person_id: int) -> OpenerKey | None:
    """The person's key pair, if an opening passphrase was set."""
    return db.session.scalar(select(OpenerKey).where(OpenerKey.person_id == person_id))


def unlock(pair: OpenerKey, passphrase: str, field: str = "passphrase") -> sealed.PrivateKey:
    """The opener's private key, to be forgotten after use. Raises WrongOpeningPassphrase; slow by intention."""
    if not passphrase.strip():
        raise Problems([Problem("Enter your opening passphrase", field)])
    try:
        with _turn:
            return sealed.unwrap_opener_key(_sealed(pair), keys.passphrase_of(passphrase.strip()))
    except sealed.WrongPassphrase:
        raise WrongOpeningPassphrase(field) from None


def _sealed(pair: OpenerKey) -> sealed.OpenerKeys:
    return sealed.OpenerKeys(pair.person.pseudonym, pair.public_key, pair.wrapped_private_key)


def choosing_problems(member: Membership, passphrase: str, again: str) -> list[Problem]:
    """What is wrong with a new opening passphrase for this person."""
    person = member.person
    known = (person.name, person.email.partition("@")[0], member.organisation.name)
    found = new_passphrase_problems(passphrase, again, known)
    if not found and is_password(passphrase.strip(), person.password_hash):
        found.append(Problem("Choose other words than your password: the service sees that one often", "passphrase"))
    return found


# -- set for the first time


def set_passphrase(member: Membership, passphrase: str, again: str) -> OpenerKey:
    """Makes the person's key pair. Shares that still hang on key files move to it, and the files are destroyed."""
    insist(choosing_problems(member, passphrase, again))
    made = _make_pair(member.person, passphrase)
    pair, moved = _keep_first(member, made)
    for name in moved:
        keys.opener_key_files().destroy(name)
    return pair


@action
def _keep_first(member: Membership, made: sealed.OpenerKeys) -> tuple[OpenerKey, list[str]]:
    if find_key(member.person_id) is not None:
        raise Conflict("You have set an opening passphrase already. You can change it.")
    now = clock.now()
    pair = OpenerKey(
        person_id=member.person_id, public_key=made.public, wrapped_private_key=made.wrapped_private,
        made_at=now, changed_at=now,
    )  # fmt: skip
    db.session.add(pair)
    db.session.flush()
    moved = [name for each in _under_key_files(member.person_id) if (name := _move(each, pair))]
    record(
        OpenerKeyMade(subject=member.person.pseudonym, fingerprint=sealed.key_id(made.public), moved=len(moved)),
        member.actor("opener"),
    )
    return pair, moved


def _under_key_files(person_id: int) -> Sequence[OpenerShare]:
    query = select(OpenerShare).where(OpenerShare.person_id == person_id, OpenerShare.wrapping == keys.KEY_FILE)
    return db.session.scalars(query.order_by(OpenerShare.id)).all()


def _move(held: OpenerShare, pair: OpenerKey) -> str:
    """Wraps a share to the pair; the name of the file it hung on, or nothing when that file cannot be used."""
    name, reference = keys.opener_key_name(held.need.reference, held.person), held.need.reference
    try:
        old = keys.opener_key_files().read(name)
        held.wrapped_share = sealed.rewrap(
            held.wrapped_share, old, sealed.PublicKey(pair.public_key), need_ref=reference, opener=held.person.pseudonym
        )
    except sealed.SealingError:
        return ""  # stays as lost as it was; the page of the need says so
    held.public_key, held.wrapped_private_key, held.wrapping = pair.public_key, b"", keys.KEY_PAIR
    return name


def _make_pair(person: Person, passphrase: str) -> sealed.OpenerKeys:
    with _turn:
        return sealed.make_opener_keys(person.pseudonym, keys.passphrase_of(passphrase.strip()))


# -- changed, lost


def change_passphrase(member: Membership, current: str, passphrase: str, again: str) -> OpenerKey:
    """The same pair under other words: no share is touched. Raises Problems for the wrong present words."""
    pair = _get_key(member)
    unlock(pair, current, "current").forget()
    insist(choosing_problems(member, passphrase, again))
    with _turn:
        old, new = keys.passphrase_of(current.strip()), keys.passphrase_of(passphrase.strip())
        wrapped = sealed.rewrap_opener_key(_sealed(pair), old, new)
    return _keep_changed(member, pair.public_key, wrapped)


@action
def _keep_changed(member: Membership, public_key: bytes, wrapped: sealed.OpenerKeys) -> OpenerKey:
    pair = _get_key(member)
    if pair.public_key != public_key:
        raise Conflict("Your opening key was made anew meanwhile. Open this page again.")
    pair.wrapped_private_key, pair.changed_at = wrapped.wrapped_private, clock.now()
    fingerprint = sealed.key_id(pair.public_key)
    record(OpenerPassphraseChanged(subject=member.person.pseudonym, fingerprint=fingerprint), member.actor("opener"))
    return pair


def begin_anew(member: Membership, passphrase: str, again: str) -> OpenerKey:
    """A new pair after the words were lost: shares wrapped to the old one can no longer be used by anyone."""
    _get_key(member)
    insist(choosing_problems(member, passphrase, again))
    return _keep_anew(member, _make_pair(member.person, passphrase))


@action
def _keep_anew(member: Membership, made: sealed.OpenerKeys) -> OpenerKey:
    pair = _get_key(member)
    lost = [each.need.reference for each in sealed_shares(member.person_id)]
    pair.public_key, pair.wrapped_private_key = made.public, made.wrapped_private
    pair.made_at = pair.changed_at = clock.now()
    fingerprint = sealed.key_id(made.public)
    record(
        OpenerKeyReplaced(subject=member.person.pseudonym, fingerprint=fingerprint, lost=lost), member.actor("opener")
    )
    return pair


def sealed_shares(person_id: int) -> list[OpenerShare]:
    """The person's shares of needs whose bids are still sealed, that the present passphrase unwraps."""
    pair = find_key(person_id)
    query = (
        select(OpenerShare)
        .join(Need)
        .where(OpenerShare.person_id == person_id, Need.opened_at.is_(None), Need.withdrawn_at.is_(None))
        .order_by(Need.closes_at, Need.id)
    )
    found = db.session.scalars(query).all()
    return [each for each in found if pair is not None and each.public_key == pair.public_key]


def _get_key(member: Membership) -> OpenerKey:
    pair = find_key(member.person_id)
    if pair is None:
        raise NotFound("You have not set an opening passphrase yet.")
    return pair
