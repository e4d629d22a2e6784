"""Why a supplier fits a need, in the need's own words: what its text mentions, with the sentence, and what not."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from search.documents import Passage
from search.engine import Reason
from search.queries import same_meaning
from search.words import STOP_STEMS, Word, split_words, stem

MOST_PHRASES = 8
MOST_NOT_MENTIONED = 5
LONGEST_SENTENCE = 240
_REQUIREMENT = re.compile(r"(?i)\b(requirement|essential|desirable|outcome|nice)")
_SENTENCE = re.compile(r"[^.!?;\n]+(?:[.!?;](?!\s|$)[^.!?;\n]*)*[.!?;]?")
# The words of every need, which say nothing of this one.
_GENERIC_WORDS = (
    "ability able access across address also area based clear council councils county borough city deliver"
    " delivered delivering delivery demonstrate demonstrable design develop development effective ensure essential"
    " evidence example examples excellent existing experience experienced good great help high including key"
    " knowledge large local make manage managing meet must need needs new ongoing part people project projects"
    " proven provide provided providing provision public range relevant require required requirement requirements"
    " requires sector service services similar skill skills solution solutions strong successful successfully"
    " supplier suppliers supply support supporting system systems team teams track record understand understanding"
    " use used user users using way ways well wide work worked working works year years"
)
_GENERIC = frozenset(stem(word) for word in _GENERIC_WORDS.split())


@dataclass(frozen=True)
class KeyPhrase:
    """One or two words that make this need what it is, and where they were asked."""

    typed: str
    stems: tuple[str, ...]
    asked_in: str


def give_reasons(
    need: Sequence[Passage], supplier: Sequence[Passage], rarity: Callable[[str], float]
) -> tuple[tuple[Reason, ...], tuple[str, ...]]:
    """What of the need's key phrases the supplier's text mentions, and which it does not."""
    phrases = key_phrases(need, rarity)
    sentences = list(_sentences(supplier))
    matched, missing = [], []
    for phrase in phrases:
        wanted = [phrase.stems, *(term.stems for term in same_meaning(phrase.stems))]
        places = [place for place in sentences if any(_mentions(place[2], each) for each in wanted)]
        if places:
            passage, sentence, _ = min(places, key=lambda place: len(place[1]) > LONGEST_SENTENCE)
            matched.append(Reason(phrase.typed, phrase.asked_in, passage.label, _shortened(sentence, phrase)))
        else:
            missing.append(phrase.typed)
    return tuple(matched), tuple(missing[:MOST_NOT_MENTIONED])


def key_phrases(need: Sequence[Passage], rarity: Callable[[str], float]) -> list[KeyPhrase]:
    """The need's most distinctive words and pairs of words; those of its requirements go first."""
    found: dict[tuple[str, ...], tuple[float, KeyPhrase]] = {}
    for passage in need:
        boost = 1.5 if _REQUIREMENT.search(passage.label) else 1.2 if passage.label == "Title" else 1.0
        for words, typed in _candidates(passage.text):
            # A pair says more than its words; the longer one wins when both are as rare.
            weight = boost * sum(rarity(each) for each in words) / len(words) * (1.25 if len(words) > 1 else 1.0)
            if words not in found or weight > found[words][0]:
                found[words] = (weight, KeyPhrase(typed, words, passage.label))
    chosen: list[KeyPhrase] = []
    taken: set[str] = set()
    for _, phrase in sorted(found.values(), key=lambda pair: (-pair[0], pair[1].typed)):
        if taken.isdisjoint(phrase.stems) and len(chosen) < MOST_PHRASES:
            chosen.append(phrase)
            taken.update(phrase.stems)
    return chosen


def _candidates(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for sentence in _SENTENCE.finditer(text):
        line = sentence.group()
        words = list(split_words(line))
        for place, word in enumerate(words):
            if not _is_telling(word):
                continue
            yield (word.stem,), _as_written(line, words[0], word, word)
            following = words[place + 1] if place + 1 < len(words) else None
            if following and _is_telling(following) and line[word.end : following.start] in (" ", "-"):
                yield (word.stem, following.stem), _as_written(line, words[0], word, following)


def _is_telling(word: Word) -> bool:
    return len(word.stem) > 2 and not word.stem.isdigit() and word.stem not in STOP_STEMS and word.stem not in _GENERIC


def _as_written(line: str, first: Word, start: Word, end: Word) -> str:
    """The words as typed; a capital that only opens the sentence is lowered."""
    typed = line[start.start : end.end]
    opens = start is first and typed[1:2].islower()
    return typed[0].lower() + typed[1:] if opens else typed


def _sentences(passages: Sequence[Passage]) -> Iterator[tuple[Passage, str, list[str]]]:
    for passage in passages:
        for sentence in _SENTENCE.finditer(passage.text):
            line = sentence.group().strip()
            if line:
                yield passage, line, [word.stem for word in split_words(line)]


def _mentions(words: list[str], wanted: tuple[str, ...]) -> bool:
    """The wanted words in their order, with at most two others between each."""
    for start in (place for place, word in enumerate(words) if word == wanted[0]):
        place = start
        for each in wanted[1:]:
            nearby = words[place + 1 : place + 4]
            if each not in nearby:
                break
            place += 1 + nearby.index(each)
        else:
            return True
    return False


def _shortened(sentence: str, phrase: KeyPhrase) -> str:
    if len(sentence) <= LONGEST_SENTENCE:
        return sentence
    found = next((word.start for word in split_words(sentence) if word.stem == phrase.stems[0]), 0)
    begin = max(0, min(found - LONGEST_SENTENCE // 3, len(sentence) - LONGEST_SENTENCE))
    begin = sentence.find(" ", begin) + 1 if begin else 0
    end = sentence.rfind(" ", begin, begin + LONGEST_SENTENCE)
    end = len(sentence) if begin + LONGEST_SENTENCE >= len(sentence) else end
    return ("… " if begin else "") + sentence[begin:end] + (" …" if end < len(sentence) else "")
