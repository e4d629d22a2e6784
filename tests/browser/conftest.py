"""A live server of the application on a free port, and Chromium to look at it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from marketplace import config
from marketplace.core import clock
from tests.stripe_server.server import StandIn, running

CHROMIUM = "/usr/bin/chromium"
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as player:
        started = player.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield started
        started.close()


@pytest.fixture
def base(whole_app: Flask, house: config.Settings) -> Iterator[str]:
    """The address of the application while a thread serves it, on this test's database and clock."""
    server = make_server("127.0.0.1", 0, whole_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def paid_with(house: config.Settings, base: str) -> Iterator[StandIn]:
    """The stand-in for Stripe, which leads back to the served application and tells it what happens."""
    with running() as served:
        served.control("stop_clock", at=clock.now().timestamp())
        keys = {
            "stripe_secret_key": "sk_test_of_a_stand_in",
            "stripe_webhook_secret": served.state.secret,
            "stripe_connect_webhook_secret": served.state.connect_secret,
        }
        config.install(replace(config.current(), **keys, stripe_api=served.url, public_url=base))
        served.control("endpoints", own=f"{base}/stripe/events", connect=f"{base}/stripe/connect-events")
        yield served
