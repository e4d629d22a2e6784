"""What an export may be asked for."""

from __future__ import annotations

from datetime import date

from marketplace.core.errors import Problem


def scope_problems(from_on: date | None, to_on: date | None) -> list[Problem]:
    """Days that leave nothing to export."""
    if from_on and to_on and to_on < from_on:
        return [Problem("Enter a last day that is the first day or later", "to_on")]
    return []
