"""D1: a process killed at a named point leaves nothing half done, and trying again works."""

from __future__ import annotations

import ast
import json
import os
import secrets
import shutil
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace import config
from marketplace.accounts.models import Membership
from marketplace.backup import write_backup
from marketplace.config import CHECKOUT, Settings
from marketplace.core import clock, db
from marketplace.core.failpoints import failpoint
from marketplace.core.mail import Mail
from marketplace.tables import all_tables
from marketplace.upgrade import differences, newest_revision, revision_of
from marketplace.worker import Worker
from suppliers.profiles.models import Supplier
from tenders.awards import actions as awards
from tenders.awards.models import AssessmentSummary
from tenders.bids import drafts, opening, sweeping
from tenders.bids.models import Bid, BidOpening, BidVersion, DraftPart
from tenders.needs.models import Need
from tests import assessing, bidding, databases, making
from tests.actions.test_bids import ready_to_publish
from tests.actions.test_importing import export as notices_file
from tests.promises import deeds, soundness, test_stripe
from tests.promises.proof import Proof, is_long, sizes
from tests.served import run_python

ACTION = ("action: begun", "action: rows written", "action: before commit", "action: committed")
# Killed here nothing was told to anyone, so the worker has no more to do than if it had not happened.
BEFORE_COMMIT = ACTION[:3]
# A deed and the points that it passes.
POINTS: dict[str, tuple[str, ...]] = {
    "save": ACTION,
    "upload": (
        *ACTION, "store: written, not yet in its place", "store: in its place",
        "store: written, not yet in its place #2", "store: in its place #2",
        "upload: encrypted, not yet sealed", "upload: stored, not yet in a row",
    ),
    "submit": (
        *ACTION, "submit: parts sealed", "submit: version stored", "bid: committed, draft key still there",
        "bid: draft key gone, files still there",
    ),
    "withdraw": (*ACTION, "bid: committed, draft key still there", "bid: draft key gone, files still there"),
    "publish": (*ACTION, "publish: key made"),
    "begin": ACTION,
    "complete": (
        *ACTION, "open: shares joined", "open: one bid opened", "open: one bid opened #2",
        "store: written, not yet in its place", "store: in its place",
        "open: committed, draft keys still there", "open: draft keys gone, files still there",
    ),
    "approve_award": ACTION,
    "summaries": (*ACTION, "summaries: written"),
    "export": (*ACTION, "export: files written", "export: on record, not yet in its place"),
    "import_suppliers": (
        *ACTION, "action: before commit #2", "action: committed #2", "import suppliers: a batch done",
        "whole file: written, not yet in its place", "whole file: in its place",
    ),
    "import_notices": (*ACTION, "import notices: a batch done"),
    "backup": ("backup: rows written", "backup: written, not yet in its place"),
    "restore": (
        "restore: rows written, not committed", "whole file: written, not yet in its place", "whole file: in its place",
        "restore: files in their place, rows not committed",
    ),
    "upgrade": (
        "migration: tables changed, not yet committed", "migration: tables changed, not yet committed #4",
        "migration: tables changed, not yet committed #10", "migration: all done",
    ),
    "work": (
        "worker: deliveries entered, not committed @ mail", "worker: lines claimed @ mail",
        "worker: reacted, not yet marked @ mail", "worker: marked @ mail", "worker: lines claimed @ index",
        "worker: reacted, not yet marked @ index", "worker: reacted, not yet marked @ mail #2", "mail: claimed",
        "mail: claimed #2", "mail: carried, not yet marked", "mail: carried, not yet marked #2",
        "index: documents read", "index: documents written",
    ),
}  # fmt: skip
CASES = [(deed, point) for deed, points in POINTS.items() for point in points]


def chosen() -> list[tuple[str, str]]:
    """All of them in a long run; in a short one as many as the size says, spread over the list."""
    most = int(sizes()["D1"]["long" if is_long() else "short"])
    step = max(1, len(CASES) // most)
    return CASES if is_long() else CASES[::step][:most]


@dataclass
class Scene:
    """What a deed needs: its facts, what must hold at any instant, and what must hold once it was tried again."""

    facts: dict[str, Any]
    is_done: Callable[[], bool]
    settings: Settings
    judge: Callable[[], list[str]] = field(default=soundness.problems)
    drains: bool = True


@pytest.mark.slow
@pytest.mark.parametrize(("deed", "point"), chosen(), ids=str)
def test_killed_at(deed: str, point: str, app: Flask, house: Settings, tmp_path: Path, proof: Proof) -> None:
    proof.size("D1")
    scene = SCENES[deed](house, tmp_path)
    db.session.remove()
    words = ("tests.promises.deeds", deed, json.dumps(scene.facts))
    killed = run_python(scene.settings, *words, MARKETPLACE_FAILPOINT=point)
    wrong = [] if killed.returncode == -signal.SIGKILL else [f"was not killed: {killed.returncode} {killed.stderr[-1500:]}"]
    wrong += [f"after the kill: {each}" for each in scene.judge()]
    db.session.remove()
    with _elsewhere(scene.settings, house) if scene.settings is not house else nullcontext():
        told = deeds.do(deed, scene.facts)
    wrong += [f"after trying again: {each}" for each in scene.judge()]
    if not scene.is_done():
        wrong.append(f"trying again did not do it: {told}")
    if scene.drains and point not in BEFORE_COMMIT:
        wrong += drained(app)
    proof.tell("D1", f"killed at points of {deed}", count=1, violations=[f"{point}: {each}" for each in wrong])


def drained(app: Flask) -> list[str]:
    """Lets the worker do what is due after every lease has ended; after that nothing more must happen."""
    worker = Worker(app)
    for _ in range(2):
        clock.pass_time(minutes=11)
        worker.run_until_idle()
    wrong, before = soundness.undelivered() + soundness.left_over_keys(), count(Mail)
    clock.pass_time(minutes=11)
    worker.run_until_idle()
    return wrong + ([] if count(Mail) == before else [f"{count(Mail) - before} mails more when there was nothing to tell"])


def count(table: type, *conditions: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def test_every_named_point_is_tried() -> None:
    """None is forgotten: each failpoint in the code stands in the list above, and the list names no other."""
    named = {
        node.args[0].value
        for folder in ("marketplace", "suppliers", "tenders", "search", "migrations")
        for path in (CHECKOUT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failpoint"
        and node.args and isinstance(node.args[0], ast.Constant)
    }  # fmt: skip
    tried = {point.partition(" #")[0].partition(" @ ")[0] for _deed, point in CASES} | test_stripe.NAMED_POINTS
    assert named == tried
    assert len(CASES) >= 60 and set(SCENES) == set(POINTS)


def test_points_are_off_unless_named(app: Flask) -> None:
    failpoint("action: begun")  # would end this process


# -- scenes


def _facts(**facts: Any) -> dict[str, Any]:
    return {"at": clock.now().isoformat(), **facts}


def _drafted() -> dict[str, Any]:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.drafted(made.need, member, file=b"a plan")
    return _facts(
        bid=bid.id, member=member.id, received_at=clock.now().isoformat(), key=secrets.token_hex(16),
        line=made.need.price_lines[0].id,
    )  # fmt: skip


def _saving(house: Settings, tmp_path: Path) -> Scene:
    facts = _drafted()

    def is_done() -> bool:
        db.session.rollback()
        bid = db.session.get_one(Bid, facts["bid"])
        return drafts.read_slot(bid, drafts.PRICE).value == {str(facts["line"]): 100}

    return Scene(facts, is_done, house)


def _uploading(house: Settings, tmp_path: Path) -> Scene:
    facts = _drafted()

    def is_done() -> bool:
        db.session.rollback()
        return len(drafts.file_parts(db.session.get_one(Bid, facts["bid"]))) in {2, 3}

    return Scene(facts, is_done, house)


def _submitting(house: Settings, tmp_path: Path) -> Scene:
    facts = _drafted()
    mine = BidVersion.bid_id == facts["bid"]
    return Scene(facts, lambda: count(BidVersion, mine, BidVersion.idempotency_key == facts["key"]) == 1, house)


def _withdrawing(house: Settings, tmp_path: Path) -> Scene:
    facts = _drafted()
    bid, member = db.session.get_one(Bid, facts["bid"]), db.session.get_one(Membership, facts["member"])
    bidding.submit(bid, member)
    bidding.fill(bid, member, file=b"another plan")
    return Scene(facts, lambda: count(Bid, Bid.withdrawn_at.is_not(None)) == 1, house)


def _publishing(house: Settings, tmp_path: Path) -> Scene:
    _author, approver, need = ready_to_publish()
    bidding.give_passphrases([each.person for each in need.people_with("opener")])
    return Scene(
        _facts(need=need.id, member=approver.id), lambda: count(Need, Need.published_at.is_not(None)) == 1, house
    )


def _to_open() -> bidding.Purchase:
    made = bidding.purchase()
    for number in range(3):
        member = bidding.bidder()
        bidding.submit(bidding.drafted(made.need, member, file=b"a plan %d" % number), member)
    sweeping.sweep_drafts()
    bidding.drafted(made.need, bidding.bidder(), file=b"never sent")
    bidding.close(made.need)
    return made


def _beginning(house: Settings, tmp_path: Path) -> Scene:
    made = _to_open()
    return Scene(_facts(need=made.need.id, member=made.first.id), lambda: count(BidOpening) == 1, house)


def _completing(house: Settings, tmp_path: Path) -> Scene:
    made = _to_open()
    opening.begin_opening(made.need.id, made.first, making.OPENING)

    def is_done() -> bool:
        return count(BidOpening, BidOpening.bids_opened == 3) == 1 and count(DraftPart) == 0

    return Scene(_facts(need=made.need.id, member=made.second.id), is_done, house)


def _proposed() -> assessing.Purchase:
    made = assessing.frozen(assessing.opened(), (4, 3))
    awards.propose_award(made.need.id, made.officer, made.bids[0].reference, "It came first.")
    return made


def _approving(house: Settings, tmp_path: Path) -> Scene:
    made = _proposed()
    return Scene(_facts(need=made.need.id, member=made.approver.id), lambda: count(AssessmentSummary) == 2, house)


def _ready_to_tell() -> assessing.Purchase:
    made = _proposed()
    awards.approve_award(made.need.id, made.approver)
    return assessing.checked(made)


def _telling(house: Settings, tmp_path: Path) -> Scene:
    made = _ready_to_tell()
    told = AssessmentSummary.sent_at.is_not(None)
    return Scene(_facts(need=made.need.id, member=made.officer.id), lambda: count(AssessmentSummary, told) == 2, house)


def _exporting(house: Settings, tmp_path: Path) -> Scene:
    bidding.submitted(bidding.purchase().need)
    folder = tmp_path / "out"

    def judge() -> list[str]:
        half = folder.exists() and not (folder / "manifest.json").exists()
        return soundness.problems() + (["a half-written export stands in its place"] if half else [])

    return Scene(_facts(folder=str(folder)), lambda: (folder / "manifest.json").exists(), house, judge)


def _importing_suppliers(house: Settings, tmp_path: Path) -> Scene:
    file = tmp_path / "suppliers.jsonl"
    rows = [{"id": f"a{number}", "name": f"Firm {number} Ltd", "text": "Booking of repairs"} for number in range(300)]
    file.write_text("\n".join(json.dumps(each) for each in rows) + "\nnot json\n")

    def judge() -> list[str]:
        batches = count(Supplier) in {0, 250, 300}
        return soundness.problems() + ([] if batches else [f"{count(Supplier)} suppliers"])

    def is_done() -> bool:
        return count(Supplier) == 300 and (house.home / "refused" / "suppliers.refused.jsonl").exists()

    return Scene(_facts(file=str(file)), is_done, house, judge)


def _importing_notices(house: Settings, tmp_path: Path) -> Scene:
    file = notices_file(tmp_path, *({"Notice Identifier": f"TH-{number}"} for number in range(20)))
    return Scene(_facts(file=str(file)), lambda: count(Need, Need.source != "") == 20, house)


def _archive_of_something(house: Settings, tmp_path: Path) -> Path:
    _drafted()
    return tmp_path / "copy.zip"


def _backing_up(house: Settings, tmp_path: Path) -> Scene:
    file = _archive_of_something(house, tmp_path)

    def judge() -> list[str]:
        if not file.exists():
            return soundness.problems()
        with zipfile.ZipFile(file) as archive:
            return soundness.problems() + ([] if archive.testzip() is None else ["a broken archive in its place"])

    return Scene(_facts(file=str(file)), file.exists, house, judge)


@contextmanager
def _elsewhere(settings: Settings, back: Settings) -> Iterator[None]:
    """The session and the settings on another database and home for the length of the block."""
    config.install(settings)
    other = db.connect(settings.url)
    try:
        yield
    finally:
        db.session.remove()
        other.dispose()
        config.install(back)
        db.connect(back.url)


def _other_place(house: Settings, tmp_path: Path) -> Settings:
    """An empty database and an empty home."""
    (tmp_path / "other").mkdir()
    made = databases.empty(tmp_path / "other", os.environ.get("TEST_DATABASE_URL", ""))
    _made_elsewhere.append(made)
    return replace(house, home=tmp_path / "other" / "home", database_url=made.url)


_made_elsewhere: list[databases.Template] = []


@pytest.fixture(autouse=True)
def _nothing_is_left_elsewhere() -> Iterator[None]:
    yield
    while _made_elsewhere:
        made = _made_elsewhere.pop()
        if made.server:
            made.drop(made.url)


def _restoring(house: Settings, tmp_path: Path) -> Scene:
    file = _archive_of_something(house, tmp_path)
    write_backup(db.engine(), all_tables(), house.files_folder, file, lambda _line: None)
    other = _other_place(house, tmp_path)
    shutil.copytree(house.keys_folder, other.keys_folder)

    def look() -> tuple[int, list[str]]:
        with _elsewhere(other, house):
            if not revision_of(db.engine()):
                return 0, []
            return count(DraftPart), soundness.problems()

    return Scene(_facts(file=str(file)), lambda: look()[0] == 4, other, lambda: look()[1], drains=False)


def _upgrading(house: Settings, tmp_path: Path) -> Scene:
    other = _other_place(house, tmp_path)

    def is_done() -> bool:
        with _elsewhere(other, house):
            return revision_of(db.engine()) == newest_revision() and differences(db.engine()) == []

    def judge() -> list[str]:
        with _elsewhere(other, house):
            found = revision_of(db.engine())
        return [] if not found or found <= newest_revision() else [f"revision {found}"]

    return Scene({}, is_done, other, judge, drains=False)


def _working(house: Settings, tmp_path: Path) -> Scene:
    made = _ready_to_tell()
    awards.send_summaries(made.need.id, made.officer)
    return Scene(_facts(), lambda: True, house)


SCENES: dict[str, Callable[[Settings, Path], Scene]] = {
    "save": _saving,
    "upload": _uploading,
    "submit": _submitting,
    "withdraw": _withdrawing,
    "publish": _publishing,
    "begin": _beginning,
    "complete": _completing,
    "approve_award": _approving,
    "summaries": _telling,
    "export": _exporting,
    "import_suppliers": _importing_suppliers,
    "import_notices": _importing_notices,
    "backup": _backing_up,
    "restore": _restoring,
    "upgrade": _upgrading,
    "work": _working,
}
