"""What is recorded of the trace itself."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class TraceKept(Event):
    """A piece of a day's trace is vouched for: whoever alters these bytes later shows. `subject` is the file."""

    begins: int
    ends: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class TraceRemoved(Event):
    """A day's trace was removed because its time was over. `subject` is the file."""

    size: int
