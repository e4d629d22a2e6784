"""A firm's solutions and past work."""

from __future__ import annotations

from sqlalchemy import func, select

from marketplace.core.db import session
from marketplace.core.errors import NotFound
from suppliers.solutions.models import Solution


def solutions_of(supplier_id: int, kind: str = "") -> list[Solution]:
    """What is on the profile now: solutions, then past work, the latest added last. `kind` picks one of the two."""
    query = select(Solution).where(Solution.supplier_id == supplier_id, Solution.removed_at.is_(None))
    if kind:
        query = query.where(Solution.kind == kind)
    return list(session.scalars(query.order_by(Solution.kind.desc(), Solution.id)))


def solutions_by_supplier(supplier_ids: list[int]) -> dict[int, list[Solution]]:
    """The same for many suppliers in one query, in the same order."""
    query = select(Solution).where(Solution.supplier_id.in_(supplier_ids), Solution.removed_at.is_(None))
    found: dict[int, list[Solution]] = {each: [] for each in supplier_ids}
    for solution in session.scalars(query.order_by(Solution.kind.desc(), Solution.id)):
        found[solution.supplier_id].append(solution)
    return found


def count_solutions(supplier_id: int) -> int:
    """How many are on the profile now, of both kinds."""
    query = select(func.count(Solution.id)).where(Solution.supplier_id == supplier_id, Solution.removed_at.is_(None))
    return session.scalar(query) or 0


def get_solution(solution_id: int, supplier_id: int, *, lock: bool = False) -> Solution:
    """One of this supplier's. Raises NotFound for another's, and for one that was removed."""
    query = select(Solution).where(
        Solution.id == solution_id, Solution.supplier_id == supplier_id, Solution.removed_at.is_(None)
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFound("This is not on your profile any more.")
    return found
