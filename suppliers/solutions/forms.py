"""The form for a solution or a piece of past work."""

from __future__ import annotations

from marketplace.core.forms import Day, Form, TextBox, TextLine
from suppliers.solutions.rules import SolutionWords


class SolutionForm(Form):
    """A solution on offer."""

    title = TextLine("Name", hint="For example: Damp and mould case tracker")
    text = TextBox(
        "What it does and for whom",
        hint="In plain words. Councils' needs are matched with these words, so name the work and the systems.",
        rows=8,
        word_limit=500,
    )

    def words(self) -> SolutionWords:
        """What was typed, for the rule and the action."""
        return SolutionWords(title=self.title.data or "", text=self.text.data or "")


class PastWorkForm(Form):
    """A piece of past work."""

    title = TextLine("What the work was", hint="For example: Housing repairs booking for a city council")
    customer = TextLine(
        "Who it was for", hint="Leave it empty if the customer would not like to be named", required=False
    )
    ended_on = Day("When it ended", hint="Leave it empty if the work goes on", required=False)
    text = TextBox("What you did and what came of it", rows=8, word_limit=500)

    def words(self) -> SolutionWords:
        """What was typed, for the rule and the action."""
        return SolutionWords(
            title=self.title.data or "",
            text=self.text.data or "",
            customer=self.customer.data or "",
            ended_on=self.ended_on.data,
        )


FORMS: dict[str, type[SolutionForm | PastWorkForm]] = {"solution": SolutionForm, "past_work": PastWorkForm}
