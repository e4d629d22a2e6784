"""How text becomes words: one reading of it for the index, the query, the snippets and the matching."""

import csv
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from whoosh.lang.porter import stem as porter_stem

LONGEST_WORD = 40
MOST_MARKS = 3  # accents on one letter; more of them are no language but a flood
_APOSTROPHES = "'’‘ʼ`´＇"
# What has no letter of its own but is a word: names of languages, "and" as a sign, £30k, 30,000.00, e-mail.
_WORD = re.compile(
    r"\b[cf](?:\+\+|#)"
    r"|(?:(?<![\w.])|(?<=\basp)|(?<=\bvb))\.net\b"
    r"|(?<![\w-])e[-‐‑](?=[^\W\d_]{3})[^\W_]+"
    r"|(?<=£)\d+(?:\.\d+)?[km]\b|(?<![\w.])\d{2,3}k\b"
    r"|\d+(?:,\d{3})*\.00(?!\d)|\d{1,3}(?:,\d{3})+(?!\d)"
    rf"|&|[^\W_]+(?:[{_APOSTROPHES}][^\W_]+)*",
    re.IGNORECASE,
)
_NAMES = {"c++": "cplusplus", "f++": "fplusplus", "c#": "csharp", "f#": "fsharp", ".net": "dotnet", "&": "and"}
_SUM = re.compile(r"(\d+(?:\.\d+)?)([km])|(\d+(?:,\d{3})*)\.00")
_THOUSANDS = {"k": 3, "m": 6}
_Z_SPELLING = re.compile(r"([^\W\d_]+?)([iy])z(e|ed|es|er|ers|ing|able|ation|ations|ational)")
# Here the z belongs to the word: size, prize, seize, maize.
_Z_WORD_LIST = "s pr se ma ba br ass caps res downs overs outs unders mids ups bites"
_Z_WORDS = frozenset(_Z_WORD_LIST.split())
_MARKS = "".join(chr(code) for code in range(0x300, 0x1F000) if unicodedata.combining(chr(code)))
_FLOOD = re.compile(f"([{_MARKS}]{{{MOST_MARKS}}})[{_MARKS}]+")

_LITTLE = (
    "a about above after all also am an and any are as at be because been before being below between both but by can"
    " could did do does doing during each either etc few for from further had has have having he her here hers him his"
    " how i if in into is it its itself just may me might more most must my no nor not of off on once only or other our"
    " out over own per same shall she should so some such than that the their them then there these they this those"
    " through to too under until up us very was we were what when where which while who whom why will with within would"
    " you your"
)


class Word(NamedTuple):
    """One word of a text: its stem for comparing and its place (start, end) for showing."""

    stem: str
    start: int
    end: int


def clean(text: str) -> str:
    """The text as it is stored and searched: composed accents, no control characters, no invisible ones."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _FLOOD.sub(r"\1", text))
        text = "".join(map(_shown, text))
    return "".join(c if c >= " " or c in "\n\t" else " " for c in text)


def _shown(character: str) -> str:
    """Soft hyphens and marks of direction vanish; what stands for no character at all becomes a space."""
    if character.isascii() or character.isalnum():
        return character
    category = unicodedata.category(character)
    return "" if category == "Cf" else " " if category in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") else character


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """Lower case and British, without accents, apostrophes or thousands commas; 30k is 30000, e-mail is email.

    Letters and digits are all that is left; empty for what has none.
    """
    word = word.lower().translate(_TO_APOSTROPHE)
    if word in _NAMES:
        return _NAMES[word]
    if word[0].isdigit() and (found := _SUM.fullmatch(word)):
        return _whole(*found.groups())
    if not word.isascii():
        word = unicodedata.normalize("NFKD", word)
    word = "".join(c for c in word.removesuffix("'s") if c.isalnum())[:LONGEST_WORD]
    return _british(word) if word.isascii() else word


_TO_APOSTROPHE = str.maketrans(dict.fromkeys(_APOSTROPHES, "'"))


def _whole(number: str | None, unit: str | None, plain: str | None) -> str:
    if number is None or unit is None:
        return (plain or "").replace(",", "")
    pounds, _, rest = number.partition(".")
    places = _THOUSANDS[unit]
    return (pounds + rest[:places].ljust(places, "0")).lstrip("0") or "0"


def _british(word: str) -> str:
    if word in _SPELLINGS:
        return _SPELLINGS[word]
    found = _Z_SPELLING.fullmatch(word)
    if found is None or found[1] in _Z_WORDS:
        return word
    return f"{found[1]}{found[2]}s{found[3]}"


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The stem by which forms of one word meet: repairs and repair, digitise and digitize."""
    word = fold(word)
    if word in _OWN_STEMS:
        return _OWN_STEMS[word]
    if not word.isascii() or not word.isalpha() or len(word) < 3:
        return word
    return porter_stem(word)


def split_words(text: str) -> Iterator[Word]:
    """Every word of the text in order; over-long strings of letters are no words."""
    for found in _WORD.finditer(text):
        start, end = found.span()
        if end - start <= LONGEST_WORD and (stemmed := stem(found.group())):
            yield Word(stemmed, start, end)


def stems(text: str) -> list[str]:
    """The stems of a text in order, repeats included."""
    return [word.stem for word in split_words(text)]


def beginnings(stem: str) -> tuple[str, ...]:
    """Pieces of lower-case text of which one stands wherever a word of this stem does; for looking before splitting."""
    if stem.isdigit():
        return (stem[:1],)  # 30000 may be written 30,000 or 30k
    # A stem may change its last letter (library, librari); what stands before that is in the text as typed.
    found = {stem[:-1] if len(stem) > 3 else stem[:1], *_WRITTEN_AS.get(stem, ())}
    if stem.startswith("e"):
        found |= {f"e{hyphen}" for hyphen in "-‐‑"}
    return tuple(sorted(found))


def _rows(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _spellings() -> dict[str, str]:
    """American form -> British form, every ending spelt out."""
    return {
        row["american"] + ending: row["british"] + ending
        for row in _rows("spellings.csv")
        for ending in ("", *row["endings"].split())
    }


_SPELLINGS = _spellings()
# Words that the stemmer would take for others: news is not new, an authority no author.
_OWN_STEMS = {row["word"]: row["stem"] for row in _rows("own_stems.csv")}
_WRITTEN_AS: dict[str, set[str]] = {}
for _form in (*_SPELLINGS, *_NAMES, *_OWN_STEMS):
    _WRITTEN_AS.setdefault(stem(_form), set()).add(_form[:3])
# Words that nearly every text has: left out of queries and matching, kept in the index so that phrases stay exact.
STOP_STEMS = frozenset(stem(word) for word in _LITTLE.split())
