"""What must hold before a program of ours serves or works: settings, revision, clocks, durability, Stripe's mode."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from marketplace import config
from marketplace.config import SettingRefused
from marketplace.core import clocks, db, durability
from marketplace.core.errors import Problems, Refusal


class WrongRevision(Exception):
    """The database is not at this version's revision. Says what to run."""


def prepare() -> config.Settings:
    """Reads the settings and connects to the database. Raises SettingRefused."""
    settings = config.load_settings()
    config.install(settings)
    db.connect(settings.url)
    return settings


def prepare_current() -> config.Settings:
    """The same, and insists that the database is at this version's revision. Raises WrongRevision, SQLAlchemyError."""
    from marketplace.upgrade import newest_revision, revision_of

    settings = prepare()
    found, wanted = revision_of(db.engine()), newest_revision()
    if found != wanted:
        raise WrongRevision(
            f"The database is at revision {found or 'none'}, this version needs {wanted}. Run: marketplace upgrade"
        )
    return settings


def prepare_to_serve() -> config.Settings:
    """The same, for what goes on running. Raises ClocksDiffer, NotDurable, and SettingRefused for Stripe's mode too."""
    from tenders.payments.gateway.mode import insist_on_mode

    settings = prepare_current()
    clocks.insist_at_start(db.engine(), settings.home)
    durability.insist_durable(db.engine())
    insist_on_mode()
    return settings


def in_words(fault: Exception) -> str:
    """What to tell whoever started a program that cannot go on; empty for a fault of the program itself."""
    if isinstance(fault, Problems):
        return "\n".join(f"{each.message}." for each in fault.problems)
    if isinstance(fault, Refusal):
        return fault.message
    if isinstance(fault, SQLAlchemyError):
        return f"The database did not answer as expected: {str(getattr(fault, 'orig', fault)).splitlines()[0]}"
    said = (SettingRefused, WrongRevision, clocks.ClocksDiffer, durability.NotDurable)
    return str(fault) if isinstance(fault, said) else ""
