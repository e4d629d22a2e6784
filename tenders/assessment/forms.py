"""The forms of the assessment."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.core.forms import (
    Choice,
    Form,
    Hidden,
    OneOf,
    SelectChoice,
    TextBox,
    Tick,
)
from tenders.assessment.grounds import grounds
from tenders.bids.models import Bid
from tenders.regimes import scoring_scale


class DeclareForm(Form):
    """A person's own return on conflicts of interest."""

    has_conflict = Choice(
        "Do you have a conflict of interest?",
        hint="Family, friends, work, money, gifts or anything else that could make people doubt your judgement.",
        choices={"no": "No, with none of these bidders", "yes": "Yes, or people could think so"},
        required="Select yes or no",
    )
    details = TextBox(
        "If yes, describe it", hint="Which bidder, what connects you, since when.", required=False, rows=4, longest=5000
    )


class ConflictDecisionForm(Form):
    """What is decided on a declared conflict."""

    outcome = Choice(
        "What do you decide?",
        choices={"aside": "Stand aside: no reading and no scoring", "carry_on": "Carry on"},
        required="Select what you decide",
    )
    reason = TextBox("Reason", rows=4, longest=5000)


class NamingForm(Form):
    """Fills a place on the panel."""

    duty = Choice("Which place?", choices={"evaluator": "Evaluator", "chair": "Chair"}, required="Select the place")
    person = OneOf("Colleague", hint="Only colleagues with that role, who neither open bids nor approve the award.")


def scale_choices() -> list[SelectChoice]:
    """The published scale, the highest score first."""
    return [
        SelectChoice(str(each.score), f"{each.score} – {each.label}", render_kw={"hint": each.descriptor})
        for each in reversed(scoring_scale())
    ]


class ScoreForm(Form):
    """A score on the published scale, with its reason. `seen` is the agreed score that the page showed."""

    seen = Hidden()
    score = Choice("Score", required="Select a score")
    reason = TextBox(
        "Reason",
        hint="Say what in the bid earns this score, and what is missing for a higher one.",
        rows=6,
        longest=10_000,
    )


def score_form(**values: object) -> ScoreForm:
    """The form with the scale in it."""
    form = ScoreForm(data=values)
    form.score.choose_from(scale_choices())
    return form


class DisregardForm(Form):
    """A proposal to set a bid aside."""

    ground = Choice("Ground", required="Select the ground")
    reason = TextBox("Reason", hint="The bidder reads this when the decision is sent.", rows=5, longest=10_000)
    was_heard = Tick("We told the supplier and it could answer")


def disregard_form() -> DisregardForm:
    """The form with the lawful grounds in it."""
    form = DisregardForm()
    form.ground.choose_from(
        SelectChoice(
            each.code,
            each.title,
            render_kw={"hint": f"{'Must' if each.is_mandatory else 'May'} be disregarded. {each.source}."
                       + (" Hear the supplier first." if each.hears_supplier_first else "")},
        )
        for each in grounds()
    )  # fmt: skip
    return form


class DisregardDecisionForm(Form):
    """An approver's decision on setting a bid aside."""

    outcome = Choice(
        "What do you decide?",
        choices={"approve": "Disregard the bid", "decline": "Keep the bid in play"},
        required="Select what you decide",
    )
    reason = TextBox("Reason, if it stays in play", required=False, rows=4, longest=5000)


class NoteForm(Form):
    """The note on an abnormally low price."""

    note = TextBox(
        "What you asked, what the supplier answered, what you concluded", rows=6, longest=10_000,
        required="Write what you asked the supplier, its answer, and what you concluded",
    )  # fmt: skip


class TieForm(Form):
    """Which of the tied bids comes first."""

    bid = Choice("Which bid comes first?", required="Select the bid that comes first")
    reason = TextBox("Reason, by the published tie-break", rows=4, longest=5000)


def tie_form(tied: Iterable[Bid]) -> TieForm:
    """The form with the tied bids in it."""
    form = TieForm()
    form.bid.choose_from({each.reference: f"{each.reference}, {each.supplier.name}" for each in tied})
    return form


class ConfirmForm(Form):
    """One button for an act that cannot be taken back."""
