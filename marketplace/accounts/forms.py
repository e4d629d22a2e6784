"""Forms of accounts and of people in organisations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wtforms.validators import ValidationError

from marketplace.accounts import rules
from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import ROLES
from marketplace.core.forms import (
    Choice,
    Choices,
    EmailLine,
    Form,
    Hidden,
    OneOf,
    Password,
    SelectChoice,
    TextBox,
    TextLine,
)

PASSWORD_HINT = (
    f"At least {rules.SHORTEST_PASSWORD} characters. Three random words are easy to remember and hard to guess."
)


def new_password(label: str = "Password") -> Password:
    """A field for a password being chosen, with the rule in its hint."""
    return Password(label, new=True, hint=PASSWORD_HINT)


class _ChoosesPassword(Form):
    """Refuses a bad new password beside its field, so that the action need not."""

    def password_email(self) -> str:
        """The address that the password must not be."""
        field = getattr(self, "email", None)
        return field.data or "" if field is not None else ""

    def validate_password(self, field: Password) -> None:
        problems = rules.password_problems(field.data or "", self.password_email())
        if problems:
            raise ValidationError(problems[0].message)


class PersonForm(_ChoosesPassword):
    """The person's part of joining: name, address, password. Inherit from it and add the organisation's part."""

    name = TextLine("Your full name", longest=120, params={"autocomplete": "name"}, required="Enter your full name")
    email = EmailLine("Your email address", longest=254, hint="We email you a link to confirm that it is yours.")
    password = new_password("Choose a password")


class SignInForm(Form):
    """Address and password; `next` is where the person was going."""

    next = Hidden()
    email = EmailLine("Email address", longest=254)
    password = Password("Password")


class JoinChoiceForm(Form):
    """Which of the two ways to join."""

    kind = Choice(
        "Who do you work for?",
        required="Choose a supplier or a council",
        choices=[
            SelectChoice(
                "supplier", "A supplier", render_kw={"hint": "A firm, charity or sole trader that sells technology"}
            ),
            SelectChoice("council", "A council", render_kw={"hint": "A UK council or combined authority that buys it"}),
        ],
    )


class JoinCouncilForm(PersonForm):
    """A council's person. The council is asked for only in case the address does not tell."""

    council = OneOf(
        "Your council",
        required=False,
        choices=[],
        empty="My email address tells you",
        hint="Choose it if your address is shared by several councils, or is not one of your council’s own.",
    )
    note = TextBox(
        "How can we check that you work there?",
        required=False,
        rows=3,
        word_limit=100,
        hint="Only needed when your address does not tell: for example a colleague’s name and post.",
    )

    def offer(self, councils: Iterable[Organisation]) -> None:
        """Fills the list of councils."""
        self.council.choices = [SelectChoice(each.authority.code, each.name) for each in councils if each.authority]


class AskToJoinForm(Form):
    """A signed-in person's request to join a council."""

    council = OneOf("Council", choices=[])
    note = TextBox("How can they check that you work there?", required=False, rows=3, word_limit=100)
    offer = JoinCouncilForm.offer


class EmailForm(Form):
    """An address to send a link to."""

    email = EmailLine("Email address", longest=254)


class NewPasswordForm(_ChoosesPassword):
    """A new password, chosen through a link."""

    password = new_password("New password")


class ChangePasswordForm(_ChoosesPassword):
    """A new password, chosen by somebody who knows the current one."""

    current = Password("Current password")
    password = new_password("New password")


class NameForm(Form):
    """The name that others see."""

    name = TextLine("Full name", longest=120, params={"autocomplete": "name"})


class NewAddressForm(Form):
    """Another address for the account, with the password once more."""

    email = EmailLine("New email address", longest=254, hint="We email it a link. Until you use it nothing changes.")
    password = Password("Password")


class CloseForm(Form):
    """The password once more, before an account is closed."""

    password = Password("Password")


class AcceptForm(_ChoosesPassword):
    """Name and password of somebody who accepts an invitation and has no account."""

    name = TextLine("Your full name", longest=120, params={"autocomplete": "name"}, required="Enter your full name")
    password = new_password("Choose a password")


class PressForm(Form):
    """One button: nothing to fill in, only the token that shows that the form is ours."""


class RolesForm(Form):
    """Which roles somebody has in an organisation of this kind; give `roles` to show what is ticked now."""

    roles = Choices("Roles", choices=[], required="Choose at least one role")

    def __init__(self, kind: str, **kwargs: Any) -> None:
        self._kind = kind
        super().__init__(**kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        # Before anything that was sent is read: what is not offered cannot be chosen.
        self.roles.choices = [_role_choice(code, words) for code, words in ROLES[self._kind].items()]
        super().process(*args, **kwargs)


class InviteForm(RolesForm):
    """A colleague's address and roles."""

    email = EmailLine("Their email address", longest=254)
    name = TextLine("Their name", longest=120, required=False)


def _role_choice(code: str, words: str) -> SelectChoice:
    title, _, deed = words.partition(": ")
    return SelectChoice(code, title, render_kw={"hint": deed[:1].upper() + deed[1:]})
