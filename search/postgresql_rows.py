"""What a document becomes in PostgreSQL: words with places for phrases, words with counts for ranking, and facts."""

import json
import math
import struct
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from search.documents import Document, budget_band, passages_of, to_json
from search.fallback import searched_texts
from search.matching import count_stems
from search.queries import MOST_TERMS
from search.selection import facts_of
from search.words import STOP_STEMS, fold, split_words

# One document, or one passage, that has a word: many of them stand in a row, a block of numbers at a time.
WORD = np.dtype([("number", "<i4"), ("count", "u1"), ("title", "u1"), ("length", "<u2"), ("forms", "<u4")])
PASSAGE_WORD = np.dtype([("number", "<i4"), ("length", "<u2"), ("count", "<u2")])
# How many documents, or passages, share a row: larger ones are read faster, smaller ones written faster.
BLOCK, PASSAGE_BLOCK = 4096, 16384
_pack_word = struct.Struct("<iBBHI").pack
_pack_passage_word = struct.Struct("<iHH").pack
# PostgreSQL keeps at most 256 places of a word in one vector and none beyond 16,383; short stretches reach neither,
# and overlap by the longest phrase, so that none is cut in two.
_STRETCH = 240
_OVERLAP = MOST_TERMS - 1

FACTS = (
    "id", "reference", "fingerprint", "at", "closes_at", "ended", "region", "latitude", "longitude", "categories",
    "value_pence", "budget_band", "capabilities", "size", "buyer", "source", "buyer_kind", "small_firms",
    "evidence_keys", "evidence_ends", "councils",
)  # fmt: skip


@lru_cache(maxsize=65536)
def form_bit(form: str) -> int:
    """One of 32 bits for a word as written; two forms of one stem seldom share it."""
    return 1 << (zlib.crc32(form.encode()) & 31)


@dataclass(frozen=True)
class DocumentWords:
    """One document, read once: its parts as stems in order, the words of its passages, and its words as written."""

    document: Document
    parts: list[tuple[bool, list[str]]]
    words: dict[str, tuple[int, int, int]]  # stem -> (in the text, in the title, bits of the forms)
    forms: set[str]
    passages: list[tuple[str, list[str]]]  # labels and stems

    @property
    def length(self) -> int:
        """Words in all parts but the title."""
        return sum(len(stems) for is_title, stems in self.parts if not is_title)

    def vectors(self) -> Iterator[tuple[bool, str]]:
        """The text form of tsvectors of short stretches; none reaches across two parts."""
        for is_title, stems in self.parts:
            for start in range(0, max(1, len(stems) - _OVERLAP), _STRETCH - _OVERLAP):
                if stems:
                    yield is_title, vector(stems[start : start + _STRETCH], "A" if is_title else "")


class _Splitter:
    """Splits texts into (stem, form), every line only once."""

    def __init__(self) -> None:
        self._lines: dict[str, list[tuple[str, str]]] = {}

    def split(self, text: str) -> list[tuple[str, str]]:
        """The words of a text; none reaches from one line into the next."""
        lines = [self._line(line.strip()) for line in text.splitlines()]
        return lines[0] if len(lines) == 1 else [pair for line in lines for pair in line]

    def _line(self, line: str) -> list[tuple[str, str]]:
        if line not in self._lines:
            self._lines[line] = [(word.stem, fold(line[word.start : word.end])) for word in split_words(line)]
        return self._lines[line]


def read_document(document: Document) -> DocumentWords:
    """Splits every text of a document into words."""
    splitter = _Splitter()
    texts = [splitter.split(text) for text in [document.heading, *searched_texts(document)]]
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for place, pairs in enumerate(texts):
        for stem, form in pairs:
            found = counts[stem]
            found[place == 0] += 1
            found[2] |= form_bit(form)
    return DocumentWords(
        document=document,
        parts=[(place == 0, [stem for stem, _ in pairs]) for place, pairs in enumerate(texts)],
        words={stem: (found[0], found[1], found[2]) for stem, found in counts.items()},
        forms={form for pairs in texts for _, form in pairs},
        passages=[(each.label, [stem for stem, _ in splitter.split(each.text)]) for each in passages_of(document)],
    )


def vector(stems: Sequence[str], weight: str = "") -> str:
    """Stems in order as the text of a tsvector; two little words in a row are a lexeme of their own beside them."""
    places: dict[str, list[str]] = defaultdict(list)
    for place, stem in enumerate(stems, 1):
        places[stem].append(f"{place}{weight}")
    for place, pair in enumerate(pairwise(stems), 1):
        if _are_little(pair):
            places[" ".join(pair)].append(f"{place}{weight}")
    return " ".join(f"{quoted(lexeme)}:{','.join(each)}" for lexeme, each in places.items())


def phrase(stems: Sequence[str]) -> str:
    """Stems that must stand next to each other as the text of a tsquery.

    Nearly every text has "of" and "the" somewhere, so that it takes long to see where they meet: their pair is asked.
    """
    lexemes = list(stems)
    for place, pair in enumerate(pairwise(stems)):
        if _are_little(pair):
            lexemes[place] = " ".join(pair)
    if _are_little(stems[-2:]):
        lexemes.pop()
    return " <-> ".join(map(quoted, lexemes))


def _are_little(pair: Sequence[str]) -> bool:
    return len(pair) == 2 and pair[0] in STOP_STEMS and pair[1] in STOP_STEMS


def quoted(stem: str) -> str:
    """A word as a quoted lexeme, in which nothing is syntax."""
    return "'" + stem.replace("\\", "\\\\").replace("'", "''") + "'"


def facts_row(number: int, document: Document) -> tuple:
    """The values of FACTS."""
    facts = facts_of(document)
    return (
        number, facts.reference, facts.fingerprint, facts.at, facts.closes_at, facts.ended, facts.region or None,
        facts.latitude, facts.longitude, _distinct(facts.categories), facts.value_pence,
        budget_band(facts.value_pence), _distinct(facts.capabilities), facts.size or None, facts.buyer or None,
        facts.source or None, facts.buyer_kind or None, facts.small_firms or None,
        [key for key, _ in facts.evidence], [math.inf if end is None else end for _, end in facts.evidence],
        facts.councils or None,
    )  # fmt: skip


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def text_row(number: int, read: DocumentWords) -> tuple[int, bytes, bytes]:
    """The whole document and the words by which it is matched."""
    counts = json.dumps(count_stems(read.passages))
    return number, to_json(read.document).encode("utf-8", "surrogatepass"), counts.encode()


class Postings:
    """Entries gathered by word and block, each as the bytes of WORD or PASSAGE_WORD."""

    def __init__(self) -> None:
        self.words: dict[tuple[str, int], bytearray] = defaultdict(bytearray)
        self.passage_words: dict[tuple[str, int], bytearray] = defaultdict(bytearray)

    def add(self, number: int, first_passage: int, read: DocumentWords) -> None:
        """Enters a document under its number, and its passages from a first number on."""
        block, length = number // BLOCK, min(read.length, 65535)
        for stem, (count, title, forms) in read.words.items():
            self.words[stem, block] += _pack_word(number, min(count, 255), min(title, 255), length, forms)
        for passage, (_, stems) in enumerate(read.passages, first_passage):
            block, length = passage // PASSAGE_BLOCK, min(len(stems), 65535)
            for stem, count in Counter(stems).items():
                self.passage_words[stem, block] += _pack_passage_word(passage, length, min(count, 65535))


def without(entries: bytes, kind: np.dtype, numbers: Iterable[int]) -> bytes:
    """The entries but those of these numbers."""
    found = np.frombuffer(entries, kind)
    return found[~np.isin(found["number"], list(numbers))].tobytes()
