"""What is sealed for the bidder: a draft under its bid's own key, and the bidder's copy of a submitted bid."""

import secrets
from typing import BinaryIO

from tenders.bids.sealing.envelope import lock_bytes, lock_stream, unlock_bytes, unlock_stream
from tenders.bids.sealing.parts import Binding
from tenders.bids.sealing.stream import Sink
from tenders.bids.sealing.wrapping import KEY_BYTES, KeyFile, Passphrase


def make_draft_key() -> KeyFile:
    """A new random key for one bid's drafts, to be kept outside the database and destroyed at submission."""
    return KeyFile(secrets.token_bytes(KEY_BYTES))


def encrypt_draft(key: KeyFile, plaintext: bytes, *, bid_ref: str, part: str) -> bytes:
    """One part of a draft, bound to its bid and its place there."""
    return lock_bytes("draft", key, plaintext, _place(bid_ref, part))


def decrypt_draft(key: KeyFile, blob: bytes, *, bid_ref: str, part: str) -> bytes:
    """Undo encrypt_draft; WrongKey or SealBroken."""
    return unlock_bytes("draft", key, blob, _place(bid_ref, part))


def encrypt_draft_file(key: KeyFile, source: BinaryIO, target: Sink, *, bid_ref: str, part: str) -> None:
    """encrypt_draft for a file of any size, in constant memory."""
    lock_stream("draft", key, source, target, _place(bid_ref, part))


def decrypt_draft_file(key: KeyFile, source: BinaryIO, target: Sink, *, bid_ref: str, part: str) -> None:
    """Undo encrypt_draft_file. Use the target only after it returns."""
    unlock_stream("draft", key, source, target, _place(bid_ref, part))


def make_bidder_key(passphrase: Passphrase, *, bid_ref: str) -> tuple[KeyFile, bytes]:
    """A random key for a bidder's copies, and that key wrapped: the passphrase is stretched once, not once a part."""
    key = KeyFile(secrets.token_bytes(KEY_BYTES))
    return key, lock_bytes("bidder-key", passphrase, key.content, {"bid_ref": bid_ref})


def open_bidder_key(wrapped: bytes, passphrase: Passphrase, *, bid_ref: str) -> KeyFile:
    """The key of a bidder's copies; WrongPassphrase, or SealBroken."""
    return KeyFile(unlock_bytes("bidder-key", passphrase, wrapped, {"bid_ref": bid_ref}))


def seal_for_bidder(secret: Passphrase | KeyFile, plaintext: bytes, binding: Binding) -> bytes:
    """A part sealed a second time, to the bidder's own passphrase or to the key made from it."""
    return lock_bytes("bidder-copy", secret, plaintext, vars(binding))


def open_for_bidder(secret: Passphrase | KeyFile, blob: bytes, binding: Binding) -> bytes:
    """Undo seal_for_bidder; WrongPassphrase, WrongKey or SealBroken."""
    return unlock_bytes("bidder-copy", secret, blob, vars(binding))


def seal_file_for_bidder(
    secret: Passphrase | KeyFile, source: BinaryIO, target: Sink, binding: Binding
) -> None:
    """seal_for_bidder for a file of any size, in constant memory."""
    lock_stream("bidder-copy", secret, source, target, vars(binding))


def open_file_for_bidder(
    secret: Passphrase | KeyFile, source: BinaryIO, target: Sink, binding: Binding
) -> None:
    """Undo seal_file_for_bidder. Use the target only after it returns."""
    unlock_stream("bidder-copy", secret, source, target, vars(binding))


def _place(bid_ref: str, part: str) -> dict:
    return {"bid_ref": bid_ref, "part": part}
