"""The sections of a need: each its own page, saved by itself, in the order in which a council thinks."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.errors import NotFound
from tenders.needs import content


@dataclass(frozen=True)
class Section:
    """A page of the task list: the content keys it writes, and when it may be changed."""

    name: str
    title: str
    group: str
    keys: tuple[str, ...]
    # The list that it edits item by item; empty for a page that is one form.
    items: str = ""
    is_amendable: bool = True
    # Changing it changes what suppliers bid for, so the change is material whatever the council says.
    is_material: bool = False
    # Bidders answer its items one by one, so a change needs a new closing date.
    is_answered: bool = False


NEED, TERMS, BIDDING, COUNCIL = "The need", "Money and time", "How suppliers bid", "Inside the council"
SECTIONS: tuple[Section, ...] = (
    Section("title-and-summary", "Title and summary", NEED, ("title", "summary")),
    Section("problem", "The problem", NEED, ("problem",)),
    Section("who-is-affected", "Who is affected", NEED, ("who_is_affected",)),
    Section("outcomes", "The outcomes you want", NEED, ("outcomes",)),
    Section("what-exists", "What exists now", NEED, ("what_exists",)),
    Section("constraints", "Constraints", NEED, ("constraints",)),
    Section("location", "Where the work is", NEED, content.PLACE),
    Section("categories", "Categories", NEED, ("capabilities", "cpv_codes")),
    Section("budget", "Budget", TERMS, content.MONEY, is_material=True),
    Section("dates", "Dates", TERMS, (*content.INSTANTS, *content.CLOSING, *content.DAYS), is_material=True),
    Section("requirements", "Requirements", BIDDING, ("requirements",), items="requirements", is_material=True),
    Section(
        "criteria", "Award criteria", BIDDING, ("criteria", *content.METHOD),
        items="criteria", is_material=True, is_answered=True,
    ),
    Section(
        "bid-questions", "Questions in the bid", BIDDING, ("questions",),
        items="questions", is_material=True, is_answered=True,
    ),
    Section(
        "price-lines", "Price lines", BIDDING, ("price_lines",),
        items="price_lines", is_material=True, is_answered=True,
    ),
    Section("documents", "Documents", BIDDING, ("documents",), items="documents"),
    Section("law", "The law", COUNCIL, content.LAW, is_amendable=False),
    Section("panel", "People and their duties", COUNCIL, ("panel",), is_amendable=False),
    Section("central-notice", "Central notice", COUNCIL, content.NOTICE, is_amendable=False),
)  # fmt: skip
GROUPS = (NEED, TERMS, BIDDING, COUNCIL)
BY_NAME = {each.name: each for each in SECTIONS}
SECTION_OF = {key: each for each in SECTIONS for key in each.keys}
# May still be entered while the approver has the need: the notice follows the decision to go ahead.
OPEN_IN_REVIEW = frozenset({"central-notice"})


def get_section(name: str) -> Section:
    """The section of this name; raises NotFound."""
    if name not in BY_NAME:
        raise NotFound("There is no such part of a need.")
    return BY_NAME[name]
