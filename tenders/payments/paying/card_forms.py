"""Forms of payments by card: what is about to happen, read once more, and what a supplier agrees to."""

from __future__ import annotations

from marketplace.core.forms import Form, Save, Tick


class CardForm(Form):
    go = Save("Ask Stripe for its page")


class ConsentForm(Form):
    agrees = Tick("We agree that councils pay our invoices by card, to our own account with Stripe")
    save = Save("Save")
