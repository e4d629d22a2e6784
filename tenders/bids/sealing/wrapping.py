"""The four things that can lock a blob: a passphrase, a key file, a public key, and (to unlock) its private key."""

import unicodedata
from dataclasses import dataclass
from typing import Never, Protocol

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from tenders.bids.sealing.errors import KeyForgotten, SealBroken, SealingError, WrongKey, WrongPassphrase

KEY_BYTES = 32


@dataclass(frozen=True)
class Argon2Cost:
    """What one guess at a passphrase costs: memory in KiB, passes over it, lanes."""

    memory_kib: int
    passes: int
    lanes: int

    def is_bearable(self) -> bool:
        """False where an altered head would make us spend a gibibyte, or argon2 refuse."""
        return 8 * self.lanes <= self.memory_kib <= 1024 * 1024 and 1 <= self.passes <= 16 and 1 <= self.lanes <= 16


# RFC 9106, section 4, second recommended option.
SHIPPED_COST = Argon2Cost(memory_kib=64 * 1024, passes=3, lanes=4)
# By the setting password_cost; `cheap` is refused outside tests. Old wrappings carry their own cost in their head.
COSTS = {"strong": SHIPPED_COST, "cheap": Argon2Cost(memory_kib=8, passes=1, lanes=1)}
# The cost of new wrappings that name none.
passphrase_cost = SHIPPED_COST


class Lock(Protocol):
    """Makes the secret of a new blob, and the public fields with which it can be found again."""

    def new_secret(self, salt: bytes) -> tuple[dict, bytes]: ...


class Unlock(Protocol):
    """Finds the secret of a blob from the fields in its head."""

    wrong: type[SealingError]

    def find_secret(self, fields: dict, salt: bytes) -> bytes: ...


class _Untold:
    """Holds a secret that no repr shows, no pickle stores and no copy multiplies."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError(f"a {type(self).__name__} is never stored or copied")


class Passphrase(_Untold):
    """What a person remembers; stretched by Argon2id. NFKC makes the same typing equal on every keyboard."""

    wrong: type[SealingError] = WrongPassphrase

    def __init__(self, text: str, cost: Argon2Cost | None = None):
        """`cost` is that of a new wrapping; ValueError for an empty text."""
        if not text.strip():
            raise ValueError("Enter a passphrase")
        self._cost = cost
        self._typed = unicodedata.normalize("NFKC", text).encode("utf-8")

    def new_secret(self, salt: bytes) -> tuple[dict, bytes]:
        cost = self._cost or passphrase_cost
        fields = {"lanes": cost.lanes, "memory_kib": cost.memory_kib, "passes": cost.passes, "wrap": "argon2id"}
        return fields, self._stretch(cost, salt)

    def find_secret(self, fields: dict, salt: bytes) -> bytes:
        numbers = [_field(fields, "argon2id", name, int) for name in ("memory_kib", "passes", "lanes")]
        cost = Argon2Cost(*numbers)
        if not cost.is_bearable():
            raise SealBroken("The blob asks for an impossible amount of work.")
        return self._stretch(cost, salt)

    def _stretch(self, cost: Argon2Cost, salt: bytes) -> bytes:
        return hash_secret_raw(
            self._typed, salt, cost.passes, cost.memory_kib, cost.lanes, KEY_BYTES, Type.ID, ARGON2_VERSION
        )


class KeyFile(_Untold):
    """The content of a key file: 32 random bytes or more."""

    wrong: type[SealingError] = WrongKey

    def __init__(self, content: bytes):
        if len(content) < KEY_BYTES:
            raise ValueError(f"a key file holds at least {KEY_BYTES} bytes")
        self.content = bytes(content)

    def new_secret(self, salt: bytes) -> tuple[dict, bytes]:
        return {"wrap": "key-file"}, self.content

    def find_secret(self, fields: dict, salt: bytes) -> bytes:
        _field(fields, "key-file", "wrap", str)
        return self.content


class PublicKey:
    """An X25519 public key: anyone can lock to it, only its private half unlocks."""

    def __init__(self, raw: bytes):
        self.raw = bytes(raw)
        self._key = X25519PublicKey.from_public_bytes(self.raw)

    def new_secret(self, salt: bytes) -> tuple[dict, bytes]:
        ephemeral = X25519PrivateKey.generate()
        sent = ephemeral.public_key().public_bytes_raw()
        return {"ephemeral": sent.hex(), "wrap": "x25519"}, ephemeral.exchange(self._key) + sent + self.raw


class PrivateKey(_Untold):
    """An X25519 private key, 32 bytes, that can be forgotten."""

    wrong: type[SealingError] = WrongKey

    def __init__(self, raw: bytes):
        if len(raw) != KEY_BYTES:
            raise ValueError(f"an X25519 private key has {KEY_BYTES} bytes")
        self._raw = bytearray(raw)

    @property
    def raw(self) -> bytes:
        """The 32 bytes; KeyForgotten after forget()."""
        if not self._raw:
            raise KeyForgotten("The opening has ended; its key is gone.")
        return bytes(self._raw)

    @property
    def public(self) -> bytes:
        """The public half, 32 bytes."""
        return X25519PrivateKey.from_private_bytes(self.raw).public_key().public_bytes_raw()

    def forget(self) -> None:
        """Overwrite our copy of the key; Python may have left others in memory that it reuses."""
        self._raw[:] = bytes(len(self._raw))
        self._raw.clear()

    def find_secret(self, fields: dict, salt: bytes) -> bytes:
        try:
            sent = bytes.fromhex(_field(fields, "x25519", "ephemeral", str))
            shared = X25519PrivateKey.from_private_bytes(self.raw).exchange(X25519PublicKey.from_public_bytes(sent))
        except ValueError:  # not hexadecimal, not 32 bytes, or a point of low order
            raise SealBroken("The blob's public key is not a key.") from None
        return shared + sent + self.public


def _field(fields: dict, wrap: str, name: str, kind: type):
    """One field of the head's key section, of the type it must have; SealBroken otherwise."""
    if fields.get("wrap") != wrap:
        raise WrongKey(f"This blob is not locked by {wrap}.")
    if type(value := fields.get(name)) is not kind:
        raise SealBroken("The head of the blob is damaged.")
    return value
