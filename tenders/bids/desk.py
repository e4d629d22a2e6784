"""What every page of a bid needs: whose bid it is, where its pages are, which parts it has and how far they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, send_file, url_for

from marketplace.accounts.access import get_member
from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.errors import NotFound, Problem
from marketplace.core.files import safe_name
from marketplace.core.forms import count_words
from marketplace.core.pages import plural
from marketplace.core.passing import PassingFile
from tenders.bids import drafts, queries, rules
from tenders.bids.content import Answers, BidFile, Price, declared
from tenders.bids.models import Bid
from tenders.bids.status import status_of
from tenders.needs.models import BidQuestion, Need
from tenders.outages.public import outages_of


@dataclass(frozen=True)
class Desk:
    """A firm's own bid, and the colleague who looks at it."""

    bid: Bid
    member: Membership

    @property
    def need(self) -> Need:
        return self.bid.need

    def address(self, page: str, **values: Any) -> str:
        return url_for(f"bids.{page}", reference=self.bid.reference, **values)

    @property
    def home(self) -> str:
        return self.address("show_bid")

    @property
    def closed(self) -> list[Problem]:
        """Why nothing can be changed any more; empty while bidding is open."""
        if self.bid.withdrawn_at is not None:
            return [Problem("This bid was withdrawn.")]
        return rules.bidding_problems(self.need, clock.now())

    @property
    def can_start_again(self) -> bool:
        """Whether this bid is withdrawn and its firm may still make another."""
        return self.bid.withdrawn_at is not None and not rules.bidding_problems(self.need, clock.now())

    @property
    def context(self) -> dict[str, Any]:
        return {
            "desk": self,
            "bid": self.bid,
            "need": self.need,
            "standing": status_of(self.bid, clock.now()),
            "closed": self.closed,
            "outages": outages_of(self.bid.need_id),
        }


def get_desk(reference: str) -> Desk:
    """The acting firm's bid; NotFound for another's."""
    member = get_member()
    return Desk(queries.get_own_bid(reference, member.organisation_id), member)


def get_question(desk: Desk, question_id: int) -> BidQuestion:
    """One of the need's questions; NotFound."""
    for each in desk.need.questions:
        if each.id == question_id:
            return each
    raise NotFound("The need asks no such question any more.")


def places(desk: Desk) -> dict[str, str]:
    """Where each problem of a submission is mended."""
    found = {f"answer-{each.id}": desk.address("edit_answer", question_id=each.id) for each in desk.need.questions}
    return {**found, "price": desk.address("edit_price"), "declarations": desk.address("edit_declarations")}


def task_sections(desk: Desk, draft: drafts.Draft) -> list[dict[str, Any]]:
    """The pages of a draft with how far each is, as the task list wants them."""
    need = desk.need
    answers = [_answer_task(desk, each, draft.answers.text_of(each.id)) for each in need.questions]
    priced = not any(problem for line in need.price_lines for problem in rules.price_problems(line, draft.price))
    declared = not rules.declaration_problems(draft.answers.declarations)
    files = len(draft.answers.files)
    rest = [
        _task("Price", desk.address("edit_price"), priced),
        {
            "title": "Files",
            "href": desk.address("edit_files"),
            "hint": "Only if the need asks for them",
            "status": plural(files, "file") if files else "None added",
            "is_done": True,
        },
        _task("Declarations", desk.address("edit_declarations"), declared),
    ]
    review = {
        "title": "Read the whole bid and submit it",
        "href": desk.address("review"),
        "status": "Ready" if not rules.submission_problems(need, draft.answers, draft.price) else "Not ready",
    }
    listed = [{"heading": "Your answers", "rows": answers}] if answers else []
    return [*listed, {"heading": "Price, files, declarations", "rows": rest}, {"heading": "Submit", "rows": [review]}]


def _answer_task(desk: Desk, question: BidQuestion, text: str) -> dict[str, Any]:
    problems = rules.answer_problems(question, text)
    words = f"{count_words(text):,} of {question.word_limit:,} words"
    status = "Too long" if problems and text.strip() else "Not started" if not text.strip() else ""
    if not text.strip() and not question.is_required:
        status = "Not answered (optional)"
    return {
        "title": question.text,
        "href": desk.address("edit_answer", question_id=question.id),
        "hint": words,
        "status": status,
        "is_done": not problems,
    }


def _task(title: str, href: str, is_done: bool) -> dict[str, Any]:
    return {"title": title, "href": href, "is_done": is_done, "status": "" if is_done else "Not finished"}


def download(content: Any, name: str, mimetype: str = "application/octet-stream") -> Response:
    """A file to keep; never shown inside the page, whatever it holds."""
    sent = send_file(content, mimetype=mimetype, as_attachment=True, download_name=safe_name(name))
    if isinstance(content, PassingFile):
        sent.content_length = len(content)
    return sent


def bid_parts(answers: Answers, price: Price | None, files: list[tuple[BidFile, str]]) -> dict[str, Any]:
    """What templates/tenders/bids/_bid.html shows; `files` with the address of each ("" for none)."""
    return {"answers": answers, "price": price, "files": files, "declared": declared(answers.declarations)}
