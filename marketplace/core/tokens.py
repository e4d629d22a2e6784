"""Links that carry a right: made from a row's id by HMAC under our own key, so that no table holds one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

from marketplace import config
from marketplace.core.files import write_whole


def secret_key() -> bytes:
    """Our own signing secret: from the settings, else a file under keys/ made on first use (0600)."""
    settings = config.current()
    if settings.secret_key:
        return settings.secret_key.encode()
    return _key_file(settings.keys_folder / "secret.key")


def _key_file(path: Path) -> bytes:
    if not path.exists():
        write_whole(path, secrets.token_hex(32).encode())
    return path.read_bytes().strip()


def make_token(purpose: str, row_id: int, salt: str = "") -> str:
    """The link's text for one row and purpose. `salt` (such as a password's version) makes it die with a change."""
    return f"{row_id}-{_mark(purpose, row_id, salt)}"


def read_token(purpose: str, text: str) -> int | None:
    """The row's id that a link made with an empty salt names, or None when the link is not ours."""
    row_id = token_row(text)
    return row_id if row_id is not None and is_token(purpose, text, row_id) else None


def token_row(text: str) -> int | None:
    """The row id that a link claims; prove it with is_token."""
    number = text.partition("-")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 12 else None


def is_token(purpose: str, text: str, row_id: int, salt: str = "") -> bool:
    """Whether the link is the one made for this row, purpose and salt (compared in constant time)."""
    return hmac.compare_digest(text.encode(), make_token(purpose, row_id, salt).encode())


def _mark(purpose: str, row_id: int, salt: str) -> str:
    digest = hmac.new(secret_key(), f"{purpose}:{row_id}:{salt}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def salted_hash(*words: str) -> str:
    """A keyed hash for marks that must not be guessed from their input, 32 hex characters."""
    return hmac.new(secret_key(), "\x1f".join(words).encode(), hashlib.sha256).hexdigest()[:32]
