"""What happens next with a need, and who does it."""

from __future__ import annotations

import pytest

from marketplace.accounts.models import Person
from tenders.needs.models import Need, PanelMember
from tenders.needs.next_step import next_step


def need(**people: list[str]) -> Need:
    panel = [PanelMember(duty=duty, person=Person(name=name)) for duty, names in people.items() for name in names]
    return Need(panel=panel)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["Ann", "Bob", "Cy"], "two of Ann, Bob and Cy open the bids together"),
        (["Ann", "Bob"], "Ann and Bob open the bids together"),
        ([], "the openers who are still to be named open the bids together"),
    ],
)
def test_after_closing_the_openers_are_named(names: list[str], words: str) -> None:
    assert next_step(need(opener=names), "closed").startswith(f"Next, {words}.")
    assert words in next_step(need(opener=names), "open")


def test_each_stage_names_whoever_acts() -> None:
    whole = need(evaluator=["Eve", "Fay"], chair=["Gus"], award_approver=["Hal"])
    assert "Eve and Fay declare" in next_step(whole, "opened") and "Gus records" in next_step(whole, "opened")
    assert "Hal approves it" in next_step(whole, "assessed")
    assert "contract is drafted" in next_step(whole, "awarded")


@pytest.mark.parametrize("stage", ["contracted", "no_award", "withdrawn"])
def test_where_it_has_ended_nothing_is_next(stage: str) -> None:
    assert next_step(need(), stage) == ""
