"""A need's private key exists only as shares; enough openers together put it together, in memory, for one opening."""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tenders.bids.sealing import shamir
from tenders.bids.sealing.canonical import canonical_json, read_canonical_json
from tenders.bids.sealing.errors import NotEnoughShares, WrongShare
from tenders.bids.sealing.wrapping import PrivateKey

FORMAT = "key-share/1"
FEWEST_OPENERS = 2


@dataclass(frozen=True)
class Share:
    """One opener's share. need_key is the SHA-256 of the need's public key; set_id tells one splitting from another."""

    opener: str
    index: int
    threshold: int
    need_key: str
    set_id: str
    value: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        """The share in the clear, to be wrapped at once; its check value finds damage, the joining finds lies."""
        return canonical_json({**self._fields(), "check": self._check()})

    @classmethod
    def from_bytes(cls, content: bytes) -> "Share":
        """Read what to_bytes wrote; WrongShare if it is damaged."""
        try:
            fields = read_canonical_json(content)
            check, version = fields.pop("check"), fields.pop("format")
            share = cls(**{**fields, "value": bytes.fromhex(fields["value"])})
        except (ValueError, TypeError, KeyError):
            raise WrongShare("The share is damaged.") from None
        if version != FORMAT or check != share._check():
            raise WrongShare("The share is damaged.")
        return share

    def _fields(self) -> dict:
        return {**asdict(self), "format": FORMAT, "value": self.value.hex()}

    def _check(self) -> str:
        return hashlib.sha256(canonical_json(self._fields())).hexdigest()[:16]


def make_need_key() -> tuple[bytes, PrivateKey]:
    """A need's key pair: the public half to keep, the private half to split at once and forget."""
    private = PrivateKey(X25519PrivateKey.generate().private_bytes_raw())
    return private.public, private


def split_key(private: PrivateKey, openers: Sequence[str], threshold: int) -> list[Share]:
    """One share for each opener; any threshold of them, two or more, join to the key, any fewer say nothing of it."""
    if len(set(openers)) != len(openers) or not all(openers):
        raise ValueError("each opener is named once")
    if not FEWEST_OPENERS <= threshold <= len(openers):
        raise ValueError("at least two openers open a need, and no more than are named")
    set_id = secrets.token_hex(8)
    values = shamir.split(private.raw, len(openers), threshold)
    return [
        Share(opener, index, threshold, key_id(private.public), set_id, value)
        for index, (opener, value) in enumerate(zip(openers, values, strict=True), start=1)
    ]


def join_shares(shares: Sequence[Share]) -> PrivateKey:
    """The need's private key; NotEnoughShares, or WrongShare if one is damaged or belongs to another key."""
    points = _points(shares)
    first = shares[0]
    if len(points) < first.threshold:
        raise NotEnoughShares(f"{first.threshold} openers are needed; {len(points)} gave their share.")
    used = dict(sorted(points.items())[: first.threshold])
    if any(shamir.value_at(index, used) != value for index, value in points.items()):
        raise WrongShare("The shares do not fit together.")
    private = PrivateKey(shamir.value_at(0, used))
    if key_id(private.public) != first.need_key:
        private.forget()
        raise WrongShare("The shares do not make the need's key.")
    return private


@contextmanager
def opened_key(shares: Sequence[Share]) -> Iterator[PrivateKey]:
    """`with opened_key(shares) as private:` joins the key for the block and forgets it after, whatever happens."""
    private = join_shares(shares)
    try:
        yield private
    finally:
        private.forget()


def key_id(public_key: bytes) -> str:
    """SHA-256 of a public key, 64 hexadecimal digits."""
    return hashlib.sha256(public_key).hexdigest()


def _points(shares: Sequence[Share]) -> dict[int, bytes]:
    """Index -> value of shares that say they belong together; the same share twice counts once."""
    if not shares:
        raise NotEnoughShares("No opener has given a share.")
    points: dict[int, bytes] = {}
    for share in shares:
        same_set = (share.need_key, share.set_id, share.threshold) == (
            shares[0].need_key, shares[0].set_id, shares[0].threshold,
        )
        fits = same_set and 1 <= share.index <= 255 and len(share.value) == 32 and share.threshold >= FEWEST_OPENERS
        if not fits or points.setdefault(share.index, share.value) != share.value:
            raise WrongShare(f"The share of {share.opener} does not belong with the others.")
    return points
