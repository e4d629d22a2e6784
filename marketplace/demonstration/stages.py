"""One purchase told in deeds, stage by stage; each deed is the real action at its own instant."""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.forms import count_words
from marketplace.demo_data import PublicAnswer
from marketplace.demonstration import wishes
from marketplace.demonstration.people import OPENING_PASSPHRASE, Bidder, Cast, Staff
from marketplace.demonstration.telling import Days, Story
from marketplace.demonstration.wishes import Wish
from tenders.assessment import actions as assessment
from tenders.assessment import concluding
from tenders.assessment import queries as assessed
from tenders.awards import actions as awards
from tenders.awards.queries import find_award, summaries_of
from tenders.bids import actions as bid_actions
from tenders.bids import drafts, opening, submission
from tenders.bids.models import Bid
from tenders.bids.publishing import approve_and_publish
from tenders.clarifications.actions import answer_question, ask_question
from tenders.needs import actions as needs
from tenders.needs.models import Need

DECLARED = {"conflict": "no", "conflict_details": "", "no_collusion": True, "is_accurate": True}
VAT = 1.2
# Why a score was given, by score.
REASONS = (
    "Does not answer the question.",
    "Says little of how it would be done, and shows nothing like it.",
    "Answers part of the question; the plan leaves out what it needs from us.",
    "A sound answer with gaps: the risks are named, not all of them with a remedy.",
    "A good answer that says how, with an example that we could check.",
    "Says exactly how, who and when, and shows that it worked for residents elsewhere.",
)
AWARD_REASONS = "It ranks first by the published criteria, and the panel agreed on every score."
# Price as a share of the published value, by firm.
SHARES = {"larkrise": 0.92, "tidewell": 0.87, "quillmere": 0.81}
SCORES = {"larkrise": (5, 4), "tidewell": (4, 4), "quillmere": (3, 2)}


@dataclass
class Purchase:
    """A purchase under way: its wish, its council's people, and when it closes; `need` is there once drafted."""

    wish: Wish
    cast: Cast
    days: Days
    closes_at: datetime
    published_at: datetime
    questions_close_at: datetime
    starts_in: timedelta = timedelta(days=45)
    need_id: int = 0
    bids: dict[str, Bid] = field(default_factory=dict)
    _need: Need | None = None

    @property
    def staff(self) -> Staff:
        return self.cast.staff[self.wish.council]

    @property
    def need(self) -> Need:
        assert self._need is not None
        return self._need

    def before_publication(self, days: int, at: str) -> datetime:
        return self.days.ago(self._days_since(self.published_at) + days, at)

    def before_closing(self, days: int, at: str) -> datetime:
        return max(self.days.ago(self._days_since(self.closes_at) + days, at), self.published_at)

    def _days_since(self, instant: datetime) -> int:
        return (self.days.today - clock.london_day(instant)).days

    def after_closing(self, days: int, at: str) -> datetime:
        return self.days.after(self.closes_at, days, at)

    # -- before publication

    def drafted(self) -> Story:
        """An officer writes the need over two days."""
        yield self.before_publication(5, "10:20")
        self._need = wishes.begin_draft(self.wish, self.staff.officer)
        self.need_id = self.need.id
        yield self.before_publication(4, "15:05")
        dates = wishes.dates_of(self.wish, self.questions_close_at, self.closes_at, self.starts_in)
        wishes.finish_draft(self.need, self.wish, self.staff, dates)

    def asked(self) -> Story:
        """The officer asks for approval."""
        yield from self.drafted()
        yield self.before_publication(2, "11:30")
        needs.ask_approval(self.need_id, self.staff.officer)

    def approved(self) -> Story:
        """An approver approves, without publishing yet."""
        yield from self.asked()
        yield self.before_publication(1, "16:10")
        needs.approve_need(self.need_id, self.staff.approver)

    def published(self) -> Story:
        """The need is published by somebody who did not write it."""
        yield from self.asked()
        yield self.published_at
        approve_and_publish(self.need_id, self.staff.approver)

    # -- while it is open

    def questioned(self, asked: Sequence[PublicAnswer], waiting: Sequence[str] = ()) -> Story:
        """Suppliers ask; the officer answers in public, all but those that wait."""
        bidders = list(self.cast.bidders.values())
        last = min(self.questions_close_at, self.closes_at, self.days.now)
        for number, each in enumerate(asked):
            yield min(self.days.after(self.published_at, number + 1, "10:40"), last)
            question = ask_question(self.need_id, bidders[number % len(bidders)].member, each.question)
            yield min(self.days.after(self.published_at, number + 2, "14:15"), last)
            answer_question(self.need_id, self.staff.officer, question.reference, each.question, each.answer)
        for text in waiting:
            yield min(self.days.ago(1, "16:20"), last)
            ask_question(self.need_id, bidders[-1].member, text)

    def bid_for(self, firms: Sequence[str], days_before: int = 3) -> Story:
        """Firms write their bids and submit them, one a day, before the closing time."""
        for number, firm in enumerate(firms):
            yield self.before_closing(days_before + 4 - number, "10:00")
            self.bids[firm] = self._write_bid(firm)
            yield self.before_closing(days_before - number, "15:30")
            self._submit(firm)

    def bid_late(self, firm: str) -> Story:
        """A complete bid that reaches us two minutes after closing: refused, and the attempt is recorded."""
        yield self.before_closing(1, "17:20")
        self.bids[firm] = self._write_bid(firm)
        yield self.closes_at + timedelta(minutes=2, seconds=10)
        if not isinstance(self._send(firm), submission.RefusedLate):
            raise ValueError(f"The late bid of {firm} was taken.")

    def bid_now(self, submitted: Sequence[str], drafted: str) -> Story:
        """While the need is open: some have submitted, one has begun."""
        for number, firm in enumerate((*submitted, drafted)):
            yield self.days.after(self.published_at, 1, f"{11 + number}:45")
            self.bids[firm] = self._write_bid(firm, is_half=firm == drafted)
            if firm != drafted:
                yield self.days.after(self.published_at, 2, f"{11 + number}:10")
                self._submit(firm)

    def _write_bid(self, firm: str, is_half: bool = False) -> Bid:
        bidder = self.cast.bidders[firm]
        bid = bid_actions.start_bid(self.need_id, bidder.member)
        questions = list(bid.need.questions)
        for number, question in enumerate(questions[:1] if is_half else questions):
            words = _answer(bidder, number, question.word_limit)
            bid_actions.save_part(bid.id, bidder.member, drafts.answer_slot(question.id), words)
        if is_half:
            return bid
        bid_actions.save_part(bid.id, bidder.member, drafts.PRICE, self._prices(firm))
        bid_actions.save_part(bid.id, bidder.member, drafts.DECLARATIONS, DECLARED)
        bid_actions.add_file(bid.id, bidder.member, "plan.txt", io.BytesIO("\n\n".join(bidder.voice).encode()))
        return bid

    def _prices(self, firm: str) -> dict[str, int]:
        """A price for one unit of each line, so that the total is the firm's share of the value without VAT."""
        lines = self.need.price_lines
        whole = self.wish.value_pence / VAT * SHARES[firm]
        return {str(each.id): round(whole / len(lines) / float(each.quantity) / 100) * 100 for each in lines}

    def _submit(self, firm: str) -> None:
        if not isinstance(self._send(firm), submission.Submitted):
            raise ValueError(f"The bid of {firm} for {self.wish.key} came late.")

    def _send(self, firm: str) -> submission.Submitted | submission.RefusedLate:
        member = self.cast.bidders[firm].member
        return submission.submit_bid(self.bids[firm].id, member, secrets.token_hex(16), clock.now())

    # -- after closing

    def opened(self) -> Story:
        """Two openers open all bids."""
        first, second = self.staff.openers[:2]
        yield self.after_closing(1, "09:30")
        opening.begin_opening(self.need_id, first, OPENING_PASSPHRASE)
        yield self.after_closing(1, "09:41")
        opening.complete_opening(self.need_id, second, OPENING_PASSPHRASE)

    def scored_in_part(self) -> Story:
        """One evaluator has scored everything, one has begun, one has not declared yet."""
        yield from self.opened()
        done, begun, _ = self.staff.evaluators
        for member in (done, begun, self.staff.chair):
            yield self.after_closing(1, "14:00")
            assessment.declare_conflict(self.need_id, member, False)
        yield self.after_closing(2, "11:00")
        self._score(done, SCORES, list(self.bids))
        yield self.after_closing(3, "11:00")
        self._score(begun, SCORES, list(self.bids)[:1])

    def scored(self, scores: Mapping[str, tuple[int, ...]] = SCORES) -> Story:
        """Everybody on the panel has declared, and every evaluator has scored every bid."""
        yield from self.opened()
        for member in (*self.staff.evaluators, self.staff.chair):
            yield self.after_closing(1, "14:00")
            assessment.declare_conflict(self.need_id, member, False)
        for number, member in enumerate(self.staff.evaluators):
            yield self.after_closing(2 + number, "10:30")
            own = {firm: _own_view(each, number) for firm, each in scores.items()}
            self._score(member, own, list(self.bids))

    def _score(self, member: Membership, scores: Mapping[str, tuple[int, ...]], firms: Sequence[str]) -> None:
        for firm in firms:
            for criterion, score in zip(assessed.quality_criteria(self.need), scores[firm], strict=True):
                reference = self.bids[firm].reference
                assessment.give_score(self.need_id, reference, criterion.id, member, score, REASONS[score])

    def frozen(self, scores: Mapping[str, tuple[int, ...]] = SCORES) -> Story:
        """The chair agrees the scores, the prices open, and the ranking stands."""
        yield from self.scored(scores)
        chair = self.staff.chair
        yield self.after_closing(6, "13:00")
        for firm, bid in self.bids.items():
            for criterion, score in zip(assessed.quality_criteria(self.need), scores[firm], strict=True):
                reason = f"Agreed by all. {REASONS[score]}"
                assessment.agree_score(self.need_id, bid.reference, criterion.id, chair, score, reason)
        yield self.after_closing(6, "15:00")
        concluding.agree_quality(self.need_id, chair)
        yield self.after_closing(7, "10:00")
        concluding.freeze_scores(self.need_id, chair)

    def proposed(self, reasons: str = "", scores: Mapping[str, tuple[int, ...]] = SCORES) -> Story:
        """The officer proposes the first of the ranking; with `reasons`, to end without award."""
        yield from self.frozen(scores)
        yield self.after_closing(8, "11:00")
        first = assessed.results_of(self.need)[0].bid.reference
        awards.propose_award(self.need_id, self.staff.officer, "" if reasons else first, reasons or AWARD_REASONS)

    def decided(self, reasons: str = "", scores: Mapping[str, tuple[int, ...]] = SCORES) -> Story:
        """The named award approver approves; the bidders are not told yet."""
        yield from self.proposed(reasons, scores)
        yield self.after_closing(9, "15:00")
        awards.approve_award(self.need_id, self.staff.award_approver)

    def told(self, reasons: str = "", scores: Mapping[str, tuple[int, ...]] = SCORES, waits: bool = False) -> Story:
        """Every bidder is told at once; `waits` takes a standstill where the law has none."""
        yield from self.decided(reasons, scores)
        yield self.after_closing(10, "10:00")
        award = find_award(self.need)
        assert award is not None
        for each in summaries_of(award):
            awards.save_explanation(self.need_id, each.bid.reference, self.staff.officer, each.explanation)
        awards.send_summaries(self.need_id, self.staff.officer, takes_voluntary=waits)

    @property
    def winner(self) -> str:
        """The key of the firm that was awarded the contract."""
        award = find_award(self.need)
        assert award is not None and award.bid is not None
        reference = award.bid.reference
        return next(firm for firm, bid in self.bids.items() if bid.reference == reference)


def _answer(bidder: Bidder, number: int, limit: int) -> str:
    """As many of the firm's paragraphs as the word limit leaves room for, beginning with another each time."""
    chosen: list[str] = []
    for step in range(3):
        paragraph = bidder.voice[(2 * number + step) % len(bidder.voice)]
        if count_words("\n\n".join([*chosen, paragraph])) <= limit:
            chosen.append(paragraph)
    return "\n\n".join(chosen)


def _own_view(scores: tuple[int, ...], evaluator: int) -> tuple[int, ...]:
    """Evaluators differ a little before they agree: the second is stricter with what is good."""
    return tuple(each - 1 if evaluator == 1 and each > 3 else each for each in scores)
