"""One verb of the house in a process of its own, so that it can be killed: python -m tests.promises.deeds VERB FACTS.

FACTS is JSON: ids, references, paths, and `at`, the instant that the clock shows. Prints what came of it as JSON.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import current_app

from marketplace import config
from marketplace.accounts.models import Membership
from marketplace.app import create_app
from marketplace.backup import BackupRefused
from marketplace.core import clock, db
from marketplace.core.errors import Refusal
from marketplace.worker import Worker
from tenders.bids import actions, drafts, opening, publishing, submission
from tests.making import OPENING

PDF = b"%PDF-1.7 a plan"


def _member(member_id: int) -> Membership:
    return db.session.get_one(Membership, member_id)


def save(bid: int, member: int, line: int, **_: Any) -> Any:
    return actions.save_part(bid, _member(member), drafts.PRICE, {str(line): 100}).slot


def upload(bid: int, member: int, **_: Any) -> Any:
    return actions.add_file(bid, _member(member), "plan.pdf", io.BytesIO(PDF)).slot


def submit(bid: int, member: int, key: str, received_at: str, passphrase: str = "", **_: Any) -> Any:
    done = submission.submit_bid(bid, _member(member), key, datetime.fromisoformat(received_at), passphrase)
    assert isinstance(done, submission.Submitted)
    return [done.version.number, done.version.receipt]


def withdraw(bid: int, member: int, received_at: str, **_: Any) -> Any:
    done = submission.withdraw_bid(bid, _member(member), datetime.fromisoformat(received_at))
    assert isinstance(done, submission.Withdrawn)
    return done.bid.reference


def publish(need: int, member: int, **_: Any) -> Any:
    return publishing.approve_and_publish(need, _member(member)).reference


def begin(need: int, member: int, **_: Any) -> Any:
    return opening.begin_opening(need, _member(member), OPENING).id


def complete(need: int, member: int, **_: Any) -> Any:
    return opening.complete_opening(need, _member(member), OPENING).bids_opened


def approve_award(need: int, member: int, **_: Any) -> Any:
    from tenders.awards.actions import approve_award as approve

    return approve(need, _member(member)).reference


def summaries(need: int, member: int, **_: Any) -> Any:
    from tenders.awards.actions import send_summaries

    return send_summaries(need, _member(member)).reference


def export(folder: str, **_: Any) -> Any:
    from marketplace.auditors.actions import export_everything

    return export_everything(Path(folder), lambda _line: None)


def import_suppliers(file: str, **_: Any) -> Any:
    from suppliers.importing import import_suppliers as take_in

    return take_in(Path(file), aside=config.current().home / "refused")


def import_notices(file: str, **_: Any) -> Any:
    from tenders.notices.importing import import_notices as take_in

    return take_in(Path(file), lambda _line: None, config.current().home / "refused")


def backup(file: str, **_: Any) -> Any:
    from marketplace.backup import write_backup
    from marketplace.tables import all_tables

    target = Path(file)
    return write_backup(db.engine(), all_tables(), config.current().files_folder, target, lambda _line: None)


def restore(file: str, **_: Any) -> Any:
    from marketplace.backup import read_backup
    from marketplace.tables import all_tables

    return read_backup(Path(file), db.engine(), all_tables(), config.current().files_folder, lambda _line: None)


def upgrade(**_: Any) -> Any:
    from marketplace.upgrade import revision_of
    from marketplace.upgrade import upgrade as bring_up

    bring_up(db.engine())
    return revision_of(db.engine())


def work(**_: Any) -> Any:
    return Worker(current_app._get_current_object()).run_until_idle()  # type: ignore[attr-defined]


VERBS: dict[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (save, upload, submit, withdraw, publish, begin, complete, approve_award, summaries, export,
                 import_suppliers, import_notices, backup, restore, upgrade, work)
}  # fmt: skip


def main(verb: str, facts: dict[str, Any]) -> None:
    app = create_app(config.load_settings())
    if "at" in facts:
        clock.set_clock(datetime.fromisoformat(facts["at"]))
    with app.app_context():
        print(json.dumps(do(verb, facts)))


def do(verb: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Does it here; a refusal in words is an answer too (what was done before the kill need not be done twice)."""
    try:
        return {"did": VERBS[verb](**facts)}
    except (Refusal, BackupRefused) as refusal:
        return {"refused": str(refusal)}


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
