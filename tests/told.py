"""Whoever changes what the public reads of a published need must say so in a line of that need: pages rely on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session

from marketplace.core import db, journal
from marketplace.public.need_page import HIDDEN
from tenders.clarifications.models import Clarification
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

PARTS = (Requirement, Criterion, BidQuestion, PriceLine, NeedDocument, NeedVersion, NeedCapability, Clarification)
CHANGED, SAID = "changed needs", "events said"


def install() -> None:
    """Watches every flush of the house's session from now on; an action that keeps silent fails with AssertionError."""
    event.listen(db.session.session_factory, "after_flush", _note)
    event.listen(db.session.session_factory, "before_commit", _check)
    write_lines = journal.write_lines

    def noted(
        current: Session, happened: Sequence[tuple[journal.Event, journal.Actor]]
    ) -> journal.Position | None:
        current.info.setdefault(SAID, []).extend(each for each, _ in happened)
        return write_lines(current, happened)

    journal.write_lines = noted


def _check(current: Session) -> None:
    """At the commit, because an action may write its first lines early and go on."""
    changed, said = current.info.pop(CHANGED, set()), current.info.pop(SAID, [])
    if "action" not in current.info or any(each.name == "MadeForTest" for each in said):
        return
    silent = _public(current, changed) - {each.need for each in said}
    assert not silent, f"nothing was said of {silent}"


def _note(current: Session, _context: Any) -> None:
    changed = current.info.setdefault(CHANGED, set())
    for each in (*current.new, *current.dirty, *current.deleted):
        if isinstance(each, Need) and each in current.dirty:
            if {a.key for a in inspect(each).attrs if a.history.has_changes()} - HIDDEN:
                changed.add(each.id)
        elif isinstance(each, PARTS) and not (isinstance(each, Clarification) and each.answered_at is None):
            changed.add(each.need_id or inspect(each).committed_state.get("need_id"))


def _public(current: Session, ids: set[int]) -> set[str]:
    """The references of those that are published and ours."""
    query = select(Need.reference).where(Need.id.in_(ids), Need.published_at.is_not(None), Need.source == "")
    return set(current.connection().execute(query).scalars()) if ids else set()
