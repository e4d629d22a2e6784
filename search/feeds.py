"""Atom feeds of needs and calendars of closing times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from feedwerk.atom import AtomFeed
from flask import Response

from marketplace import config
from marketplace.core import clock
from marketplace.core.letters import absolute
from marketplace.core.money import pounds

if TYPE_CHECKING:
    from icalendar import Event

# RFC 4151 wants a day on which the name was ours; it is part of every id and never changes.
TAG_DAY = "2026-01-01"
LONGEST = timedelta(minutes=30)


@dataclass(frozen=True)
class FeedNeed:
    """What a feed says of a need; value in pence including VAT."""

    reference: str
    title: str
    summary: str
    buyer: str
    published_at: datetime
    closes_at: datetime | None
    value_pence: int | None

    @property
    def address(self) -> str:
        return absolute(f"/needs/{self.reference}")


def tag(kind: str, name: str) -> str:
    """The tag URI of a thing of ours: the same for ever, wherever the copy moves its pages."""
    host = urlsplit(absolute("/")).hostname or "localhost"
    return f"tag:{host},{TAG_DAY}:{kind}/{name}"


def atom(needs: Iterable[FeedNeed], title: str, path: str, list_path: str) -> Response:
    """An Atom feed (RFC 4287), newest need first; `path` is the feed's own address."""
    service = config.current().service_name
    feed = AtomFeed(
        title=f"{title} – {service}",
        id=tag("feed", path.lstrip("/")),
        feed_url=absolute(path),
        url=absolute(list_path),
        author=service,
        generator=(service, None, None),
    )
    newest = None
    for each in needs:
        newest = max(newest or each.published_at, each.published_at)
        feed.add(
            title=each.title,
            content=_sentence(each),
            content_type="text",
            author=each.buyer,
            url=each.address,
            id=tag("need", each.reference),
            updated=each.published_at,
            published=each.published_at,
        )
    feed.updated = newest or clock.now()
    return Response(feed.to_string(), mimetype="application/atom+xml")


def _sentence(need: FeedNeed) -> str:
    value = f" Estimated value {pounds(need.value_pence)} including VAT." if need.value_pence is not None else ""
    closes = f" Bids close {need.closes_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC." if need.closes_at else ""
    return f"{need.buyer}: {need.summary}{value}{closes}".strip()


def calendar(needs: Iterable[FeedNeed], title: str) -> Response:
    """An iCalendar (RFC 5545) with one half-hour before each closing time, which ends at it."""
    from icalendar import Calendar  # large, and most starts of the service come before anybody asks for one

    made = Calendar()
    made.add("prodid", f"-//{config.current().service_name}//needs//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", title)
    for each in needs:
        if each.closes_at is not None:
            made.add_component(_closing(each, each.closes_at))
    response = Response(made.to_ical(), mimetype="text/calendar")
    response.headers["Content-Disposition"] = 'attachment; filename="closing-times.ics"'
    return response


def _closing(need: FeedNeed, closes_at: datetime) -> Event:
    from icalendar import Event

    event = Event()
    event.add("uid", tag("closing", need.reference))
    event.add("dtstamp", need.published_at.astimezone(UTC))
    event.add("dtstart", (closes_at - LONGEST).astimezone(UTC))
    event.add("dtend", closes_at.astimezone(UTC))
    event.add("summary", f"Bids close: {need.title}")
    event.add("description", f"{need.buyer}. {need.address}")
    event.add("url", need.address)
    return event
