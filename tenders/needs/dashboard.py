"""What waits for a member of a council. Higher rooms append their sources when they are imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.clock import LONDON, london_day
from marketplace.core.moments import moment, weekday_and_day
from tenders.needs import queries
from tenders.needs.models import Need
from tenders.needs.replacing import DUTY_DEEDS, vacant_duties
from tenders.needs.rules import content_problems, notice_problems


@dataclass(frozen=True)
class Task:
    """Something that waits: what, where it is done, for which need, and by when."""

    title: str
    href: str
    about: str = ""
    due_at: datetime | None = None
    # What the instant means: "By" it, or possible "From" it on.
    due_word: str = "By"
    # Others, or the firm's own money, wait until this is done, although no day is set for it.
    is_urgent: bool = False
    # Only its day counts: the instant is the last minute of that day in London.
    is_whole_day: bool = False

    @classmethod
    def by_day(cls, title: str, href: str, about: str, day: date | None, due_word: str = "By") -> Task:
        """Something to do by a day, at whatever time; without a day it has no limit."""
        if day is None:
            return cls(title, href, about)
        due_at = datetime.combine(day, time(23, 59), LONDON).astimezone(UTC)
        return cls(title, href, about, due_at, due_word, is_whole_day=True)

    @property
    def due_words(self) -> str:
        """ "By noon on Tuesday 8 December 2026", or "By Tuesday 8 December 2026" where only the day counts; "" without one."""
        if self.due_at is None:
            return ""
        when = weekday_and_day(london_day(self.due_at)) if self.is_whole_day else moment(self.due_at)
        return f"{self.due_word} {when}"

    @property
    def is_overdue(self) -> bool:
        """Whether the day to do it by has passed."""
        return self.due_at is not None and self.is_whole_day and self.due_at < clock.now()


@dataclass(frozen=True)
class Place:
    """A page of a later stage that the council's need page leads to; without `href` it is not open yet."""

    title: str
    href: str = ""
    hint: str = ""
    status: str = ""
    is_done: bool = False


@dataclass(frozen=True)
class PanelRow:
    """A line of a panel: a link and a sentence."""

    title: str
    href: str
    text: str


@dataclass(frozen=True)
class Panel:
    """What a higher room shows beside a need while it is written."""

    heading: str
    text: str
    rows: tuple[PanelRow, ...] = ()
    link: str = ""
    href: str = ""


TASK_SOURCES: list[Callable[[Membership], list[Task]]] = []
PLACE_SOURCES: list[Callable[[Need, Membership], list[Place]]] = []
DRAFT_PANELS: list[Callable[[Need, Membership], Panel]] = []


def tasks_of(member: Membership) -> list[Task]:
    """Everything that waits for the member, the soonest due first, what has no date last."""
    found = [task for source in TASK_SOURCES for task in source(member)]
    return sorted(found, key=lambda each: (each.due_at is None, each.due_at or clock.now()))


def places_of(need: Need, member: Membership) -> list[Place]:
    """The pages of later stages for a published need, in the order of a purchase."""
    return [place for source in PLACE_SOURCES for place in source(need, member)]


def panels_of(need: Need, member: Membership) -> list[Panel]:
    """What the higher rooms show beside a need that is not published."""
    return [panel(need, member) for panel in DRAFT_PANELS]


def need_tasks(member: Membership) -> list[Task]:
    """Approvals asked of this member, and the member's own drafts: those that came back, can go on, are unfinished."""
    return [*_approvals(member), *_own_drafts(member), *_duties_to_pass_on(member)]


def _duties_to_pass_on(member: Membership) -> list[Task]:
    if not has_permission("replace_duty_holder", member):
        return []
    return [
        Task(
            f"Name somebody to {DUTY_DEEDS[row.duty]} in the place of {row.person.name}",
            f"/council/needs/{need.reference}/duties/{row.id}",
            need.title,
        )
        for need in queries.needs_with_people_gone(member.organisation_id)
        for row in vacant_duties(need)
    ]


def _approvals(member: Membership) -> list[Task]:
    if not has_permission("approve_need", member):
        return []
    waiting = queries.needs_waiting_for_approval(member.organisation_id, not_by=member.person_id)
    changes = queries.amendments_waiting(member.organisation_id, not_by=member.person_id)
    return [
        *(
            Task(
                "Approve and publish", f"/council/needs/{each.reference}", each.title, each.closes_at,
                "Bids would close at",
            )
            for each in waiting
        ),
        *(
            Task(
                "Approve and publish changes", f"/council/needs/{need.reference}/amend/decide", need.title,
                need.closes_at, "Before bids close at",
            )
            for _amendment, need in changes
        ),
    ]  # fmt: skip


def _own_drafts(member: Membership) -> list[Task]:
    if not has_permission("draft_need", member):
        return []
    now = clock.now()
    own = [each for each in queries.unpublished_needs_of(member.organisation_id) if each.author_id == member.person_id]
    found = []
    for need in own:
        href = f"/council/needs/{need.reference}"
        name = need.title or need.reference
        if need.review_asked_at is not None:
            if notice_problems(need, now):
                found.append(Task("Enter the number of the central notice", f"{href}/central-notice", name))
        elif need.review_note:
            found.append(Task("Sent back: read the comment and change it", href, name))
        elif content_problems(need, now):
            found.append(Task("Finish the draft", href, name))
        else:
            found.append(Task("Ask for approval", f"{href}/check", name))
    return [*found, *_changes_sent_back(member)]


def _changes_sent_back(member: Membership) -> list[Task]:
    return [
        Task("Changes sent back: read the comment", f"/council/needs/{need.reference}/amend", need.title)
        for need in queries.needs_with_changes_sent_back(member.organisation_id, member.person_id)
    ]


TASK_SOURCES.append(need_tasks)
