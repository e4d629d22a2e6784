"""Why a supplier fits a need, in the need's own words: what its text mentions, with the sentence, and what not."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from marketplace.core.geography import REGIONS
from marketplace.reference import councils
from search.documents import CAPABILITY_ASKED, Passage
from search.engine import Reason
from search.queries import same_meaning
from search.words import STOP_STEMS, Word, split_words, stem

MOST_PHRASES = 20  # looked for in a supplier's text
MOST_REASONS = 8
MOST_EXPECTED = 10  # the first phrases, whose absence is worth saying
_PAIR = 1.4
MOST_NOT_MENTIONED = 5
LONGEST_SENTENCE = 240
WORKS = ("Past work", "Solution")  # how the labels of work done begin
_REQUIREMENT = re.compile(r"(?i)\b(requirement|essential|desirable|outcome|nice)")
_LITTLE_BEFORE = re.compile(r"\b([^\W\d_]{1,7})[-‐‑]$")
_SENTENCE = re.compile(r"[^.!?;\n]+(?:[.!?;](?!\s|$)[^.!?;\n]*)*[.!?;]?")
# Words of everyday speech, which tell nothing of a trade.
_EVERYDAY_WORDS = (
    "about above act add after again against ago agree ahead all allow almost alone along already although always"
    " among amount answer answers any anyone anything apply around ask asked asking away back bad base become before"
    " begin behind being believe best better between big both bring brings brought build building built busy buy call"
    " called came can cause centre change changed changes check choose clearly close closely come comes"
    " common complete consider contain continue correct cost could cover current currently day days decide describe"
    " detail details did differ different direct do does doing done down during each early easily easy either else end"
    " enough even ever every everybody everyone everything exactly expect explain extra fact far fast feel few"
    " fill final find first fit five focus follow following for four free from front full further gave general"
    " get gets getting give given gives go goes going gone got group had half hand happen hard has have having hear"
    " held here hold hour hours how however idea if improve in include included increase indeed instead into issue"
    " issues it item its itself join judge judging just kind knew know known last late later lead least leave led left"
    " less let level like likely limit line link list little live long longer look looked looking lot low made main"
    " major makes making many mark match may mean means member mend might mind minute miss month months more most"
    " mostly move moved much name near nearly never next nine no nobody none nor normal not note nothing now number of"
    " off often old older on once one only open openly opens or order other others our out over own page pages paid"
    " particular past pattern per perhaps period person pick place point possible potential present"
    " previous problem problems process produce product quick quickly quite raise raised rather reach read ready"
    " real really reason receive recent reduce regular remain result results return review right role"
    " run running said same save saw say says second see seek seem seen self send sense sent separate set seven"
    " several share sharing she short should show shown shows side simple simply since single six size small so some"
    " somebody someone something soon sort speak specific spend staff stage stand start started state stay step still"
    " stop such sure take taken takes taking talk tell ten term terms than that their them themselves then there"
    " these they thing things think third this those though three through throughout time times today together told"
    " too took toward try turn twice two type under unless until up upon usual usually value various very via view"
    " visit wait want wanted wants was watch week weeks were what when where whether which while who whoever whole"
    " eight astray wrote finish finished serious worth progress struggle lose loses honest honestly excluding vat"
    " whom whose why will wish with within without word words would write wrong yet you young your"
)
# The words of every need, which say nothing of this one.
_GENERIC_WORDS = (
    "ability able access across address also anybody area based citizen citizens clear council councils county borough city deliver"
    " delivered delivering delivery demonstrate demonstrable design develop development effective ensure essential"
    " evidence example examples excellent existing experience experienced good great help high including key"
    " knowledge large local make manage managing meet must need needs new ongoing part people project projects"
    " proven provide provided providing provision public range relevant require required requirement requirements"
    " requires sector service services similar skill skills solution solutions strong successful successfully"
    " supplier suppliers supply support supporting system systems team teams track record understand understanding"
    " use used user users using uk eu http https www passed section resident residents put keep load future senior phase online procure route fit player etc way ways"
    " well wide work worked working works year years"
)
# Some of them tell something after another word: case management, records system.
_SECOND = frozenset(map(stem, ("management", "system", "service", "support", "design", "development")))
_GENERIC = frozenset(stem(word) for word in (_GENERIC_WORDS + " " + _EVERYDAY_WORDS).split())


@dataclass(frozen=True)
class KeyPhrase:
    """One or two words that make this need what it is, and where they were asked."""

    typed: str
    stems: tuple[str, ...]
    asked_in: str


def give_reasons(
    phrases: Iterable[KeyPhrase], supplier: Sequence[Passage]
) -> tuple[tuple[Reason, ...], tuple[str, ...]]:
    """What of a need's key phrases the supplier's text mentions, and which it does not."""
    sentences = list(_sentences(supplier))
    matched: list[Reason] = []
    missing: list[str] = []
    for rank, phrase in enumerate(phrases):
        reason = _reason(phrase, sentences)
        parts = [] if reason else _parted(phrase)
        found = [reason] if reason else [each for part in parts if (each := _reason(part, sentences))]
        matched += found
        if rank < MOST_EXPECTED:
            lacking = [part.typed for part in parts if part.typed not in {each.term for each in found}]
            missing += lacking if found else [phrase.typed]
    return tuple(matched[:MOST_REASONS]), tuple(missing[:MOST_NOT_MENTIONED])


def _reason(phrase: KeyPhrase, sentences: Sequence[tuple[Passage, str, list[str]]]) -> Reason | None:
    wanted = [phrase.stems, *(term.stems for term in same_meaning(phrase.stems))]
    places = [place for place in sentences if any(_mentions(place[2], each) for each in wanted)]
    if not places:
        return None
    passage, sentence, _ = min(places, key=_worth_showing)
    return Reason(phrase.typed, phrase.asked_in, passage.label, _shortened(sentence, phrase))


def _worth_showing(place: tuple[Passage, str, list[str]]) -> tuple[bool, bool]:
    """Work done says more than what a firm says of itself; short sentences are read."""
    passage, sentence, _ = place
    return len(sentence) > LONGEST_SENTENCE, not passage.label.startswith(WORKS)


def _parted(phrase: KeyPhrase) -> list[KeyPhrase]:
    """A pair that is not there as a pair may be half there."""
    if len(phrase.stems) == 1:
        return []
    words = [phrase.typed[word.start : word.end] for word in split_words(phrase.typed)]
    return [KeyPhrase(word, (each,), phrase.asked_in) for word, each in zip(words, phrase.stems, strict=True)]


def key_phrases(need: Sequence[Passage], rarity: Callable[[str], float]) -> list[KeyPhrase]:
    """The need's most distinctive words and pairs of words; those of its requirements go first."""
    found: dict[tuple[str, ...], tuple[float, KeyPhrase]] = {}
    passages_with: Counter = Counter()
    for passage in need:
        if passage.label == CAPABILITY_ASKED:
            continue  # told by name, not by its words
        boost = 1.5 if _REQUIREMENT.search(passage.label) else 1.2 if passage.label == "Title" else 1.0
        candidates = dict(_candidates(passage.text))
        passages_with.update(candidates.keys())
        for words, typed in candidates.items():
            # A pair says more than its words do alone.
            weight = boost * sum(map(rarity, words)) / len(words) * (_PAIR if len(words) > 1 else 1.0)
            if words not in found or weight > found[words][0]:
                found[words] = (weight, KeyPhrase(typed, words, passage.label))
    # What a need says in several places is what it is about.
    ranked = sorted(
        found.values(), key=lambda pair: (-pair[0] * (1 + math.log(passages_with[pair[1].stems])), pair[1].typed)
    )
    return _apart([phrase for _, phrase in ranked])


def _apart(phrases: Iterable[KeyPhrase]) -> list[KeyPhrase]:
    """The first few that share no word."""
    chosen: list[KeyPhrase] = []
    taken: set[str] = set()
    for phrase in phrases:
        if taken.isdisjoint(phrase.stems) and len(chosen) < MOST_PHRASES:
            chosen.append(phrase)
            taken.update(phrase.stems)
    return chosen


def _candidates(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for sentence in _SENTENCE.finditer(text):
        line = sentence.group()
        words = list(split_words(line))
        for place, word in enumerate(words):
            if not _is_telling(word, line):
                continue
            yield (word.stem,), _as_written(line, words, place, place)
            following = words[place + 1] if place + 1 < len(words) else None
            if following is None or line[word.end : following.start] not in (" ", "-"):
                continue
            if following.stem in _SECOND or _is_telling(following, line):
                yield (word.stem, following.stem), _as_written(line, words, place, place + 1)


def _is_telling(word: Word, line: str) -> bool:
    # Of words of two letters only names in capitals tell anything: BI, HR, AI.
    is_long_enough = len(word.stem) > 2 or line[word.start : word.end].isupper()
    is_common = word.stem.isdigit() or word.stem in STOP_STEMS or word.stem in _GENERIC
    is_part = _is_place(word, line) or _is_in_address(word, line) or _follows_little_word(word, line)
    return is_long_enough and not is_common and not is_part


def _is_place(word: Word, line: str) -> bool:
    """Whom the need comes from is no trade: Hackney, South Kesteven; "reading" with a small letter is one."""
    return line[word.start].isupper() and word.stem in _places()


@cache
def _places() -> frozenset[str]:
    names = [*REGIONS, *(each.nice_name for each in councils())]
    return frozenset(word.stem for name in names for word in split_words(name)) - STOP_STEMS


def _is_in_address(word: Word, line: str) -> bool:
    """A part of a web or mail address: westberks.gov.uk."""
    before, after = line[: word.start][-2:], line[word.end :][:2]
    return bool(re.fullmatch(r"\w[.@]|.?//", before) or re.fullmatch(r"[.@]\w", after))


def _follows_little_word(word: Word, line: str) -> bool:
    """The second half of in-house or on-site, which alone would mean something else."""
    before = _LITTLE_BEFORE.search(line[: word.start])
    return before is not None and stem(before[1]) in STOP_STEMS


def _as_written(line: str, words: list[Word], first: int, last: int) -> str:
    """The words as typed; a capital that only opens a sentence is lowered, one of a title or a name is not."""
    typed = line[words[first].start : words[last].end]
    following = line[words[first + 1].start] if len(words) > first + 1 else "A"
    only_opens = first == 0 and typed[1:2].islower() and following.islower()
    return typed[0].lower() + typed[1:] if only_opens else typed


def _sentences(passages: Sequence[Passage]) -> Iterator[tuple[Passage, str, list[str]]]:
    for passage in passages:
        for sentence in _SENTENCE.finditer(passage.text):
            line = sentence.group().strip().rstrip(";")
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
