"""Taking in what other places have published: a file of notices becomes needs of others, and their outcomes.

A purchase is known by (source, source_id). Its newest release rules; an older one only fills what is still blank.
So the order of the releases does not matter, and a second import of the same file changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.failpoints import failpoint
from marketplace.core.journal import record
from marketplace.core.references import Sequence
from tenders.needs.models import Need
from tenders.notices.events import NeedsImported
from tenders.notices.imported import ReadNotice
from tenders.notices.models import OutsideAward
from tenders.notices.outside import Winner, facts_of, standing_of, winners_of
from tenders.notices.readers import Reading

BATCH = 500
Key = tuple[str, str]


def import_notices(file: Path, tell: Callable[[str], None], aside: Path) -> dict[str, int]:
    """Takes in a file of notices; rows = new + changed + unchanged + refused. Raises UnknownFormat.

    Rows that cannot be read go to `aside`/<file name>.refused.jsonl. A purchase with several releases in the file
    counts once as new or changed, and its other rows as unchanged.
    """
    aside.mkdir(parents=True, exist_ok=True)
    reading = Reading(file, aside / f"{file.name}.refused.jsonl")
    new: set[Key] = set()
    changed: set[Key] = set()
    newest: dict[Key, datetime] = {}
    for batch in _batches(reading):
        made, touched = take_in(batch, file.name, newest)
        new |= made
        changed |= touched - new
        tell(f"{reading.tally.rows} rows read: {len(new)} new, {len(changed)} changed")
        failpoint("import notices: a batch done")
    tally = reading.tally
    if tally.refused:
        tell(f"{tally.refused} rows could not be read; {reading.refused_path} holds each with its line and the reason.")
    unchanged = tally.read - len(new) - len(changed)
    counts = {"rows": tally.rows, "new": len(new), "changed": len(changed)}
    return {**counts, "unchanged": unchanged, "refused": tally.refused}


def _batches(reading: Iterable[ReadNotice]) -> Iterator[list[ReadNotice]]:
    kept: list[ReadNotice] = []
    for notice in reading:
        kept.append(notice)
        if len(kept) == BATCH:
            yield kept
            kept = []
    if kept:
        yield kept


def _key(notice: ReadNotice) -> Key:
    return notice.source, notice.source_id[:160]


@action
def take_in(
    notices: list[ReadNotice], file_name: str, newest: dict[Key, datetime] | None = None
) -> tuple[set[Key], set[Key]]:
    """Writes a batch of at most 500 notices; gives the keys of new and of changed purchases.

    `newest` remembers, over the batches of one file, the newest release seen of each purchase.
    """
    newest = {} if newest is None else newest
    needs = _known_needs(notices)
    winners = _known_winners(needs.values())
    numbers = _Numbers()
    new: set[Key] = set()
    changed: set[Key] = set()
    for notice in notices:
        key = _key(notice)
        if key not in needs:
            needs[key] = _add_need(notice, numbers)
            new.add(key)
        if _write(needs[key], notice, winners[needs[key].id], rules=_rules(needs[key], notice, newest)):
            changed.add(key)
    db.session.flush()
    changed -= new
    if new or changed:
        touched = tuple(needs[key].reference for key in sorted(new | changed))
        record(NeedsImported(subject=file_name[:120], references=touched, new=len(new), changed=len(changed)))
    return new, changed


def _rules(need: Need, notice: ReadNotice, newest: dict[Key, datetime]) -> bool:
    """Whether this release is the newest known. Of two at one instant in one file, the first rules."""
    key = _key(notice)
    is_first = key not in newest or notice.published_at > newest[key]
    if is_first:
        newest[key] = notice.published_at
    return is_first and notice.published_at >= need.saved_at


def _known_needs(notices: list[ReadNotice]) -> dict[Key, Need]:
    ids = defaultdict(set)
    for notice in notices:
        ids[notice.source].add(_key(notice)[1])
    found: dict[Key, Need] = {}
    for source, wanted in sorted(ids.items()):
        query = select(Need).where(Need.source == source, Need.source_id.in_(sorted(wanted))).order_by(Need.id)
        found |= {(source, each.source_id or ""): each for each in db.session.scalars(query).unique()}
    return found


def _known_winners(needs: Iterable[Need]) -> dict[int, list[OutsideAward]]:
    found: dict[int, list[OutsideAward]] = defaultdict(list)
    query = select(OutsideAward).where(OutsideAward.need_id.in_([each.id for each in needs]))
    for award in db.session.scalars(query.order_by(OutsideAward.id)):
        found[award.need_id].append(award)
    return found


class _Numbers:
    """References X-2020-00123 for needs of others, by year of publication; the counters are read once a batch."""

    def __init__(self) -> None:
        self.rows: dict[str, Sequence] = {}

    def next(self, year: int) -> str:
        name = f"X-{year}"
        if name not in self.rows:
            query = select(Sequence).where(Sequence.name == name).with_for_update()
            self.rows[name] = db.session.scalar(query) or Sequence(name=name, last=0)
            db.session.add(self.rows[name])
        self.rows[name].last += 1
        return f"{name}-{self.rows[name].last:05d}"


def _add_need(notice: ReadNotice, numbers: _Numbers) -> Need:
    source, source_id = _key(notice)
    need = Need(
        reference=numbers.next(clock.london(notice.published_at).year),
        buyer_name=notice.buyer_name[:300],
        drafted_at=clock.now(),
        # For a need of others: when the release that rules was published.
        saved_at=notice.published_at,
        published_at=notice.published_at,
        source=source,
        source_id=source_id,
    )
    db.session.add(need)
    db.session.flush()
    return need


def _write(need: Need, notice: ReadNotice, awards: list[OutsideAward], *, rules: bool) -> bool:
    """Whether anything changed."""
    if need.source_hash == notice.content_hash:
        return False
    told = {name: value for name, value in facts_of(notice).items() if value not in ("", None)}
    if rules:
        told |= standing_of(notice)
        told |= {"saved_at": notice.published_at, "source_hash": notice.content_hash}
    else:
        told = {name: value for name, value in told.items() if getattr(need, name) in ("", None)}
    told["published_at"] = min(notice.published_at, need.published_at or notice.published_at)
    has_new_facts = _set(need, told)
    return _write_winners(need, winners_of(notice), awards, rules) or has_new_facts


def _set(need: Need, told: dict[str, Any]) -> bool:
    different = {name: value for name, value in told.items() if getattr(need, name) != value}
    for name, value in different.items():
        setattr(need, name, value)
    return bool(different)


def _write_winners(need: Need, told: list[Winner], awards: list[OutsideAward], rules: bool) -> bool:
    held = [Winner(each.supplier_name, each.value_pence, each.awarded_on, each.is_sme) for each in awards]
    if not told or held == told or (awards and not rules):
        return False
    for each in awards:
        db.session.delete(each)
    awards[:] = [OutsideAward(need_id=need.id, **each._asdict()) for each in told]
    db.session.add_all(awards)
    return True
