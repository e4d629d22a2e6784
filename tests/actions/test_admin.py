"""Approving, suspending, lifting, and trying deliveries and mails again."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest

from marketplace.accounts.models import Organisation
from marketplace.admin import actions, queries
from marketplace.admin.reference_files import reference_files
from marketplace.core import clock, db, jobs, mail
from marketplace.core.errors import Conflict, NotFound, Problems
from marketplace.core.journal import JournalLine
from tests import making

pytestmark = pytest.mark.usefixtures("house")


def broken_listener(name: str = "index") -> jobs.Listener:
    def react(_lines: object) -> None:
        raise ValueError("no room left")

    return jobs.Listener(name, frozenset({"MadeForTest"}), react)


def fail_until_given_up(listener: jobs.Listener) -> None:
    jobs.enter_deliveries(listener)
    for _ in range(len(jobs.RETRIES) + 1):
        jobs.deliver(listener)
        clock.pass_time(hours=7)


def test_an_organisation_is_suspended_with_a_reason_and_lifted() -> None:
    by, firm = making.administrator(), making.supplier().organisation
    with pytest.raises(Problems):
        actions.suspend_organisation(firm.id, "  ", by)
    actions.suspend_organisation(firm.id, "False certificates.", by)
    assert not firm.is_active and firm.suspension_reason == "False certificates."
    with pytest.raises(Problems):
        actions.suspend_organisation(firm.id, "Again", by)
    actions.lift_suspension(firm.id, by)
    assert firm.is_active
    with pytest.raises(Conflict):
        actions.lift_suspension(firm.id, by)
    assert [each.event for each in queries.acts_on(firm.reference)] == ["SuspensionLifted", "OrganisationSuspended"]


def test_the_services_own_organisation_is_never_suspended() -> None:
    by = making.administrator()
    with pytest.raises(Problems):
        actions.suspend_organisation(by.organisation_id, "Why not", by)


def test_an_organisation_is_approved_once() -> None:
    by = making.administrator()
    body = making.organisation("audit_body", approved_at=None)
    actions.approve_organisation(body.id, by)
    assert body.is_active
    with pytest.raises(Conflict):
        actions.approve_organisation(body.id, by)


def test_a_delivery_that_was_given_up_is_shown_and_tried_again() -> None:
    by = making.administrator()
    broken = broken_listener()
    fail_until_given_up(broken)
    delivery, *_ = queries.faulty_deliveries()
    assert delivery.event == "MadeForTest" and delivery.is_given_up and "no room left" in delivery.error
    (state,) = queries.listener_states()
    assert state.given_up > 0 and state.behind == 0
    actions.try_delivery_again(delivery.mark, by)
    whole = jobs.Listener("index", frozenset({"MadeForTest"}), lambda _lines: None)
    assert jobs.deliver(whole) == 1
    for mark in (delivery.mark, "rubbish"):
        with pytest.raises(NotFound):
            actions.try_delivery_again(mark, by)


def test_a_worker_that_has_stopped_shows() -> None:
    making.administrator()
    listener = jobs.Listener("mail", frozenset({"MadeForTest"}), lambda _lines: None)
    jobs.enter_deliveries(listener)
    (state,) = queries.listener_states()
    assert state.waiting > 0 and not queries.is_overdue(state)
    clock.pass_time(minutes=6)
    assert queries.is_overdue(queries.listener_states()[0])
    making.person()
    assert queries.listener_states()[0].behind == 1
    assert db.session.query(JournalLine).count() > state.waiting


def test_an_unsent_mail_is_tried_again() -> None:
    by = making.administrator()
    with db.housekeeping() as current:
        mail.post(current, key="1", to="a@example.org", subject="Hello", body="Text")
        row = current.query(mail.Mail).one()
        row.last_error, row.attempts, row.due_at = "refused", 4, clock.now() + timedelta(hours=3)
    count, failed = queries.unsent_mails()
    assert count == 1 and len(failed) == 1
    actions.try_mail_again(failed[0].mark, by)
    (row,) = db.session.query(mail.Mail)
    assert row.due_at == clock.now() and row.attempts == 0
    with pytest.raises(NotFound):
        actions.try_mail_again("rubbish", by)


def test_organisations_are_found_by_words_kind_and_state() -> None:
    making.supplier("Acme 100% Software Ltd")
    making.supplier("Acme Hardware Ltd")
    making.council("Acme Borough Council")

    def names(words: str = "", kind: str = "", state: str = "") -> list[str]:
        return [each.name for each in queries.search_organisations(words, kind, state, 1).rows]

    assert names("acme ltd") == ["Acme 100% Software Ltd", "Acme Hardware Ltd"]
    assert names("100%") == ["Acme 100% Software Ltd"] and names("1_0") == []
    assert names("acme", kind="authority") == ["Acme Borough Council"]
    assert names("acme", state="suspended") == [] and len(names("acme", state="active")) == 3
    assert queries.search_organisations("", "", "", 1).total == db.session.query(Organisation).count()


def test_every_reference_file_has_rows_a_source_and_a_licence() -> None:
    files = {each.name: each for each in reference_files()}
    assert files["councils.csv"].rows == 397
    for each in files.values():
        assert each.rows > 0 and len(each.source) > 10 and each.what, each.name


# What an administrator's pages use of the rooms of bids: how the machinery does, and which lines not to show.
TELLS_OF_NO_BID = {
    "tenders.bids.holding.count_on_key_files",
    "tenders.bids.queries.shown_lines",
    "tenders.bids.receipt_time.how_stamped",
    "tenders.outages.report.tell_outages",
    "tenders.outages.report.watch_words",
    "tenders.traces.report.trace_warnings",
}


def test_administration_cannot_see_bids() -> None:
    used = set()
    for path in (Path(actions.__file__).parent).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                used |= {each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                used |= {f"{node.module}.{each.name}" for each in node.names}
    assert {each for each in used if each.startswith("tenders")} == TELLS_OF_NO_BID
