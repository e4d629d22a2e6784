"""Every setting is in the README, under the name that sets it."""

from __future__ import annotations

from dataclasses import fields

import pytest

from marketplace.config import SettingRefused, Settings, load_settings, variable_of
from tests.house.walking import ROOT


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [variable_of(each.name) for each in fields(Settings) if f"`{variable_of(each.name)}`" not in readme]
    assert not missing, missing


def test_an_unknown_variable_is_refused_by_name() -> None:
    with pytest.raises(SettingRefused, match="MARKETPLACE_HOEM"):
        load_settings({"MARKETPLACE_HOEM": "/tmp/x"})


def test_a_value_that_cannot_be_read_is_refused_by_name() -> None:
    with pytest.raises(SettingRefused, match="PORT"):
        load_settings({"PORT": "eight thousand"})


def test_postgresql_addresses_always_name_their_driver() -> None:
    for given in ("postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"):
        assert load_settings({"DATABASE_URL": given}).url == "postgresql+psycopg://u@h/d"


def test_an_engine_that_cannot_be_is_refused_and_told_which_can() -> None:
    with pytest.raises(SettingRefused, match="whoosh, tantivy, postgresql"):
        load_settings({"MARKETPLACE_SEARCH_ENGINE": "elastic"})
    with pytest.raises(SettingRefused, match="DATABASE_URL"):
        load_settings({"MARKETPLACE_SEARCH_ENGINE": "postgresql"})
    both = {"MARKETPLACE_SEARCH_ENGINE": "postgresql", "DATABASE_URL": "postgresql://u@h/d"}
    assert load_settings(both).search_engine == "postgresql"


def test_cheap_passwords_and_passphrases_are_refused_outside_tests() -> None:
    cheap = {"MARKETPLACE_PASSWORD_COST": "cheap"}
    with pytest.raises(SettingRefused, match="guessed quickly"):
        load_settings(cheap)
    assert load_settings({**cheap, "PYTEST_CURRENT_TEST": "this one"}).password_cost == "cheap"
    with pytest.raises(SettingRefused, match="strong, cheap"):
        load_settings({"MARKETPLACE_PASSWORD_COST": "none"})
