"""B7 and B8: every file works or says why in one sentence, and whoever stops in the middle finds all that was kept."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from marketplace import config
from marketplace.accounts.models import Membership
from marketplace.config import Settings
from marketplace.core import db
from tenders.bids import actions, drafts, opened, queries
from tests import bidding
from tests.bidding import PDF
from tests.pageclient import Page, PageClient, signed_in, words_of
from tests.promises.proof import Proof
from tests.sending import Sender

pytestmark = [pytest.mark.usefixtures("rows_stay_attached"), pytest.mark.slow]  # a bidder's whole journey through pages, many times
A, B = PDF + b"the plan", PDF + b"another plan"
DOCX = b"PK\x03\x04 a letter"
WORKS = ""


@dataclass(frozen=True)
class Case:
    """Files that are sent in this order, each with what its sender is told ("" = it works), and the names then listed."""

    what: str
    sent: list[tuple[str, bytes, str]]
    listed: list[str]


CASES = [
    Case("the same file in two slots", [("plan.pdf", A, WORKS), ("method.pdf", A, WORKS)], ["plan.pdf", "method.pdf"]),
    Case("the same name twice", [("plan.pdf", A, WORKS), ("plan.pdf", B, WORKS)], ["plan.pdf", "plan.pdf"]),
    Case("the same file and name twice", [("plan.pdf", A, WORKS)] * 2, ["plan.pdf", "plan.pdf"]),
    Case("an empty file", [("plan.pdf", b"", "empty")], []),
    Case("a letter renamed to .pdf", [("letter.pdf", DOCX, "does not look like")], []),
    Case("renamed within its kind", [("a.pdf", A, WORKS), ("b.PDF", A, WORKS)], ["a.pdf", "b.PDF"]),
    Case("marks that turn the writing round", [("plan\u202efdp.pdf", A, WORKS)], ["planfdp.pdf"]),
    Case("a NUL in the name", [("plan\x00.pdf", A, WORKS)], ["plan.pdf"]),
    Case("a path in the name", [("../../etc/plan.pdf", A, WORKS)], ["plan.pdf"]),
    Case("300 characters", [("n" * 296 + ".pdf", A, WORKS)], ["n" * 110 + ".pdf"]),
    Case("no ending", [("plan", A, "one of")], []),
    Case("only an ending", [(".pdf", A, "one of")], []),
    Case("a program", [("plan.exe", b"MZ", "kinds")], []),
    Case("too large", [("plan.pdf", PDF + bytes(1_000_001), "too large")], []),
    Case("one too many", [(f"{n}.txt", b"words", WORKS) for n in range(20)] + [("21.txt", b"words", "20 files")],
         [f"{n}.txt" for n in range(20)]),
    Case("letters of other writings", [("план – 計画 🎉.pdf", A, WORKS)], ["план – 計画 🎉.pdf"]),
    Case("a dot behind the name", [("plan.pdf.", A, WORKS)], ["plan.pdf"]),
    Case("markup in the name", [('<img src=x onerror="x">.pdf', A, WORKS)], ["img src=x onerror=x.pdf"]),
]  # fmt: skip


@dataclass
class Table:
    """What came of the cases."""

    wrong: list[str] = field(default_factory=list)

    def look(self, case: Case, told: list[str], listed: list[str], door: str) -> None:
        """Compares what was told of each file with what was to be told, and the list with its names."""
        for (name, _, wanted), said in zip(case.sent, told, strict=True):
            if not wanted and said:
                self.wrong.append(f"{case.what}, {door}: {name!r} was refused: {said}")
            if wanted and (wanted not in said or not is_one_sentence(said)):
                self.wrong.append(f"{case.what}, {door}: {name!r} is not refused in one sentence: {said!r}")
        if listed != case.listed:
            self.wrong.append(f"{case.what}, {door}: listed are {listed}")


def is_one_sentence(said: str) -> bool:
    """Whether this is one sentence with words in it; dots inside of file names and numbers do not end one."""
    return bool(re.search(r"\w+ \w+ \w+", said)) and not re.search(r"[.!?]\s+\S", said.strip())


def by_form(sender: Sender, name: str, content: bytes) -> str:
    page = sender.firm.get(sender.home)
    if "Add this file" not in page.buttons:
        return next(each for each in map(words_of, page.main.select("p")) if "20 files" in each)
    # As browsers write it (HTML, "multipart form data").
    written = name.replace('"', "%22").encode()
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n' % written
    token = b'\r\n--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n%s\r\n--x--\r\n'
    body = head + content + token % sender.token.encode()
    answer = sender.firm.client.post(sender.home, data=body, content_type="multipart/form-data; boundary=x")
    if answer.status_code == 303:
        return WORKS
    errors = Page(sender.home, answer).errors
    return errors[0] if len(errors) == 1 else f"{len(errors)} errors"


def by_pieces(sender: Sender, name: str, content: bytes) -> str:
    answer = sender.send(name, content)
    return WORKS if answer.status_code < 300 else str(answer.json["message"])


DOORS: dict[str, Callable[[Sender, str, bytes], str]] = {"the form": by_form, "pieces": by_pieces}


@pytest.fixture
def small(client: PageClient, house: Settings) -> Iterator[PageClient]:
    config.install(replace(house, max_upload_megabytes=1))
    yield client


def test_every_file_works_or_says_why_in_one_sentence(small: PageClient, proof: Proof) -> None:
    purchase, member, table = bidding.purchase(), bidding.bidder(), Table()
    firm = signed_in(small.app, member)
    sender = Sender(firm, bidding.drafted(purchase.need, member))
    for door, send in DOORS.items():
        for case in CASES:
            told = [send(sender, name, content) for name, content, _ in case.sent]
            table.look(case, told, sender.files(), door)
            remove_all(sender, member)
            if send(sender, "good.pdf", A) or sender.files() != ["good.pdf"]:
                table.wrong.append(f"{case.what}, {door}: afterwards a good file does not work")
            remove_all(sender, member)
    proof.tell("B7", "files as bidders send them, by form and in pieces", count=2 * len(CASES), violations=table.wrong)


def remove_all(sender: Sender, member: Membership) -> None:
    db.session.rollback()
    for part in list(drafts.file_parts(sender.bid)):
        actions.remove_file(sender.bid.id, member, part.slot.partition(":")[2])


@pytest.mark.parametrize("said", ["", "No.", "The file is bad. Do something else.", "1 errors"])
def test_a_dead_end_is_seen(said: str) -> None:
    table = Table()
    table.look(Case("planted", [("a.pdf", A, "file")], []), [said], [], "a door")
    assert table.wrong


def test_the_council_gets_the_files_in_their_order_and_under_their_names(client: PageClient, proof: Proof) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    sender = Sender(signed_in(client.app, member), bidding.drafted(made.need, member))
    sent = [("zebra.pdf", A), ("apple.pdf", B), ("apple.pdf", A), ("план.pdf", PDF + b"3")]
    for number, (name, content) in enumerate(sent):
        (by_form if number % 2 else by_pieces)(sender, name, content)
    bid = sender.bid
    bidding.submit(bid, member)
    bidding.open_all(made)
    files = opened.opened_files(bid)
    got = [(each.name, opened.open_file(bid, each.slot)[1].read()) for each in files]
    proof.tell("B7", "the council reads them in order, by name", count=len(sent), violations=0 if got == sent else [got])


# -- B8

PLAIN, BETTER = "our plain answer", "our better answer"
# After how many requests a draft is complete, sent, and complete again; and when each of its files was whole.
COMPLETE, SENT, COMPLETE_AGAIN = 4, 10, 13
LARGE_IS_WHOLE, SMALL_IS_WHOLE = 8, 9


@dataclass
class Journey:
    """A bidder's requests one after the other, each with what must be found again by whoever signs in afterwards."""

    client: PageClient
    member: object
    purchase: bidding.Purchase
    found_again: list[str] = field(default_factory=list)

    def steps(self) -> list[Callable[[], None]]:
        question = self.purchase.need.questions[0]
        return [
            self.start,
            lambda: self.save(f"answers/{question.id}", PLAIN, text=PLAIN),
            lambda: self.save("price", "£19,500", **{f"line_{self.purchase.need.price_lines[0].id}": "19500"}),
            lambda: self.save("declarations", "conflict", conflict="no", no_collusion="y", is_accurate="y"),
            self.begin,
            lambda: self.piece(0, 400_000),
            lambda: self.piece(400_000, 600_000),
            lambda: self.piece(600_000, len(self.large)),
            self.form_file,
            self.submit,
            # A newer draft, which begins empty.
            lambda: self.save(f"answers/{question.id}", BETTER, text=BETTER),
            lambda: self.save("price", "£19,500", **{f"line_{self.purchase.need.price_lines[0].id}": "19500"}),
            lambda: self.save("declarations", "conflict", conflict="no", no_collusion="y", is_accurate="y"),
        ]

    large = PDF + os.urandom(700_000)

    def open_browser(self) -> None:
        """A new browser, as after the old one was closed or broke."""
        self.firm = signed_in(self.client.app, self.member)

    @property
    def bid(self):
        return queries.find_live_bid(self.purchase.need.id, self.member.organisation_id)  # type: ignore[attr-defined]

    def start(self) -> None:
        page = self.firm.get(f"/needs/{self.purchase.need.reference}/bid")
        self.firm.submit(page, "Start the bid")
        self.found_again.append("started")

    def save(self, page: str, kept: str, **fields: str) -> None:
        """What the page's script sends a moment after typing stopped."""
        path = f"/supplier/bids/{self.bid.reference}/{page}"
        shown = self.firm.get(path)
        token = shown.soup.find("input", attrs={"name": "csrf_token"})["value"]
        sent = {"csrf_token": token, "version": shown.field("version"), **fields}
        self.firm.post(path, status=204, data=sent, headers={"X-Autosave": "1"})
        self.found_again.append(f"{page}:{kept}")

    def begin(self) -> None:
        self.sender = Sender(self.firm, self.bid)
        assert self.sender.begin("large.pdf", self.large).status_code == 201
        self.found_again.append("upload:0")

    def piece(self, start: int, end: int) -> None:
        sender = Sender(self.firm, self.bid)
        known = sender.begin("large.pdf", self.large).json
        assert known["received"] == start, f"{known['received']} of {start} bytes are left"
        sender.piece(known["upload"], start, self.large[start:end])
        self.found_again.remove(f"upload:{start}")
        self.found_again.append("file:large.pdf" if end == len(self.large) else f"upload:{end}")

    def form_file(self) -> None:
        assert by_form(Sender(self.firm, self.bid), "small.pdf", A) == WORKS
        self.found_again.append("file:small.pdf")

    def submit(self) -> None:
        review = self.firm.get(f"/supplier/bids/{self.bid.reference}/review")
        self.firm.submit(review, "Submit the bid")
        self.found_again = ["submitted"]

    def lost(self) -> list[str]:
        """What of all that was kept a new browser does not find."""
        self.open_browser()
        return [each for each in self.found_again if not self._finds(each)]

    def is_told(self) -> bool:
        """Whether the bidder finds the receipt of the version that counts, in a new browser."""
        self.open_browser()
        return self.firm.get(f"/supplier/bids/{self.bid.reference}/receipt").has(f"V{self.bid.current_version}")

    def _finds(self, kept: str) -> bool:
        kind, _, rest = kept.partition(":")
        here = f"/supplier/bids/{self.bid.reference}"
        if kind == "started":
            return self.firm.get(here).status == 200
        if kind == "submitted":
            return self.firm.get(f"{here}/receipt").has("V1")
        if kind == "file":
            name = rest
            page = self.firm.get(f"{here}/files")
            content = self.firm.follow(page, name).content
            return hashlib.sha256(content).digest() == hashlib.sha256(self.large if name == "large.pdf" else A).digest()
        if kind == "upload":
            return Sender(self.firm, self.bid).begin("large.pdf", self.large).json["received"] == int(rest)
        draft = drafts.read_draft(self.bid)
        values = {"price": draft.price.total_pence == 1_950_000, "declarations": draft.answers.declarations.no_collusion}
        return values.get(kind, rest in draft.answers.answers[0].text)


def test_nothing_that_was_kept_is_lost_wherever_the_bidder_stops(client: PageClient, proof: Proof) -> None:
    purchase, lost, tried = bidding.purchase(), [], 0
    count = len(Journey(client, bidding.bidder(), purchase).steps())
    for stop in range(1, count + 1):
        journey = Journey(client, bidding.bidder(), purchase)
        journey.open_browser()
        for number, step in enumerate(journey.steps()[:stop]):
            step()
            if number % 3 == 2:
                journey.open_browser()  # and goes on in another one
        lost += [f"after request {stop}: {each}" for each in journey.lost()]
        tried += 1
    proof.tell("B8", "stopped after each request, found again by another browser", count=tried, violations=lost)


@pytest.mark.parametrize("policy", ["counted", "not_counted"])
def test_what_was_left_unsubmitted_counts_as_the_council_said(client: PageClient, proof: Proof, policy: str) -> None:
    made, journeys = bidding.purchase(left_drafts=policy), []
    for stop in range(1, len(Journey(client, bidding.bidder(), made).steps()) + 1):
        journey = Journey(client, bidding.bidder(), made)
        journey.open_browser()
        for step in journey.steps()[:stop]:
            step()
        journeys.append(journey)
    bidding.open_all(made)
    opened.release_prices(made.need)
    wrong = []
    for stop, journey in enumerate(journeys, start=1):
        got, wanted = counted_of(journey), expected_after(stop, policy)
        if got != wanted:
            wrong.append(f"{policy}, stopped after request {stop}: what counts is {got}, not {wanted}")
        if wanted and not journey.is_told():
            wrong.append(f"{policy}, stopped after request {stop}: the bidder has no receipt")
    proof.tell("B8", f"drafts never submitted, {policy}: stopped after each request", count=len(journeys), violations=wrong)


Counted = tuple[int, str, int, tuple[str, ...]]


def expected_after(stop: int, policy: str) -> Counted | None:
    """Version, answer, price and files of the bid that the council opens when its bidder went away after a request."""
    files = ("large.pdf",) * (stop >= LARGE_IS_WHOLE) + ("small.pdf",) * (stop >= SMALL_IS_WHOLE)
    if policy == "counted" and stop >= COMPLETE_AGAIN:
        return 2, BETTER, 1_950_000, ()
    if stop >= (COMPLETE if policy == "counted" else SENT):
        return 1, PLAIN, 1_950_000, files
    return None


def counted_of(journey: Journey) -> Counted | None:
    """The same as it was opened; a file whose bytes differ has another name."""
    bid = journey.bid
    if bid not in queries.opened_bids(journey.purchase.need):
        return None
    contents = {"large.pdf": journey.large, "small.pdf": A}
    files = [(each.name, opened.open_file(bid, each.slot)[1].read()) for each in opened.opened_files(bid)]
    names = tuple(name if contents.get(name) == content else f"another {name}" for name, content in files)
    return bid.current_version, opened.read_answers(bid).answers[0].text, opened.read_price(bid).total_pence, names


def test_a_draft_that_counts_against_the_policy_is_seen(client: PageClient) -> None:
    made = bidding.purchase(left_drafts="counted")
    journey = Journey(client, bidding.bidder(), made)
    journey.open_browser()
    for step in journey.steps()[:COMPLETE]:
        step()
    bidding.open_all(made)
    opened.release_prices(made.need)
    assert counted_of(journey) == expected_after(COMPLETE, "counted") != expected_after(COMPLETE, "not_counted")
    assert counted_of(journey) != expected_after(LARGE_IS_WHOLE, "counted")


def test_a_loss_is_seen(client: PageClient) -> None:
    journey = Journey(client, bidding.bidder(), bidding.purchase())
    journey.open_browser()
    journey.start()
    journey.form_file()
    bid = journey.bid
    drafts.forget_files(drafts.file_keys_of(drafts.file_parts(bid)))
    journey.found_again = ["upload:5", "price:£19,500"]
    assert journey.lost() == ["upload:5", "price:£19,500"]
