"""What happens around searching. Addresses never appear: a follow is named by its row."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class FollowAsked(Event):
    """Somebody asked to follow a need; `subject` is the need's reference, `follow` the row. Not yet confirmed."""

    follow: int


@dataclass(frozen=True, kw_only=True)
class FollowConfirmed(Event):
    """The owner of the address pressed the button in the confirmation mail's page."""

    follow: int


@dataclass(frozen=True, kw_only=True)
class FollowStopped(Event):
    """A follower wants no more mails about this need."""

    follow: int


@dataclass(frozen=True, kw_only=True)
class SearchSaved(Event):
    """A member kept a search; `subject` is saved-search and its number."""

    search: int
    rhythm: str = "at-once"


@dataclass(frozen=True, kw_only=True)
class RhythmChanged(Event):
    """A member chose how often a saved search writes."""

    search: int
    rhythm: str


@dataclass(frozen=True, kw_only=True)
class SavedSearchStopped(Event):
    """A saved search was stopped; no more mails come of it."""

    search: int


@dataclass(frozen=True, kw_only=True)
class NeedMuted(Event):
    """Somebody wants no mail of saved searches about one need. Not which: that would tell who looks at it."""


@dataclass(frozen=True, kw_only=True)
class NeedUnmuted(Event):
    """Somebody wants to hear again of a need that was muted."""


@dataclass(frozen=True, kw_only=True)
class SuppliersInvited(Event):
    """A council told suppliers of its open need; `suppliers` are their references. The reasons stay with the rows.

    `not_invited` stood on the same list, best first; `round` is the row of invitation_rounds that says why.
    """

    suppliers: tuple[str, ...]
    not_invited: tuple[str, ...] = ()
    round: int = 0
