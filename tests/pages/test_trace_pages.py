"""The trace of a bid, page by page: what its firm sees at any time, and who sees it only after the opening."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from werkzeug.datastructures import FileStorage

from marketplace.core import clock, db
from tenders.bids import actions, traces
from tenders.bids.models import Bid
from tenders.traces.book import current_book
from tests import bidding, making
from tests.pageclient import PageClient, signed_in

pytestmark = pytest.mark.usefixtures("rows_stay_attached")
CANARY = "canary7f3a9b"


def ask(browser: Any, method: str, path: str, **sent: Any) -> int:
    """Sends something that no page offers, and takes the whole answer."""
    return browser.open(path, method=method, buffered=True, **sent).status_code


def raw() -> str:
    return "".join(each.read_text() for each in sorted(current_book().folder.glob("*")))


def noted(about: str) -> list[dict[str, Any]]:
    lines = [json.loads(each) for each in raw().splitlines()]
    return [each for each in lines if each["about"] == about and "arrived" not in each]


def started(firm: PageClient, need: Any) -> Bid:
    firm.submit(firm.get(f"/needs/{need.reference}/bid"), "Start the bid")
    return db.session.query(Bid).one()


def test_a_firm_reads_what_it_did_and_what_it_was_told(client: PageClient) -> None:
    made, member = bidding.purchase(), bidding.bidder("Plain Ltd")
    firm = signed_in(client.app, member)
    bid = started(firm, made.need)
    home = f"/supplier/bids/{bid.reference}"
    firm.submit(firm.get(f"{home}/price"), "Save and go back", status=422, Build=f"{CANARY} pounds")
    bidding.fill(bid, member, CANARY)
    clock.pass_time(seconds=1)
    firm.submit(firm.get(f"{home}/review"), "Submit the bid")
    key = db.session.query(Bid).one().versions[0].idempotency_key
    trace = firm.follow(firm.get(home), "Every request about this bid, to the millisecond")
    assert trace.has("Start of the bid") and trace.has("Submission") and trace.has("Not accepted as it was (422)")
    assert trace.has(member.person.name)
    assert not trace.has(CANARY) and CANARY not in raw()
    assert key not in raw() and member.person.email not in raw() and "csrf" not in raw()
    rows = list(csv.DictReader(io.StringIO(firm.get(f"{home}/trace.csv").response.text)))
    assert list(rows[0]) == [each.heading for each in traces.COLUMNS]
    sent = [each for each in rows if each["method"] == "POST"]
    assert [(each["route"], each["status"]) for each in sent] == [
        ("bids.start", "302"), ("bids.edit_price", "422"), ("bids.submit", "302")
    ]  # fmt: skip
    assert sent[1]["told"] and {each["person"] for each in rows} == {member.person.pseudonym}
    assert all(int(each["bytes_received"]) == int(each["bytes_expected"]) > 0 for each in sent)
    assert len(sent[2]["submission_key"]) == 16 and sent[0]["submission_key"] == ""


def test_what_failed_is_there_too(client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    home = f"/supplier/bids/{bid.reference}"
    firm, plain = signed_in(client.app, member), client.app.test_client()
    ask(plain, "GET", home)
    ask(plain, "POST", f"{home}/submit", data={"idempotency_key": "x" * 20})
    ask(firm.client, "POST", f"{home}/submit", data={"idempotency_key": "x" * 20})  # no token
    firm.get(f"{home}/no-such-page", status=404)
    firm.get(f"{home}/files/none", status=404)
    viewer = signed_in(client.app, making.member(making.council(), "viewer"))
    viewer.get(home, status=403)
    stranger = signed_in(client.app, bidding.bidder())
    stranger.get(home, status=404)
    lines = noted(bid.reference)
    assert [(each["method"], each["status"], bool(each.get("person"))) for each in lines] == [
        ("GET", 302, False), ("POST", 400, False), ("POST", 400, True), ("GET", 404, True), ("GET", 404, True),
        ("GET", 403, True), ("GET", 404, True),
    ]  # fmt: skip
    assert "cookie" in lines[2]["told"] and lines[3]["told"] and "route" not in lines[3]
    own = traces.trace_of(bid).requests
    assert len(own) == 5 and own[0].outcome == "Asked to sign in"  # not those of other firms and councils
    form = firm.get(f"{home}/review")
    clock.set_clock(made.need.closes_at)
    clock.pass_time(seconds=1)
    ask(firm.client, "POST", f"{home}/submit", data={"idempotency_key": "x" * 20, "csrf_token": form.field("csrf_token")})
    assert noted(bid.reference)[-1]["told"] == "Too late" and noted(bid.reference)[-1]["status"] == 409


def test_a_fault_of_the_service_and_a_kill_leave_their_lines(
    client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    home = f"/supplier/bids/{bid.reference}"
    firm = signed_in(client.app, member)
    token = firm.get(f"{home}/price").field("csrf_token")

    def failing(error: BaseException):
        def fail(*_: object, **__: object) -> None:
            raise error

        return fail

    monkeypatch.setattr(actions, "save_part", failing(ValueError("broken")))
    with pytest.raises(ValueError):
        ask(firm.client, "POST", f"{home}/price", data={"csrf_token": token, "version": "1"})
    request = traces.trace_of(bid).requests[-1]
    assert (request.status, request.outcome.partition(",")[0]) == (500, "The service failed")
    book = current_book()
    monkeypatch.setattr("tenders.traces.noting.Note.write", lambda _: None)  # as when the process is gone
    monkeypatch.setattr(actions, "save_part", failing(SystemExit(9)))
    with pytest.raises(SystemExit):
        ask(firm.client, "POST", f"{home}/price", data={"csrf_token": token, "version": "1"})
    request = traces.trace_of(bid).requests[-1]
    assert request.status is None and request.outcome == "Reached the service, which stopped before it answered"
    assert book.lost == 0 and firm.get(f"{home}/trace").has("Never")


def test_a_name_of_a_file_and_line_ends_stay_out(client: PageClient) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    home = f"/supplier/bids/{bid.reference}"
    firm = signed_in(client.app, member)
    token = firm.get(f"{home}/files").field("csrf_token")
    name = f"{CANARY}.exe"
    upload = FileStorage(io.BytesIO(b"MZ" + CANARY.encode()), filename=name)
    ask(firm.client, "POST", f"{home}/files", data={"csrf_token": token, "file": upload})
    ask(firm.client, "GET", f"{home}/files/{CANARY}%0d%0aSet-Cookie:%20x")
    ask(firm.client, "GET", f"{home}?{CANARY}=%0d%0aX")
    ask(firm.client, "GET", home, headers={"User-Agent": CANARY, "Referer": CANARY})
    ask(firm.client, CANARY.upper(), home)
    ask(firm.client, "POST", f"{home}/submit", data={"csrf_token": token, "idempotency_key": f"{CANARY}\r\nX: y"})
    ask(firm.client, "POST", f"{home}/price", data={"csrf_token": f"{CANARY}\r\nX: y", "text": CANARY})
    assert CANARY not in raw().lower() and "Set-Cookie" not in raw()
    assert all(json.loads(each) for each in raw().splitlines()) and "\r" not in raw()
    assert len(noted(bid.reference)) == 8


def test_nobody_else_sees_it_before_the_opening(client: PageClient) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.submitted(made.need, member)
    firm = signed_in(client.app, member)
    firm.get(f"/supplier/bids/{bid.reference}")
    council, auditor = signed_in(client.app, made.second), signed_in(client.app, making.auditor())
    admin, stranger = signed_in(client.app, making.administrator()), signed_in(client.app, bidding.bidder())
    for_council = f"/council/needs/{made.need.reference}/traces/{bid.reference}"
    for_auditor = f"/audit/needs/{made.need.reference}/traces/{bid.reference}"
    for page in (for_council, f"{for_council}.csv"):
        council.get(page, status=409)
        admin.get(page, status=403)
    for page in (for_auditor, f"{for_auditor}.csv"):
        auditor.get(page, status=409)
        admin.get(page, status=403)
    for page in (f"/supplier/bids/{bid.reference}/trace", f"/supplier/bids/{bid.reference}/trace.csv"):
        stranger.get(page, status=404)
        admin.get(page, status=403)
    bidding.open_all(made)
    page = council.get(f"/council/needs/{made.need.reference}/opening")
    seen = council.follow(page, f"{bid.reference}, {bid.supplier.name}")
    assert seen.has("The bid’s page") and seen.has(member.person.pseudonym) and not seen.has(member.person.name)
    assert auditor.get(for_auditor).has("The bid’s page")
    assert auditor.get(f"{for_auditor}.csv").response.text.startswith("received_at,answered_at,")
    admin.get(for_council, status=403)
