"""Where the keys of sealing lie, and how a need's key is shared out; no private key is stored in the clear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import select

from marketplace import config
from marketplace.accounts.models import Person
from marketplace.core import clock, db
from marketplace.core.errors import Problem, insist
from tenders.bids import sealed
from tenders.bids.key_models import OpenerKey, RecoveryKey, RecoveryShare
from tenders.bids.models import Bid, OpenerShare
from tenders.needs.models import Need

# How a share is wrapped: to the opener's own key pair; before openers had passphrases, by a file under keys/.
KEY_PAIR = "keypair-1"
KEY_FILE = "keyfile-1"
FEWEST_OPENERS = 2
# Who the recovery share says it belongs to, until an opener gets it.
RECOVERY = "recovery"


def draft_keys() -> sealed.DraftKeys:
    """Read drafts; one key for each bid and version being written."""
    return sealed.DraftKeys(config.current().keys_folder / "drafts")


def price_keys() -> sealed.HeldKeys:
    """Keep opened prices shut until quality is agreed; one key for each need."""
    return sealed.HeldKeys(config.current().keys_folder / "prices")


def opener_key_files() -> sealed.OpenerKeyFiles:
    """Unwrap shares made before openers had passphrases; no new ones are made."""
    return sealed.OpenerKeyFiles(config.current().keys_folder / "openers")


def signing_keys() -> sealed.SigningKeys:
    """Sign receipts."""
    return sealed.SigningKeys(config.current().keys_folder)


def draft_key_name(bid: Bid) -> str:
    """The name of the key that reads the version being written now; a submitted version's key is another."""
    return f"{bid.reference}.v{bid.current_version + 1}"


def sweep_draft_keys() -> int:
    """Destroys draft keys that a crash between a commit and their destruction left behind; returns how many."""
    swept = 0
    for path in sorted((config.current().keys_folder / "drafts").glob("*.v*")):
        reference, _, number = path.name.rpartition(".v")
        bid = db.session.scalar(select(Bid).where(Bid.reference == reference))
        is_over = bid is not None and (bid.withdrawn_at is not None or bid.need.opened_at is not None)
        if bid is not None and number.isdigit() and (is_over or int(number) <= bid.current_version):
            draft_keys().destroy(path.name)
            swept += 1
    return swept


def draft_key(bid: Bid) -> sealed.KeyFile:
    """The key of the version being written, made when there is none yet."""
    return _read_or_create(draft_keys(), draft_key_name(bid))


def draft_key_mark(bid: Bid) -> str:
    """Tells one draft key of the version being written from another, and says nothing of it."""
    return sealed.fingerprint(b"draft key" + draft_key(bid).content)[:16]


def price_key(need: Need) -> sealed.KeyFile:
    """The key under which the need's opened prices wait."""
    return _read_or_create(price_keys(), need.reference)


def sweep_opener_key_files() -> int:
    """Destroys key files of openers on which no share hangs any more; returns how many. No new ones are made."""
    used = {
        opener_key_name(each.need.reference, each.person)
        for each in db.session.scalars(select(OpenerShare).where(OpenerShare.wrapping == KEY_FILE)).unique()
    }
    swept = [
        each.name
        for each in sorted((config.current().keys_folder / "openers").glob("[!.]*"))
        if each.name not in used
    ]
    for name in swept:
        opener_key_files().destroy(name)
    return len(swept)


def passphrase_of(text: str) -> sealed.Passphrase:
    """A passphrase as typed, with the cost that the settings ask of new wrappings; ValueError when it is empty."""
    return sealed.Passphrase(text, sealed.COSTS[config.current().password_cost])


def sealing_problems(need: Need, openers: Sequence[Person]) -> list[Problem]:
    """What keeps the need's key from being shared out: too few openers, or some without an opening passphrase."""
    needed = max(need.openers_needed, FEWEST_OPENERS)
    if len({each.id for each in openers}) < needed:
        return [Problem(f"Name at least {needed} people to open the bids", "panel")]
    if needed > FEWEST_OPENERS:
        return [Problem("Bids are opened in two acts, so exactly two openers are needed for it", "panel")]
    ready, recovery = opener_keys_of(openers), find_recovery_key(need.authority_id)
    found = [
        Problem(
            f"{each.name} has not set an opening passphrase yet. Ask {each.name} to set it, on the page of their account",
            "panel",
        )
        for each in sorted(openers, key=lambda each: each.name)
        if each.id not in ready
    ]
    if recovery is not None:
        found += [
            Problem(
                f"{each.name} keeps the council’s recovery key, and with a share of their own could open bids alone. "
                "Name another opener, or have the recovery key made anew by colleagues who open no bids",
                "panel",
            )
            for each in openers
            if each.id in recovery.keeper_ids
        ]
    elif is_recovery_required(clock.today()):
        found.append(Problem("Your council needs a recovery key first. Two colleagues make it, on its own page", "panel"))
    return found


def is_recovery_required(day: date) -> bool:
    """Whether needs published on this day must have a recovery share: the settings name the first such day, or none."""
    first = config.current().recovery_required_from
    return bool(first) and day >= date.fromisoformat(first)


def find_recovery_key(organisation_id: int | None) -> RecoveryKey | None:
    """The council's recovery key in use: made by one person, confirmed by another, not retired."""
    query = select(RecoveryKey).where(
        RecoveryKey.organisation_id == organisation_id,
        RecoveryKey.confirmed_at.is_not(None),
        RecoveryKey.retired_at.is_(None),
    )
    return db.session.scalar(query)


def prepare_sealing(need: Need, openers: Iterable[Person]) -> None:
    """Gives the need its key pair, the private half only as a share for each opener. Belongs inside an action.

    Each share is wrapped to its opener's own public key, so that openers need not be there and nobody else can use it.
    Raises Problems with everything in sealing_problems. A need that has its key keeps it.
    """
    if need.public_key is not None:
        return
    named = sorted({each.id: each for each in openers}.values(), key=lambda each: each.id)
    insist(sealing_problems(need, named))
    pairs, recovery = opener_keys_of(named), find_recovery_key(need.authority_id)
    holders = [each.pseudonym for each in named] + ([RECOVERY] if recovery else [])
    public, private = sealed.make_need_key()
    try:
        shares = sealed.split_key(private, holders, need.openers_needed)
    finally:
        private.forget()
    for person, share in zip(named, shares, strict=False):
        db.session.add(new_share(need, pairs[person.id], share))
    if recovery is not None:
        db.session.add(_recovery_share(need, recovery, shares[-1]))
    need.public_key = public


def _recovery_share(need: Need, recovery: RecoveryKey, share: sealed.Share) -> RecoveryShare:
    wrapped = sealed.wrap_share(share, sealed.PublicKey(recovery.public_key), need_ref=need.reference)
    return RecoveryShare(need_id=need.id, recovery_key_id=recovery.id, point=share.index, wrapped_share=wrapped)


def opener_keys_of(people: Iterable[Person]) -> dict[int, OpenerKey]:
    """Person id -> key pair, of those who have set an opening passphrase."""
    query = select(OpenerKey).where(OpenerKey.person_id.in_([each.id for each in people]))
    return {each.person_id: each for each in db.session.scalars(query)}


def new_share(need: Need, pair: OpenerKey, share: sealed.Share) -> OpenerShare:
    """The share as its opener will hold it, wrapped to the opener's public key."""
    return OpenerShare(
        need_id=need.id,
        person_id=pair.person_id,
        point=share.index,
        threshold=share.threshold,
        public_key=pair.public_key,
        wrapped_private_key=b"",
        wrapped_share=sealed.wrap_share(share, sealed.PublicKey(pair.public_key), need_ref=need.reference),
        wrapping=KEY_PAIR,
    )


def opener_key_name(need_reference: str, person: Person) -> str:
    """The name of the key file that an opener's share of a need hung on before openers had passphrases."""
    return f"{need_reference}.{person.pseudonym}"


def _read_or_create(files: sealed.DraftKeys | sealed.HeldKeys, name: str) -> sealed.KeyFile:
    # A key left by a transaction that was rolled back is as good as a new one: it locked nothing that was kept.
    try:
        return files.read(name)
    except sealed.KeyMissing:
        pass
    try:
        return files.create(name)
    except sealed.KeyExists:  # a colleague's request was first
        return files.read(name)
