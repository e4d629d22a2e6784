"""Adding, changing and removing solutions and past work."""

from __future__ import annotations

from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.db import action, session
from marketplace.core.errors import insist
from marketplace.core.journal import record
from suppliers.profiles.queries import get_supplier
from suppliers.solutions import queries, rules
from suppliers.solutions.events import SolutionAdded, SolutionChanged, SolutionRemoved
from suppliers.solutions.models import Solution
from suppliers.solutions.rules import SolutionWords


@action
def add_solution(member: Membership, kind: str, words: SolutionWords) -> Solution:
    """Puts a solution or a piece of past work on the profile. Raises Problems."""
    insist(rules.solution_problems(words, kind, clock.today()))
    supplier = get_supplier(member.organisation_id, lock=True)
    insist(rules.room_problems(queries.count_solutions(supplier.id)))
    made = Solution(supplier_id=supplier.id, kind=kind, added_at=clock.now())
    _set_words(made, words)
    session.add(made)
    session.flush()
    supplier.updated_at = clock.now()
    record(SolutionAdded(subject=supplier.reference, solution=made.id, kind=kind), member.actor())
    return made


@action
def change_solution(member: Membership, solution_id: int, words: SolutionWords) -> Solution:
    """Changes the words of one. Raises Problems, or NotFound when it is not this firm's."""
    supplier = get_supplier(member.organisation_id, lock=True)
    solution = queries.get_solution(solution_id, supplier.id, lock=True)
    insist(rules.solution_problems(words, solution.kind, clock.today()))
    _set_words(solution, words)
    supplier.updated_at = clock.now()
    record(SolutionChanged(subject=supplier.reference, solution=solution.id, kind=solution.kind), member.actor())
    return solution


@action
def remove_solution(member: Membership, solution_id: int) -> Solution:
    """Takes one off the profile. Raises NotFound when it is not this firm's."""
    supplier = get_supplier(member.organisation_id, lock=True)
    solution = queries.get_solution(solution_id, supplier.id, lock=True)
    solution.removed_at = supplier.updated_at = clock.now()
    record(SolutionRemoved(subject=supplier.reference, solution=solution.id, kind=solution.kind), member.actor())
    return solution


def _set_words(solution: Solution, words: SolutionWords) -> None:
    solution.title, solution.text = words.title, words.text
    solution.customer, solution.ended_on = words.customer, words.ended_on
