"""Rights count as they are inside the action's transaction, not as they were when the request began."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.accounts import joining
from marketplace.accounts.models import Membership
from marketplace.core import db
from marketplace.core.journal import JournalLine
from tenders.assessment import actions
from tests import assessing, making
from tests.pageclient import PageClient, filled


def test_a_role_that_was_just_taken_away_decides_nothing(
    whole_app: Flask, house, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with whole_app.app_context():
        made = assessing.opened()
        evaluator = made.evaluators[0]
        actions.declare_conflict(made.need.id, evaluator, True, "My brother works for a bidder.")
        seen, evaluator_id, approver_id, council_id = (
            assessing.seen(made), evaluator.person_id, made.approver.id, made.council.id
        )  # fmt: skip
        colleague = making.member(made.council, "approver", "officer").id
    client.sign_in(seen.emails["approver"], making.PASSWORD)
    page = client.get(f"{seen.home}/assessment/conflicts/{evaluator_id}")
    decide = actions.decide_conflict

    def take_the_role_away() -> None:
        with whole_app.app_context():
            joining.change_roles(approver_id, council_id, ["viewer"], db.session.get_one(Membership, colleague))

    def after_that(*args, **kwargs):
        db.session.rollback()  # nothing of this request holds SQLite's lock
        other = threading.Thread(target=take_the_role_away)
        other.start()
        other.join()
        return decide(*args, **kwargs)

    monkeypatch.setattr(actions, "decide_conflict", after_that)
    form, pressed = page.form_with(None)
    client.client.post(page.url, data=filled(page, form, pressed, {"outcome": "aside", "reason": "Too near."}))
    with whole_app.app_context():
        last = db.session.scalars(select(JournalLine).order_by(JournalLine.number.desc()).limit(1)).one()
    assert last.event == "RolesChanged"
