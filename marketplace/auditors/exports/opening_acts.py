"""What happened around an opening: refused tries, shares handed over, uses of the recovery key. Read for openings.csv."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from marketplace.accounts.models import Person
from marketplace.auditors.exports import shape
from marketplace.core.journal import JournalLine, canonical_json, plain
from tenders.bids.events import OpeningRefused, ShareHandedOver
from tenders.bids.key_models import ShareRecovery
from tenders.needs.models import DutyReplacement, Need

Acts = dict[str, list[dict[str, Any]]]  # by the need's reference, in order of time


def gather(current: Session) -> Callable[[Any], Any]:
    """Reads all of it once from the snapshot; gives what makes a row of openings.csv of a row of its query."""
    refused, handed_over, recoveries = _refused(current), _handed_over(current), _recoveries(current)
    return lambda row: _Opening(row, refused[row.need], handed_over[row.need], recoveries[row.need])


class _Opening:
    """A row with its need's acts: of each kind how many, and what they were as JSON."""

    def __init__(self, row: Any, refused: list[Any], handed_over: list[Any], recoveries: list[Any]) -> None:
        self._row = row
        self.refused_attempts, self.refused_list = len(refused), canonical_json(refused)
        self.shares_handed_over, self.handed_over_list = len(handed_over), canonical_json(handed_over)
        self.recoveries = sum(each["used_at"] is not None for each in recoveries)
        self.recovery_list = canonical_json(recoveries)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


def _lines(current: Session, event: str) -> Any:
    line = JournalLine.__table__.c
    of_opened = select(Need.reference).where(shape.opened_here())
    query = select(line.need, line.at, line.actor, line.details).where(line.event == event, line.need.in_(of_opened))
    return current.execute(query.order_by(line.number))


def _refused(current: Session) -> Acts:
    found: Acts = defaultdict(list)
    for line in _lines(current, OpeningRefused.__name__):
        found[line.need].append({"at": plain(line.at), "person": line.actor, "why": json.loads(line.details)["why"]})
    return found


def _handed_over(current: Session) -> Acts:
    """The journal says when and who, the row of the duty that passed on says why."""
    reasons = _reasons(current)
    found: Acts = defaultdict(list)
    for line in _lines(current, ShareHandedOver.__name__):
        facts = json.loads(line.details)
        giver, receiver = facts["giver"], facts["receiver"]
        those = reasons[line.need, giver, receiver]
        found[line.need].append(
            {"at": plain(line.at), "giver": giver, "receiver": receiver, "reason": those.pop(0) if those else ""}
        )
    return found


def _reasons(current: Session) -> dict[tuple[str, str, str], list[str]]:
    """Why openers gave their duty to a colleague themselves, in order."""
    d, left, named = DutyReplacement, aliased(Person), aliased(Person)
    query = select(Need.reference, left.pseudonym, named.pseudonym, d.reason).select_from(d)
    query = query.join(Need, and_(Need.id == d.need_id, shape.opened_here()))
    query = query.join(left, left.id == d.left_id).join(named, named.id == d.named_id)
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for need, giver, receiver, reason in current.execute(
        query.where(d.duty == "opener", d.replaced_by_id == d.left_id).order_by(d.id)
    ):
        found[need, giver, receiver].append(reason)
    return found


def _recoveries(current: Session) -> Acts:
    r = ShareRecovery
    people = {name: shape.who(getattr(r, f"{name}_id")) for name in ("asked_by", "loser", "receiver", "approved_by", "used_by")}
    chosen = select(
        Need.reference, r.reason, r.asked_at, r.approved_at, r.refused_at, r.used_at,
        *(column.label(name) for name, column in people.items()),
    )  # fmt: skip
    query = chosen.select_from(r).join(Need, and_(Need.id == r.need_id, shape.opened_here())).order_by(r.asked_at, r.id)
    found: Acts = defaultdict(list)
    for row in current.execute(query):
        facts = dict(row._mapping)
        found[facts.pop("reference")].append({name: plain(value) for name, value in facts.items()})
    return found
