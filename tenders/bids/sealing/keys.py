"""Keys that live in files, outside the database and left out of every backup."""

import contextlib
import os
import re
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenders.bids.sealing.errors import KeyExists, KeyMissing
from tenders.bids.sealing.wrapping import KEY_BYTES, KeyFile

# A name becomes a file name: no separator, no leading dot, nothing a shell or another system reads otherwise.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


class KeyFolder:
    """A folder of small secret files (folder 0700, files 0600), each written whole, once, and durably."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)

    def create(self, name: str, content: bytes) -> None:
        """Write a new key; KeyExists if the name is taken. After it returns the key survives a power cut."""
        target = self._path(name)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self.folder / f".{name}.{secrets.token_hex(8)}"
        try:
            _write_durably(temporary, content)
            os.link(temporary, target)  # unlike a rename, a link never replaces a key that another worker made
        except FileExistsError:
            raise KeyExists(f"There is already a key called {name}.") from None
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(self.folder)

    def read(self, name: str) -> bytes:
        """The key's content; KeyMissing."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise KeyMissing(f"There is no key called {name}.") from None

    def exists(self, name: str) -> bool:
        """True while the key is there."""
        return self._path(name).exists()

    def destroy(self, name: str) -> None:
        """Overwrite, then remove; a key already gone is fine. The medium itself may keep older blocks."""
        path = self._path(name)
        with contextlib.suppress(FileNotFoundError):
            with path.open("r+b") as file:
                file.write(secrets.token_bytes(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            _sync_folder(self.folder)

    def set_aside(self, name: str) -> None:
        """Take the key out of use at once, without waiting for the disk; destroy_set_aside() does the rest."""
        path, aside = self._path(name), self._aside.folder
        try:
            path.rename(aside / name)
        except FileNotFoundError:
            if path.exists():
                aside.mkdir(mode=0o700, exist_ok=True)
                path.rename(aside / name)

    def destroy_set_aside(self) -> int:
        """Destroy what was set aside; returns how many keys."""
        names = [each.name for each in self._aside.folder.glob("*")]
        for each in names:
            self._aside.destroy(each)
        return len(names)

    @property
    def _aside(self) -> "KeyFolder":
        return KeyFolder(self.folder / "aside")

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("a key's name is a reference: letters, digits, dots, dashes and underscores")
        return self.folder / name


class KeyFiles:
    """One random key file for each reference."""

    def __init__(self, folder: Path | str):
        self._keys = KeyFolder(folder)

    def create(self, reference: str) -> KeyFile:
        """A new key; KeyExists."""
        key = KeyFile(secrets.token_bytes(KEY_BYTES))
        self._keys.create(reference, key.content)
        return key

    def read(self, reference: str) -> KeyFile:
        """The key of this reference; KeyMissing."""
        return KeyFile(self._keys.read(reference))

    def exists(self, reference: str) -> bool:
        """True until the key is destroyed."""
        return self._keys.exists(reference)

    def destroy(self, reference: str) -> None:
        """Make all that this key locked unreadable for ever."""
        self._keys.destroy(reference)


class DraftKeys(KeyFiles):
    """By bid reference: reads a bid's drafts until it is submitted."""

    def set_aside(self, reference: str) -> None:
        """Read nothing with this key any more. Until destroy_set_aside() its file is there, under another name."""
        self._keys.set_aside(reference)

    def destroy_set_aside(self) -> int:
        """Make all that the keys set aside had locked unreadable for ever; returns how many."""
        return self._keys.destroy_set_aside()


class HeldKeys(KeyFiles):
    """By need reference: reads the prices that the service holds shut while quality is assessed."""


class OpenerKeyFiles(KeyFiles):
    """By opener: wraps shares until openers choose passphrases; who reads enough of these files can open early."""


class SigningKeys:
    """One of the service's own Ed25519 pairs, made on first use: one signs receipts, another what is told in public."""

    NAME = "receipts.ed25519"

    def __init__(self, folder: Path | str, name: str = NAME):
        self._keys, self._name = KeyFolder(folder), name

    def exists(self) -> bool:
        """Whether the pair has been made."""
        return self._keys.exists(self._name)

    def private_key(self) -> Ed25519PrivateKey:
        """The signing key, the same for every worker."""
        with contextlib.suppress(KeyMissing):
            return _parsed(self._keys.read(self._name))
        with contextlib.suppress(KeyExists):  # another worker was first: its key is ours
            self._keys.create(self._name, Ed25519PrivateKey.generate().private_bytes_raw())
        return _parsed(self._keys.read(self._name))

    def public_key(self) -> bytes:
        """What to publish, so that anyone can verify a receipt: 32 bytes."""
        return self.private_key().public_key().public_bytes_raw()


@lru_cache(maxsize=2)
def _parsed(content: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(content)


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
