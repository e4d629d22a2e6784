"""Imports a file of suppliers as unclaimed profiles, in batches; a second import of the same file changes nothing.

A profile that its firm has claimed is the firm's own: an import leaves it alone and counts it as unchanged.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select

from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.db import action, session
from marketplace.core.failpoints import failpoint
from marketplace.core.files import write_whole
from marketplace.core.journal import record
from marketplace.core.references import slug
from suppliers.profiles import identity, queries
from suppliers.profiles.actions import new_organisation, new_reference, set_capabilities, set_place
from suppliers.profiles.events import SuppliersImported
from suppliers.profiles.models import Supplier
from suppliers.profiles.reading import ReadSupplier, RefusedLine, Work, read_suppliers
from suppliers.solutions.models import Solution

BATCH = 250
OUTCOMES = ("new", "changed", "unchanged", "refused")


@dataclass
class _Batch:
    """What became of one batch."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[RefusedLine] = field(default_factory=list)
    touched: list[Supplier] = field(default_factory=list)


def import_suppliers(
    path: Path,
    source: str = "",
    aside: Path | None = None,
    tell: Callable[[str], None] = lambda _words: None,
) -> dict[str, Any]:
    """Makes or updates an unclaimed profile per line; `tell` hears after each batch how many rows are done.

    A row that names its own source is kept under that, others under `source`, by default the file's name.

    Returns rows, new, changed, unchanged and refused (the four add up to rows), `reasons` (reason -> count) and
    `refused_file`: under `aside` when given, a JSON line for each refused one with its number, reason and text.
    """
    source = (source or path.stem)[:60]
    totals: Counter[str] = Counter(dict.fromkeys(("rows", *OUTCOMES), 0))
    refused: list[RefusedLine] = []
    for rows in _batches(read_suppliers(path)):
        batch = _import_batch(source, rows)
        totals.update(batch.counts)
        refused += batch.refused
        tell(f"{totals['rows']:,} rows done")
        failpoint("import suppliers: a batch done")
    reasons = Counter(_reason(each) for each in refused)
    return {**totals, "reasons": dict(reasons.most_common()), "refused_file": _write_aside(path, aside, refused)}


def _batches(rows: Iterator[ReadSupplier | RefusedLine]) -> Iterator[list[ReadSupplier | RefusedLine]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _reason(refused: RefusedLine) -> str:
    # Ids and numbers differ from line to line; the reason is what they share.
    return " ".join(word for word in refused.reason.split() if not any(each.isdigit() for each in word))


@action
def _import_batch(source: str, rows: Sequence[ReadSupplier | RefusedLine]) -> _Batch:
    batch = _Batch(refused=[each for each in rows if isinstance(each, RefusedLine)])
    suppliers = [each for each in rows if isinstance(each, ReadSupplier)]
    suppliers = [replace(each, source=each.source or source) for each in suppliers]
    known = _known(suppliers)
    claimed = _claimed([each.id for each in known.values()])
    taken_numbers = _taken_numbers(suppliers)
    accepted = []
    for each in suppliers:
        clash = _number_clash(each, taken_numbers, known.get(each.key))
        if clash:
            batch.refused.append(RefusedLine(each.line, clash, json.dumps(asdict(each), ensure_ascii=False)))
        else:
            accepted.append(each)
    known |= _new_suppliers([each for each in accepted if each.key not in known])
    for each in accepted:
        batch.counts[_place(each, known[each.key], claimed, batch)] += 1
    session.flush()
    batch.counts["refused"], batch.counts["rows"] = len(batch.refused), len(rows)
    if batch.touched:
        references = tuple(each.reference for each in batch.touched)
        new, changed = batch.counts["new"], batch.counts["changed"]
        record(SuppliersImported(subject=source, new=new, changed=changed, suppliers=references))
    return batch


def _known(rows: Sequence[ReadSupplier]) -> dict[tuple[str, str], Supplier]:
    sources, ids = {each.source for each in rows}, [each.source_id for each in rows]
    query = select(Supplier).where(Supplier.source.in_(sources), Supplier.source_id.in_(ids))
    return {(each.source, each.source_id or ""): each for each in session.scalars(query)}


def _claimed(ids: list[int]) -> set[int]:
    query = select(Membership.organisation_id).where(
        Membership.organisation_id.in_(ids), Membership.approved_at.is_not(None)
    )
    return set(session.scalars(query))


def _taken_numbers(rows: Sequence[ReadSupplier]) -> dict[str, int | str]:
    """Official numbers of the rows that suppliers here already have -> whose (id). Later the batch adds its own."""
    companies = [each.company_number for each in rows if each.company_number]
    charities = [each.charity_number for each in rows if each.charity_number]
    query = select(Supplier.id, Supplier.company_number, Supplier.charity_number).where(
        or_(Supplier.company_number.in_(companies), Supplier.charity_number.in_(charities))
    )
    taken: dict[str, int | str] = {}
    for supplier_id, company, charity in session.execute(query) if companies or charities else ():
        taken |= {f"company number {company}": supplier_id, f"charity number {charity}": supplier_id}
    return taken


def _number_clash(row: ReadSupplier, taken: dict[str, int | str], there: Supplier | None) -> str:
    mine = there.id if there else f"line {row.line}"
    keys = [f"company number {row.company_number}"] if row.company_number else []
    keys += [f"charity number {row.charity_number}"] if row.charity_number else []
    for key in keys:
        if taken.get(key, mine) != mine:
            return f"{key} belongs to another supplier here"
    taken |= dict.fromkeys(keys, mine)
    return ""


def _place(row: ReadSupplier, supplier: Supplier, claimed: set[int], batch: _Batch) -> str:
    content_hash, is_new = row.content_hash, not supplier.source_hash
    if supplier.id in claimed or supplier.source_hash == content_hash:
        return "unchanged"
    supplier.source_hash, supplier.updated_at = content_hash, clock.now()
    _set_facts(supplier, row)
    _set_works(supplier, row.works, is_new=is_new)
    batch.touched.append(supplier)
    return "new" if is_new else "changed"


def _new_suppliers(rows: Sequence[ReadSupplier]) -> dict[tuple[str, str], Supplier]:
    """Rows for those that are not here yet, by their ids in the source; written at once, for speed."""
    references, addresses = [new_reference() for _ in rows], set[str]()
    made = {}
    for row, reference in zip(rows, references, strict=True):
        address = queries.free_slug(slug(row.name), addresses)
        addresses.add(address)
        made[row.key] = Supplier(
            organisation=new_organisation(row.name, address, reference),
            source=row.source,
            source_id=row.source_id,
            registered_at=clock.now(),
            updated_at=clock.now(),
        )
    session.add_all(made.values())
    session.flush()
    return made


def _set_facts(supplier: Supplier, row: ReadSupplier) -> None:
    supplier.organisation.name, supplier.name_key = row.name, identity.name_key(row.name)
    supplier.summary, supplier.about, supplier.website, supplier.size = row.summary, row.about, row.website, row.size
    supplier.company_number, supplier.charity_number = row.company_number or None, row.charity_number or None
    set_place(supplier, row.postcode or row.outcode)
    set_capabilities(supplier, row.capabilities)


def _set_works(supplier: Supplier, works: Sequence[Work], *, is_new: bool) -> None:
    """Makes the file's works the profile's: those that stay are left alone, the others removed or added."""
    kept: list[Solution] = []
    if not is_new:
        query = select(Solution).where(Solution.supplier_id == supplier.id, Solution.removed_at.is_(None))
        kept = list(session.scalars(query.order_by(Solution.id)))
    wanted = Counter(works)
    for each in kept:
        work = Work(each.kind, each.title, each.text, each.customer)
        if wanted[work]:
            wanted[work] -= 1
        else:
            each.removed_at = clock.now()
    added = wanted.elements()
    session.add_all(_solution(supplier, each) for each in added)


def _solution(supplier: Supplier, work: Work) -> Solution:
    return Solution(
        supplier_id=supplier.id,
        kind=work.kind,
        title=work.title,
        text=work.text,
        customer=work.customer,
        added_at=clock.now(),
    )


def _write_aside(path: Path, aside: Path | None, refused: Sequence[RefusedLine]) -> str:
    if aside is None or not refused:
        return ""
    target = aside / f"{path.stem}.refused.jsonl"
    ordered = sorted(refused, key=lambda each: each.line)
    write_whole(target, "".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in ordered).encode())
    return str(target)
