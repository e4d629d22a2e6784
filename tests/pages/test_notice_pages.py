"""Notices of a purchase: the list, the text to copy, the number on record; and a purchase as open data."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.journal import JournalLine
from tenders.notices import listening, tasks
from tests import contracting, making
from tests.contracting import Deal
from tests.pageclient import PageClient, signed_in

pytestmark = pytest.mark.usefixtures("rows_stay_attached")


def public_contract() -> Deal:
    deal = contracting.running(contracting.drafted(value_pence=30_000_000))
    lines = db.session.scalars(select(JournalLine).order_by(JournalLine.number)).all()
    listening.react([each for each in lines if each.event in listening.NOTICE_EVENTS])
    return deal


def test_a_notice_is_copied_published_and_put_on_record(client: PageClient) -> None:
    deal = public_contract()
    path = f"/council/needs/{deal.made.need.reference}/notices"
    (task,) = tasks.notice_tasks(deal.manager)
    assert task.title.startswith("Publish notice UK7 and record its number (due by ")
    manager = signed_in(client.app, deal.manager)
    page = manager.get(path)
    assert page.has("To publish Due by")
    page = manager.follow(page, f"Copy the text and record the number of UK7 about {deal.signed.reference}")
    assert page.summary["Contract reference"] == deal.signed.reference
    wrong = manager.submit(page, published_on=clock.today() + timedelta(days=1), status=422)
    assert wrong.errors == ["Enter the number of the notice"]
    wrong = manager.submit(wrong, number="012345-2026", status=422)
    assert wrong.errors == ["The day of publication must not lie in the future"]
    done = manager.submit(wrong, published_on=clock.today())
    assert done.has("On record Number 012345-2026")
    assert tasks.notice_tasks(deal.manager) == []


def test_a_wrong_number_is_corrected_and_what_stood_there_stays_to_read(client: PageClient) -> None:
    deal = public_contract()
    manager = signed_in(client.app, deal.manager)
    page = manager.get(f"/council/needs/{deal.made.need.reference}/notices")
    page = manager.follow(page, f"Copy the text and record the number of UK7 about {deal.signed.reference}")
    address = page.url
    manager.submit(page, number="012345-2026", published_on=clock.today())
    page = manager.follow(manager.get(address), "Correct a mistake in this record")
    assert page.field("number") == "012345-2026"
    wrong = manager.submit(page, "Correct the record", number="12345", reason="Swapped.", status=422)
    assert "six figures" in wrong.errors[0] and wrong.field("number") == "12345"
    done = manager.submit(wrong, "Correct the record", number="012354-2026")
    assert done.url == address and done.has("On record: number 012354-2026")
    assert done.has("Before: number 012345-2026") and done.has("Swapped.")


def test_an_overdue_notice_says_so(client: PageClient) -> None:
    deal = public_contract()
    clock.pass_time(days=30)
    manager = signed_in(client.app, deal.manager)
    page = manager.get(f"/council/needs/{deal.made.need.reference}/notices")
    assert page.has("Overdue Was due by")
    (task,) = tasks.notice_tasks(deal.manager)
    late = task.title.rsplit(", ", 1)[-1].removesuffix(")")
    assert late.endswith(" late") and page.has(late)
    page = manager.follow(page, f"Copy the text and record the number of UK7 about {deal.signed.reference}")
    done = manager.submit(page, number="012345-2026", published_on=clock.today())
    assert done.has(f"UK7 is on record with its number, {late}") and done.has(f"Published {late}")


def test_another_council_finds_nothing_and_a_viewer_records_nothing(client: PageClient) -> None:
    deal = public_contract()
    path = f"/council/needs/{deal.made.need.reference}/notices"
    signed_in(client.app, making.officer()).get(path, status=404)
    viewer = signed_in(client.app, making.member(deal.made.council, "viewer"))
    assert "Copy the text" not in viewer.get(path).text


def test_a_purchase_without_notices_says_why(client: PageClient) -> None:
    need = making.open_need()
    officer = making.officer(need.authority)
    assert signed_in(client.app, officer).get(f"/council/needs/{need.reference}/notices").has("No notice is due")


def test_the_purchase_as_open_data_is_public_and_a_draft_is_not(client: PageClient) -> None:
    deal = public_contract()
    package = json.loads(client.get(f"/needs/{deal.made.need.reference}.json").content)
    assert [each["tag"] for each in package["releases"]] == [["tender"], ["award"], ["award", "contract"]]
    client.get(f"/needs/{making.need().reference}.json", status=404)
