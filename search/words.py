"""How text becomes words: one reading of it for the index, the query, the snippets and the matching."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from whoosh.lang.porter import stem as porter_stem

LONGEST_WORD = 40
# c++ and c# are names; £50,000 is the number 50000; an apostrophe stays inside its word; a hyphen parts two words.
_WORD = re.compile(r"\b[cf](?:\+\+|#)|\d{1,3}(?:,\d{3})+(?!\d)|[^\W_]+(?:['’][^\W_]+)*", re.IGNORECASE)
_Z_SPELLING = re.compile(r"iz(?=(?:e|ed|es|er|ers|ing|ation|ations|ational)$)")

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
    """The text as it is stored and searched: composed accents, no control characters."""
    text = unicodedata.normalize("NFC", text)
    return "".join(c if c >= " " or c in "\n\t" else " " for c in text)


def fold(word: str) -> str:
    """Lower case, without accents, apostrophes or thousands commas; a possessive 's goes too."""
    word = word.lower().replace("’", "'")
    if not word.isascii():
        word = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    return word.removesuffix("'s").replace("'", "").replace(",", "")


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The stem by which forms of one word meet: repairs and repair, digitise and digitize."""
    word = fold(word)
    if not word.isascii() or not word.isalpha() or len(word) < 3:
        return word
    return porter_stem(_Z_SPELLING.sub("is", word))


def split_words(text: str) -> Iterator[Word]:
    """Every word of the text in order; over-long strings of letters are no words."""
    for found in _WORD.finditer(text):
        start, end = found.span()
        if end - start <= LONGEST_WORD:
            yield Word(stem(found.group()), start, end)


def stems(text: str) -> list[str]:
    """The stems of a text in order, repeats included."""
    return [word.stem for word in split_words(text)]


# Words that nearly every text has: left out of queries and matching, kept in the index so that phrases stay exact.
STOP_STEMS = frozenset(stem(word) for word in _LITTLE.split())
