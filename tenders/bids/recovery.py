"""A council's recovery key: made by one person, confirmed by another, its private half only on the printed file.

The file's line is `recovery-key/1`, 64 hexadecimal digits of the X25519 private key and 8 of a check (the beginning of
the SHA-256 of both before it, as bytes), so that a slip in typing is found.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotFound, Problem, Problems, insist
from marketplace.core.journal import Event, record
from marketplace.core.moments import moment
from tenders.bids import sealed
from tenders.bids.events import RecoveryKeyConfirmed, RecoveryKeyMade, RecoveryKeyRetired
from tenders.bids.key_models import RecoveryKey, RecoveryShare
from tenders.bids.models import OpenerShare
from tenders.needs.models import Need

FORMAT = "recovery-key/1"
CODE = re.compile(r"recovery-key/1((?:[\s-]*[0-9a-f]){72})(?![\s-]*[0-9a-f])", re.IGNORECASE)


def code_of(private: sealed.PrivateKey) -> str:
    """The line of the printed file that holds the private half."""
    digits = private.raw.hex() + _check(private.raw)
    return " ".join([FORMAT, *(digits[at : at + 8] for at in range(0, len(digits), 8))])


def read_code(text: str, field: str = "code") -> sealed.PrivateKey:
    """The private half from that line, or from the whole file. Raises Problems."""
    found = CODE.search(text)
    digits = re.sub(r"[\s-]", "", found.group(1)).lower() if found else ""
    raw = bytes.fromhex(digits[:64])
    if not found or digits[64:] != _check(raw):
        raise Problems(
            [Problem("That is not a whole recovery code. Copy the line of the file that begins “recovery-key/1”", field)]
        )
    return sealed.PrivateKey(raw)


def _check(raw: bytes) -> str:
    return hashlib.sha256(FORMAT.encode() + raw).hexdigest()[:8]


def file_of(key: RecoveryKey, private: sealed.PrivateKey, council: str) -> str:
    """What is printed and locked away: the code, what it is for, and how to tell whether it is the right one."""
    return f"""RECOVERY KEY
{council}
Made: {moment(key.made_at)}
Fingerprint: {key.fingerprint}

{code_of(private)}

Print this page, lock it away, and delete the file. Nobody else has a copy: the service kept none.
It stands in for one lost share of the key that keeps bids shut. With one opener's share it opens
bids, so nobody who opens bids may have it. Using it takes two people and is on public record.
"""


# -- finding


def find_unretired(organisation_id: int) -> RecoveryKey | None:
    """The council's recovery key, confirmed or not."""
    query = select(RecoveryKey).where(RecoveryKey.organisation_id == organisation_id, RecoveryKey.retired_at.is_(None))
    return db.session.scalar(query)


def find_recovery_share(need: Need) -> RecoveryShare | None:
    """The need's recovery share, if it was published while the council had a recovery key that it still has."""
    return db.session.scalar(select(RecoveryShare).where(RecoveryShare.need_id == need.id))


def sealed_needs_without(organisation_id: int) -> Sequence[Need]:
    """The council's published needs, not opened, that have no recovery share; by closing instant."""
    query = select(Need).where(
        Need.authority_id == organisation_id,
        Need.published_at.is_not(None),
        Need.opened_at.is_(None),
        Need.withdrawn_at.is_(None),
        Need.no_award_at.is_(None),
        Need.id.not_in(select(RecoveryShare.need_id)),
    )
    return db.session.scalars(query.order_by(Need.closes_at, Need.id)).all()


# -- acts


@action
def make_recovery_key(member: Membership) -> tuple[RecoveryKey, str]:
    """A new key pair; gives the text of its file, which is not kept. Raises Conflict when there is a key already."""
    if find_unretired(member.organisation_id) is not None:
        raise Conflict("Your council has a recovery key. Give it up first if its file is lost.")
    insist(keeper_problems(member))
    public, private = sealed.make_need_key()
    try:
        key = RecoveryKey(
            organisation_id=member.organisation_id, public_key=public, made_by_id=member.person_id, made_at=clock.now()
        )
        db.session.add(key)
        db.session.flush()
        record(_event(RecoveryKeyMade, key, member), member.actor())
        return key, file_of(key, private, member.organisation.name)
    finally:
        private.forget()


@action
def confirm_recovery_key(member: Membership, code: str) -> RecoveryKey:
    """Another person shows that the file was stored and can be read. From then on new needs get a recovery share."""
    key = _get_unretired(member)
    if key.confirmed_at is not None:
        raise Conflict("The recovery key is confirmed already.")
    if key.made_by_id == member.person_id:
        raise Problems([Problem("You made this key, so a colleague confirms that its file is stored", "code")])
    insist(keeper_problems(member))
    insist_fits(key, code)
    key.confirmed_by_id, key.confirmed_at = member.person_id, clock.now()
    record(_event(RecoveryKeyConfirmed, key, member), member.actor())
    return key


@action
def retire_recovery_key(member: Membership) -> RecoveryKey:
    """Its file is lost, or in wrong hands: the recovery shares made for it are destroyed, and a new one can be made."""
    key = _get_unretired(member)
    shares = db.session.scalars(select(RecoveryShare).where(RecoveryShare.recovery_key_id == key.id)).all()
    needs = sorted(each.need.reference for each in shares)
    for each in shares:
        db.session.delete(each)
    key.retired_at = clock.now()
    record(_event(RecoveryKeyRetired, key, member, needs=needs), member.actor())
    return key


def insist_fits(key: RecoveryKey, code: str) -> sealed.PrivateKey:
    """The private half of exactly this key, to be forgotten after use. Raises Problems."""
    private = read_code(code)
    if private.public != key.public_key:
        private.forget()
        raise Problems([Problem(f"That is another key’s code. Look for the file with {key.fingerprint[:16]}…", "code")])
    return private


def keeper_problems(member: Membership) -> list[Problem]:
    """Nobody who holds a share of a sealed need may have the file: the two together open its bids."""
    query = select(Need.reference).join(OpenerShare, OpenerShare.need_id == Need.id).where(
        OpenerShare.person_id == member.person_id, Need.opened_at.is_(None), Need.withdrawn_at.is_(None)
    )  # fmt: skip
    held = db.session.scalars(query.order_by(Need.reference)).all()
    if not held:
        return []
    return [Problem(f"You hold a share of {', '.join(held)}. Whoever keeps the recovery key opens no bids", "code")]


def _get_unretired(member: Membership) -> RecoveryKey:
    key = find_unretired(member.organisation_id)
    if key is None:
        raise NotFound("Your council has no recovery key.")
    return key


def _event(kind: type[Event], key: RecoveryKey, member: Membership, **more: object) -> Event:
    reference = member.organisation.reference
    facts: dict[str, Any] = {"fingerprint": key.fingerprint, **more}
    return kind(subject=reference, authority=reference, **facts)
