"""Forms for registering a firm, for asking to join one, and for the sections of a profile."""

from __future__ import annotations

from typing import Any

from marketplace.accounts.forms import PersonForm
from marketplace.core.forms import Choice, Choices, Form, Postcode, TextBox, TextLine, Tick
from marketplace.reference import capabilities
from suppliers.profiles.actions import Firm, Newcomer
from suppliers.profiles.capability_list import CapabilityGroup, grouped, is_mentioned
from suppliers.profiles.models import SIZES, Supplier
from suppliers.profiles.rules import LEGAL_FORMS, Description, Identity

# Pressed to narrow the list of capabilities: the page comes back with everything typed and nothing judged.
FILTER_BUTTON = "show_capabilities"


class IdentityForm(Form):
    """Who the firm is."""

    firm_name = TextLine("Name of the organisation")
    legal_form = Choice(
        "What kind of organisation is it?", required="Select what kind of organisation it is", choices=LEGAL_FORMS
    )
    company_number = TextLine(
        "Companies House number",
        hint="8 characters, like 01234567 or SC123456. Sole traders have none.",
        required=False,
        when="if you are a company",
        classes="govuk-input--width-10",
    )
    charity_number = TextLine(
        "Charity number",
        hint="Like 1123456, SC012345 or NIC100123",
        required=False,
        when="if you are a charity",
        classes="govuk-input--width-10",
    )
    size = Choice("How many people work there?", required="Select how many people work there", choices=SIZES)
    is_vcse = Tick("We are a voluntary, community or social enterprise, and reinvest most of our surplus")
    postcode = Postcode("Postcode", hint="Where you mainly work from, like LS1 1UR")
    vat_number = TextLine("VAT number", required=False, classes="govuk-input--width-10")
    ppon = TextLine(
        "Central digital platform number",
        hint="Called PPON, like PABC-1234-DEFG. Needed only for larger contracts",
        required=False,
        classes="govuk-input--width-20",
    )

    def who(self) -> Identity:
        """What was typed, for the rule and the action."""
        return Identity(
            name=self.firm_name.data or "",
            legal_form=self.legal_form.data or "",
            company_number=self.company_number.data or "",
            charity_number=self.charity_number.data or "",
            vat_number=self.vat_number.data or "",
            ppon=self.ppon.data or "",
            size=self.size.data or "",
            is_vcse=bool(self.is_vcse.data),
            postcode=self.postcode.data or "",
        )


def identity_of(supplier: Supplier) -> dict[str, Any]:
    """What an IdentityForm shows of a supplier."""
    is_company = supplier.company_number and not supplier.charity_number
    return {
        "firm_name": supplier.name,
        "legal_form": "company" if is_company else "charity" if supplier.charity_number
        else "sole_trader" if supplier.is_sole_trader else "",
        "company_number": supplier.company_number,
        "charity_number": supplier.charity_number,
        "size": supplier.size,
        "is_vcse": supplier.is_vcse,
        "postcode": supplier.postcode,
        "vat_number": supplier.vat_number,
        "ppon": supplier.ppon,
    }  # fmt: skip


class CapabilityFields:
    """Mixin: the checkboxes and the word that narrows them without a script."""

    capabilities = Choices(
        "What can you do?", choices={each.code: each.title for each in capabilities()}, required=False
    )
    capability_word = TextLine("Find in the list", longest=60, required=False)

    @property
    def groups(self) -> list[CapabilityGroup]:
        """What the page shows of the list."""
        return grouped(self.capabilities.data or (), self.capability_word.data or "")

    @property
    def finds_nothing(self) -> bool:
        """Whether the word that narrows the list is nowhere in it; what is ticked is shown all the same."""
        return not is_mentioned(self.capability_word.data or "")


class DescriptionForm(Form):
    """The firm's own words."""

    one_sentence = TextLine("What you do, in one sentence", longest=300, required=False)
    about = TextBox(
        "What you do, in plain words",
        hint="For whom, with what, and what came of it. Councils' needs are matched with these words.",
        rows=7,
        word_limit=1000,
        required=False,
    )
    website = TextLine("Website", hint="Like www.example.co.uk", longest=300, required=False)

    def words(self) -> Description:
        """What was typed, for the rule and the action."""
        return Description(
            summary=self.one_sentence.data or "", about=self.about.data or "", website=self.website.data or ""
        )


class CapabilitiesForm(CapabilityFields, Form):
    """What the firm can do, ticked from the list."""


class FirmForm(IdentityForm, CapabilityFields):
    """The organisation's part of the registration page: what is asked there is all that is needed to bid."""

    about = TextBox(
        "What you do, in plain words",
        hint="A few sentences will do. You can say more later, when you have time.",
        rows=5,
        word_limit=1000,
        required="Say in a few words what you do",
    )
    website = TextLine("Website", hint="Like www.example.co.uk", longest=300, required=False)
    is_another = Tick("My organisation is another one that has the same name")

    def firm(self) -> Firm:
        """What was typed, for the rule and the action."""
        return Firm(
            who=self.who(),
            words=Description(about=self.about.data or "", website=self.website.data or ""),
            capabilities=self.capabilities.data or [],
            is_not_the_listed_one=bool(self.is_another.data),
        )


class _AboutTheNewcomer(PersonForm):
    """Mixin: the person's part, told of last because a password is never shown again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("name", "email", "password"):
            self._fields[name] = self._fields.pop(name)  # the order of the error summary

    def newcomer(self) -> Newcomer:
        """What was typed, for the action."""
        return Newcomer(name=self.name.data or "", email=self.email.data or "", password=self.password.data or "")


class JoinForm(_AboutTheNewcomer, FirmForm):
    """A firm and the person who registers it."""


class AskToJoinForm(Form):
    """A request to be let into a firm that is here, by somebody who has an account."""

    note = TextBox(
        "How do you belong to it?",
        required="Say how you belong to it",
        hint="Whoever decides reads this.",
        rows=3,
        word_limit=100,
    )


class AskToJoinAsNewcomerForm(_AboutTheNewcomer, AskToJoinForm):
    """The same, by somebody who has no account yet."""
