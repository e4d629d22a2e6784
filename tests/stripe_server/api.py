"""The calls that the stand-in knows: method, path, the parameters that it takes. Anything else is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.stripe_server import billing, paying
from tests.stripe_server.state import Books, Refused, State, Thing, page_of

Answer = Callable[[State, Books, Thing, str], Thing]
EVERYWHERE = {"expand"}
LISTS = {"limit", "starting_after", "ending_before", "created"}


@dataclass(frozen=True)
class Known:
    """One call. `platform_only`: it makes no sense on a connected account here."""

    method: str
    path: re.Pattern[str]
    allowed: frozenset[str]
    needed: frozenset[str]
    answer: Answer


CALLS: list[Known] = []


def call(method: str, path: str, allows: str = "", needs: str = "") -> Callable[[Answer], Answer]:
    def enter(answer: Answer) -> Answer:
        pattern = re.compile("/v1/" + path.replace("{id}", "(?P<id>[^/]+)") + "$")
        CALLS.append(Known(method, pattern, frozenset((allows + " " + needs).split()) | EVERYWHERE, frozenset(needs.split()), answer))
        return answer

    return enter


def find(method: str, path: str, params: Thing) -> tuple[Known, str]:
    """The call and the id in its path; Refused when the stand-in does not know it."""
    for each in CALLS:
        matched = each.path.match(path)
        if matched and each.method == method:
            for name in params:
                if name not in each.allowed:
                    raise Refused(f"Received unknown parameter: {name}", "parameter_unknown", param=name)
            for name in sorted(each.needed):
                if name not in params:
                    raise Refused(f"Missing required param: {name}.", "parameter_missing", param=name)
            return each, matched.groupdict().get("id", "")
    raise Refused(f"Unrecognized request URL ({method}: {path}). The stand-in does not know it.", status=404)


def kept(kind: str, path: str, filters: str = "", defaults: str = "") -> None:
    """The calls that read one thing of a kind, and list them by some of its fields."""

    @call("GET", f"{path}/{{id}}")
    def one(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
        return state.get(books, kind, thing_id)

    @call("GET", path, " ".join(LISTS) + " " + filters)
    def several(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
        things = list(books.things[kind].values())
        for name in filters.split():
            if name in params and params[name] != "all":
                things = [each for each in things if str(each.get(name)).lower() == params[name].lower()]
        return page_of(things, params, f"/v1/{path}")


kept("product", "products")
kept("price", "prices")
kept("tax_rate", "tax_rates", "active")
kept("credit_note", "credit_notes", "invoice")
kept("payment_intent", "payment_intents", "customer")
kept("charge", "charges", "payment_intent customer")
kept("refund", "refunds", "charge payment_intent")
kept("dispute", "disputes", "charge payment_intent")
kept("payout", "payouts", "status")
kept("balance_transaction", "balance_transactions", "payout source type")
kept("checkout.session", "checkout/sessions", "payment_intent subscription customer status")
kept("account", "accounts")
kept("subscription", "subscriptions", "customer status")
kept("customer", "customers", "email")


@call("GET", "invoices/{id}")
def get_invoice(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    return _shown(state.get(books, "invoice", thing_id), params, "payments")


@call("GET", "invoices", " ".join(LISTS) + " customer subscription status")
def list_invoices(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    things = list(books.things["invoice"].values())
    for name in ("customer", "status"):
        things = [each for each in things if name not in params or each[name] == params[name]]
    if "subscription" in params:
        things = [each for each in things if each["parent"]["subscription_details"]["subscription"] == params["subscription"]]
    found = page_of(things, params, "/v1/invoices")
    return {**found, "data": [_shown(each, params, "data.payments") for each in found["data"]]}


def _shown(invoice: Thing, params: Thing, name: str) -> Thing:
    """Payments are shown only to who asks for them."""
    return invoice if name in params.get("expand", []) else {key: value for key, value in invoice.items() if key != "payments"}


@call("POST", "customers", "name email metadata address invoice_settings description")
def new_customer(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    values: dict[str, Any] = {"name": None, "email": None, "invoice_settings": {"custom_fields": None}, **params}
    customer = state.add(
        books, "customer", "cus", **values, balance=0, invoice_prefix=f"MC{len(books.things['customer']) + 1:04d}",
        next_invoice_sequence=1, cash=0, currency="gbp",
    )  # fmt: skip
    return state.tell(books, "customer.created", customer)["data"]["object"]


@call("POST", "customers/{id}", "name email metadata address invoice_settings description")
def change_customer(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    customer = state.get(books, "customer", thing_id)
    for name, value in params.items():
        if name == "invoice_settings":
            customer[name] = {"custom_fields": value.get("custom_fields") or None}
        elif name != "expand":
            customer[name] = value
    state.tell(books, "customer.updated", customer)
    return customer


@call("GET", "customers/{id}/cash_balance")
def cash_balance(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    cash = state.get(books, "customer", thing_id)["cash"]
    return {"object": "cash_balance", "customer": thing_id, "livemode": state.is_live, "available": {"gbp": cash} if cash else None}


@call("POST", "products", "id name metadata", "name")
def new_product(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    if params.get("id") in books.things["product"]:
        raise Refused(f"Product already exists: {params['id']}", "resource_already_exists", param="id")
    return state.add(books, "product", "prod", **params, active=True)


@call("POST", "tax_rates", "country metadata", "display_name percentage inclusive")
def new_tax_rate(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    values = {**params, "percentage": float(params["percentage"]), "inclusive": params["inclusive"] == "true", "active": True}
    return state.add(books, "tax_rate", "txr", **values)


@call(
    "POST", "subscriptions",
    "days_until_due default_tax_rates payment_settings metadata trial_end collection_method", "customer items",
)  # fmt: skip
def new_subscription(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    if params.get("collection_method") != "send_invoice" or "days_until_due" not in params:
        raise Refused("The stand-in starts subscriptions without a page by send_invoice only, with days_until_due.")
    return billing.new_subscription(state, books, params, "send_invoice")


@call("POST", "subscriptions/{id}", "cancel_at_period_end metadata")
def change_subscription(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    return billing.change(state, books, state.get(books, "subscription", thing_id), params)


@call("DELETE", "subscriptions/{id}")
def end_subscription(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    return billing.end(state, books, state.get(books, "subscription", thing_id))


@call("POST", "invoices/{id}/finalize")
def finalize_invoice(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    return _shown(billing.finalize(state, books, state.get(books, "invoice", thing_id)), params, "payments")


@call("POST", "invoices/{id}/send")
def send_invoice(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    invoice = state.get(books, "invoice", thing_id)
    if invoice["status"] == "draft":
        billing.finalize(state, books, invoice)
    else:
        state.tell(books, "invoice.sent", invoice)
    return _shown(invoice, params, "payments")


@call("POST", "invoices/{id}/void")
def void_invoice(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    return _shown(billing.void(state, books, state.get(books, "invoice", thing_id)), params, "payments")


@call("POST", "credit_notes", "memo reason refund_amount out_of_band_amount metadata", "invoice amount")
def new_credit_note(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    return billing.credit(state, books, params)


@call("POST", "refunds", "payment_intent charge amount reason metadata")
def new_refund(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    charge_id = params.get("charge") or state.get(books, "payment_intent", params["payment_intent"])["latest_charge"]
    charge = state.get(books, "charge", charge_id or "")
    pence = int(params.get("amount", charge["amount"] - charge["amount_refunded"]))
    return paying.refund_charge(state, books, charge, pence, params.get("reason"))


@call(
    "POST", "checkout/sessions",
    "customer client_reference_id payment_method_types payment_intent_data subscription_data success_url cancel_url "
    "expires_at metadata", "mode line_items success_url",
)  # fmt: skip
def new_session(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    if books.account and not state.get(state.books[""], "account", books.account)["charges_enabled"]:
        raise Refused("Your account cannot currently make live charges.", "account_invalid")
    return paying.new_session(state, books, params)


@call("POST", "checkout/sessions/{id}/expire")
def expire_session(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    return paying.shut_session(state, books, state.get(books, "checkout.session", thing_id))


@call("POST", "accounts", "email metadata business_profile", "country controller")
def new_account(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    account = state.add(
        books, "account", "acct", **params, charges_enabled=False, payouts_enabled=False, details_submitted=False,
        requirements={"currently_due": ["business_profile.url", "external_account"], "disabled_reason": "requirements.past_due"},
    )  # fmt: skip
    state.books[account["id"]] = Books(account["id"])
    return account


@call("POST", "account_links", "return_url refresh_url", "account type")
def new_account_link(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    account = state.get(books, "account", params["account"])
    account["return_url"] = params.get("return_url")
    return {"object": "account_link", "created": state.now(), "expires_at": state.now() + 300, "url": f"{state.base}/onboarding/{account['id']}"}


@call("GET", "balance")
def balance(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    return paying.balance_of(state, books)


@call("GET", "events/{id}")
def get_event(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    for each in books.events:
        if each["id"] == thing_id:
            return each
    raise Refused(f"No such event: '{thing_id}'", "resource_missing", 404)


@call("GET", "events", " ".join(LISTS) + " type")
def list_events(state: State, books: Books, params: Thing, thing_id: str) -> Thing:
    return page_of(books.events, params, "/v1/events")
