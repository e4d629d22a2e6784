"""What the service's administrators do to the service itself."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class DeliveryTriedAgain(Event):
    """A delivery that had been given up, or waited, was made due again. No line: it is withheld until an opening."""

    line: int | None


@dataclass(frozen=True, kw_only=True)
class MailTriedAgain(Event):
    """A mail that could not be sent was made due again. By its mark: a number would count the mails before it."""

    mail: str
