"""The service's signed word that a bid came in: when, and exactly which bytes."""

from dataclasses import dataclass, replace
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tenders.bids.sealing.canonical import canonical_json, read_canonical_json, utc_instant, utc_text
from tenders.bids.sealing.errors import ReceiptBroken
from tenders.bids.sealing.shares import key_id

FORMAT = "bid-receipt/2"
# The first format always had a journal_position, null when it was not known.
FORMATS = (FORMAT, "bid-receipt/1")


@dataclass(frozen=True)
class ReceiptFacts:
    """What a receipt says. received_at is UTC to the microsecond; journal_position is the line's number, if known."""

    reference: str
    need_ref: str
    bid_ref: str
    bid_version: int
    received_at: datetime
    manifest_hash: str
    journal_position: int | None = None


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
            facts = ReceiptFacts(**{**fields, "received_at": utc_instant(fields["received_at"])})
            receipt = cls(facts, signer, signature, written_as)
            if written_as in FORMATS and receipt.to_json() == content:
                return receipt
        except (ValueError, TypeError, KeyError):
            pass
        raise ReceiptBroken("This is not a receipt as it was written.")


def sign_receipt(signing_private: Ed25519PrivateKey, facts: ReceiptFacts) -> Receipt:
    """Sign the facts; the same facts and key always give the same receipt."""
    facts = replace(facts, received_at=utc_instant(utc_text(facts.received_at)))
    signer = key_id(signing_private.public_key().public_bytes_raw())
    return Receipt(facts, signer, signing_private.sign(_signed_bytes(Receipt(facts, signer, b""))))


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
    return receipt.facts


def public_key_pem(public_key: bytes) -> bytes:
    """The public key (Ed25519, 32 bytes) as a PEM file, which every tool reads."""
    key = Ed25519PublicKey.from_public_bytes(public_key)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _signed_fields(receipt: Receipt) -> dict:
    fields = {**vars(receipt.facts), "received_at": utc_text(receipt.facts.received_at)}
    if receipt.format == FORMAT and receipt.facts.journal_position is None:
        del fields["journal_position"]
    return {**fields, "format": receipt.format, "key_id": receipt.key_id}


def _signed_bytes(receipt: Receipt) -> bytes:
    return canonical_json(_signed_fields(receipt))
