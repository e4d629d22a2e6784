"""What is searched: a need, a supplier, and the small passages by which they find each other."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from marketplace.core.clock import LONDON
from search.words import clean

OURS = "ours"
RESERVED, SUITS = "reserved", "suits"  # what small_firms may be
CAPABILITY_ASKED = "What is needed"  # the label of a passage that names a capability which a need asks for
# Upper ends in pence including VAT; the notifiable value of £30,000 is one of them.
BUDGET_BANDS = (
    ("under-10k", 10_000_00),
    ("10k-30k", 30_000_00),
    ("30k-100k", 100_000_00),
    ("100k-250k", 250_000_00),
    ("250k-and-over", None),
)


# The reaches that lists offer, and count: days until closing, miles from a place.
CLOSING_DAYS = (7, 14, 30, 60)
MILES = (5, 10, 25, 50, 100)


class Kind(StrEnum):
    """The two kinds of document that people search for."""

    NEED = "need"
    SUPPLIER = "supplier"


class Status(StrEnum):
    """A need's status as readers filter by it; open and closed are read from the clock, the rest from its end."""

    OPEN = "open"
    CLOSED = "closed"
    AWARDED = "awarded"
    NOT_AWARDED = "not-awarded"
    WITHDRAWN = "withdrawn"


class Passage(NamedTuple):
    """A labelled piece of text, such as ("Requirement 3", "…") or ("Past work: Housing repairs", "…")."""

    label: str
    text: str


class Held(NamedTuple):
    """A certificate or insurance that a supplier holds: a key such as "cyber-essentials", valid through a day or on."""

    key: str
    expires_on: date | None = None

    @property
    def ends_at(self) -> datetime | None:
        """The first instant at which it counts no more: midnight in London after its last day."""
        if self.expires_on is None or self.expires_on == date.max:
            return None
        return datetime.combine(self.expires_on + timedelta(days=1), time(), LONDON)


@dataclass(frozen=True, kw_only=True)
class NeedDocument:
    """A published need; instants in UTC, value in pence including VAT, ended is None until it has ended.

    small_firms is RESERVED when only small and medium firms and the voluntary sector may bid, SUITS when the need is
    small or its source calls it suitable for them, else None. buyer_kind is a key of search.buyers.KINDS.
    """

    reference: str
    title: str
    buyer: str
    published_at: datetime
    closes_at: datetime | None = None
    ended: Status | None = None
    region: str | None = None
    outcode: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    cpv_codes: tuple[str, ...] = ()
    value_pence: int | None = None
    capabilities: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()
    buyer_kind: str = "other"
    small_firms: str | None = None
    numbers: tuple[str, ...] = ()  # what others call it: the central notice, the process, the source
    source: str = OURS
    url: str = ""

    kind = Kind.NEED

    @property
    def heading(self) -> str:
        """What a result is called."""
        return self.title

    @property
    def budget_band(self) -> str | None:
        """The key of the band that the value falls in; None when no value is stated."""
        return budget_band(self.value_pence)


@dataclass(frozen=True, kw_only=True)
class SupplierDocument:
    """A supplier whose profile is public; size is micro, small, medium or large, evidence one paper a key."""

    reference: str
    name: str
    updated_at: datetime
    region: str | None = None
    outcode: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    size: str | None = None
    evidence: tuple[Held, ...] = ()
    has_worked_with_councils: bool = False
    cpv_codes: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()
    source: str = OURS
    url: str = ""

    kind = Kind.SUPPLIER

    @property
    def heading(self) -> str:
        """What a result is called."""
        return self.name


Document = NeedDocument | SupplierDocument


@dataclass(frozen=True)
class PassageDocument:
    """One small document for matching: a passage, the document that it belongs to and its place in it."""

    owner: str
    kind: Kind
    number: int
    label: str
    text: str


def budget_band(value_pence: int | None) -> str | None:
    """The key of the budget band of a value in pence including VAT."""
    if value_pence is None:
        return None
    return next(key for key, end in BUDGET_BANDS if end is None or value_pence < end)


def passages_of(document: Document) -> Iterator[PassageDocument]:
    """The document's passages, one a paragraph; a need's title counts as one, a firm's name says nothing of its work."""
    texts = list(document.passages)
    if isinstance(document, NeedDocument):
        texts.insert(0, Passage("Title", document.title))
    else:
        texts += [Passage("Capabilities", capability) for capability in document.capabilities]
    paragraphs = ((label, line.strip()) for label, text in texts for line in text.splitlines())
    for number, (label, text) in enumerate(pair for pair in paragraphs if pair[1]):
        yield PassageDocument(document.reference, document.kind, number, label, text)


def to_json(document: Document) -> str:
    """The document as one line of JSON, instants and days as ISO 8601; equal documents give equal lines."""
    values = {field.name: getattr(document, field.name) for field in fields(document)}
    return json.dumps(values, default=_plain, ensure_ascii=False, sort_keys=True)


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"A search document cannot hold {type(value).__name__}")


def from_json(kind: Kind, line: str) -> Document:
    """The document that to_json wrote."""
    shape = NeedDocument if kind is Kind.NEED else SupplierDocument
    known = {field.name for field in fields(shape)}
    values = {name: _value(name, value) for name, value in json.loads(line).items() if name in known}
    return shape(**values)


def _value(name: str, value):
    if value is None:
        return None
    if name.endswith("_at"):
        return datetime.fromisoformat(value)
    if name == "ended":
        return Status(value)
    if name == "passages":
        return tuple(Passage(*pair) for pair in value)
    if name == "evidence":
        return tuple(Held(key, date.fromisoformat(day) if day else None) for key, day in value)
    return tuple(value) if isinstance(value, list) else value


def fingerprint(document: Document) -> str:
    """Twelve hex digits that change when anything in the document changes; `reindex --check` compares them."""
    return hashlib.sha256(to_json(document).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def cleaned(document: Document) -> Document:
    """The document with every text as it is stored: composed accents, no control characters."""
    texts = {f.name: getattr(document, f.name) for f in fields(document)}
    texts |= {name: clean(value) for name, value in texts.items() if isinstance(value, str) and name != "ended"}
    texts["passages"] = tuple(Passage(clean(label), clean(text)) for label, text in document.passages)
    return type(document)(**texts)
