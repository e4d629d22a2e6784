"""Fixtures: one application for the run; each test gets its own copy of an empty, migrated database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from sqlalchemy import QueuePool

from marketplace import config
from marketplace.core import clock, db, postgresql
from tests import databases
from tests.stripe_server.server import StandIn, running

# The browser's tests need what only .ci/run installs; it calls them by name, so a missing driver fails there.
collect_ignore = [] if find_spec("playwright") else ["browser"]

# A busy machine is no failure: tests never depend on how long something took.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")

# Nor is its database server away because it takes long to greet; who tests that does it with processes of their own.
postgresql.ASKING = 20.0

# A Tuesday in working hours, away from clock changes and holidays.
START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[databases.Template]:
    """An empty database with every table, copied for each test (SQLite file, or PostgreSQL when TEST_DATABASE_URL)."""
    made = databases.template(tmp_path_factory.mktemp("template"), os.environ.get("TEST_DATABASE_URL", ""))
    yield made
    made.remove()


@pytest.fixture(scope="session")
def whole_app(template: databases.Template, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    from marketplace.app import create_app
    from tests import acts, told

    home = tmp_path_factory.mktemp("home")
    app = create_app(settings_for(home, template.url))
    told.install()
    acts.install(app)
    app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=True)
    return app


def settings_for(home: Path, url: str) -> config.Settings:
    return config.Settings(
        home=home, database_url=url, secret_key="only for tests", password_cost="cheap", demonstration=True
    )


@pytest.fixture
def house(template: databases.Template, tmp_path: Path) -> Iterator[config.Settings]:
    """A fresh database and home, with the clock stopped at START."""
    url = template.copy(tmp_path)
    settings = settings_for(tmp_path / "home", url)
    config.install(settings)
    db.connect(url)
    clock.set_clock(START)
    yield settings
    clock.set_clock(None)
    db.session.remove()
    held = db.engine().pool
    db.engine().dispose()
    assert not isinstance(held, QueuePool) or not held.checkedout(), "a connection is still in use: whose thread goes on?"
    template.drop(url)


@pytest.fixture
def app(whole_app: Flask, house: config.Settings) -> Iterator[Flask]:
    """The application on this test's database, inside an application context."""
    config.install(replace(house))
    with whole_app.app_context():
        yield whole_app


@pytest.fixture
def rows_stay_attached(house: config.Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests share the test's thread; without this each would detach the rows that the test made."""
    monkeypatch.setattr(db.session, "remove", db.session.rollback)


@pytest.fixture(autouse=True)
def _acts_of_this_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that a row of acts.csv names must do that act."""
    from tests import acts

    name = request.node.nodeid
    acts.begin_test(name)
    yield
    if not request.session.testsfailed and (missing := acts.not_done_by(name)):
        pytest.fail(f"acts.csv says that this test does {', '.join(missing)}", pytrace=False)


@pytest.fixture
def client(whole_app: Flask, house: config.Settings, monkeypatch: pytest.MonkeyPatch):
    """The page client: the only way tests fetch pages. A need that a page kept is compared with the database each time."""
    from marketplace.public import need_page, need_routes
    from tests.pageclient import PageClient

    def compared(reference: str):
        view = need_page.get_need_view(reference)
        fresh = need_page.read_view(reference)
        kept, now = ((each.rows, each.answered, each.outages) for each in (view, fresh))
        assert kept == now, f"a stale page of {reference}"
        return view

    monkeypatch.setattr(need_routes, "get_need_view", compared)
    return PageClient(whole_app)


@pytest.fixture
def stand_in(app: Flask) -> Iterator[StandIn]:
    """A stand-in for Stripe, its clock at START, that the application's settings name. No money moves."""
    with running() as served:
        served.control("stop_clock", at=START.timestamp())
        state = served.state
        config.install(
            replace(
                config.current(),
                stripe_secret_key="sk_test_of_a_stand_in",
                stripe_webhook_secret=state.secret,
                stripe_connect_webhook_secret=state.connect_secret,
                stripe_api=served.url,
            )
        )
        yield served
