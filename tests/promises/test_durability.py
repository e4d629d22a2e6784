"""D2: the service starts only on a database that keeps what it has committed."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from marketplace import starting
from marketplace.config import Settings
from marketplace.core import db, durability
from tests.promises.proof import Proof

FOUND = {
    "journal_mode": ("wal", "delete", "memory", "off", "truncate"),
    "synchronous": ("2", "3", "1", "0"),
    "fsync": ("on", "off"),
    "full_page_writes": ("on", "off"),
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply", "off"),
}
LOSES = {("fsync", "off"), ("full_page_writes", "off"), ("synchronous_commit", "off"), ("synchronous", "1"),
         ("synchronous", "0")} | {("journal_mode", each) for each in FOUND["journal_mode"][1:]}  # fmt: skip


def test_every_weak_setting_is_refused_by_name(proof: Proof) -> None:
    proof.size("D2")
    tried, wrong = 0, []
    for wanted in (durability.SQLITE, durability.POSTGRESQL):
        for values in itertools.product(*(FOUND[name] for name in wanted)):
            found = dict(zip(wanted, values, strict=True))
            weak = [name for name, value in found.items() if (name, value) in LOSES]
            told = durability.weaknesses(found, wanted)
            tried += 1
            if [each.partition(" ")[0] for each in told] != weak:
                wrong.append(f"{found}: {told}")
    proof.tell("D2", "combinations of settings: start refused when one of them loses commits", count=tried, violations=wrong)


def test_our_own_connections_are_durable_and_others_are_not(house: Settings, tmp_path: Path, proof: Proof) -> None:
    proof.size("D2")
    if db.engine().dialect.name == "sqlite":
        weak = create_engine(f"sqlite:///{tmp_path / 'plain.db'}")
        named, ours = "journal_mode is delete", durability.find_weaknesses(db.engine())
    else:
        weak = db.engine()  # the server of the tests has fsync off, for speed
        named, ours = "fsync is off", []
    with pytest.raises(durability.NotDurable, match=named):
        durability.insist_durable(weak)
    weak.dispose()
    proof.tell("D2", "a database without durable commits is refused, ours is not", count=2, violations=ours)


def test_what_serves_or_works_does_not_start_on_a_forgetful_database(
    house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "prepare_current", lambda: house)
    monkeypatch.setattr(durability, "find_weaknesses", lambda _engine: ["fsync is off, and must be on"])
    with pytest.raises(durability.NotDurable) as refused:
        starting.prepare_to_serve()
    assert "fsync is off, and must be on" in starting.in_words(refused.value)
