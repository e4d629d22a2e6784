"""The trace of one bid: every request that its firm made about it, as its files have them, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from marketplace.accounts.models import Membership, Person
from marketplace.core import db
from marketplace.core.csvfile import Column
from tenders.bids.models import Bid
from tenders.traces.book import current_book

PAGES = {
    "bids.start": "Start of the bid",
    "bids.show_bid": "The bid’s page",
    "bids.edit_answer": "An answer",
    "bids.edit_price": "The price",
    "bids.edit_declarations": "The declarations",
    "bids.edit_files": "The files",
    "bids.draft_file": "Download of a file",
    "bids.remove_file": "Removal of a file",
    "bids.discard": "Throwing away the new version",
    "bids.my_copy": "The firm’s own copy",
    "bids.review": "Reading the whole bid",
    "bids.submit": "Submission",
    "bids.download_draft": "Download of the draft",
    "bids.receipt": "The receipt",
    "bids.receipt_file": "Download of the receipt",
    "bids.sealed_file": "Download of the sealed bid",
    "bids.withdraw": "Withdrawal",
    "bids.opened_file": "Download of a file",
    "bids.begin_upload": "Beginning of a file",
    "bids.upload_state": "How much of a file is here",
    "bids.keep_piece": "A piece of a file",
    "bids.finish_upload": "End of a file",
    "bids.remove_upload": "Giving up a file",
    "bids.trace": "This trace",
    "bids.trace_file": "Download of this trace",
}


@dataclass(frozen=True)
class TracedRequest:
    """One request. Lengths in bytes; `status` 0 when no answer was begun, None when it was at work and never ended."""

    at: datetime
    answered_at: datetime | None
    name: str
    method: str
    route: str
    person: str
    status: int | None
    received: int
    expected: int
    sent: int
    is_whole: bool
    told: str
    key: str

    @property
    def milliseconds(self) -> int | None:
        return None if self.answered_at is None else round((self.answered_at - self.at).total_seconds() * 1000)

    @property
    def page(self) -> str:
        """What was asked for, in words."""
        if not self.route:
            return "Not known"
        return PAGES.get(self.route, self.route.rpartition(".")[2].replace("_", " ").capitalize())

    @property
    def outcome(self) -> str:
        """What came of it, in words."""
        if self.status is None:
            return "Reached the service, which stopped before it answered"
        if self.status == 0 or self.expected > self.received and self.status == 400:
            return "Broke off before all of it was here"
        said = _OUTCOMES.get(self.status) or _OUTCOMES.get(self.status // 100 * 100, "Answered")
        if not self.person and self.status in (302, 303):
            said = "Asked to sign in"
        return said if self.is_whole else f"{said}, but the client was gone before it had the whole answer"


_OUTCOMES = {
    200: "Answered",
    204: "Saved",
    300: "Done",
    400: "Refused: could not be read, or the page was too old",
    401: "Refused: not signed in",
    403: "Refused: not allowed",
    404: "Refused: no such page",
    409: "Refused: something had changed, or it was too late",
    413: "Refused: too large",
    422: "Not accepted as it was",
    429: "Refused: too many tries",
    500: "The service failed",
    503: "The service was not available",
    507: "There was no room",
}


@dataclass(frozen=True)
class Trace:
    """All of a bid's requests in order of arrival, and the times of which some may be missing."""

    requests: Sequence[TracedRequest]
    gaps: Sequence[tuple[datetime, datetime]]


def trace_of(bid: Bid) -> Trace:
    """Every request about the bid by its own firm's people, or by somebody who was not signed in."""
    need = bid.need
    people = _people_of(bid)
    since = min(bid.started_at, need.published_at or bid.started_at).date()
    found: dict[str, dict[str, Any]] = {}
    gaps = []
    for line in current_book().lines_with([bid.reference, f'"about":"{need.reference}"'], since):
        if "lost" in line:
            gaps.append((_instant(line["since"]), _instant(line["at"])))
        elif _is_of(line, bid, people):
            found[line["id"]] = {**found.get(line["id"], {}), **line}
    # Where the instant is the same the order is the file's.
    requests = sorted((_request(each) for each in found.values()), key=lambda each: each.at)
    return Trace(requests, gaps)


def _people_of(bid: Bid) -> set[str]:
    query = select(Person.pseudonym).join(Membership, Membership.person_id == Person.id)
    return set(db.session.scalars(query.where(Membership.organisation_id == bid.supplier_id)))


def names_of(trace: Trace) -> dict[str, str]:
    """Pseudonym -> name, for the firm's own page."""
    seen = {each.person for each in trace.requests}
    return {person: name for person, name in db.session.execute(select(Person.pseudonym, Person.name).where(Person.pseudonym.in_(seen)))}


def _is_of(line: dict[str, Any], bid: Bid, people: set[str]) -> bool:
    person = line.get("person", "")
    if line.get("about") == bid.reference:
        return not person or person in people
    return line.get("about") == bid.need.reference and person in people


def _request(line: dict[str, Any]) -> TracedRequest:
    answered = line.get("answered_at")
    return TracedRequest(
        at=_instant(line["at"]),
        answered_at=_instant(answered) if answered else None,
        name=line["id"],
        method=line.get("method", ""),
        route=line.get("route", ""),
        person=line.get("person", ""),
        status=line.get("status"),
        received=line.get("received", 0),
        expected=line.get("expected", 0),
        sent=line.get("sent", 0),
        is_whole=line.get("whole", False),
        told=line.get("told", ""),
        key=line.get("key", ""),
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


_FILE = "the trace’s files"
COLUMNS = (
    Column("received_at", "When the last byte of the request was here", "instant", _FILE, lambda r: r.at),
    Column("answered_at", "When the last byte of the answer was handed over; empty: never", "instant", _FILE, lambda r: r.answered_at),
    Column("request", "The request’s name, as in the answer’s header X-Request-Id", "text", _FILE, lambda r: r.name),
    Column("method", "GET asks for a page, POST sends something", "text", _FILE, lambda r: r.method),
    Column("route", "The page’s name in the program; empty: no page saw it", "text", _FILE, lambda r: r.route),
    Column("page", "The same in words", "text", "from route", lambda r: r.page),
    Column("person", "Who was signed in, by pseudonym; empty: nobody, or not known", "pseudonym", _FILE, lambda r: r.person),
    Column("status", "HTTP status of the answer; 0: none was begun; empty: never answered", "number", _FILE, lambda r: r.status),
    Column("outcome", "What came of it, in words", "text", "from status", lambda r: r.outcome),
    Column("bytes_received", "Length of the body that was read", "bytes", _FILE, lambda r: r.received),
    Column("bytes_expected", "Length of the body that the request announced", "bytes", _FILE, lambda r: r.expected),
    Column("bytes_sent", "Length of the answer’s body that was handed over", "bytes", _FILE, lambda r: r.sent),
    Column("answer_whole", "Whether the client was there until the end of the answer", "true or false", _FILE, lambda r: r.is_whole),
    Column("told", "The error that the page told; quotations, names and what was sent are left out", "text", _FILE, lambda r: r.told),
    Column("submission_key", "Tells a repeated submission from another: beginning of the SHA-256 of its key", "text", _FILE, lambda r: r.key),
)  # fmt: skip
