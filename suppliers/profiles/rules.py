"""What stands in the way of registering a firm or of changing its profile, in the user's words."""

from __future__ import annotations

from dataclasses import dataclass, replace

from marketplace.core.errors import Problem
from marketplace.core.geography import find_place, outcode_of
from marketplace.reference import capabilities
from suppliers.profiles import identity
from suppliers.profiles.models import SIZES

LEGAL_FORMS = {
    "company": "A company, LLP or community interest company",
    "charity": "A charity",
    "sole_trader": "A sole trader or an ordinary partnership",
}
COMPANY_NUMBER_HINT = (
    "Enter all 8 characters of the Companies House number, like 01234567 or SC123456. Begin a shorter one with zeros"
)
CHARITY_NUMBER_HINT = "Enter a charity number, like 1123456, SC012345 or NIC100123"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who the firm is, as typed; numbers may have any spacing."""

    name: str
    legal_form: str
    company_number: str = ""
    charity_number: str = ""
    vat_number: str = ""
    ppon: str = ""
    size: str = ""
    is_vcse: bool = False
    postcode: str = ""


@dataclass(frozen=True, kw_only=True)
class Description:
    """What the firm says of itself."""

    summary: str = ""
    about: str = ""
    website: str = ""


def identity_problems(who: Identity) -> list[Problem]:
    """What is missing or misshapen in a firm's identity. No suitability test: anyone may register."""
    return [*_name_problems(who), *_number_problems(who), *_size_and_place_problems(who)]


def _name_problems(who: Identity) -> list[Problem]:
    if not who.name:
        return [Problem("Enter the organisation's name", "firm_name")]
    if not identity.is_a_name(who.name):
        return [Problem("Enter the organisation's name, with at least one letter", "firm_name")]
    if len(who.name) > 200:
        return [Problem("Shorten the organisation's name to 200 characters", "firm_name")]
    return []


def _number_problems(who: Identity) -> list[Problem]:
    found = []
    if who.legal_form not in LEGAL_FORMS:
        found.append(Problem("Select what kind of organisation it is", "legal_form"))
    if who.legal_form == "company" and not who.company_number:
        found.append(Problem(COMPANY_NUMBER_HINT, "company_number"))
    if who.legal_form == "charity" and not (who.charity_number or who.company_number):
        found.append(Problem(CHARITY_NUMBER_HINT, "charity_number"))
    if who.company_number and not identity.normalise_company_number(who.company_number):
        found.append(Problem(COMPANY_NUMBER_HINT, "company_number"))
    if who.charity_number and not identity.normalise_charity_number(who.charity_number):
        found.append(Problem(CHARITY_NUMBER_HINT, "charity_number"))
    if who.vat_number and not identity.normalise_vat_number(who.vat_number):
        found.append(Problem("Check the VAT number: it has 9 digits, and these do not fit together", "vat_number"))
    if who.ppon and not identity.normalise_ppon(who.ppon):
        found.append(Problem("Enter the central platform's number like PABC-1234-DEFG, or leave it empty", "ppon"))
    return found


def _size_and_place_problems(who: Identity) -> list[Problem]:
    found = []
    if who.size not in SIZES:
        found.append(Problem("Select how many people work there", "size"))
    if not outcode_of(who.postcode) or " " not in who.postcode.strip():
        found.append(Problem("Enter a full UK postcode, like LS1 1UR", "postcode"))
    return found


def normalised(who: Identity) -> Identity:
    """The same identity with each number as it is kept; only after identity_problems found none."""
    return replace(
        who,
        name=" ".join(who.name.split()),
        company_number=identity.normalise_company_number(who.company_number) or "",
        charity_number=identity.normalise_charity_number(who.charity_number) or "",
        vat_number=identity.normalise_vat_number(who.vat_number) or "",
        ppon=identity.normalise_ppon(who.ppon) or "",
    )


def description_problems(words: Description) -> list[Problem]:
    """What is misshapen in a firm's own words."""
    found = []
    if len(words.summary) > 300:
        found.append(Problem("Shorten the summary to 300 characters", "one_sentence"))
    if words.website and not identity.normalise_website(words.website):
        found.append(Problem("Enter a web address, like www.example.co.uk, or leave it empty", "website"))
    return found


def capability_problems(codes: list[str]) -> list[Problem]:
    """Codes that are not in the list of capabilities."""
    unknown = set(codes) - {each.code for each in capabilities()}
    return [Problem("Select capabilities from the list", "capabilities")] if unknown else []


def is_placed(postcode: str) -> bool:
    """Whether we know where the postcode is; one too new for our list is accepted, without a place."""
    return find_place(postcode) is not None
