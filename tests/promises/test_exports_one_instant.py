"""E2: an export made while several write shows one instant: its files agree with one another and with its journal."""

from __future__ import annotations

import csv
import io
import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from marketplace.auditors import writing
from marketplace.auditors.exports import Scope
from marketplace.core import clock, db
from tenders.awards import actions as awards
from tenders.clarifications import actions as clarifications
from tests import assessing, bidding, contracting, making
from tests.promises.proof import Proof

pytestmark = [pytest.mark.usefixtures("house"), pytest.mark.slow]  # whole purchases are made
Rows = list[dict[str, str]]
BUYERS = 2


def test_an_export_during_writes_is_one_instant(tmp_path: Path, proof: Proof) -> None:
    wanted, torn, seen, faults = proof.size("E2"), list[str](), Counter[str](), list[str]()
    going, turn = threading.Event(), threading.Lock()
    going.set()
    writers = [threading.Thread(target=_write, args=(going, faults, lambda: _buy(turn))) for _ in range(BUYERS)]
    writers.append(threading.Thread(target=_write, args=(going, faults, _asker())))
    for each in writers:
        each.start()
    try:
        exports, lines = 0, -1
        while exports < wanted and any(each.is_alive() for each in writers):
            folder = tmp_path / "export"
            folder.mkdir()
            made = writing.write_everything(Scope(clock.now()), folder, lambda _line: None)
            # An export between two of which nobody wrote would prove nothing.
            if made.journal.lines > lines:
                exports, lines = exports + 1, made.journal.lines
                files = read(folder)
                torn += [f"export {exports}: {each}" for each in disagreements(files)]
                seen.update(stage for stage in ("bids", "scores", "awards", "summaries", "contracts") if files[stage])
            shutil.rmtree(folder)
    finally:
        going.clear()
        for each in writers:
            each.join(timeout=60)
    assert not faults, faults
    stages = ", ".join(f"{count} with {name}" for name, count in seen.items())
    proof.tell(
        "E2", f"whole exports while {len(writers)} threads write", count=exports, violations=torn,
        measured=f"{lines:,} lines at the last; {stages}",
    )  # fmt: skip


# -- who writes


def _write(going: threading.Event, faults: list[str], act: Callable[[], None]) -> None:
    try:
        while going.is_set():
            act()
    except Exception as fault:
        faults.append(repr(fault))
    finally:
        db.session.remove()


def _buy(turn: threading.Lock) -> None:
    """One purchase from publication to a signed contract. Only one at a time moves the clock to its closing."""
    with turn:
        made = assessing.opened()
    assessing.frozen(made, (5, 3))
    awards.propose_award(made.need.id, made.officer, made.bids[0].reference, "It ranks first.")
    awards.approve_award(made.need.id, made.approver)
    for bid in made.bids:
        awards.save_explanation(made.need.id, bid.reference, made.officer, "The answers say why.")
    awards.send_summaries(made.need.id, made.officer)
    manager, signer = making.member(made.council, "contract_manager"), making.member(made.council, "approver")
    contracting.sent(contracting.drafted(contracting.Deal(made, None, manager, signer, made.bidders[0])))


def _asker() -> Callable[[], None]:
    """Firms that join and ask about a need that stays open, one after another."""
    later = clock.now() + timedelta(days=9000)
    need_id = making.open_need(closes_at=later, questions_close_at=later - timedelta(days=1)).id
    db.session.remove()

    def ask() -> None:
        clarifications.ask_question(need_id, bidding.bidder(), "How many depots are there?")

    return ask


# -- what must hold within one export


def read(folder: Path) -> dict[str, Rows]:
    """Every file's rows, and the manifest's facts as one row under "manifest"."""
    files = {
        path.stem: list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""))) for path in folder.glob("*.csv")
    }
    manifest = json.loads((folder / "manifest.json").read_bytes())
    stood = {"lines": str(manifest["journal"]["lines"]), "hash": manifest["journal"]["hash"], "as_of": manifest["as_of"]}
    return {**files, "manifest": [stood]}


def disagreements(files: dict[str, Rows]) -> list[str]:
    """Where the files of one export tell of different instants. Each counts rows against the journal's lines."""
    (stood,) = files["manifest"]
    journal, needs = files["journal"], {each["reference"]: each for each in files["needs"]}
    shown = [each for each in journal if each["is_withheld"] == "false"]
    found = []

    def same(what: str, rows: object, told: object) -> None:
        if rows != told:
            found.append(f"{what}: {rows} in the rows, {told} in the journal")

    same("position", (stood["lines"], stood["hash"]), (str(len(journal)), journal[-1]["hash"]))
    found += [f"line {each['number']} is later than as_of" for each in shown if each["at"] > stood["as_of"]]
    by_need = {event: _counted(shown, event) for event in EVENTS}
    opened = {reference for reference, each in needs.items() if each["opened_at"]}
    same("opened needs", opened, set(by_need["BidsOpened"]))
    same("openings", {each["need"] for each in files["openings"]}, set(by_need["BidsOpened"]))
    same("bids shown", _per(files["bids"]), by_need["BidSubmitted"])
    same("bids opened", {each["need"]: each["bids_opened"] for each in files["openings"]}, _text(_per(files["bids"])))
    hashes = {json.loads(each["details"])["manifest_hash"] for each in shown if each["event"] == "BidSubmitted"}
    same("fingerprints", {each["manifest_hash"] for each in files["bids"]}, hashes)
    frozen = {reference for reference, each in needs.items() if each["scores_frozen_at"]}
    same("frozen needs", frozen, set(by_need["ScoresFrozen"]))
    for kind, event in (("individual", "ScoreGiven"), ("agreed", "ScoreAgreed")):
        rows = _per([each for each in files["scores"] if each["kind"] == kind])
        same(f"{kind} scores", rows, {need: count for need, count in by_need[event].items() if need in frozen})
    same("ranked bids", {each["need"] for each in files["bids"] if each["rank"]}, frozen)
    same("awards", _per(files["awards"]), by_need["AwardProposed"])
    same("approvals", _per([each for each in files["awards"] if each["approved_by"]]), by_need["AwardApproved"])
    same("told", {each["need"] for each in files["summaries"]}, set(by_need["SummariesSent"]))
    same("awarded needs", {name for name, each in needs.items() if each["awarded_at"]}, set(by_need["SummariesSent"]))
    same("contracts", _per(files["contracts"]), by_need["ContractDrafted"])
    signed = _per([each for each in files["contracts"] if each["council_signed_at"]])
    same("signatures", signed, by_need["ContractSignedByCouncil"])
    same("milestones", {each["need"] for each in files["milestones"]}, set(by_need["ContractDrafted"]))
    same("questions", _per(files["clarifications"]), by_need["QuestionAsked"])
    known = {each["reference"]: each for each in files["suppliers"]}
    same("bids of firms", sum(int(each["bids_opened"]) for each in known.values()), len(files["bids"]))
    missing = {each["supplier"] for each in files["bids"]} - known.keys()
    return found + [f"supplier {each} is in bids.csv only" for each in sorted(missing)]


EVENTS = (
    "BidsOpened", "BidSubmitted", "ScoresFrozen", "ScoreGiven", "ScoreAgreed", "AwardProposed", "AwardApproved",
    "SummariesSent", "ContractDrafted", "ContractSignedByCouncil", "QuestionAsked",
)  # fmt: skip


def _counted(lines: Rows, event: str) -> Counter[str]:
    return Counter(each["need"] for each in lines if each["event"] == event)


def _per(rows: Rows) -> Counter[str]:
    return Counter(each["need"] for each in rows)


def _text(counts: Counter[str]) -> dict[str, str]:
    return {name: str(count) for name, count in counts.items()}


@pytest.mark.parametrize("later", ["journal", "needs", "openings", "bids", "scores", "awards", "summaries", "suppliers"])
def test_a_file_of_a_later_instant_is_seen(tmp_path: Path, later: str) -> None:
    """The comparison can fail: one file from after some acts among files from before them is torn."""
    made = bidding.purchase() if later in ("openings", "bids", "needs", "journal", "suppliers") else assessing.agreed(assessing.opened(), (4, 3))
    if isinstance(made, bidding.Purchase):
        bidding.submitted(made.need)
    for name, act in (("before", lambda: None), ("after", lambda: _go_on(made))):
        act()
        (tmp_path / name).mkdir()
        writing.write_everything(Scope(clock.now()), tmp_path / name, lambda _line: None)
        assert disagreements(read(tmp_path / name)) == []
    torn = {**read(tmp_path / "before"), later: read(tmp_path / "after")[later]}
    assert disagreements(torn)


def _go_on(made: bidding.Purchase | assessing.Purchase) -> None:
    if isinstance(made, bidding.Purchase):
        bidding.open_all(made)
        return
    from tenders.assessment import concluding

    concluding.agree_quality(made.need.id, made.chair)
    concluding.freeze_scores(made.need.id, made.chair)
    awards.propose_award(made.need.id, made.officer, made.bids[0].reference, "It ranks first.")
    awards.approve_award(made.need.id, made.approver)
    for bid in made.bids:
        awards.save_explanation(made.need.id, bid.reference, made.officer, "The answers say why.")
    awards.send_summaries(made.need.id, made.officer)
