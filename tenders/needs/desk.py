"""Where a section is written: the draft itself, or the amendment of an open need. The pages are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marketplace.accounts.access import get_member, has_permission
from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.errors import Conflict, NotAllowed, NotFound
from tenders.needs import actions, amending, queries, rules
from tenders.needs.content import Content, content_of, fingerprint, part_of
from tenders.needs.models import Need
from tenders.needs.sections import OPEN_IN_REVIEW, Section
from tenders.needs.status import status_of


@dataclass
class Desk:
    """One need being written by one member."""

    need: Need
    member: Membership
    is_amendment: bool

    @property
    def content(self) -> Content:
        if self.is_amendment:
            return amending.amended_content(self.need, queries.find_amendment(self.need))
        return content_of(self.need)

    @property
    def home(self) -> str:
        return f"/council/needs/{self.need.reference}" + ("/amend" if self.is_amendment else "")

    def address(self, section: str, item: int | str = "", act: str = "") -> str:
        """The page of a section, of one of its items, or of an act on an item."""
        return "/".join(str(each) for each in (self.home, section, item, act) if each != "")

    def part(self, section: Section) -> Content:
        """The section's values now."""
        return part_of(self.content, section.keys)

    def seen(self, section: Section) -> str:
        """The mark of the section's values now."""
        return fingerprint(self.part(section))

    def save(self, section: Section, values: Mapping[str, Any], seen: str | None) -> None:
        """Saves the values; raises Conflict when the section has moved on since `seen`."""
        save = amending.save_amendment if self.is_amendment else actions.save_section
        save(self.need.id, self.member, section.name, values, seen or None)

    def insist_open(self, section: Section) -> None:
        """Raises Conflict with the reason when the section cannot be written now."""
        now = clock.now()
        if self.is_amendment:
            if not section.is_amendable:
                raise NotFound("This part of a published need cannot be amended.")
            if status_of(self.need, now) != "open":
                raise Conflict("A need can be amended only while it is open.")
            amendment = queries.find_amendment(self.need)
            if amendment is not None and amendment.asked_at is not None:
                raise Conflict("These changes wait for approval. Take them back to change them.")
            return
        problems = rules.saving_problems(self.need, section.name, now, OPEN_IN_REVIEW)
        if problems:
            raise Conflict(f"{problems[0].message}.")


def get_desk(reference: str, is_amendment: bool) -> Desk:
    """The desk for the acting member; NotFound for another council's need."""
    member = get_member()
    if is_amendment and not has_permission("amend_need", member):
        raise NotAllowed("Only officers amend a need.")
    return Desk(queries.get_need_of(reference, member.organisation_id), member, is_amendment)


def find_item(items: list[dict[str, Any]], item: int) -> dict[str, Any]:
    """The item of a list with this id; raises NotFound."""
    for each in items:
        if each["id"] == item:
            return each
    raise NotFound("It is no longer there. Somebody may have removed it.")


def without(items: list[dict[str, Any]], item: int) -> list[dict[str, Any]]:
    """The list with one item less."""
    return [each for each in items if each["id"] != item]


def moved(items: list[dict[str, Any]], item: int, step: int) -> list[dict[str, Any]]:
    """The list with an item moved one place among those of its kind that are shown together."""
    kept = list(items)
    at = next((place for place, each in enumerate(kept) if each["id"] == item), None)
    if at is None:
        return kept
    kind = kept[at].get("kind") in ("essential", "desirable") and kept[at]["kind"]
    other = at + step
    while 0 <= other < len(kept) and kind and kept[other]["kind"] != kind:
        other += step
    if 0 <= other < len(kept):
        kept[at], kept[other] = kept[other], kept[at]
    return kept
