"""From a delivered milestone to the money through the pages, without a browser."""

from __future__ import annotations

from flask import Flask

from marketplace import config
from marketplace.worker import Worker
from tests.journeys.getting_paid import begin, run_getting_paid
from tests.journeys.hands import PageHand


def test_getting_paid_by_bacs(whole_app: Flask, house: config.Settings) -> None:
    run_getting_paid(begin(lambda: PageHand(whole_app), Worker(whole_app).run_until_idle))
