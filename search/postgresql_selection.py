"""Filters, facets, order and pages in SQL, over what a query found; search.selection says what they mean.

Statements are put together from the constants of this module; every value goes to the database beside them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from marketplace.core.geography import EARTH_RADIUS_MILES
from search.documents import CLOSING_DAYS, MILES, Kind
from search.engine import FacetCount, Filters, Sort
from search.postgresql_found import Found
from search.postgresql_snapshot import Numbers, Scores, Snapshot
from search.selection import DAY, NEED_FACETS, SUPPLIER_FACETS, YES

_STATUS = """coalesce(ended, CASE WHEN closes_at IS NULL OR %(at)s <= closes_at THEN 'open' ELSE 'closed' END)"""
_AWAY = """CASE WHEN latitude IS NOT NULL AND longitude IS NOT NULL THEN 2 * %(earth)s::float8 * asin(least(1.0, sqrt(
    power(sin((radians(latitude) - radians(%(latitude)s::float8)) / 2), 2)
    + cos(radians(%(latitude)s::float8)) * cos(radians(latitude))
    * power(sin(radians(longitude - %(longitude)s::float8) / 2), 2)))) END"""
_FOUND = "unnest(%(numbers)s::integer[], %(scores)s::float8[]) AS found (id, score) JOIN documents USING (id)"
_ALL_BUT = """(SELECT *, 0::float8 AS score FROM documents
    WHERE id NOT IN (SELECT unnest(%(numbers)s::integer[]))) AS documents"""
_ALL = "(SELECT *, 0::float8 AS score FROM documents) AS documents"
# What is written down of every document found is read again for each facet, so it is as little as will do.
_COLUMNS = {
    Kind.NEED: """id, reference, score, at, closes_at, status, away, value_pence, region, categories, budget_band,
        capabilities, source, buyer_kind, small_firms""",
    Kind.SUPPLIER: """id, reference, score, at, closes_at, status, away, value_pence, region, size, capabilities,
        evidence_keys, evidence_ends, councils, source""",
}
# The filters by the name of the facet that each belongs to, and what must hold.
_TESTS = {
    "status": "status = ANY(%(status)s::text[])",
    "region": "region = ANY(%(region)s::text[])",
    "buyer": "buyer = ANY(%(buyer)s::text[])",
    "category": "categories && %(category)s::text[]",
    "budget_band": "budget_band = ANY(%(budget_band)s::text[])",
    "capability": "capabilities && %(capability)s::text[]",
    "size": "size = ANY(%(size)s::text[])",
    "source": "source = ANY(%(source)s::text[])",
    "buyer_kind": "buyer_kind = ANY(%(buyer_kind)s::text[])",
    "small_firms": "small_firms = ANY(%(small_firms)s::text[])",
    "evidence": """EXISTS (SELECT FROM unnest(evidence_keys, evidence_ends) AS held (key, ends)
        WHERE key = ANY(%(evidence)s::text[]) AND %(at)s < ends)""",
    "councils": "councils = ANY(%(councils)s::text[])",
    "closing": "status = 'open' AND closes_at <= %(closing)s",
    "distance": "away <= %(miles)s",
}
_SINGLE = ("status", "region", "budget_band", "source", "buyer_kind", "small_firms", "size", "councils")
_SEVERAL = {
    "category": ("unnest(categories) AS each (value)", "true"),
    "capability": ("unnest(capabilities) AS each (value)", "true"),
    "evidence": ("unnest(evidence_keys, evidence_ends) AS each (value, ends)", "%(at)s < ends"),
    "closing": (
        "unnest(%(closing_days)s::integer[]) AS each (value)",
        "status = 'open' AND closes_at <= %(at)s + each.value * %(day)s::float8",
    ),
    "distance": ("unnest(%(reaches)s::integer[]) AS each (value)", "away <= each.value"),
}
_WORTH = {
    Sort.CLOSING_SOONEST: """status <> 'open', CASE WHEN status = 'open' THEN coalesce(closes_at, 'Infinity')
        ELSE -coalesce(closes_at, 0) END""",
    Sort.NEWEST: "at DESC",
    Sort.VALUE: "coalesce(value_pence, 0) DESC",
    Sort.DISTANCE: "round(away::numeric, 6) NULLS LAST",
}
_BY_RELEVANCE = {Kind.NEED: "status <> 'open', score DESC, at DESC", Kind.SUPPLIER: "score DESC"}
_AMONG_EQUALS = {
    Kind.NEED: "reference",
    Kind.SUPPLIER: "encode(sha256(convert_to(%(today)s || ' ' || reference, 'UTF8')), 'hex') COLLATE \"C\"",
}
_MOST_SKIPPED = 2**40


@dataclass(frozen=True)
class Selected:
    """A page of (number, score) in order, how many there are in all, and the counts for every facet."""

    page: list[tuple[int, float]]
    total: int
    facets: dict[str, tuple[FacetCount, ...]]


def select_page(
    snapshot: Snapshot, kind: Kind, found: Found, filters: Filters, sort: Sort, now: datetime, page: int, size: int
) -> Selected:
    """Filters, counts and orders what was found, and gives one page of it."""
    asked = _Asked(kind, found, filters, sort, now)
    names = [name for name in (NEED_FACETS if kind is Kind.NEED else SUPPLIER_FACETS) if asked.can_count(name)]
    parts = [asked.page_part(), "SELECT 'total', '', count(*), 0 FROM marked WHERE failed = 0"]
    parts += asked.facet_parts(names)
    skipped = min((max(1, page) - 1) * size, _MOST_SKIPPED)
    values = asked.values | {"page_size": size, "skipped": skipped}
    hits, total = [], 0
    counts: dict[str, dict[str, int]] = {name: {} for name in _facets_of(kind)}
    for what, value, number, score in snapshot.rows(kind, asked.marked + " UNION ALL ".join(parts), values):
        if what == "hit":
            hits.append((number, score))
        elif what == "total":
            total = number
        elif value is not None:
            counts[what][value] = counts[what].get(value, 0) + number
    return Selected(hits, total, {name: _listed(each) for name, each in counts.items()})


def select_all(
    snapshot: Snapshot, kind: Kind, found: Found, filters: Filters, sort: Sort, now: datetime
) -> list[tuple[str, float]]:
    """The references and scores of everything that is left after the filters, in order."""
    asked = _Asked(kind, found, filters, sort, now)
    statement = f"{asked.marked} SELECT reference, score FROM marked WHERE failed = 0 ORDER BY {asked.order}"
    return [(reference, score) for reference, score in snapshot.rows(kind, statement, asked.values)]


def _facets_of(kind: Kind) -> tuple[str, ...]:
    return NEED_FACETS if kind is Kind.NEED else SUPPLIER_FACETS


class _Asked:
    """One search as the parts of a statement and their values."""

    def __init__(self, kind: Kind, found: Found, filters: Filters, sort: Sort, now: datetime) -> None:
        self._near = filters.near
        tests = _values_of(filters, now)
        self._bits = {name: 1 << place for place, name in enumerate(tests)}
        worth = _BY_RELEVANCE[kind] if sort is Sort.DISTANCE and self._near is None else _WORTH.get(sort)
        self.order = f"{worth or _BY_RELEVANCE[kind]}, {_AMONG_EQUALS[kind]}"
        self.values = tests | {
            "at": now.timestamp(),
            "today": f"{now.astimezone(UTC):%Y-%m-%d}",
            "numbers": Numbers(found.numbers),
            "scores": Scores(found.scores),
            "closing_days": list(CLOSING_DAYS),
            "reaches": list(MILES),
            "day": DAY,
            "earth": EARTH_RADIUS_MILES,
        }
        if self._near is not None:
            self.values |= {
                "latitude": self._near.latitude,
                "longitude": self._near.longitude,
                "miles": self._near.miles,
            }
        self.marked = self._marked(kind, found)

    def _marked(self, kind: Kind, found: Found) -> str:
        source = _FOUND if not found.all_but else _ALL_BUT if len(found.numbers) else _ALL
        away = _AWAY if self._near is not None else "NULL::float8"
        # A test that cannot be answered, since the fact is not there, has failed.
        failed = " + ".join(f"CASE WHEN {_TESTS[name]} THEN 0 ELSE {bit} END" for name, bit in self._bits.items())
        published = "at <= %(at)s" if kind is Kind.NEED else "true"
        return f"""WITH asked AS (SELECT *, {_STATUS} AS status, {away} AS away FROM {source} WHERE {published}),
            marked AS MATERIALIZED (SELECT {_COLUMNS[kind]}, {failed or "0"} AS failed FROM asked) """

    def can_count(self, name: str) -> bool:
        """Distances are counted from a place only."""
        return name != "distance" or self._near is not None

    def page_part(self) -> str:
        """The rows of the page, in order."""
        return f"""SELECT * FROM (SELECT 'hit' AS what, '' AS value, id::bigint AS number, score FROM marked
            WHERE failed = 0 ORDER BY {self.order} LIMIT %(page_size)s OFFSET %(skipped)s) AS page"""

    def facet_parts(self, names: list[str]) -> list[str]:
        """Rows of facet, value and count; facets of one value a document are counted in one reading."""
        single = [name for name in names if name in _SINGLE]
        several = [name for name in names if name in _SEVERAL]
        sets = ", ".join(f"(failed, {name})" for name in single)
        which = " ".join(f"WHEN grouping({name}) = 0 THEN '{name}'" for name in single)
        one = ", ".join(f"CASE WHEN grouping({name}) = 0 THEN {name} END" for name in single)
        counted = " OR ".join(f"(grouping({name}) = 0 AND failed IN (0, {self._bits.get(name, 0)}))" for name in single)
        parts = [
            f"""SELECT CASE {which} END, coalesce({one}), count(*), 0 FROM marked
            WHERE failed IN ({self._own_bits(single)}) GROUP BY GROUPING SETS ({sets}) HAVING {counted}"""
        ]
        for name in several:
            values, test = _SEVERAL[name]
            parts.append(
                f"""SELECT '{name}', each.value::text, count(*), 0 FROM marked, {values}
                WHERE failed IN ({self._own_bits([name])}) AND {test} GROUP BY each.value"""
            )
        return parts

    def _own_bits(self, names: list[str]) -> str:
        """A document that fails one filter alone still counts among that filter's own choices."""
        return ", ".join(str(bit) for bit in sorted({0, *(self._bits.get(name, 0) for name in names)}))


def _values_of(filters: Filters, now: datetime) -> dict[str, object]:
    """The filters that ask anything, with what they ask."""
    lines = {
        "status": filters.statuses,
        "region": filters.regions,
        "buyer": filters.buyers,
        "category": filters.categories,
        "budget_band": filters.budget_bands,
        "capability": filters.capabilities,
        "size": filters.sizes,
        "source": filters.sources,
        "buyer_kind": filters.buyer_kinds,
        "small_firms": filters.small_firms,
        "evidence": filters.evidence,
        "councils": {YES} if filters.has_worked_with_councils else (),
    }
    asked: dict[str, object] = {name: _storable(wanted) for name, wanted in lines.items() if wanted}
    if filters.closing_within_days is not None:
        asked["closing"] = now.timestamp() + filters.closing_within_days * DAY
    if filters.near is not None:
        asked["distance"] = filters.near.miles
    return asked


def _storable(wanted: frozenset[str] | set[str]) -> list[str]:
    """What the database could hold; no document has any other value."""
    texts = (str(each) for each in wanted)
    return sorted(text for text in texts if "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text))


def _listed(counts: dict[str, int]) -> tuple[FacetCount, ...]:
    pairs = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(FacetCount(value, count) for value, count in pairs)
