"""What happens next with a published need, and who does it: one sentence at the top of the council's page."""

from __future__ import annotations

from collections.abc import Sequence

from tenders.needs.models import Need


def next_step(need: Need, stage: str) -> str:
    """In the user's words, "" where nothing is left to do. Names only those who have a duty on the need."""
    names = {duty: _names(need, duty) for duty in ("opener", "evaluator", "chair", "award_approver")}
    openers = names["opener"]
    opening = f"{'two of ' if len(openers) > 2 else ''}{_openers(openers)} open the bids together"
    steps = {
        "open": f"Suppliers write and send their bids. After the closing time {opening}.",
        "closed": f"Next, {opening}. Until both have acted nobody can see who bid.",
        "opened": (
            f"Next, {_all_of(names['evaluator'])} declare conflicts of interest and score, each alone. "
            f"Then {_all_of(names['chair'])} records the agreed scores and freezes the ranking."
        ),
        "assessed": (
            "Next, an officer or the chair proposes the award. "
            f"{_all_of(names['award_approver'])} approves it, and then an officer tells every bidder."
        ),
        "awarded": "Next, the contract is drafted, an approver who did not write it signs it, and the supplier signs last.",
    }
    return steps.get(stage, "")


def _names(need: Need, duty: str) -> list[str]:
    return [each.person.name for each in need.people_with(duty)]


def _all_of(names: Sequence[str]) -> str:
    return _joined(names, "and") or "somebody who is still to be named"


def _openers(names: Sequence[str]) -> str:
    return _joined(names, "and") or "the openers who are still to be named"


def _joined(names: Sequence[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}" if names else ""
