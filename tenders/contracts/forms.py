"""Forms of contracts, for the council and for the supplier."""

from __future__ import annotations

from typing import Any

from marketplace.core.forms import Choice, Day, Form, Pounds, Save, SelectChoice, TextBox, TextLine, Tick
from tenders.contracts.grounds import grounds
from tenders.contracts.status import END_KINDS

MORE, LESS, SAME = "more", "less", "same"
ENDS = {
    "completed": "Completed: everything was delivered and accepted",
    "expired": "Expired: the last day has passed",
    "terminated": "Terminated before its end",
}


class TermsForm(Form):
    title = TextLine("Title", longest=300)
    value_pence = Pounds(
        "Value, including VAT", hint="The most the council will pay. It starts as the winner's price with VAT."
    )
    difference_reason = TextBox(
        "Why the value is not the winner's price",
        rows=4,
        longest=2000,
        required=False,
        hint="Needed when it differs: the approver who signs reads it, and it is kept with the contract.",
    )
    starts_on = Day("Starts on", subject="start date", hint="For example 1 4 2027")
    ends_on = Day("Ends on", subject="end date", hint="The last day")
    save = Save("Save the terms")


class OrderForm(Form):
    number = TextLine(
        "Order number",
        longest=60,
        required=False,
        hint="As your finance system has it. Invoices under this contract must carry it. Leave empty for none.",
    )
    save = Save("Save the order number")


class MilestoneForm(Form):
    title = TextLine("What is delivered", longest=200)
    due_on = Day("Due on", subject="due date")
    amount_pence = Pounds("Amount, including VAT", hint="All milestones together come to the contract's value.")
    save = Save("Save the milestone")


class DeliveryForm(Form):
    note = TextBox("What was delivered", rows=5, longest=5000, hint="Say where the council can see or try it.")
    deliver = Save("Report it as delivered")


class DecisionForm(Form):
    note = TextBox(
        "Your note to the supplier",
        rows=4,
        longest=5000,
        required=False,
        hint="Needed when you reject: say what is missing, so that it can be put right.",
    )
    accept = Save("Accept")
    reject = Save("Reject with this reason", kind="warning")


class ReturnForm(Form):
    reason = TextBox("What must change before you can sign", rows=4, longest=2000)
    send_back = Save("Send it back unsigned")


class ChangeForm(Form):
    ground = Choice("On which ground?", required="Select the ground")
    direction = Choice(
        "The value",
        required="Select what happens to the value",
        choices={SAME: "Stays the same", MORE: "Goes up", LESS: "Goes down"},
    )
    amount_pence = Pounds("By how much, including VAT", required=False)
    new_ends_on = Day("New last day", required=False, hint="Leave empty when the end stays.")
    scope = Choice(
        "What is bought",
        required="Select whether what is bought changes",
        choices={
            "stays": "Stays the same, and so does the balance between council and supplier",
            "changes": "Changes, or the balance between council and supplier does",
        },
    )
    reason = TextBox("Why the change is needed", rows=5, longest=5000, hint="Everyone can read it once it is approved.")
    check = Save("See what the Act's test says", kind="secondary")
    propose = Save("Propose the change")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ground.choose_from(
            [SelectChoice(each.code, each.title, render_kw={"hint": each.words}) for each in grounds()]
        )

    @property
    def value_change_pence(self) -> int:
        """The amount with its sign, in pence."""
        amount: Any = self.amount_pence.data or 0
        return {MORE: amount, LESS: -amount}.get(self.direction.data, 0)


class ApproveChangeForm(Form):
    knows_warnings = Tick("I have read the warnings and taken advice on them")
    notice_number = TextLine(
        "Number of the contract change notice (UK10)",
        longest=40,
        required=False,
        hint="As the central platform shows it, for example 012345-2026.",
    )
    approve = Save("Approve the change")


class RefuseChangeForm(Form):
    reason = TextBox("Why the change is refused", rows=3, longest=2000)
    refuse = Save("Refuse the change")


class EndForm(Form):
    kind = Choice("How does the contract end?", required="Select how the contract ends")
    reason = TextBox("Why", required="Say why the contract ends", rows=3, longest=2000, hint="Everyone can read it.")
    outcome = TextBox(
        "What residents got",
        rows=8,
        longest=10_000,
        hint="Against the outcomes that the need asked for: what worked, what did not, what you would do otherwise. "
        "Everyone can read it with the need, and other councils learn from it.",
    )
    end = Save("End the contract", kind="warning")

    def __init__(self, *kinds: str) -> None:
        super().__init__()
        self.kind.choose_from({each: ENDS[each] for each in END_KINDS if each in kinds})
