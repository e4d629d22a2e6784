"""Where the keys of sealing lie, and who unwraps what; no key is ever a row, and no private key is stored whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from marketplace import config
from marketplace.accounts.models import Person
from marketplace.core import db
from marketplace.core.errors import Problem, Problems
from tenders.bids import sealed
from tenders.bids.models import Bid, OpenerShare
from tenders.needs.models import Need

KEY_FILE = "keyfile-1"
PASSPHRASE = "passphrase-1"


def draft_keys() -> sealed.DraftKeys:
    """Read drafts; one key for each bid and version being written."""
    return sealed.DraftKeys(config.current().keys_folder / "drafts")


def price_keys() -> sealed.HeldKeys:
    """Keep opened prices shut until quality is agreed; one key for each need."""
    return sealed.HeldKeys(config.current().keys_folder / "prices")


def opener_key_files() -> sealed.OpenerKeyFiles:
    """Wrap the shares of openers who have no passphrase."""
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


def price_key(need: Need) -> sealed.KeyFile:
    """The key under which the need's opened prices wait."""
    return _read_or_create(price_keys(), need.reference)


def prepare_sealing(need: Need, openers: Iterable[Person], passphrases: Mapping[int, str] | None = None) -> None:
    """Gives the need its key pair, the private half only as a share for each opener. Belongs inside an action.

    `passphrases` (person id -> passphrase) wraps those openers' shares by their passphrase, the others' by key file.
    Raises Problems when there are fewer openers than the need asks for. A need that has its key keeps it.
    """
    if need.public_key is not None:
        return
    named = sorted({each.id: each for each in openers}.values(), key=lambda each: each.id)
    if len(named) < max(need.openers_needed, 2):
        needed = max(need.openers_needed, 2)
        raise Problems([Problem(f"Name at least {needed} people to open the bids", "panel")])
    public, private = sealed.make_need_key()
    try:
        shares = sealed.split_key(private, [each.pseudonym for each in named], need.openers_needed)
    finally:
        private.forget()
    for person, share in zip(named, shares, strict=True):
        db.session.add(_wrapped(need, person, share, (passphrases or {}).get(person.id, "")))
    need.public_key = public


def opener_secret(
    need: Need, share: OpenerShare, opener: Person, passphrase: str = ""
) -> sealed.KeyFile | sealed.Passphrase:
    """What unwraps this opener's share: the one place that knows how shares are wrapped."""
    if share.wrapping == PASSPHRASE:
        if not passphrase.strip():
            raise Problems([Problem("Enter your opening passphrase", "passphrase")])
        return sealed.Passphrase(passphrase)
    return opener_key_files().read(_opener_key_name(need, opener))


def _wrapped(need: Need, person: Person, share: sealed.Share, passphrase: str) -> OpenerShare:
    if passphrase:
        secret: sealed.KeyFile | sealed.Passphrase = sealed.Passphrase(passphrase)
    else:
        secret = _read_or_create(opener_key_files(), _opener_key_name(need, person))
    pair = sealed.make_opener_keys(person.pseudonym, secret)
    return OpenerShare(
        need_id=need.id,
        person_id=person.id,
        public_key=pair.public,
        wrapped_private_key=pair.wrapped_private,
        wrapped_share=sealed.wrap_share(share, secret, need_ref=need.reference),
        wrapping=PASSPHRASE if passphrase else KEY_FILE,
    )


def _opener_key_name(need: Need, person: Person) -> str:
    return f"{need.reference}.{person.pseudonym}"


def _read_or_create(files: sealed.DraftKeys | sealed.HeldKeys | sealed.OpenerKeyFiles, name: str) -> sealed.KeyFile:
    # A key left by a transaction that was rolled back is as good as a new one: it locked nothing that was kept.
    try:
        return files.read(name)
    except sealed.KeyMissing:
        pass
    try:
        return files.create(name)
    except sealed.KeyExists:  # a colleague's request was first
        return files.read(name)
