"""Passwords: argon2id, at most one hash per core less one at a time, so that sign-ins cannot starve the rest."""

from __future__ import annotations

import os
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from marketplace import config

# OWASP's figures for argon2id: 19 MiB, 2 passes, 1 lane.
STRONG = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_turn = threading.BoundedSemaphore(max(1, (os.cpu_count() or 2) - 1))


def _hasher() -> PasswordHasher:
    return CHEAP if config.current().password_cost == "cheap" else STRONG


def hash_password(password: str) -> str:
    """The argon2id hash to keep."""
    with _turn:
        return _hasher().hash(password)


def is_password(password: str, password_hash: str) -> bool:
    """Whether the password is the one hashed. An empty hash (no account) costs the same time and is never right."""
    known = password_hash or _nobody()
    with _turn:
        try:
            return _hasher().verify(known, password) and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False


_nobodies: dict[str, str] = {}


def _nobody() -> str:
    cost = config.current().password_cost
    if cost not in _nobodies:
        _nobodies[cost] = hash_password("nobody has this password")
    return _nobodies[cost]
