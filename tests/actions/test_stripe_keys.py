"""Stripe's keys stay in the environment: in no row, no log, no file, no backup, whatever goes well or wrong."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from marketplace import config
from marketplace.backup import write_backup
from marketplace.core import db
from marketplace.tables import all_tables
from marketplace.worker import Worker
from tenders.payments import comparing
from tenders.payments.gateway import door
from tests.carding import cards
from tests.stripe_server.server import StandIn

CANARY = "canaryK3y"


def _holders(home: Path, logged: str) -> list[str]:
    found = ["a log"] if CANARY in logged else []
    for table in all_tables().sorted_tables:
        with db.engine().connect() as connection:
            found += [f"table {table.name}" for row in connection.execute(table.select()) if CANARY in str(row)]
    found += [f"file {each.name}" for each in home.rglob("*") if each.is_file() and CANARY.encode() in each.read_bytes()]
    return sorted(set(found))


def test_keys_are_nowhere(app: Flask, stand_in: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stand_in.state.secret = stand_in.state.connect_secret = f"whsec_{CANARY}"
    secrets = {"stripe_webhook_secret": f"whsec_{CANARY}", "stripe_connect_webhook_secret": f"whsec_{CANARY}"}
    config.install(replace(config.current(), stripe_secret_key=f"sk_test_{CANARY}", **secrets))
    able = cards(stand_in)
    payment = able.asked(able.approved())
    able.pay(payment)
    for event in stand_in.take_events():
        body, signature = stand_in.sender.signed(event)
        for sent in (signature, signature + "0", f"t=1,v1={CANARY}"):
            app.test_client().post("/stripe/connect-events", data=body, headers={"Stripe-Signature": sent})
    Worker(app).run_until_idle()
    comparing.reconcile()
    stand_in.state.is_live = True  # the key is refused from now on
    with pytest.raises(door.GatewayRefused) as refused:
        door.get_door().get_balance()
    assert CANARY not in str(refused.value)
    Worker(app).run_until_idle()
    backup = tmp_path / "backup.zip"
    write_backup(db.engine(), all_tables(), config.current().files_folder, backup, lambda _: None)
    home = config.current().home
    assert _holders(home, caplog.text) == [] and CANARY.encode() not in backup.read_bytes()
    assert CANARY not in repr(config.current())
    logging.getLogger("x").warning("%s", CANARY)
    assert _holders(home, caplog.text) == ["a log"], "the search finds what is there"
