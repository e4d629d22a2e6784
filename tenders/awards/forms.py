"""The forms of the decision."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.core.forms import (
    Choice,
    Day,
    Form,
    SelectChoice,
    TextBox,
    TextLine,
    Tick,
)
from marketplace.core.money import pounds
from tenders.assessment.models import Result
from tenders.assessment.scoring import shown

NO_AWARD = "none"


class ProposalForm(Form):
    """Which bid is proposed, or none, and why."""

    bid = Choice("What do you propose?", required="Select a bid, or no award")
    reasons = TextBox(
        "Reasons", hint="Say why this bid, and why not the first if you propose another. For no award every bidder reads them.",
        rows=5, longest=10_000, required="Give the reasons. They are kept with the decision",
    )  # fmt: skip


def proposal_form(results: Sequence[Result]) -> ProposalForm:
    """The form with the bids that can win, in their order, and the end without award."""
    form = ProposalForm()
    choices = [
        SelectChoice(
            each.bid.reference,
            f"Award to {each.bid.supplier.name} ({each.bid.reference})",
            render_kw={
                "hint": f"Place {each.rank}, {shown(each.total_score)} marks, {pounds(each.price_pence)} excluding VAT"
            },
        )
        for each in results
        if each.can_win
    ]
    form.bid.choose_from([*choices, SelectChoice(NO_AWARD, "Make no award and end this need")])
    return form


class DecisionForm(Form):
    """The award approver's decision."""

    outcome = Choice(
        "What do you decide?",
        choices={"approve": "Approve", "return": "Send back"},
        required="Select what you decide",
    )
    reason = TextBox("If you send it back, say what should change", required=False, rows=4, longest=5000)


class SetAsideForm(Form):
    """The award approver's decision on giving a told award up."""

    outcome = Choice(
        "What do you decide?",
        choices={"agree": "Set the award aside", "stand": "Let the award stand"},
        required="Select what you decide",
    )


class ExplanationForm(Form):
    """What one bidder is told of why."""

    words = TextBox("Explanation", hint="Plain and kind: what was good, and what would have scored higher.", rows=14,
                    longest=20_000, required="Explain the decision to this bidder")  # fmt: skip


class SendingForm(Form):
    """The last look before every bidder is told."""

    takes_voluntary = Tick(
        "Wait eight working days before signing, although the law does not ask for it",
        hint="A voluntary standstill lets bidders raise a mistake before the contract is signed.",
    )


class NoticeForm(Form):
    """The central award notice."""

    number = TextLine(
        "Number of the award notice (UK6)",
        longest=40,
        hint="As the central platform shows it, for example 012345-2026.",
        required="Enter the notice's number, as the central platform shows it",
    )
    published_on = Day("Day on which it was published", hint="This day counts as the first of the standstill.",
                       required="Enter the day on which the notice was published")  # fmt: skip


class ReasonForm(Form):
    """An act that needs nothing but its reason."""

    reason = TextBox("Reason", rows=4, longest=5000)
