"""The forms of a bid. A draft saves whatever is typed; what is missing or too long stops only submitting."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from wtforms.validators import ValidationError

from marketplace.core.errors import Problem
from marketplace.core.fields import GovField
from marketplace.core.files import SIGNATURES
from marketplace.core.forms import Choice, Form, Hidden, OneOf, Password, Pounds, TextBox, Tick, Upload, add_problems
from marketplace.core.money import pounds
from tenders.bids.content import Declarations, amount_of
from tenders.bids.rules import MOST_OF_A_LINE_PENCE, SHORTEST_PASSPHRASE, reserved_area
from tenders.needs.models import BidQuestion, Need, PriceLine


class _Unfinished(GovField):
    """May be left empty without being called optional: a draft is finished later."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label, required=False, **kwargs)
        self.label.text = label  # type: ignore[attr-defined]


class AnswerBox(_Unfinished, TextBox):
    """Counts words down and keeps too many of them."""

    def post_validate(self, form: object, validation_stopped: bool) -> None:
        limit, self.word_limit = self.word_limit, None
        try:
            super().post_validate(form, validation_stopped)
        finally:
            self.word_limit = limit


class UnfinishedPounds(_Unfinished, Pounds):
    """A price that may still be missing; more than a line may come to is a slip of the keyboard."""

    def post_validate(self, form: object, validation_stopped: bool) -> None:
        if not validation_stopped and self.data is not None and self.data > self.most:
            most = f"One line can come to {pounds(MOST_OF_A_LINE_PENCE)} at most"
            whole = "" if self.most == MOST_OF_A_LINE_PENCE else f", so one of these to {pounds(self.most)}"
            raise ValidationError(f"{most}{whole}: check the price of “{self.label.text}”")
        super().post_validate(form, validation_stopped)


class UnfinishedChoice(_Unfinished, Choice):
    """A choice that may still be open."""


def answer_form(question: BidQuestion) -> Form:
    """The answer to one question; `version` is the one that the writer saw."""

    class AnswerForm(Form):
        version = Hidden()
        text = AnswerBox("Your answer", word_limit=question.word_limit, rows=14)

    return AnswerForm()


def _most_for_one(quantity: Decimal) -> int:
    return int(MOST_OF_A_LINE_PENCE / quantity) if quantity > 1 else MOST_OF_A_LINE_PENCE


def price_form(lines: list[PriceLine]) -> Form:
    """One amount for each price line, named line_<id>."""

    class PriceForm(Form):
        version = Hidden()

    for each in lines:
        hint = (
            f"Quantity {amount_of(Decimal(each.quantity), each.unit)}. Price for one, excluding VAT."
            if each.quantity != 1
            else (f"{each.unit[:1].upper()}{each.unit[1:]}, excluding VAT." if each.unit else "Excluding VAT.")
        )
        setattr(PriceForm, f"line_{each.id}", UnfinishedPounds(each.label, hint=hint, most=_most_for_one(Decimal(each.quantity))))
    return PriceForm()


class DeclarationsForm(Form):
    """What every bidder declares."""

    version = Hidden()
    conflict = UnfinishedChoice(
        "Does anyone in your firm have a conflict of interest in this purchase?",
        hint="For example a relative, a friend or a former colleague at the council who takes part in it.",
        choices={"no": "No, none that we know of", "yes": "Yes"},
    )
    conflict_details = TextBox(
        "If yes, who and how",
        rows=3,
        longest=4000,
        required=False,
        hint="A conflict does not rule you out. Hiding one can.",
    )
    no_collusion = Tick("We made this bid without agreement with any other bidder about prices or who bids")
    is_accurate = Tick("What this bid says is true and complete")

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        is_fine = super().validate(extra_validators)
        if self.conflict.data == "yes" and not (self.conflict_details.data or "").strip():
            add_problems(self, [Problem("Describe the conflict of interest: who, and how", "conflict_details")])
            return False
        return is_fine

    def declared(self) -> Declarations:
        return Declarations(
            self.conflict.data or "", self.conflict_details.data or "", self.no_collusion.data, self.is_accurate.data
        )


class FileForm(Form):
    """One file at a time, so that a broken connection loses one."""

    file = Upload("Add a file", extensions=[each for each in SIGNATURES if each != "jpeg"] + ["jpeg"])


class SubmitForm(Form):
    """The small form that submits a bid; its key makes a second press harmless."""

    idempotency_key = Hidden()
    seen = Hidden()
    passphrase = Password(
        "Passphrase for your own copy",
        new=True,
        required=False,
        hint=f"{SHORTEST_PASSPHRASE} characters or more. With it you can read and change your bid here until bidding "
        "closes. We cannot recover it.",
    )


class PassphraseForm(Form):
    """Opens the bidder's own copy."""

    passphrase = Password("Passphrase", required="Enter the passphrase that you set when you submitted this version")


class OpenerForm(Form):
    """An opener's act."""

    passphrase = Password(
        "Your opening passphrase",
        required="Enter your opening passphrase",
        hint="The words that you set under “Your account” for opening bids, not the password you sign in with.",
    )


class ActForm(Form):
    """An opener's act with a share from before openers had passphrases."""


class NewPassphraseForm(Form):
    """Chooses an opening passphrase, typed twice."""

    passphrase = Password("Choose an opening passphrase", new=True, required="Enter an opening passphrase")
    again = Password("Type it again", new=True, required="Type the opening passphrase again")


class ChangePassphraseForm(Form):
    """Another opening passphrase for the same key."""

    current = Password("Your present opening passphrase", required="Enter your present opening passphrase")
    passphrase = Password("Choose a new opening passphrase", new=True, required="Enter a new opening passphrase")
    again = Password("Type it again", new=True, required="Type the new opening passphrase again")


class ForgottenPassphraseForm(Form):
    """A new key after the passphrase was lost; the account's password shows who asks."""

    password = Password("Your password", hint="The one that you sign in with.", required="Enter your password")
    passphrase = Password("Choose a new opening passphrase", new=True, required="Enter a new opening passphrase")
    again = Password("Type it again", new=True, required="Type the new opening passphrase again")
    understood = Tick("I understand that the shares listed above are lost")


def start_form(need: Need) -> Form:
    """What a supplier confirms before it bids: only what the need's reservation asks."""

    class StartForm(Form):
        pass

    if need.is_reserved_for_smes:
        setattr(StartForm, "is_small", Tick("Our firm has fewer than 250 people"))  # noqa: B010
    if need.reserved_to != "none":
        setattr(StartForm, "is_in_area", Tick(f"Our firm is based in {reserved_area(need)}"))  # noqa: B010
    return StartForm()


class RecoveryCodeForm(Form):
    """The line of the recovery file."""

    code = TextBox(
        "Recovery code",
        rows=4,
        longest=4000,
        hint="From the printed file: the line that begins “recovery-key/1”. The whole text of the file will do.",
    )


class HandOverForm(Form):
    """An opener gives the share to a colleague."""

    person = OneOf("Who takes over?", choices=[], required="Choose a colleague")
    reason = TextBox("Why somebody else takes over", rows=3, longest=2000, hint="Kept on record with both names.")
    passphrase = Password("Your opening passphrase", required="Enter your opening passphrase")


class AskRecoveryForm(Form):
    """Asks that the recovery key be used."""

    person = OneOf("Who gets the recovery share?", choices=[], required="Choose a colleague")
    reason = TextBox("What happened", rows=3, longest=2000, hint="After the opening everyone can read it. Name no one.")
