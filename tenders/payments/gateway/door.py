"""The one door to Stripe: what the house asks of it, in the house's own words and values.

Every call names the version of Stripe's API that this code was written for. A call that makes something carries an
idempotency key of the business act it belongs to ("invoice:I-2026-1:pay:2"), so that a repeated call does it once;
Stripe forgets a key after a day at the earliest. Calls wait for the network: never make one inside an action.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from marketplace import config
from marketplace.core import clock
from marketplace.core.errors import NotNow, Refusal
from tenders.payments.gateway import answers, reading

API_VERSION = "2026-10-28.endive"
CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
RETRIES = 2  # of a call that got no answer or a fault of Stripe's; always under the same key
OLDEST_SIGNATURE = timedelta(seconds=300)
DAYS_TO_PAY = 30
T = TypeVar("T")


class GatewayDown(NotNow):
    """Stripe did not answer, or is in trouble: the same call can be made again later."""


class GatewayOff(NotNow):
    """No key is set: payments are recorded only."""


class GatewayRefused(Refusal):
    """Stripe answered that it will not do this. `code` is Stripe's own word for it ("resource_missing")."""

    status = 502

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Forged(Refusal):
    """What was sent is not Stripe's, was changed, or is too old. Status 400."""


OFF = "This service is not connected to Stripe, so nothing can be paid by card here. Payments are made by BACS and recorded here."


def is_on() -> bool:
    """Whether a key of Stripe's is set; else everything works but payments by card, and pages say so."""
    return bool(config.current().stripe_secret_key)


def get_door() -> Door:
    """The door by the settings' key. Raises GatewayOff when there is none."""
    settings = config.current()
    if not settings.stripe_secret_key:
        raise GatewayOff(OFF)
    return _door(settings.stripe_secret_key, settings.stripe_api)


@lru_cache(maxsize=4)
def _door(key: str, address: str) -> Door:
    return Door(key, address)


class Door:
    """Calls to Stripe with one key. Every method raises GatewayDown or GatewayRefused; ids of others are refused.

    `account` names a supplier's own account that the call acts on; "" is our own.
    """

    def __init__(self, key: str, address: str) -> None:
        import stripe  # here, because a copy without a key need not wait for it

        stripe.enable_telemetry = False
        self._errors = stripe
        self._stripe = stripe.StripeClient(
            key,
            stripe_version=API_VERSION,
            base_addresses={"api": address},
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
        )

    def _ask(self, call: Callable[[], Any]) -> dict[str, Any]:
        """Makes the call; gives the answer as plain values. Turns Stripe's errors into the house's."""
        answer = self._guarded(call)
        return answer.to_dict()

    def _guarded(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except (self._errors.APIConnectionError, self._errors.RateLimitError) as fault:
            raise GatewayDown("Stripe cannot be reached at present. Try again in a few minutes.") from fault
        except (self._errors.AuthenticationError, self._errors.PermissionError) as fault:
            raise GatewayRefused(
                "Stripe does not accept this service's key for that. Ask the service's administrator to check it.",
                fault.code or "key",
            ) from fault
        except self._errors.StripeError as fault:
            if (fault.http_status or 500) >= 500 or fault.http_status == 409:
                raise GatewayDown("Stripe is in trouble at present. Try again in a few minutes.") from fault
            words = fault.user_message or "no reason given"
            raise GatewayRefused(f"Stripe refused this: {words}", fault.code or "") from fault

    def _all(self, call: Callable[[], Any]) -> list[dict[str, Any]]:
        """Every page of a list, in Stripe's order (newest first)."""
        return self._guarded(lambda: [each.to_dict() for each in call().auto_paging_iter()])

    # Councils as customers, and what they subscribe to ------------------------------------------------------------

    def create_customer(self, key: str, name: str, email: str, reference: str) -> answers.Customer:
        """A council as a customer of ours; `reference` is ours for it."""
        params = {"name": name, "email": email, "metadata": {"reference": reference}}
        return reading.customer(self._ask(lambda: self._stripe.v1.customers.create(params, _options(key))))  # type: ignore[arg-type]

    def get_customer(self, customer_id: str) -> answers.Customer:
        return reading.customer(self._ask(lambda: self._stripe.v1.customers.retrieve(customer_id)))

    def update_customer(self, customer_id: str, name: str = "", email: str = "", purchase_order: str | None = None) -> answers.Customer:
        """Changes what is given. The purchase order stands on every later invoice; "" takes it off."""
        params: dict[str, Any] = {each: value for each, value in (("name", name), ("email", email)) if value}
        if purchase_order is not None:
            fields = [{"name": reading.PURCHASE_ORDER, "value": purchase_order}] if purchase_order else ""
            params["invoice_settings"] = {"custom_fields": fields}
        return reading.customer(self._ask(lambda: self._stripe.v1.customers.update(customer_id, params)))  # type: ignore[arg-type]

    def get_cash_balance_pence(self, customer_id: str) -> int:
        """Pounds that a council transferred and no invoice has taken yet: part of one, or too much."""
        found = self._ask(lambda: self._stripe.v1.customers.cash_balance.retrieve(customer_id))
        return int((found.get("available") or {}).get("gbp", 0))

    def ensure_product(self, product_id: str, name: str) -> str:
        """The product with our own id, made when it is not there yet."""
        try:
            return str(self._ask(lambda: self._stripe.v1.products.retrieve(product_id))["id"])
        except GatewayRefused as refused:
            if refused.code != "resource_missing":
                raise
        params: dict[str, Any] = {"id": product_id, "name": name}
        try:
            return str(self._ask(lambda: self._stripe.v1.products.create(params))["id"])  # type: ignore[arg-type]
        except GatewayRefused as refused:
            if refused.code != "resource_already_exists":
                raise
            return product_id

    def ensure_vat_rate(self, basis_points: int) -> str:
        """The id of the VAT rate (2000 is 20 %, added to net prices), made when it is not there yet."""
        percentage = basis_points / 100
        for each in self._all(lambda: self._stripe.v1.tax_rates.list({"active": True, "limit": 100})):
            if (each["display_name"], float(each["percentage"]), each["inclusive"]) == ("VAT", percentage, False):
                return str(each["id"])
        params: dict[str, Any] = {"display_name": "VAT", "percentage": percentage, "inclusive": False, "country": "GB"}
        key = f"vat-rate:{basis_points}"
        return str(self._ask(lambda: self._stripe.v1.tax_rates.create(params, _options(key)))["id"])  # type: ignore[arg-type]

    def start_subscription(
        self, key: str, customer_id: str, product_id: str, annual_pence: int, vat_rate_id: str, reference: str,
        starts_at: datetime | None = None,
    ) -> answers.SubscriptionState:  # fmt: skip
        """A yearly subscription by invoice with 30 days to pay by UK bank transfer; `annual_pence` is net.

        `starts_at`: when the first year begins and is invoiced (the trial's end); None is now.
        """
        params: dict[str, Any] = {
            "customer": customer_id,
            "collection_method": "send_invoice",
            "days_until_due": DAYS_TO_PAY,
            "items": [{"price_data": _yearly(product_id, annual_pence)}],
            "default_tax_rates": [vat_rate_id],
            "payment_settings": {
                "payment_method_types": ["customer_balance"],
                "payment_method_options": {
                    "customer_balance": {"funding_type": "bank_transfer", "bank_transfer": {"type": "gb_bank_transfer"}}
                },
            },
            "metadata": {"reference": reference},
        }
        if starts_at is not None:
            params["trial_end"] = int(starts_at.timestamp())
        return reading.subscription(self._ask(lambda: self._stripe.v1.subscriptions.create(params, _options(key))))  # type: ignore[arg-type]

    def subscribe_by_card(
        self, key: str, customer_id: str, product_id: str, annual_pence: int, vat_rate_id: str, reference: str,
        success_url: str, cancel_url: str, starts_at: datetime | None = None,
    ) -> answers.CheckoutSession:  # fmt: skip
        """A page of Stripe's on which a council's card begins a yearly subscription that renews itself."""
        subscription: dict[str, Any] = {"metadata": {"reference": reference}, "default_tax_rates": [vat_rate_id]}
        if starts_at is not None:
            subscription["trial_end"] = int(starts_at.timestamp())
        params: dict[str, Any] = {
            "mode": "subscription",
            "customer": customer_id,
            "client_reference_id": reference,
            "payment_method_types": ["card"],
            "line_items": [{"price_data": _yearly(product_id, annual_pence), "quantity": 1}],
            "subscription_data": subscription,
            "success_url": success_url,
            "cancel_url": cancel_url,
        }
        return reading.session(self._ask(lambda: self._stripe.v1.checkout.sessions.create(params, _options(key))))  # type: ignore[arg-type]

    def get_subscription(self, subscription_id: str) -> answers.SubscriptionState:
        return reading.subscription(self._ask(lambda: self._stripe.v1.subscriptions.retrieve(subscription_id)))

    def list_subscriptions(self, customer_id: str = "") -> list[answers.SubscriptionState]:
        """Subscriptions, ended ones too, newest first; of one council when named."""
        params = {"status": "all", "limit": 100, **_given(customer=customer_id)}
        return [reading.subscription(each) for each in self._all(lambda: self._stripe.v1.subscriptions.list(params))]  # type: ignore[arg-type]

    def cancel_at_period_end(self, subscription_id: str, cancels: bool = True) -> answers.SubscriptionState:
        """Ends the subscription with the year that is paid for; `cancels=False` takes that back."""
        params: dict[str, Any] = {"cancel_at_period_end": cancels}
        return reading.subscription(self._ask(lambda: self._stripe.v1.subscriptions.update(subscription_id, params)))  # type: ignore[arg-type]

    def end_subscription(self, subscription_id: str) -> answers.SubscriptionState:
        """Ends the subscription at once; nothing is paid back by that."""
        return reading.subscription(self._ask(lambda: self._stripe.v1.subscriptions.cancel(subscription_id)))

    # Our invoices to councils -------------------------------------------------------------------------------------

    def get_invoice(self, invoice_id: str) -> answers.InvoiceState:
        params = {"expand": ["payments"]}
        return reading.invoice(self._ask(lambda: self._stripe.v1.invoices.retrieve(invoice_id, params)))  # type: ignore[arg-type]

    def list_invoices(
        self, customer_id: str = "", subscription_id: str = "", since: datetime | None = None
    ) -> list[answers.InvoiceState]:
        """Invoices of all councils, one council or one subscription, made at or after `since`; newest first."""
        params = {
            **_since(since), **_given(customer=customer_id, subscription=subscription_id), "expand": ["data.payments"]
        }  # fmt: skip
        return [reading.invoice(each) for each in self._all(lambda: self._stripe.v1.invoices.list(params))]  # type: ignore[arg-type]

    def finalize_invoice(self, invoice_id: str) -> answers.InvoiceState:
        """Makes a draft final: it has a number, is owed, and cannot be changed."""
        return self._invoice(lambda: self._stripe.v1.invoices.finalize_invoice(invoice_id, {"expand": ["payments"]}))

    def send_invoice(self, invoice_id: str) -> answers.InvoiceState:
        """Mails the invoice to the council, by Stripe."""
        return self._invoice(lambda: self._stripe.v1.invoices.send_invoice(invoice_id, {"expand": ["payments"]}))

    def void_invoice(self, invoice_id: str) -> answers.InvoiceState:
        """Takes an invoice back that nobody has paid."""
        return self._invoice(lambda: self._stripe.v1.invoices.void_invoice(invoice_id, {"expand": ["payments"]}))

    def _invoice(self, call: Callable[[], Any]) -> answers.InvoiceState:
        return reading.invoice(self._ask(call))

    def credit_invoice(
        self, key: str, invoice_id: str, total_pence: int, memo: str, pays_back: bool = False
    ) -> answers.CreditNoteState:
        """A credit note of so much with VAT. Lowers what is due on an open invoice.

        For a paid one the money goes back the way it came (`pays_back`), or was given back outside of Stripe.
        """
        params: dict[str, Any] = {"invoice": invoice_id, "amount": total_pence, "memo": memo}
        after = max(total_pence - self.get_invoice(invoice_id).remaining_pence, 0)
        if after:
            params["refund_amount" if pays_back else "out_of_band_amount"] = after
        return reading.credit_note(self._ask(lambda: self._stripe.v1.credit_notes.create(params, _options(key))))  # type: ignore[arg-type]

    def list_credit_notes(self, invoice_id: str = "", since: datetime | None = None) -> list[answers.CreditNoteState]:
        params = {**_since(since), **_given(invoice=invoice_id)}
        return [reading.credit_note(each) for each in self._all(lambda: self._stripe.v1.credit_notes.list(params))]  # type: ignore[arg-type]

    # A supplier's own account ----------------------------------------------------------------------------------

    def create_account(self, key: str, reference: str) -> answers.AccountState:
        """A supplier's own full Stripe account: it pays Stripe's fees, and its losses are not ours."""
        params: dict[str, Any] = {
            "country": "GB",
            "controller": {
                "fees": {"payer": "account"},
                "losses": {"payments": "stripe"},
                "requirement_collection": "stripe",
                "stripe_dashboard": {"type": "full"},
            },
            "metadata": {"reference": reference},
        }
        return reading.account(self._ask(lambda: self._stripe.v1.accounts.create(params, _options(key))))  # type: ignore[arg-type]

    def get_account(self, account_id: str) -> answers.AccountState:
        return reading.account(self._ask(lambda: self._stripe.v1.accounts.retrieve(account_id)))

    def find_account(self, reference: str) -> answers.AccountState | None:
        """The newest connected account that was made for this reference of ours, for when its id was lost."""
        for each in self._all(lambda: self._stripe.v1.accounts.list({"limit": 100})):
            if (each.get("metadata") or {}).get("reference") == reference:
                return reading.account(each)
        return None

    def account_page(self, account_id: str, return_url: str, refresh_url: str) -> str:
        """The address of Stripe's page on which the supplier gives its details. Works once, for a few minutes."""
        params: dict[str, Any] = {
            "account": account_id, "type": "account_onboarding", "return_url": return_url, "refresh_url": refresh_url
        }  # fmt: skip
        return str(self._ask(lambda: self._stripe.v1.account_links.create(params))["url"])  # type: ignore[arg-type]

    # Payments -----------------------------------------------------------------------------------------------------

    def start_card_payment(
        self, key: str, account: str, amount_pence: int, title: str, reference: str,
        success_url: str, cancel_url: str, expires_at: datetime,
    ) -> answers.CheckoutSession:  # fmt: skip
        """A page of Stripe's on which a card is charged by the supplier itself (a direct charge), without a fee of ours.

        `expires_at` is from 30 minutes to 24 hours after Stripe first hears of it; give the same with the same key.
        """
        params: dict[str, Any] = {
            "mode": "payment",
            "payment_method_types": ["card"],
            "client_reference_id": reference,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "gbp", "unit_amount": amount_pence, "product_data": {"name": title}
                    },
                }
            ],
            "payment_intent_data": {"description": title, "metadata": {"reference": reference}},
            "success_url": success_url,
            "cancel_url": cancel_url,
            "expires_at": int(expires_at.timestamp()),
        }  # fmt: skip
        call = self._stripe.v1.checkout.sessions.create
        return reading.session(self._ask(lambda: call(params, _options(key, account))))  # type: ignore[arg-type]

    def get_session(self, session_id: str, account: str = "") -> answers.CheckoutSession:
        call = self._stripe.v1.checkout.sessions.retrieve
        return reading.session(self._ask(lambda: call(session_id, {}, _options("", account))))  # type: ignore[arg-type]

    def list_sessions(self, account: str = "", since: datetime | None = None) -> list[answers.CheckoutSession]:
        """Pages for paying that were made at or after `since`, newest first."""
        call = self._stripe.v1.checkout.sessions.list
        return [reading.session(each) for each in self._all(lambda: call(_since(since), _options("", account)))]  # type: ignore[arg-type]

    def expire_session(self, session_id: str, account: str = "") -> answers.CheckoutSession:
        """Shuts a page for paying, so that nobody can pay on it any more. Refused when somebody has."""
        call = self._stripe.v1.checkout.sessions.expire
        return reading.session(self._ask(lambda: call(session_id, {}, _options("", account))))  # type: ignore[arg-type]

    def get_intent(self, intent_id: str, account: str = "") -> answers.IntentState:
        call = self._stripe.v1.payment_intents.retrieve
        return reading.intent(self._ask(lambda: call(intent_id, {}, _options("", account))))  # type: ignore[arg-type]

    def get_charge(self, charge_id: str, account: str = "") -> answers.ChargeState:
        call = self._stripe.v1.charges.retrieve
        return reading.charge(self._ask(lambda: call(charge_id, {}, _options("", account))))  # type: ignore[arg-type]

    def list_charges(self, account: str = "", since: datetime | None = None, intent_id: str = "") -> list[answers.ChargeState]:
        call, params = self._stripe.v1.charges.list, {**_since(since), **_given(payment_intent=intent_id)}
        return [reading.charge(each) for each in self._all(lambda: call(params, _options("", account)))]  # type: ignore[arg-type]

    def refund(self, key: str, intent_id: str, amount_pence: int, account: str = "") -> answers.RefundState:
        """Gives so much of a payment back to who paid it."""
        params: dict[str, Any] = {"payment_intent": intent_id, "amount": amount_pence}
        return reading.refund(self._ask(lambda: self._stripe.v1.refunds.create(params, _options(key, account))))  # type: ignore[arg-type]

    def get_refund(self, refund_id: str, account: str = "") -> answers.RefundState:
        call = self._stripe.v1.refunds.retrieve
        return reading.refund(self._ask(lambda: call(refund_id, {}, _options("", account))))  # type: ignore[arg-type]

    def list_refunds(
        self, account: str = "", since: datetime | None = None, charge_id: str = "", intent_id: str = ""
    ) -> list[answers.RefundState]:
        params = {**_since(since), **_given(charge=charge_id, payment_intent=intent_id)}
        call = self._stripe.v1.refunds.list
        return [reading.refund(each) for each in self._all(lambda: call(params, _options("", account)))]  # type: ignore[arg-type]

    def get_dispute(self, dispute_id: str, account: str = "") -> answers.DisputeState:
        call = self._stripe.v1.disputes.retrieve
        return reading.dispute(self._ask(lambda: call(dispute_id, {}, _options("", account))))  # type: ignore[arg-type]

    def list_disputes(self, account: str = "", since: datetime | None = None, charge_id: str = "") -> list[answers.DisputeState]:
        call, params = self._stripe.v1.disputes.list, {**_since(since), **_given(charge=charge_id)}
        return [reading.dispute(each) for each in self._all(lambda: call(params, _options("", account)))]  # type: ignore[arg-type]

    # Money on its way to a bank -----------------------------------------------------------------------------------

    def get_payout(self, payout_id: str, account: str = "") -> answers.PayoutState:
        call = self._stripe.v1.payouts.retrieve
        return reading.payout(self._ask(lambda: call(payout_id, {}, _options("", account))))  # type: ignore[arg-type]

    def list_payouts(self, account: str = "", since: datetime | None = None) -> list[answers.PayoutState]:
        call = self._stripe.v1.payouts.list
        return [reading.payout(each) for each in self._all(lambda: call(_since(since), _options("", account)))]  # type: ignore[arg-type]

    def list_balance_lines(
        self, account: str = "", payout_id: str = "", since: datetime | None = None, source: str = ""
    ) -> list[answers.BalanceLine]:
        """Movements of a balance, newest first: those of one payout, of one source (a charge), or since an instant."""
        call = self._stripe.v1.balance_transactions.list
        params = {**_since(since), **_given(payout=payout_id, source=source)}
        return [reading.balance_line(each) for each in self._all(lambda: call(params, _options("", account)))]  # type: ignore[arg-type]

    def get_balance(self, account: str = "") -> answers.Balance:
        call = self._stripe.v1.balance.retrieve
        return reading.balance(self._ask(lambda: call({}, _options("", account))))  # type: ignore[arg-type]

    # Events -------------------------------------------------------------------------------------------------------

    def list_events(self, since: datetime, account: str = "") -> list[answers.EventHint]:
        """What happened at or after `since`, oldest first. Stripe keeps thirty days."""
        call = self._stripe.v1.events.list
        found = self._all(lambda: call(_since(since), _options("", account)))  # type: ignore[arg-type]
        return [reading.event({"account": account, **each}, json.dumps(each)) for each in reversed(found)]


def read_event(body: bytes, signature: str, secrets: Iterable[str]) -> answers.EventHint:
    """The event that Stripe sent and signed with one of the secrets within the last 300 seconds, else Forged."""
    import stripe

    text = _text(body)
    if not any(_is_signed(stripe, text, signature, secret) for secret in secrets if secret):
        raise Forged("The signature is not Stripe's.")
    signed_at = datetime.fromtimestamp(_stamp(signature), tz=clock.now().tzinfo)
    if abs(clock.now() - signed_at) > OLDEST_SIGNATURE:
        raise Forged("The signature is more than 300 seconds old.")
    try:
        return reading.event(json.loads(text), text)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Forged("The event cannot be read.") from None


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Forged("The event is not text.") from None


def _is_signed(stripe: Any, text: str, signature: str, secret: str) -> bool:
    try:
        # Its age is compared with the house's clock, not the library's.
        return bool(stripe.WebhookSignature.verify_header(text, signature, secret, tolerance=None))
    except (stripe.SignatureVerificationError, ValueError):
        return False


def _stamp(signature: str) -> int:
    """The time in a signature that was verified."""
    return next(int(each.removeprefix("t=")) for each in signature.split(",") if each.startswith("t="))


def _options(key: str = "", account: str = "") -> dict[str, str]:
    return _given(idempotency_key=key, stripe_account=account)


def _given(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _since(since: datetime | None) -> dict[str, Any]:
    return {"limit": 100, **({"created": {"gte": int(since.timestamp())}} if since else {})}


def _yearly(product_id: str, annual_pence: int) -> dict[str, Any]:
    return {"currency": "gbp", "product": product_id, "unit_amount": annual_pence, "recurring": {"interval": "year"}}
