"""A whole purchase through the pages, without a browser: what each person does, and what the others cannot see."""

from __future__ import annotations

from flask import Flask

from marketplace import config
from marketplace.worker import Worker
from tests.journeys.hands import PageHand
from tests.journeys.people import gather
from tests.journeys.purchase import run_purchase


def test_one_purchase_from_draft_to_audit(whole_app: Flask, house: config.Settings) -> None:
    worker = Worker(whole_app)
    run_purchase(gather(lambda: PageHand(whole_app), worker.run_until_idle))
