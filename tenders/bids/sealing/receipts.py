"""The service's signed word that a bid came in: when, exactly which bytes, and that its line is in the journal."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from marketplace.core import merkle
from tenders.bids.sealing.canonical import canonical_json, in_utc, read_canonical_json, utc_instant, utc_text
from tenders.bids.sealing.errors import ReceiptBroken
from tenders.bids.sealing.shares import key_id

FORMAT = "bid-receipt/3"
# Before the third format receipts had no proof; the first always had a journal_position, null when it was not known.
WITHOUT_PROOF, FIRST = "bid-receipt/2", "bid-receipt/1"
FORMATS = (FORMAT, WITHOUT_PROOF, FIRST)


@dataclass(frozen=True)
class JournalProof:
    """That a line is in the journal: its number (from 1) and hash, the tree's size and root, and the path between.

    RFC 6962, section 2.1.1: the leaf is SHA-256 of a zero byte and the line's hash; the path begins beside the leaf.
    All hashes are in hexadecimal.
    """

    journal_position: int
    journal_line: str
    tree_size: int
    root: str
    inclusion: tuple[str, ...]

    def holds(self) -> bool:
        """Whether the path leads from the line to the root."""
        leaf, path = merkle.leaf_hash(_hash(self.journal_line)), [_hash(each) for each in self.inclusion]
        return merkle.included_root(leaf, self.journal_position - 1, self.tree_size, path) == _hash(self.root)


PROOF = tuple(JournalProof.__dataclass_fields__)


@dataclass(frozen=True)
class ReceiptFacts:
    """What a receipt says. received_at is UTC to the microsecond.

    A receipt that proves its place in the journal has `proof`; older ones may name the line's number only.
    """

    reference: str
    need_ref: str
    bid_ref: str
    bid_version: int
    received_at: datetime
    manifest_hash: str
    journal_position: int | None = None
    proof: JournalProof | None = None


@dataclass(frozen=True)
class Receipt:
    """The facts, which key signed them, and the Ed25519 signature (64 bytes)."""

    facts: ReceiptFacts
    key_id: str
    signature: bytes
    format: str = FORMAT

    def to_json(self) -> bytes:
        """The receipt as the bidder keeps it: canonical JSON."""
        return canonical_json({**_signed_fields(self), "signature": self.signature.hex()})

    @classmethod
    def from_json(cls, content: bytes) -> "Receipt":
        """Read what to_json wrote, unverified; ReceiptBroken for any other bytes."""
        try:
            fields = read_canonical_json(content)
            signature = bytes.fromhex(fields.pop("signature"))
            signer, written_as = fields.pop("key_id"), fields.pop("format")
            if written_as == FORMAT:
                fields["proof"] = _proof({name: fields.pop(name) for name in PROOF})
            facts = ReceiptFacts(**{**fields, "received_at": utc_instant(fields["received_at"])})
            receipt = cls(facts, signer, signature, written_as)
            if written_as in FORMATS and receipt.to_json() == content:
                return receipt
        except (ValueError, TypeError, KeyError):
            pass
        raise ReceiptBroken("This is not a receipt as it was written.")


def sign_receipt(signing_private: Ed25519PrivateKey, facts: ReceiptFacts) -> Receipt:
    """Sign the facts; the same facts and key always give the same receipt. ValueError for a proof that does not hold."""
    facts = replace(facts, received_at=in_utc(facts.received_at))
    if facts.proof is not None and not facts.proof.holds():
        raise ValueError("the path does not lead from the line to the root")
    signer = _signer(signing_private)
    unsigned = Receipt(facts, signer, b"", FORMAT if facts.proof else WITHOUT_PROOF)
    return replace(unsigned, signature=signing_private.sign(_signed_bytes(unsigned)))


@lru_cache(maxsize=2)
def _signer(signing_private: Ed25519PrivateKey) -> str:
    return key_id(signing_private.public_key().public_bytes_raw())


def verify_receipt(public_key: bytes, receipt: Receipt | bytes) -> ReceiptFacts:
    """The facts of a receipt, or of its JSON, that this key (Ed25519, 32 bytes) signed; else ReceiptBroken."""
    if isinstance(receipt, bytes):
        receipt = Receipt.from_json(receipt)
    if receipt.key_id != key_id(public_key):
        raise ReceiptBroken("Another key signed this receipt.")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(receipt.signature, _signed_bytes(receipt))
    except InvalidSignature:
        raise ReceiptBroken("The receipt was altered after it was signed.") from None
    if receipt.facts.proof is not None and not receipt.facts.proof.holds():
        raise ReceiptBroken("The receipt's proof does not show that its line is in the journal.")
    return receipt.facts


def public_key_pem(public_key: bytes) -> bytes:
    """The public key (Ed25519, 32 bytes) as a PEM file, which every tool reads."""
    key = Ed25519PublicKey.from_public_bytes(public_key)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _signed_fields(receipt: Receipt) -> dict[str, Any]:
    facts = receipt.facts
    fields: dict[str, Any] = {**vars(facts), "received_at": utc_text(facts.received_at)}
    del fields["proof"]
    if facts.proof is not None:
        fields |= vars(facts.proof)
    elif receipt.format != FIRST and facts.journal_position is None:
        del fields["journal_position"]
    return {**fields, "format": receipt.format, "key_id": receipt.key_id}


def _signed_bytes(receipt: Receipt) -> bytes:
    return canonical_json(_signed_fields(receipt))


def _proof(fields: dict[str, Any]) -> JournalProof:
    proof = JournalProof(**{**fields, "inclusion": tuple(fields["inclusion"])})
    for each in (proof.journal_line, proof.root, *proof.inclusion):
        _hash(each)
    if type(proof.journal_position) is not int or type(proof.tree_size) is not int:
        raise ValueError("a position is a whole number")
    return proof


def _hash(text: str) -> bytes:
    content = bytes.fromhex(text)
    if len(content) != merkle.SIZE or content.hex() != text:
        raise ValueError("not a SHA-256 in small hexadecimal letters")
    return content
