"""How a share waits: wrapped by its opener's passphrase or key file, or entrusted to the other openers for a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tenders.bids.sealing.canonical import canonical_json, read_canonical_json, utc_text
from tenders.bids.sealing.envelope import lock_bytes, read_head, unlock_bytes
from tenders.bids.sealing.errors import SealBroken, WrongShare
from tenders.bids.sealing.shares import Share
from tenders.bids.sealing.wrapping import KeyFile, Lock, Passphrase, PrivateKey, PublicKey, Unlock

OpenerSecret = Passphrase | KeyFile
ENTRUSTED_FORMAT = "entrusted-shares/1"


def wrap_share(share: Share, lock: Lock, *, need_ref: str) -> bytes:
    """Wrap by a Passphrase, a KeyFile, or the opener's PublicKey (then the opener need not be there)."""
    return lock_bytes("share", lock, share.to_bytes(), _bound(need_ref, share.opener))


def unwrap_share(blob: bytes, unlock: Unlock, *, need_ref: str, opener: str) -> Share:
    """The opener's share; WrongPassphrase or WrongKey, SealBroken for another need, opener or altered bytes."""
    return _share_of(unlock_bytes("share", unlock, blob, _bound(need_ref, opener)), opener)


def wrap_share_to_keyfile(share: Share, keyfile: bytes, *, need_ref: str) -> bytes:
    """wrap_share by the bytes of a key file: the first form, before an opener has chosen a passphrase."""
    return wrap_share(share, KeyFile(keyfile), need_ref=need_ref)


def rewrap(blob: bytes, old: Unlock, new: Lock, *, need_ref: str, opener: str) -> bytes:
    """The same share under another wrapping: only the wrapping changes, the key and the other shares stay."""
    return wrap_share(unwrap_share(blob, old, need_ref=need_ref, opener=opener), new, need_ref=need_ref)


def wrapping_of(blob: bytes) -> str:
    """What a wrapped share waits for: argon2id (a passphrase), key-file, or x25519 (the opener's key pair)."""
    return str(read_head("share", blob)["key"].get("wrap"))


@dataclass(frozen=True)
class OpenerKeys:
    """An opener's key pair: the public half in the clear, the private half wrapped by the opener's own secret."""

    opener: str
    public: bytes
    wrapped_private: bytes


def make_opener_keys(opener: str, secret: OpenerSecret) -> OpenerKeys:
    """A new X25519 pair for an opener, its private half wrapped by passphrase or key file."""
    private = PrivateKey(X25519PrivateKey.generate().private_bytes_raw())
    wrapped = lock_bytes("opener-key", secret, private.raw, {"opener": opener})
    return OpenerKeys(opener, private.public, wrapped)


def unwrap_opener_key(keys: OpenerKeys, secret: OpenerSecret) -> PrivateKey:
    """The opener's private key; WrongPassphrase or WrongKey, SealBroken if it does not belong to the public half."""
    private = PrivateKey(unlock_bytes("opener-key", secret, keys.wrapped_private, {"opener": keys.opener}))
    if private.public != keys.public:
        raise SealBroken("The opener's public key was exchanged.")
    return private


def rewrap_opener_key(keys: OpenerKeys, old: OpenerSecret, new: OpenerSecret) -> OpenerKeys:
    """The same pair under a new passphrase or key file."""
    private = unwrap_opener_key(keys, old)
    return OpenerKeys(keys.opener, keys.public, lock_bytes("opener-key", new, private.raw, {"opener": keys.opener}))


def entrust_share(
    share: Share, to_public_keys: Mapping[str, bytes], *, need_ref: str, expires_at: datetime
) -> bytes:
    """The first opener's share, readable only by the other openers named; bound to the instant it lapses (UTC)."""
    if share.opener in to_public_keys or not to_public_keys:
        raise ValueError("a share is entrusted to the other openers")
    copies = {
        receiver: lock_bytes(
            "entrusted-share", PublicKey(public_key), share.to_bytes(),
            _entrusted(need_ref, share.opener, receiver, expires_at),
        ).hex()
        for receiver, public_key in to_public_keys.items()
    }
    return canonical_json({"copies": [[receiver, copies[receiver]] for receiver in sorted(copies)],
                           "format": ENTRUSTED_FORMAT})


def receive_share(
    blob: bytes, private: PrivateKey, *, need_ref: str, opener: str, receiver: str, expires_at: datetime
) -> Share:
    """The share of opener, read by receiver; SealBroken unless need, both openers and expiry are as entrusted."""
    try:
        entrusted = read_canonical_json(blob)
        spelled = dict(entrusted["copies"])[receiver]
        copy = bytes.fromhex(spelled)
        if entrusted["format"] != ENTRUSTED_FORMAT or copy.hex() != spelled:
            raise ValueError
    except (ValueError, TypeError, KeyError):
        raise SealBroken("This share was not entrusted to this opener.") from None
    bound = _entrusted(need_ref, opener, receiver, expires_at)
    return _share_of(unlock_bytes("entrusted-share", private, copy, bound), opener)


def _bound(need_ref: str, opener: str) -> dict:
    return {"need_ref": need_ref, "opener": opener}


def _entrusted(need_ref: str, opener: str, receiver: str, expires_at: datetime) -> dict:
    return {"expires_at": utc_text(expires_at), "need_ref": need_ref, "opener": opener, "receiver": receiver}


def _share_of(content: bytes, opener: str) -> Share:
    share = Share.from_bytes(content)
    if share.opener != opener:
        raise WrongShare(f"This is not the share of {opener}.")
    return share
