"""What an export is: its rows, when each may be seen, its columns, and how it is narrowed to a council and days."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, aliased

from marketplace.accounts.models import Organisation, Person
from marketplace.core.clock import LONDON
from marketplace.core.csvfile import Column, pounds_cell
from tenders.needs.models import Need

BATCH = 500
WITH_VAT = "pounds including VAT"
WITHOUT_VAT = "pounds excluding VAT"


@dataclass(frozen=True)
class Scope:
    """What was asked for: a council's slug ("" for all), first and last day in London, and when."""

    as_of: datetime
    council: str = ""
    from_on: date | None = None
    to_on: date | None = None

    @property
    def is_whole(self) -> bool:
        return not (self.council or self.from_on or self.to_on)

    @property
    def filters(self) -> dict[str, str]:
        """The filters as they stand in the manifest; empty when everything was asked for."""
        asked = {"council": self.council, "from": self.from_on, "to": self.to_on}
        return {name: str(value) for name, value in asked.items() if value}

    def narrow(self, query: Any, slug: Any, instant: Any) -> Any:
        """The query with only the council's rows and those whose instant falls on the days asked for."""
        if self.council:
            query = query.where(slug == self.council)
        if self.from_on:
            query = query.where(instant >= _midnight(self.from_on))
        if self.to_on and self.to_on < date.max:  # no instant is later than the last day that there is
            query = query.where(instant < _midnight(self.to_on + timedelta(days=1)))
        return query


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(), tzinfo=LONDON).astimezone(UTC)


@dataclass(frozen=True)
class Export:
    """One CSV file: what a row is, when it may be seen, and which instant the days asked for are compared with."""

    name: str
    row: str
    seen: str
    dated_by: str
    columns: tuple[Column, ...]
    query: Callable[[Scope], Select[Any]]
    ready: Callable[[Any], Any] = lambda row: row
    # What else is read once from the same snapshot; gives what then stands for `ready`.
    gather: Callable[[Session], Callable[[Any], Any]] | None = None

    @property
    def file_name(self) -> str:
        return f"{self.name}.csv"

    def rows(self, current: Session, scope: Scope) -> Generator[Any, None, None]:
        """The rows in their order, read in batches. Close it when not all are read."""
        ready = self.gather(current) if self.gather else self.ready
        found = current.execute(self.query(scope).execution_options(yield_per=BATCH))
        try:
            for row in found:
                yield ready(row)
        finally:
            found.close()


# -- conditions


def published_here() -> ColumnElement[bool]:
    """Needs that a council published on this service; drafts and needs taken in from elsewhere are not exported."""
    return Need.published_at.is_not(None) & (Need.source == "")


def opened_here() -> ColumnElement[bool]:
    """Needs whose bids are open: before that nothing of their bids is in any export, not even a number."""
    return published_here() & Need.opened_at.is_not(None)


def of_council(query: Any) -> Any:
    """Joined from a need to its council."""
    return query.join(Organisation, Organisation.id == Need.authority_id)


def who(person_id: Any) -> Any:
    """The pseudonym of the person in that column."""
    person = aliased(Person)
    return select(person.pseudonym).where(person.id == person_id).scalar_subquery()


# -- columns


def words(heading: str, meaning: str, source: str, value: Callable[[Any], Any] | None = None) -> Column:
    """Text as somebody wrote it."""
    return Column(heading, meaning, "text", source, value or attrgetter(heading))


def code(heading: str, meaning: str, source: str, value: Callable[[Any], Any] | None = None) -> Column:
    """One of a few known words."""
    return Column(heading, meaning, "code", source, value or attrgetter(heading))


def reference(heading: str, meaning: str, source: str) -> Column:
    return Column(heading, meaning, "reference", source, attrgetter(heading))


def person(heading: str, meaning: str, source: str) -> Column:
    return Column(heading, f"{meaning}; see people.csv", "pseudonym", source, attrgetter(heading))


def instant(heading: str, meaning: str, source: str) -> Column:
    return Column(heading, meaning, "instant, UTC", source, attrgetter(heading))


def day(heading: str, meaning: str, source: str) -> Column:
    return Column(heading, meaning, "day", source, attrgetter(heading))


def claim(heading: str, meaning: str, source: str, value: Callable[[Any], Any] | None = None) -> Column:
    """True, false, or empty when nobody has said."""
    return Column(heading, meaning, "true or false", source, value or attrgetter(heading))


def number(
    heading: str, meaning: str, source: str, unit: str = "number", value: Callable[[Any], Any] | None = None
) -> Column:
    return Column(heading, meaning, unit, source, value or attrgetter(heading))


def money(heading: str, meaning: str, source: str, unit: str = WITH_VAT) -> Column:
    """Pounds with two places under a heading in `_gbp`, from a row's attribute in `_pence`."""
    pence = attrgetter(f"{heading.removesuffix('_gbp')}_pence")
    return Column(heading, meaning, unit, source, lambda row: pounds_cell(pence(row)))


NEED = reference("need", "Reference of the need", "needs.reference")
COUNCIL = reference("council", "Reference of the council", "organisations.reference via needs.authority_id")
COUNCIL_NAME = words("council_name", "The council’s name", "organisations.name via needs.authority_id")
