"""Test and live never mix: a database stays with the kind of Stripe's keys that it was first used with."""

from __future__ import annotations

from marketplace import config
from marketplace.config import SettingRefused, variable_of
from tenders.payments.gateway.actions import remember_mode


def insist_on_mode() -> None:
    """Called at start. Raises SettingRefused when the key is of the other kind than this database was used with."""
    settings = config.current()
    if not settings.stripe_secret_key:
        return
    if remember_mode(settings.is_stripe_live) == settings.is_stripe_live:
        return
    used, given = ("test", "live") if settings.is_stripe_live else ("live", "test")
    raise SettingRefused(
        f"{variable_of('stripe_secret_key')} is a {given} key, and this database was used with {used} keys. The two must "
        f"never mix: give a {used} key, or another database (MARKETPLACE_HOME or DATABASE_URL)."
    )
