"""The search box's own grammar: words, "a phrase", -without and OR. Anything else that is typed is just words."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from search.words import STOP_STEMS, clean, fold, split_words, stems

LONGEST_QUERY = 200
MOST_TERMS = 12
MOST_ALTERNATIVES = 12
_LONGEST_SYNONYM = 6
_PIECE = re.compile(r'(-?)"([^"]*)(?:"|$)|([^\s"]+)')
_MOST_READ = 5000  # characters that are looked at before the query is cut; what comes later could only be cut
_CPV_CHECK_DIGIT = re.compile(r"(?<=^\d{8})-\d$")
_POSTCODE = re.compile(r"\b([A-Za-z]{1,2}\d[A-Za-z\d]?)\s*\d[A-Za-z]{2}\b")
_QUOTES = str.maketrans({**dict.fromkeys("“”„‟«»″＂", '"'), "|": " | ", **dict.fromkeys("−‐‑–—﹣－", "-")})
_MARKS = ".?!()[]{}<>*^~'’`\""
_PREFIXES = ("multi", "cyber", "self", "anti")


@dataclass(frozen=True)
class Term:
    """Words that must stand next to each other, as typed and as stems; one word is the usual case."""

    typed: str
    stems: tuple[str, ...]
    is_quoted: bool = False

    @property
    def forms(self) -> tuple[str, ...]:
        """The one word as the spelling vocabulary keeps it, and its plural or singular; empty when there are several."""
        found = [self.typed[each.start : each.end] for each in split_words(self.typed)]
        if len(found) != 1:
            return ()
        word = fold(found[0])
        return (word, word.removesuffix("s")) if word.endswith("s") else (word, word + "s")


@dataclass(frozen=True)
class Clause:
    """Terms of which one must be there: those typed, joined by OR, and those that mean the same."""

    typed: tuple[Term, ...]
    meant: tuple[Term, ...] = ()

    @property
    def terms(self) -> tuple[Term, ...]:
        """All of the clause's terms, the typed ones first."""
        return self.typed + self.meant


@dataclass(frozen=True)
class Query:
    """A search as understood: every clause must be met and no excluded term be there; an empty one finds everything."""

    text: str
    clauses: tuple[Clause, ...] = ()
    excluded: tuple[Term, ...] = ()
    was_cut: bool = False

    @property
    def is_empty(self) -> bool:
        """True when nothing was asked for, so that everything is found."""
        return not self.clauses and not self.excluded


def parse_query(text: str | None) -> Query:
    """Reads what was typed, never raises; beyond 200 characters or 12 terms is left out and `was_cut` says so."""
    text = text or ""
    whole = " ".join(clean(text[:_MOST_READ]).split())
    kept = whole[:LONGEST_QUERY]
    reading = _Reading()
    for piece in _PIECE.finditer(_POSTCODE.sub(r"\1", kept).translate(_QUOTES)):
        reading.take(*piece.groups())
    was_cut = reading.is_over or len(whole) > LONGEST_QUERY or len(text) > _MOST_READ
    clauses = _without_stop_words(list(_with_synonyms(reading.clauses)))
    once = {tuple((term.stems, term.is_quoted) for term in clause.typed): clause for clause in reversed(clauses)}
    return Query(kept, tuple(reversed(once.values())), tuple(reading.excluded), was_cut)


def any_word_of(query: Query) -> Query | None:
    """The same search asking for any of its clauses instead of all; None when it has only one."""
    if len(query.clauses) < 2:
        return None
    typed = tuple(term for clause in query.clauses for term in clause.typed)
    meant = tuple(term for clause in query.clauses for term in clause.meant)
    words = [_typed_again(term) for term in typed]
    text = " OR ".join(words)
    text = text if len(text) <= LONGEST_QUERY else "|".join(words)
    return replace(query, text=text, clauses=(Clause(typed, meant),))


def describe(query: Query) -> str:
    """The search in words for a page: “housing and (repairs or maintenance), without training”."""
    if query.is_empty:
        return "everything"
    words = (
        " and ".join(_described(clause, is_only=len(query.clauses) == 1) for clause in query.clauses) or "everything"
    )
    if query.excluded:
        words += ", without " + " or ".join(_shown(term) for term in query.excluded)
    return words


def also_searched(query: Query) -> list[str]:
    """The other words that the search looks for because they mean the same, in the order of the synonyms file."""
    return list(dict.fromkeys(term.typed for clause in query.clauses for term in clause.meant))


def _described(clause: Clause, is_only: bool) -> str:
    words = " or ".join(_shown(term) for term in clause.typed)
    return words if is_only or len(clause.typed) == 1 else f"({words})"


def _shown(term: Term) -> str:
    return f"“{term.typed}”" if term.is_quoted else term.typed


def _typed_again(term: Term) -> str:
    return f'"{term.typed}"' if term.is_quoted else term.typed


class _Reading:
    """Takes the pieces of a query one by one and keeps clauses and exclusions within the limit."""

    def __init__(self) -> None:
        self.clauses: list[Clause] = []
        self.excluded: list[Term] = []
        self.count = 0
        self.is_over = False
        self._joins = self._negates = False

    def take(self, minus: str | None, quoted: str | None, word: str | None) -> None:
        if word is None:
            phrase = quoted or ""
            self._add(Term(phrase.strip(), tuple(stems(phrase)), is_quoted=True), bool(minus))
        elif word in ("OR", "|"):
            self._joins = bool(self.clauses)
        elif word == "NOT":
            self._negates = True
        elif word != "AND":
            for term in _terms_of("and" if word == "&" and self.clauses else word.lstrip("-&")):
                self._add(term, word.startswith("-"))

    def _add(self, term: Term, is_excluded: bool) -> None:
        if not term.stems:
            return
        room = MOST_TERMS - self.count
        if len(term.stems) > room:
            self.is_over = True
            term = replace(term, stems=term.stems[:room])
        if not term.stems:
            return
        self.count += len(term.stems)
        if is_excluded or self._negates:
            self.excluded.append(term)
        elif self._joins:
            self.clauses[-1] = Clause((*self.clauses[-1].typed, term))
        else:
            self.clauses.append(Clause((term,)))
        self._joins = self._negates = False


def _terms_of(word: str) -> Iterator[Term]:
    """A hyphenated word is one term whose parts stand together; other marks part words."""
    word = _CPV_CHECK_DIGIT.sub("", word)
    for part in re.split(r"[/\\,;:]+(?!\d)", word):
        found = tuple(stems(part))
        if found:
            yield Term(_shorn(part), found)


def _shorn(word: str) -> str:
    """The word without the marks around it; the dot of .NET is its own."""
    shorn = word.strip(_MARKS)
    dotted = f".{shorn}"
    return dotted if dotted in word and stems(dotted) != stems(shorn) else shorn


def _without_stop_words(clauses: list[Clause]) -> list[Clause]:
    """Little words are in nearly every text; they are dropped unless nothing else was asked."""
    kept = [clause for clause in clauses if not all(_is_little(term) for term in clause.typed)]
    return kept or clauses


def _is_little(term: Term) -> bool:
    return not term.is_quoted and all(stem in STOP_STEMS for stem in term.stems)


@cache
def _synonyms() -> dict[tuple[str, ...], tuple[Term, ...]]:
    """Stems of each listed term -> the terms that mean the same; what is typed only is never looked for itself."""
    table: dict[tuple[str, ...], tuple[Term, ...]] = {}
    with (Path(__file__).parent / "synonyms.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            group = {tuple(stems(text)): text for text in reversed(row["terms"].split(";"))}
            sought = [Term(text, found) for found, text in reversed(group.items())]
            typed_only = (tuple(stems(text)) for text in row["typed_only"].split(";") if text)
            for key in (*group, *typed_only):
                table[key] = tuple(term for term in sought if term.stems != key)
    return table


def same_meaning(wanted: tuple[str, ...]) -> tuple[Term, ...]:
    """The terms that the synonyms file lists beside this one."""
    return _synonyms().get(wanted, ())


def _with_synonyms(clauses: list[Clause]) -> Iterator[Clause]:
    """Adds what means the same; words typed in a row that are one listed term become one clause."""
    place = 0
    while place < len(clauses):
        length = next((n for n in range(_LONGEST_SYNONYM, 1, -1) if _row_of(clauses[place : place + n], n)), 1)
        row = clauses[place : place + length]
        if length > 1:
            typed = tuple(stem for clause in row for stem in clause.typed[0].stems)
            # The words need not stand together in the text, but one term of the same meaning is as good.
            yield from _joined(row, _synonyms()[typed])
        else:
            yield _widened(row[0])
        place += length


def _row_of(clauses: list[Clause], length: int) -> bool:
    if len(clauses) < length or any(len(c.typed) > 1 or c.typed[0].is_quoted for c in clauses):
        return False
    return tuple(stem for clause in clauses for stem in clause.typed[0].stems) in _synonyms()


def _joined(row: list[Clause], meant: tuple[Term, ...]) -> Iterator[Clause]:
    """(a AND b) OR c is (a OR c) AND (b OR c), which keeps the query a plain list of clauses."""
    for clause in row:
        yield Clause(clause.typed, meant[:MOST_ALTERNATIVES])


def _widened(clause: Clause) -> Clause:
    plain = [term for term in clause.typed if not term.is_quoted]
    meant = [other for term in plain for other in (*same_meaning(term.stems), *_written_otherwise(term))]
    others = [term for term in dict.fromkeys(meant) if term.stems not in {t.stems for t in clause.typed}]
    return Clause(clause.typed, tuple(others[:MOST_ALTERNATIVES]))


def _written_otherwise(term: Term) -> Iterator[Term]:
    """multi-agency is also multiagency, and multiagency multi-agency."""
    head, *rest = re.split("-", term.typed)
    if len(rest) == 1 and len(term.stems) == 2 and (head + rest[0]).isalpha():
        yield Term(head + rest[0], tuple(stems(head + rest[0])))
    prefix = next((each for each in _PREFIXES if head.lower().startswith(each) and len(head) > len(each) + 3), "")
    if prefix and not rest and head.isalpha():
        parted = f"{prefix}-{head[len(prefix) :]}"
        yield Term(parted, tuple(stems(parted)))
