"""Cards: pages for paying, intents, charges, refunds, disputes, payouts, and what each does to a balance."""

from __future__ import annotations

from typing import Any

from tests.stripe_server.state import Books, Refused, State, Thing

DAY = 24 * 3600
CARD_FEE_BASIS_POINTS, CARD_FEE_PENCE, DISPUTE_FEE_PENCE = 150, 20, 2000


def card_fee(pence: int) -> int:
    return pence * CARD_FEE_BASIS_POINTS // 10_000 + CARD_FEE_PENCE


def move(state: State, books: Books, kind: str, pence: int, source: str, fee: int = 0, days: int = 3) -> Thing:
    """A movement of the account's balance."""
    return state.add(
        books, "balance_transaction", "txn", type=kind, amount=pence, fee=fee, net=pence - fee, source=source,
        currency="gbp", available_on=state.now() + days * DAY, status="pending", reporting_category=kind, payout=None,
    )  # fmt: skip


def new_intent(state: State, books: Books, pence: int, customer: str = "", metadata: Thing | None = None, method: str = "card") -> Thing:
    intent = state.add(
        books, "payment_intent", "pi", amount=pence, amount_received=0, currency="gbp", status="requires_payment_method",
        customer=customer or None, latest_charge=None, last_payment_error=None, canceled_at=None, next_action=None,
        metadata=metadata or {}, payment_method_types=[method],
    )  # fmt: skip
    state.tell(books, "payment_intent.created", intent)
    return intent


def charge_intent(state: State, books: Books, intent: Thing, fails: bool = False, method: str = "card") -> Thing:
    """Takes the money of an intent: by card with a fee, by bank transfer without."""
    charge = state.add(
        books, "charge", "ch", amount=intent["amount"], amount_captured=0, amount_refunded=0, currency="gbp",
        status="failed" if fails else "succeeded", paid=not fails, captured=not fails, refunded=False, disputed=False,
        payment_intent=intent["id"], customer=intent["customer"], balance_transaction=None,
        failure_code="card_declined" if fails else None, failure_message="Your card was declined." if fails else None,
        payment_method_details={"type": method},
    )  # fmt: skip
    intent["latest_charge"] = charge["id"]
    if fails:
        intent["status"] = "requires_payment_method"
        intent["last_payment_error"] = {"code": "card_declined", "message": "Your card was declined.", "type": "card_error"}
        state.tell(books, "charge.failed", charge)
        state.tell(books, "payment_intent.payment_failed", intent)
        return charge
    is_card = method == "card"
    line = move(state, books, "charge" if is_card else "payment", intent["amount"], charge["id"], card_fee(intent["amount"]) if is_card else 0)
    charge.update(amount_captured=intent["amount"], balance_transaction=line["id"])
    intent.update(status="succeeded", amount_received=intent["amount"], last_payment_error=None, next_action=None)
    state.tell(books, "charge.succeeded", charge)
    state.tell(books, "payment_intent.succeeded", intent)
    return charge


def refund_charge(state: State, books: Books, charge: Thing, pence: int, reason: str | None = None) -> Thing:
    if charge["status"] != "succeeded":
        raise Refused("This charge was not successful.", "charge_not_refundable")
    if pence > charge["amount"] - charge["amount_refunded"]:
        raise Refused("Refund amount is greater than unrefunded amount on charge.", "charge_already_refunded")
    refund = state.add(
        books, "refund", "re", amount=pence, currency="gbp", charge=charge["id"], payment_intent=charge["payment_intent"],
        status="succeeded", reason=reason, balance_transaction=None,
    )  # fmt: skip
    refund["balance_transaction"] = move(state, books, "refund", -pence, refund["id"])["id"]
    charge["amount_refunded"] += pence
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    state.tell(books, "refund.created", refund)
    state.tell(books, "charge.refunded", charge)
    return refund


def dispute_charge(state: State, books: Books, charge: Thing, pence: int) -> Thing:
    dispute = state.add(
        books, "dispute", "dp", amount=pence, currency="gbp", charge=charge["id"], payment_intent=charge["payment_intent"],
        status="needs_response", reason="general", is_charge_refundable=False, balance_transactions=[],
        evidence_details={"due_by": state.now() + 7 * DAY},
    )  # fmt: skip
    dispute["balance_transactions"].append(move(state, books, "adjustment", -pence, dispute["id"], DISPUTE_FEE_PENCE))
    charge["disputed"] = True
    state.tell(books, "charge.dispute.created", dispute)
    state.tell(books, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(state: State, books: Books, dispute: Thing, won: bool) -> Thing:
    dispute["status"] = "won" if won else "lost"
    if won:
        dispute["balance_transactions"].append(move(state, books, "adjustment", dispute["amount"], dispute["id"]))
        state.tell(books, "charge.dispute.funds_reinstated", dispute)
    state.tell(books, "charge.dispute.closed", dispute)
    return dispute


def pay_out(state: State, books: Books, days: int = 2) -> Thing:
    """Everything that was not paid out yet goes to the bank, whatever it is available on."""
    lines = [each for each in books.things["balance_transaction"].values() if not each["payout"] and each["type"] != "payout"]
    pence = sum(each["net"] for each in lines)
    if pence <= 0:
        raise Refused("There is nothing to pay out.", "balance_insufficient")
    payout = state.add(
        books, "payout", "po", amount=pence, currency="gbp", status="in_transit", automatic=True, method="standard",
        arrival_date=(state.now() + days * DAY) // DAY * DAY, failure_message=None, failure_code=None, type="bank_account",
    )  # fmt: skip
    for each in lines:
        each.update(payout=payout["id"], status="available", available_on=min(each["available_on"], state.now()))
    line = move(state, books, "payout", -pence, payout["id"], days=0)
    line.update(payout=payout["id"], status="available")
    payout["balance_transaction"] = line["id"]
    state.tell(books, "payout.created", payout)
    return payout


def end_payout(state: State, books: Books, payout: Thing, fails: bool = False) -> Thing:
    """The payout arrives at the bank, or comes back."""
    payout["status"] = "failed" if fails else "paid"
    if fails:
        payout.update(failure_code="account_closed", failure_message="The bank account has been closed.")
        move(state, books, "payout_failure", payout["amount"], payout["id"], days=0)
    state.tell(books, "payout.failed" if fails else "payout.paid", payout)
    return payout


def new_session(state: State, books: Books, params: Thing) -> Thing:
    """A page for paying; nothing is charged before somebody pays on it."""
    if params["mode"] not in ("payment", "subscription"):
        raise Refused(f"Invalid mode: {params['mode']}", param="mode")
    now = state.now()
    expires = int(params.get("expires_at", now + DAY))
    if not now + 29 * 60 <= expires <= now + DAY + 60:
        raise Refused("The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from now.", param="expires_at")
    items = params["line_items"]
    session = state.add(
        books, "checkout.session", "cs_test" if not state.is_live else "cs_live", mode=params["mode"], status="open",
        payment_status="unpaid", payment_intent=None, subscription=None, invoice=None, currency="gbp",
        customer=params.get("customer"), client_reference_id=params.get("client_reference_id"),
        amount_total=sum(int(each["price_data"]["unit_amount"]) * int(each.get("quantity", 1)) for each in items),
        success_url=params["success_url"], cancel_url=params.get("cancel_url"), expires_at=expires,
        metadata=params.get("metadata", {}), asked=params,
    )  # fmt: skip
    session["url"] = f"{state.base}/pay/{books.account or 'platform'}/{session['id']}"
    return session


def shut_session(state: State, books: Books, session: Thing) -> Thing:
    if session["status"] != "open":
        raise Refused("Only Checkout Sessions with a status in [\"open\"] can be expired.", "invalid_state")
    session.update(status="expired", url=None)
    state.tell(books, "checkout.session.expired", session)
    return session


def pay_session(state: State, books: Books, session: Thing, fails: bool = False) -> Thing:
    """Somebody presses Pay. A declined card leaves the page open for another try."""
    if session["status"] != "open":
        raise Refused("This page is no longer open.", "invalid_state")
    if session["mode"] == "subscription":
        from tests.stripe_server import billing

        return billing.pay_subscription_page(state, books, session, fails)
    if session["payment_intent"] is None:
        data = session["asked"].get("payment_intent_data", {})
        session["payment_intent"] = new_intent(state, books, session["amount_total"], metadata=data.get("metadata", {}))["id"]
    charge_intent(state, books, state.get(books, "payment_intent", session["payment_intent"]), fails)
    if not fails:
        session.update(status="complete", payment_status="paid", url=None)
        state.tell(books, "checkout.session.completed", session)
    return session


def balance_of(state: State, books: Books) -> Thing:
    lines = books.things["balance_transaction"].values()
    ready = sum(each["net"] for each in lines if each["available_on"] <= state.now())
    pending = sum(each["net"] for each in lines if each["available_on"] > state.now())

    def pounds(pence: int) -> list[dict[str, Any]]:
        return [{"amount": pence, "currency": "gbp"}]

    return {"object": "balance", "livemode": state.is_live, "available": pounds(ready), "pending": pounds(pending)}
