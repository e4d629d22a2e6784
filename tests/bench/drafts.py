"""Complete drafts of as many suppliers, and the request with which each would submit its own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, g, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import func, insert, select

from marketplace.core import db
from marketplace.core.journal import Event, JournalLine, record
from tenders.bids import drafts, keys, ready, sealed
from tenders.bids.models import Bid, BidVersion, DraftPart, SealedPart
from tests.bench.market import LINES, QUESTIONS, Market, line_id, question_id

ANSWER = "We build it plainly with the people who will use it, in short steps, and hand over everything we write. "
DECLARED = {"conflict": "no", "conflict_details": "", "no_collusion": True, "is_accurate": True}
# Requests are handed out in lots, because each run of wrk begins anew; what is left of a lot is never sent.
LOT = 25
# The state of wrk is a new one for each run, so the number handed out lies in a file.
WALK = """
local requests, at, upto = nil, 0, 0
local function load()
  requests = {}
  for line in io.lines("%(requests)s") do requests[#requests + 1] = line end
end
local function take_a_lot()
  local file = io.open("%(counter)s", "r+")
  at = tonumber(file:read("*l"))
  upto = at + %(lot)d
  file:seek("set")
  file:write(string.format("%%d\\n", upto))
  file:close()
end
request = function()
  if not requests then load() end
  if at >= upto then take_a_lot() end
  at = at + 1
  if at > #requests then return wrk.format("GET", "/no-draft-is-left", {}) end
  local path, cookie, body = requests[at]:match("^(.-)\\t(.-)\\t(.*)$")
  return wrk.format("POST", path, {["Cookie"] = cookie, ["Content-Type"] = "application/x-www-form-urlencoded"}, body)
end
response = function(status)
  if status ~= 302 then
    local file = io.open("%(refused)s", "a")
    file:write(status, "\\n")
    file:close()
  end
end
"""


@dataclass(frozen=True, kw_only=True)
class MadeForBench(Event):
    """Something that the benchmark set up."""


@dataclass(frozen=True)
class Submissions:
    """The prepared requests of one database and where their use is counted."""

    folder: Path
    prepared: int

    @property
    def script(self) -> str:
        """For wrk: the next request each time, whichever run it is."""
        return WALK % {"requests": self.folder / "requests", "counter": self.folder / "counter",
                       "refused": self.folder / "refused", "lot": LOT}  # fmt: skip

    @property
    def handed_out(self) -> int:
        return int((self.folder / "counter").read_text())

    @property
    def refused(self) -> list[str]:
        """Statuses of answers that did not lead on to the page "Bid submitted"."""
        path = self.folder / "refused"
        return path.read_text().split() if path.exists() else []


def cookie_of(app: Flask, person_id: int) -> tuple[str, str]:
    """A signed-in person's session cookie as signing in leaves it, and the token of its forms."""
    with app.test_request_context():
        session.update({"_user_id": f"{person_id}.1", "_fresh": True})
        session.permanent = True
        g.pop("csrf_token", None)  # the last person's: one application context may hold many requests
        token = generate_csrf()
        signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        return f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(dict(session))}", token


def prepare(app: Flask, market: Market, count: int, folder: Path) -> Submissions:
    """Writes `count` drafts, one for each supplier over all open needs, and their requests into the folder."""
    bids = list(_bids(market, count))
    with db.engine().begin() as connection:
        connection.execute(insert(Bid.__table__), bids)
        connection.execute(insert(DraftPart.__table__), [part for bid in bids for part in _parts(bid, market)])
    _seal(len(bids))
    folder.mkdir()
    (folder / "counter").write_text("0\n")
    with (folder / "requests").open("w") as file:
        for bid in bids:
            file.write(_request(app, market, bid) + "\n")
    db.session.remove()
    return Submissions(folder, count)


def _bids(market: Market, count: int) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        yield {
            "id": number,
            # As real ones look, so that their requests leave their trace too.
            "reference": f"B-2026-{number // 10_000:04}-{number % 10_000:04}",
            "need_id": (number - 1) % market.open_needs + 1,
            "supplier_id": market.first_supplier + number - 1,
            "started_at": market.made_at,
            "saved_at": market.made_at,
            "journal_salt": secrets.token_hex(32),
            "current_version": 0,
        }


def _seal(count: int) -> None:
    """Every draft lies ready, as its last save leaves it."""
    for first in range(1, count + 1, 200):
        with db.one_action("bench"):
            for bid in db.session.scalars(select(Bid).where(Bid.id >= first, Bid.id < first + 200)):
                if not ready.make_ready(bid):
                    raise SystemExit(f"The draft {bid.reference} is not complete.")
            record(MadeForBench(subject="drafts"))
        db.session.expunge_all()


def _parts(bid: dict[str, Any], market: Market) -> Iterator[dict[str, Any]]:
    key = keys.draft_keys().create(f"{bid['reference']}.v1")
    need_id = bid["need_id"]
    values: dict[str, Any] = {drafts.answer_slot(question_id(need_id, n)): ANSWER * 12 for n in range(QUESTIONS)}
    values[drafts.PRICE] = {str(line_id(need_id, n)): 1_950_000 for n in range(LINES)}
    values[drafts.DECLARATIONS] = DECLARED
    for slot, value in values.items():
        content = json.dumps(value, ensure_ascii=False).encode()
        blob = sealed.encrypt_draft(key, content, bid_ref=bid["reference"], part=slot)
        person = market.person_of(bid["supplier_id"])
        yield {"bid_id": bid["id"], "for_version": 1, "slot": slot, "ciphertext": blob,
               "saved_at": market.made_at, "saved_by_id": person}  # fmt: skip


def _request(app: Flask, market: Market, bid: dict[str, Any]) -> str:
    cookie, token = cookie_of(app, market.person_of(bid["supplier_id"]))
    seen = db.session.get_one(Bid, bid["id"]).ready_mark
    db.session.expunge_all()
    fields = {"csrf_token": token, "idempotency_key": secrets.token_hex(16), "seen": seen, "passphrase": ""}
    return f"/supplier/bids/{bid['reference']}/submit\t{cookie}\t{urlencode(fields)}"


@dataclass(frozen=True)
class Stored:
    """What the database holds after the load."""

    bids: int
    versions: int
    sealed_parts: int
    journal_lines: int
    drafts_left: int

    @property
    def is_whole(self) -> bool:
        """Each submitted bid once, with its parts and its line in the journal, and its draft gone."""
        return self.bids == self.versions == self.journal_lines and self.sealed_parts == 2 * self.bids


def stored(prepared: int) -> Stored:
    """Counts in the database that the session is bound to."""

    def count(query: Any) -> int:
        return db.session.scalar(query) or 0

    of_version = (BidVersion.bid_id == SealedPart.bid_id) & (BidVersion.number == SealedPart.number)
    found = Stored(
        bids=count(select(func.count(Bid.id)).where(Bid.current_version == 1)),
        versions=count(select(func.count(BidVersion.id))),
        sealed_parts=count(select(func.count(SealedPart.id)).join(BidVersion, of_version)),
        journal_lines=count(select(func.count()).select_from(JournalLine).where(JournalLine.event == "BidSubmitted")),
        drafts_left=count(select(func.count(Bid.id)).where(Bid.ready_mark != "")),
    )
    db.session.remove()
    if found.bids + found.drafts_left != prepared:
        raise SystemExit(f"Of {prepared} drafts, {found.bids} were submitted and {found.drafts_left} are left.")
    return found
