"""Words of a question that tell who asked: e-mail addresses, phone numbers, names of the asker and its firm. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from suppliers.profiles.identity import name_key

EMAIL, PHONE, FIRM, PERSON = "e-mail address", "phone number", "firm’s name", "name"
_EMAIL = re.compile(r"[^\s@<>]+\s?(?:@|\(at\)|\[at\])\s?[^\W_][\w-]*(?:\.|\s?\(dot\)\s?|\s?\[dot\]\s?)\w", re.IGNORECASE)
_DAY = re.compile(r"\b[0-9]{1,2}[./-][0-9]{1,2}[./-](?:[0-9]{4}|[0-9]{2})\b")
_POSSESSIVE = re.compile(r"['’]s\b", re.IGNORECASE)
# Ten or eleven figures from a nought, or the world's way with + or 00.
_PHONE = re.compile(
    r"(?<![\w£.,/-])(?:\(?0[1-9](?:[ ().-]{0,2}[0-9]){8,9}|(?:\+|00)[1-9](?:[ ().-]{0,3}[0-9]){7,13})(?![\w/])"
)


@dataclass(frozen=True)
class Asker:
    """What names the asker: its firm's name, its website, the person's name; any may be empty."""

    firm: str = ""
    website: str = ""
    person: str = ""


NOBODY = Asker()


def contact_kinds(text: str) -> set[str]:
    """Which ways of reaching somebody the text holds: EMAIL, PHONE."""
    found = {EMAIL} if _EMAIL.search(text) else set()
    return found | ({PHONE} if _PHONE.search(_DAY.sub("day", text)) else set())


def name_kinds(text: str, asker: Asker, need_words: str) -> set[str]:
    """Whether the text holds the asker's names: FIRM, PERSON. A word that the need itself uses gives nobody away."""
    said = _runs(_words(text))
    host = (urlsplit(asker.website).hostname or "").removeprefix("www.")
    names_firm = _firm_marks(asker.firm, set(_words(need_words))) & said or (host and host in text.lower())
    return ({FIRM} if names_firm else set()) | ({PERSON} if _person_marks(asker.person) & said else set())


def _words(text: str) -> list[str]:
    """A text's words as names are compared: no marks, no case, no possessive."""
    return [each for word in _POSSESSIVE.sub("", text).split() for each in name_key(word).split()]


def _runs(words: list[str]) -> set[str]:
    """Up to eight words after one another, written as one: "Bright Data" is "BrightData"."""
    return {"".join(words[at : at + length]) for at in range(len(words)) for length in range(1, 9)}


def _firm_marks(name: str, known: set[str]) -> set[str]:
    short = name_key(name)
    marks = {"".join(_words(name)), "".join(short.split()), "".join(short.removesuffix(" and co").split())}
    return {each for each in marks if len(each) > 2 and each not in known}


def _person_marks(name: str) -> set[str]:
    names = _words(name)
    return {"".join(names), names[0] + names[-1], names[0][0] + names[-1]} if len(names) > 1 else set()
