"""One need as everybody reads it: the row, its parts in one union, its questions, kept until the journal tells more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    CursorResult,
    FromClause,
    Integer,
    Select,
    String,
    Text,
    bindparam,
    case,
    cast,
    literal,
    null,
    select,
    union_all,
)  # fmt: skip

from marketplace import config
from marketplace.accounts.models import Organisation
from marketplace.core import clock, db
from marketplace.core.drawn import drawn
from marketplace.core.errors import NotFound
from marketplace.core.journal import TOLD, JournalLine
from marketplace.core.moments import time_left
from marketplace.public.similar import similar_needs
from tenders.awards.queries import public_result
from tenders.bids.register import find_register
from tenders.clarifications.models import Clarification
from tenders.contracts.queries import contract_of
from tenders.needs.models import (
    BidQuestion,
    Criterion,
    Need,
    NeedCapability,
    NeedDocument,
    NeedVersion,
    PriceLine,
    Requirement,
)
from tenders.needs.public import description
from tenders.needs.queries import NO_NEED
from tenders.needs.status import LABELS, status_of
from tenders.notices.models import OutsideAward
from tenders.outages.public import outages_of

# Long enough that searching within the questions helps.
MANY_QUESTIONS = 6
# Columns that no public page shows stay in the database.
HIDDEN = {"value_workings", "conflicts_assessment", "sme_barriers", "budget_reference", "public_key", "regime",
          "review_note", "source_hash"}  # fmt: skip
N = Need.__table__
MOST_VIEWS = 1000
_views: dict[tuple[str, int], SimpleNamespace] = {}
COLUMNS = [column for column in N.columns if column.name not in HIDDEN]


def get_need_view(reference: str) -> SimpleNamespace:
    """The published need with its lists, under the names of the Need itself; raises NotFound. Not to be changed.

    It is kept for as long as the journal says nothing new of the need. The mark is read first: what is read after it
    may be newer than the mark says, never older. Needs of other sources change without a line each; they are not kept.
    """
    mark = _read_mark(reference)
    key = str(config.current().home), mark.id
    view = _views.get(key)
    if view is None or view.mark != tuple(mark):
        view = _read_view(mark)
        if mark.last_line and not mark.source:
            if len(_views) >= MOST_VIEWS:
                _views.clear()
            _views[key] = view
    return view


def read_view(reference: str) -> SimpleNamespace:
    """The same, from the database whatever is kept."""
    return _read_view(_read_mark(reference))


def _read_mark(reference: str) -> Any:
    mark = _read(_MARK, reference=reference).first()
    if mark is None:
        raise NotFound(NO_NEED)
    return mark


def _read_view(mark: Any) -> SimpleNamespace:
    row = _read(_NEED, need_id=mark.id).one()
    parts, answered = _read(_PARTS, need_id=mark.id).all(), _read(_ANSWERED, need_id=mark.id).all()
    return SimpleNamespace(
        **row._mapping,
        **_shaped(parts),
        mark=tuple(mark),
        council_slug=mark.council_slug,
        answered=answered,
        outages=[] if mark.source else outages_of(mark.id),
        register=find_register(row) if row.bids_closed_at is not None else None,  # type: ignore[arg-type]
        # The whole of what was read, to tell whether anything has changed since it was last drawn.
        rows=(tuple(row), *map(tuple, parts)),
    )


def _read(statement: Any, **values: Any) -> CursorResult[Any]:
    """Runs a statement that was made once, past the object mapper: making and mapping cost more than the database."""
    return db.session.connection().execute(statement, values)


def _part(name: str, of: FromClause, number: Any, position: Any, texts: Sequence[Any], *figures: Any) -> Select[Any]:
    words = [cast(each, Text) for each in (*texts, *[literal("")] * (3 - len(texts)))]
    numbers = [cast(each, Integer) for each in (*figures, *[null()] * (3 - len(figures)))]
    labelled: list[tuple[str, Any]] = [*zip("abc", words, strict=True), *zip("xyz", numbers, strict=True)]
    columns: list[Any] = [each.label(label) for label, each in labelled]
    query = select(literal(name, String).label("part"), number.label("number"), position.label("position"), *columns)
    return query.where(of.c.need_id == bindparam("need_id"))


def _every_part() -> CompoundSelect[Any]:
    """All lists of a need in one statement: up to three texts and three numbers a row."""
    tables = (Requirement, Criterion, BidQuestion, PriceLine, NeedDocument, NeedVersion, NeedCapability)
    R, C, Q, P, D, V, K = (each.__table__ for each in tables)
    r, c, q, p, d, v, k = (each.c for each in (R, C, Q, P, D, V, K))
    required = case((q.is_required, 1), else_=0)
    return union_all(
        _part("requirements", R, r.id, r.position, (r.kind, r.text)),
        _part("criteria", C, c.id, c.position, (c.kind, c.name, c.description), c.weight, c.minimum_score),
        _part("questions", Q, q.id, q.position, (q.text, q.guidance), q.word_limit, q.criterion_id, required),
        _part("price_lines", P, p.id, p.position, (p.label, p.unit, p.quantity)),
        _part("documents", D, d.id, d.id, (d.title, d.file_name, d.sha256), d.size).where(d.removed_at.is_(None)),
        _part("capabilities", K, literal(0), literal(0), (k.code,)),
        _part("versions", V, v.number, v.number, (v.kind, v.reason)),
    ).order_by("part", "position", "number")


L = JournalLine.__table__.c
_MARK = (
    select(
        N.c.id,
        N.c.source,
        Organisation.__table__.c.slug.label("council_slug"),
        # A line's hash stands for the whole history up to it. What bidders do is left out: it changes nothing here, and
        # a page that took longer after it would tell that somebody bids.
        select(L.hash)
        .where(L.need == N.c.reference, TOLD)
        .order_by(L.number.desc())
        .limit(1)
        .scalar_subquery()
        .label("last_line"),
    )
    .outerjoin_from(N, Organisation.__table__, Organisation.__table__.c.id == N.c.authority_id)
    .where(N.c.reference == bindparam("reference"), N.c.published_at.is_not(None))
)
_NEED = select(*COLUMNS).where(N.c.id == bindparam("need_id"))
_PARTS = _every_part()
A = Clarification.__table__.c
_ANSWERED = (
    select(A.number, A.published_question, A.answer, A.answered_at, A.changes_the_need)
    .where(A.need_id == bindparam("need_id"), A.answered_at.is_not(None))
    .order_by(A.number)
)


def _shaped(parts: Sequence[Any]) -> dict[str, Any]:
    """The rows of the union under the names that the rows' own tables give them."""
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in parts:
        rows[row.part].append(row)
    criteria = [
        SimpleNamespace(id=r.number, kind=r.a, name=r.b, description=r.c, weight=r.x, minimum_score=r.y)
        for r in rows["criteria"]
    ]
    by_id = {each.id: each for each in criteria}
    return {
        "requirements": [SimpleNamespace(kind=r.a, text=r.b) for r in rows["requirements"]],
        "criteria": criteria,
        "questions": [
            SimpleNamespace(
                text=r.a, guidance=r.b, word_limit=r.x, criterion=by_id.get(r.y), is_required=bool(r.z)
            )
            for r in rows["questions"]
        ],
        "price_lines": [SimpleNamespace(label=r.a, unit=r.b, quantity=Decimal(r.c)) for r in rows["price_lines"]],
        "documents": [
            SimpleNamespace(id=r.number, title=r.a, file_name=r.b, sha256=r.c, size=r.x, removed_at=None)
            for r in rows["documents"]
        ],
        "capabilities": sorted(r.a for r in rows["capabilities"]),
        "versions": [SimpleNamespace(number=r.number, kind=r.a, reason=r.b) for r in rows["versions"]],
    }


def need_context(need: SimpleNamespace, words: str = "") -> dict[str, Any]:
    """Everything else that the page shows; `words` narrows the questions."""
    now = clock.now()
    status = status_of(need, now)  # type: ignore[arg-type]
    asked = narrowed(need.answered, words)
    described = description(need)["described"]  # type: ignore[arg-type]
    shown = (need.rows, status, tuple(described["timeline"]))
    return {
        "need": need,
        "description": drawn("tenders/needs/_description.html", shown, need=need, described=described),
        "state": status,
        "label": LABELS[status],
        "left": time_left(need.closes_at, now) if status == "open" else "",
        "clarifications": asked,
        "questions": drawn("tenders/clarifications/_published.html", tuple(map(tuple, asked)), clarifications=asked),
        "answered": len(need.answered),
        "has_many_questions": len(need.answered) >= MANY_QUESTIONS,
        "result": public_result(need) if _is_told(need) else None,  # type: ignore[arg-type]
        "contract": contract_of(need) if need.contracted_at else None,  # type: ignore[arg-type]
        "outside": _outside(need.id) if need.source else [],
        "similar": similar_needs(need),
    }


def _is_told(need: SimpleNamespace) -> bool:
    return not need.source and (need.awarded_at is not None or need.no_award_at is not None)


def narrowed(answered: Sequence[Any], words: str) -> list[Any]:
    """Those questions whose text or answer has every word."""
    wanted = words.casefold().split()
    texts = [(each, f"{each.published_question} {each.answer}".casefold()) for each in answered]
    return [each for each, text in texts if all(word in text for word in wanted)]


def _outside(need_id: int) -> Sequence[Any]:
    columns = (OutsideAward.supplier_name, OutsideAward.value_pence, OutsideAward.awarded_on)
    return db.session.execute(
        select(*columns).where(OutsideAward.need_id == need_id).order_by(OutsideAward.id).limit(50)
    ).all()
