"""Words that only an opener knows: how hard to guess they must be, and a suggestion drawn at random.

Whoever has the database can guess without limit, so a passphrase has to hold against that: six words drawn from 512
are one of 2^54, and each guess costs a run of Argon2id (RFC 9106).
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from marketplace.core.errors import Problem

SHORTEST = 20
LONGEST = 200
FEWEST_DIFFERENT = 8
SUGGESTED_WORDS = 6
# What people add to reach a length; it adds next to nothing to the guesses.
_WORTHLESS = re.compile(r"(password|passphrase|qwerty\w*|asdf\w*|letmein|welcome|abcdef\w*|0?123\d*|\d{4,}|(.)\2{2,})")


@cache
def words() -> tuple[str, ...]:
    """The words that suggestions are drawn from."""
    return tuple((Path(__file__).parent / "words.txt").read_text(encoding="utf-8").split())


def suggest() -> str:
    """Six words drawn at random, never the same twice."""
    return " ".join(secrets.choice(words()) for _ in range(SUGGESTED_WORDS))


def strength_problems(passphrase: str, known: Iterable[str] = (), field: str = "passphrase") -> list[Problem]:
    """Whether it is long enough and not easy to guess; `known` is what others know of the person: name, address."""
    plain = unicodedata.normalize("NFKC", passphrase).casefold().strip()
    if len(plain) < SHORTEST:
        return [Problem(f"Your opening passphrase must have {SHORTEST} characters or more. Six words do", field)]
    if len(plain) > LONGEST:
        return [Problem(f"Your opening passphrase can have {LONGEST} characters at most", field)]
    rest = _WORTHLESS.sub("", plain)
    for each in _pieces(known):
        rest = rest.replace(each, "")
    if len(re.sub(r"\W", "", rest)) < SHORTEST // 2 or len(set(plain)) < FEWEST_DIFFERENT:
        return [
            Problem("That is too easy to guess. Choose six words that have nothing to do with you or each other", field)
        ]
    return []


def new_passphrase_problems(passphrase: str, again: str, known: Iterable[str] = ()) -> list[Problem]:
    """Its strength, and that it was typed twice alike: nobody can send it to you if a slip is in it."""
    found = strength_problems(passphrase, known)
    if not found and passphrase.strip() != again.strip():
        return [Problem("The two passphrases are not the same. Type it again", "again")]
    return found


def _pieces(known: Iterable[str]) -> list[str]:
    found = {piece for text in known for piece in re.findall(r"\w{4,}", text.casefold())}
    return sorted(found, key=lambda each: (-len(each), each))
