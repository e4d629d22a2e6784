"""The council's forms for a need. A section may be saved unfinished; what is missing is told by the check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from wtforms.validators import ValidationError

from marketplace.accounts.models import Membership
from marketplace.accounts.permissions import is_granted
from marketplace.core.clock import london_day
from marketplace.core.forms import (
    Choice,
    Choices,
    Day,
    Form,
    Hidden,
    Moment,
    OneOf,
    Postcode,
    Pounds,
    Save,
    SelectChoice,
    TextBox,
    TextLine,
    Tick,
)
from marketplace.core.geography import REGIONS
from marketplace.reference import capabilities, find_cpv
from tenders import regimes
from tenders.needs.snapshots import LEFT_DRAFTS, RESERVED_TO


class SectionForm(Form):
    """A section's page. No field has to be filled to save it; only `optional` ones are called optional."""

    optional: ClassVar[frozenset[str]] = frozenset()
    # Content key -> field, where the key's own name means something else on a form.
    renamed: ClassVar[dict[str, str]] = {}
    seen = Hidden()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in self.visible_fields:
            if each.name not in self.optional:
                each.label.text = each.label.text.removesuffix(" (optional)")

    def values(self) -> dict[str, Any]:
        """Content key -> value, as save_section takes them."""
        keys = {field: key for key, field in self.renamed.items()}
        return {keys.get(each.name, each.name): each.data for each in self.visible_fields}


def _text(label: str, hint: str, rows: int = 8) -> TextBox:
    return TextBox(label, hint=hint, rows=rows, required=False, longest=20_000)


class TitleForm(SectionForm):
    renamed: ClassVar[dict[str, str]] = {"summary": "in_short"}
    title = TextLine(
        "Title",
        longest=120,
        required=False,
        hint="Say what residents or staff will be able to do, for example “Report a missed bin without phoning”.",
    )
    in_short = TextBox(
        "Summary",
        rows=3,
        word_limit=60,
        required=False,
        hint="One or two sentences, for lists and alerts: who needs what, and why now.",
    )


class ProblemForm(SectionForm):
    problem = _text("The problem", "What happens today, how often, and what it costs people. Not the remedy.", 12)


class AffectedForm(SectionForm):
    who_is_affected = _text("Who is affected", "Which residents or staff, about how many, and how they are affected.")


class OutcomesForm(SectionForm):
    outcomes = _text(
        "The outcomes you want",
        "What will be different, by when, and how you will know. One outcome a line, beginning with a hyphen.",
        10,
    )


class ExistsForm(SectionForm):
    optional = frozenset({"what_exists"})
    what_exists = _text(
        "What exists now", "Systems, data, contracts and work done so far. Names of products belong here."
    )


class ConstraintsForm(SectionForm):
    optional = frozenset({"constraints"})
    constraints = _text("Constraints", "What cannot change: dates, laws, systems that it must work with.")


class LocationForm(SectionForm):
    optional = frozenset({"postcode"})
    location = TextLine("Where the work is", required=False, hint="For example “County Hall, and from anywhere”.")
    postcode = Postcode("Postcode", required=False, hint="Gives the region and lets suppliers search by distance.")
    region = OneOf("Region", choices=REGIONS, required=False, empty="From the postcode")


class CategoriesForm(SectionForm):
    optional = frozenset({"cpv_codes"})
    capabilities = Choices(
        "What suppliers must be able to do",
        required=False,
        hint="Choose all that fit.",
        choices={each.code: each.title for each in capabilities()},
        classes="govuk-checkboxes--small market-columns",
    )
    cpv_codes = TextLine(
        "CPV codes", required=False, hint="Eight figures each, with spaces between. Find them by their words below."
    )

    def validate_cpv_codes(self, field: TextLine) -> None:
        codes = [each.partition("-")[0] for each in field.data.replace(",", " ").split()]
        for code in codes:
            if find_cpv(code) is None:
                raise ValidationError(f"{code} is not a CPV code for technology. Find codes by their words below")
        field.data = " ".join(dict.fromkeys(codes))


class BudgetForm(SectionForm):
    optional = frozenset({"budget_reference", "budget_note"})
    estimated_value_pence = Pounds(
        "Estimated value, including VAT",
        required=False,
        hint="The most the council could pay: every option, extension and fee. Suppliers see it.",
    )
    value_workings = _text("How the value was reached", "For your council and its auditors. It is not published.", 4)
    budget_reference = TextLine("Budget reference", longest=80, required=False, hint="Not published.")
    budget_note = _text("Note on the budget", "Published with the value, for example what a second year could cost.", 3)


class DatesForm(SectionForm):
    optional = frozenset({"award_expected_on", "starts_on", "ends_on"})
    questions_close_at = Moment(
        "Questions close",
        subject="last date for questions",
        required=False,
        hint="Leave suppliers time to use your answers.",
    )
    closes_at = Moment(
        "Bids close",
        subject="closing date",
        required=False,
        hint="Midweek in the afternoon suits small firms, for example 2pm.",
    )
    left_drafts = Choice(
        "If a bid is complete and nobody submitted it",
        required=False,
        default="not_counted",
        hint="Bidders are told before they begin.",
        choices=[SelectChoice(code, words) for code, words in LEFT_DRAFTS.items()],
    )
    award_expected_on = Day("Award expected", subject="expected award date", required=False)
    starts_on = Day("Contract starts", subject="start date", required=False)
    ends_on = Day("Contract ends", subject="end date", required=False)

    def validate_questions_close_at(self, field: Moment) -> None:
        if field.data and self.closes_at.data and field.data >= self.closes_at.data:
            raise ValidationError("Questions must close before bids close")

    def validate_award_expected_on(self, field: Day) -> None:
        if field.data and self.closes_at.data and field.data < london_day(self.closes_at.data):
            raise ValidationError("The award is expected after bids close: enter a later day")

    def validate_starts_on(self, field: Day) -> None:
        if field.data and self.award_expected_on.data and field.data < self.award_expected_on.data:
            raise ValidationError("The contract starts after the award: enter a later day")

    def validate_ends_on(self, field: Day) -> None:
        if field.data and self.starts_on.data and field.data <= self.starts_on.data:
            raise ValidationError("The contract ends after it starts: enter a later day")


class MethodForm(SectionForm):
    price_formula = Choice(
        "How prices become marks",
        required=False,
        choices=[
            SelectChoice(each.code, each.title, render_kw={"hint": each.words}) for each in regimes.price_formulas()
        ],
    )
    tie_break = TextBox(
        "If two bids have the same marks",
        rows=3,
        required=False,
        hint="For example “The higher mark for quality wins”.",
    )


class LawForm(SectionForm):
    optional = frozenset({"reserved_areas", "reservation_reason", "lots_reason", "conflicts_assessment"})
    jurisdiction = OneOf(
        "Whose law applies",
        required=False,
        hint="Where your council is.",
        choices={each.code: each.title for each in regimes.jurisdictions()},
    )
    sme_barriers = _text(
        "Barriers to small businesses",
        "What could keep them from bidding, and what you did about it. Needed from £30,000 (section 86).",
        4,
    )
    lots_reason = _text("Lots", "How the work is split, or why it is not. Needed above the threshold (section 18).", 3)
    reserved_to = Choice("Who may bid", choices=RESERVED_TO, required=False)
    reserved_areas = TextLine(
        "The local area", required=False, hint="Names of councils or counties, with commas between."
    )
    is_reserved_for_smes = Tick("Only small and medium businesses and the voluntary sector may bid")
    reservation_reason = _text(
        "Reason for reserving", "Published. Needed when you do not open the competition to all.", 3
    )
    conflicts_assessment = _text(
        "Conflicts assessment", "Who influences this purchase and what was checked. Not published (section 83).", 4
    )


class NoticeForm(SectionForm):
    optional = frozenset({"central_notice_url", "ocid"})
    central_notice_number = TextLine(
        "Notice number", longest=40, required=False, hint="As the central platform shows it, for example 012345-2026."
    )
    central_notice_url = TextLine("Address of the notice", longest=300, required=False)
    ocid = TextLine("Process identifier", longest=80, required=False, hint="Begins with “ocds-”.")


DUTY_FIELDS = {
    "openers": "opener", "evaluators": "evaluator", "chair": "chair", "award_approver": "award_approver",
}  # fmt: skip


class PanelForm(SectionForm):
    """Duties by name. Who may be offered for which is read from permissions.py."""

    openers = Choices("Who opens the bids", required=False, hint="Two or more. They open together and never score.")
    evaluators = Choices("Who scores", required=False)
    chair = OneOf("Who chairs", required=False, hint="Records the scores that the panel agrees.")
    award_approver = OneOf("Who approves the award", required=False, hint="Not the author, and outside the panel.")

    def __init__(self, members: Sequence[Membership], panel: Sequence[dict[str, Any]], **kwargs: Any) -> None:
        self._members = members
        by_duty = {
            field: [str(each["person_id"]) for each in panel if each["duty"] == duty]
            for field, duty in DUTY_FIELDS.items()
        }
        one = {field: "".join(by_duty[field][:1]) for field in ("chair", "award_approver")}
        super().__init__(data={**by_duty, **one, **kwargs.pop("data", {})}, **kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        """Offers the members that have the role for each duty before what was sent is read."""
        for field, permission in (
            (self.openers, "open_bids"),
            (self.evaluators, "score_bids"),
            (self.chair, "moderate_scores"),
            (self.award_approver, "approve_award"),
        ):
            fit = [each for each in self._members if is_granted(permission, "authority", each.roles)]
            field.choose_from([SelectChoice(str(each.person_id), each.person.name) for each in fit])
        super().process(*args, **kwargs)

    @property
    def lacks_people(self) -> bool:
        """Whether some duty has nobody who could be named for it, or fewer than the two openers."""
        chosen = (self.evaluators, self.chair, self.award_approver)
        return len(self.openers.choices) < 2 or not all(any(value for value, *_ in each.choices) for each in chosen)

    def values(self) -> dict[str, Any]:
        named = [("opener", each) for each in self.openers.data or ()]
        named += [("evaluator", each) for each in self.evaluators.data or ()]
        named += [("chair", self.chair.data), ("award_approver", self.award_approver.data)]
        return {"panel": [{"person_id": int(who), "duty": duty} for duty, who in named if who]}


SECTION_FORMS: dict[str, type[SectionForm]] = {
    "title-and-summary": TitleForm,
    "problem": ProblemForm,
    "who-is-affected": AffectedForm,
    "outcomes": OutcomesForm,
    "what-exists": ExistsForm,
    "constraints": ConstraintsForm,
    "location": LocationForm,
    "categories": CategoriesForm,
    "budget": BudgetForm,
    "dates": DatesForm,
    "criteria": MethodForm,
    "law": LawForm,
    "panel": PanelForm,
    "central-notice": NoticeForm,
}


class CopyForm(Form):
    reference = TextLine("Reference of a published need", longest=40, hint="For example N-2026-0042.")
    copy = Save("Copy this need")


class CommentForm(Form):
    comment = TextBox("What must change", rows=5, longest=4000)
    send = Save("Send back to the author")


class AmendForm(Form):
    reason = TextBox("Why the need changes", rows=3, longest=2000, hint="Everyone can read it.")
    is_material = Tick(
        "This changes what suppliers would bid",
        hint="Tick it and an approver publishes the changes. Changes to requirements, criteria, questions, price lines, "
        "value and dates always need one.",
    )
    publish = Save("Publish the changes")


class AskAmendmentForm(Form):
    """The same for changes that are material already: an approver publishes them."""

    reason = TextBox("Why the need changes", rows=3, longest=2000, hint="Everyone can read it.")
    ask = Save("Ask for approval")


class ExtendForm(Form):
    closes_at = Moment("Bids close", subject="new closing date", required="Enter the new closing date and time")
    questions_close_at = Moment("Questions close", subject="last date for questions", required=False)
    reason = TextBox("Why more time is given", rows=3, longest=2000, hint="Everyone can read it.")
    extend = Save("Give everyone more time")


class ReplaceForm(Form):
    """Who takes a duty over."""

    person = OneOf("Who takes over?", choices=[], required="Choose a colleague")
    reason = TextBox("Why somebody else takes over", rows=3, longest=2000, hint="Kept on record with both names.")
    replace = Save("Hand the duty over")


class WithdrawForm(Form):
    reason = TextBox("Why the need is withdrawn", rows=3, longest=2000, hint="Everyone can read it.")
    withdraw = Save("Withdraw this need", kind="warning")
