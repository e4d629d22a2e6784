"""What happens to a profile. `subject` is the supplier's reference, or the source of an import."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class SupplierRegistered(Event):
    """A firm registered itself; its profile is public once its first person has confirmed an e-mail address."""


@dataclass(frozen=True, kw_only=True)
class ProfileChanged(Event):
    """A firm changed parts of its profile; `section` names which."""

    section: str


@dataclass(frozen=True, kw_only=True)
class SuppliersImported(Event):
    """A batch of an import made or changed unclaimed profiles; `suppliers` are their references (500 at most)."""

    new: int
    changed: int
    suppliers: tuple[str, ...]
