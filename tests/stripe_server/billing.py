"""Subscriptions and invoices of the platform: made, made final, paid by transfer or card, credited, renewed by time."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime

from tests.stripe_server import paying
from tests.stripe_server.state import Books, Refused, State, Thing

HOUR, DAY = 3600, 24 * 3600
RETRY_DAYS, TRIES = 3, 4


def year_after(seconds: int) -> int:
    at = datetime.fromtimestamp(seconds, UTC)
    day = min(at.day, monthrange(at.year + 1, at.month)[1])
    return int(at.replace(year=at.year + 1, day=day).timestamp())


def new_subscription(state: State, books: Books, params: Thing, collection: str) -> Thing:
    """Starts a subscription: its first invoice is a draft for an hour, or for a card final at once."""
    customer = state.get(books, "customer", params["customer"])
    data = params["items"][0]["price_data"]
    state.get(books, "product", data["product"])
    if data["recurring"]["interval"] != "year":
        raise Refused("The stand-in knows yearly prices only.", param="items")
    for rate in params.get("default_tax_rates") or []:
        state.get(books, "tax_rate", rate)
    now, trial_end = state.now(), int(params["trial_end"]) if params.get("trial_end") else None
    if trial_end is not None and trial_end <= now:
        raise Refused("The trial_end must be in the future.", param="trial_end")
    price = state.add(
        books, "price", "price", currency="gbp", product=data["product"], unit_amount=int(data["unit_amount"]),
        recurring={"interval": "year", "interval_count": 1}, active=True,
    )  # fmt: skip
    ends = trial_end or year_after(now)
    item = {"id": state.new_id("si"), "object": "subscription_item", "price": price, "quantity": 1, "current_period_start": now, "current_period_end": ends}
    subscription = state.add(
        books, "subscription", "sub", customer=customer["id"], status="trialing" if trial_end else "active",
        collection_method=collection, days_until_due=int(params["days_until_due"]) if collection == "send_invoice" else None,
        items={"object": "list", "data": [item], "has_more": False, "url": ""}, trial_end=trial_end,
        cancel_at_period_end=False, canceled_at=None, ended_at=None, cancel_at=None, start_date=now,
        default_tax_rates=[state.get(books, "tax_rate", each) for each in params.get("default_tax_rates") or []],
        metadata=params.get("metadata", {}), payment_settings=params.get("payment_settings", {}), latest_invoice=None,
    )  # fmt: skip
    state.tell(books, "customer.subscription.created", subscription)
    new_invoice(state, books, subscription, "subscription_create", pence=0 if trial_end else price["unit_amount"])
    return subscription


def new_invoice(state: State, books: Books, subscription: Thing, reason: str, pence: int | None = None) -> Thing:
    item = subscription["items"]["data"][0]
    net = item["price"]["unit_amount"] if pence is None else pence
    taxes = [
        {"amount": round(net * float(rate["percentage"]) / 100), "tax_behavior": "exclusive", "taxable_amount": net, "type": "tax_rate_details", "tax_rate_details": {"tax_rate": rate["id"]}}
        for rate in subscription["default_tax_rates"]
    ]  # fmt: skip
    total = net + sum(each["amount"] for each in taxes)
    customer = state.get(books, "customer", subscription["customer"])
    line = {"id": state.new_id("il"), "object": "line_item", "amount": net, "period": {"start": item["current_period_start"], "end": item["current_period_end"]}}
    invoice = state.add(
        books, "invoice", "in", status="draft", customer=customer["id"], currency="gbp", number=None, billing_reason=reason,
        collection_method=subscription["collection_method"], subtotal=net, total_excluding_tax=net, total_taxes=taxes,
        total=total, amount_due=total, amount_paid=0, amount_remaining=total, amount_overpaid=0, attempt_count=0,
        attempted=False, due_date=None, hosted_invoice_url=None, invoice_pdf=None, auto_advance=True,
        automatically_finalizes_at=state.now() + HOUR, next_payment_attempt=None,
        pre_payment_credit_notes_amount=0, post_payment_credit_notes_amount=0,
        custom_fields=customer["invoice_settings"].get("custom_fields"),
        parent={"type": "subscription_details", "subscription_details": {"subscription": subscription["id"], "metadata": subscription["metadata"]}},
        status_transitions={"finalized_at": None, "paid_at": None, "voided_at": None, "marked_uncollectible_at": None},
        lines={"object": "list", "data": [line], "has_more": False, "url": ""},
        payments={"object": "list", "data": [], "has_more": False, "url": ""},
    )  # fmt: skip
    subscription["latest_invoice"] = invoice["id"]
    state.tell(books, "invoice.created", invoice)
    if subscription["collection_method"] == "charge_automatically" and reason == "subscription_create" or total == 0:
        finalize(state, books, invoice)
    return invoice


def finalize(state: State, books: Books, invoice: Thing) -> Thing:
    if invoice["status"] != "draft":
        raise Refused("This invoice is already finalized, you can't re-finalize a non-draft invoice.", "invoice_not_editable")
    customer, now = state.get(books, "customer", invoice["customer"]), state.now()
    customer["next_invoice_sequence"] += 1
    invoice.update(
        status="open", number=f"{customer['invoice_prefix']}-{customer['next_invoice_sequence'] - 1:04d}",
        automatically_finalizes_at=None, hosted_invoice_url=f"{state.base}/invoice/{invoice['id']}",
        invoice_pdf=f"{state.base}/invoice/{invoice['id']}/pdf",
    )  # fmt: skip
    invoice["status_transitions"]["finalized_at"] = now
    subscription = subscription_of(state, books, invoice)
    if invoice["collection_method"] == "send_invoice":
        invoice["due_date"] = now + subscription["days_until_due"] * DAY
    state.tell(books, "invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        return mark_paid(state, books, invoice, "")
    method = "customer_balance" if invoice["collection_method"] == "send_invoice" else "card"
    intent = paying.new_intent(state, books, invoice["amount_due"], customer["id"], method=method)
    invoice["payments"]["data"].append(
        {"id": state.new_id("inpay"), "object": "invoice_payment", "amount_requested": invoice["amount_due"], "amount_paid": None, "status": "open", "is_default": True, "payment": {"type": "payment_intent", "payment_intent": intent["id"]}}
    )  # fmt: skip
    if invoice["collection_method"] == "send_invoice":
        state.tell(books, "invoice.sent", invoice)
        use_cash(state, books, customer)
    return invoice


def subscription_of(state: State, books: Books, invoice: Thing) -> Thing:
    return state.get(books, "subscription", invoice["parent"]["subscription_details"]["subscription"])


def intent_of(state: State, books: Books, invoice: Thing) -> Thing:
    return state.get(books, "payment_intent", invoice["payments"]["data"][0]["payment"]["payment_intent"])


def mark_paid(state: State, books: Books, invoice: Thing, method: str) -> Thing:
    if method:
        intent = intent_of(state, books, invoice)
        intent["amount"] = invoice["amount_remaining"]
        paying.charge_intent(state, books, intent, method=method)
        invoice["payments"]["data"][0].update(status="paid", amount_paid=invoice["amount_remaining"])
    invoice.update(status="paid", amount_paid=invoice["amount_paid"] + invoice["amount_remaining"], amount_remaining=0, attempted=True)
    invoice["status_transitions"]["paid_at"] = state.now()
    state.tell(books, "invoice.paid", invoice)
    subscription = subscription_of(state, books, invoice)
    if subscription["status"] in ("past_due", "incomplete", "unpaid"):
        subscription["status"] = "active"
        state.tell(books, "customer.subscription.updated", subscription)
    return invoice


def transfer(state: State, books: Books, customer: Thing, pence: int) -> Thing:
    """A bank transfer from a council arrives: kept in its cash balance until it covers an invoice in full."""
    customer["cash"] += pence
    line = {"id": state.new_id("ccsbtxn"), "object": "customer_cash_balance_transaction", "customer": customer["id"], "type": "funded", "net_amount": pence, "ending_balance": customer["cash"]}
    state.tell(books, "customer_cash_balance_transaction.created", line)
    use_cash(state, books, customer)
    return customer


def use_cash(state: State, books: Books, customer: Thing) -> None:
    for invoice in list(books.things["invoice"].values()):
        is_theirs = invoice["customer"] == customer["id"] and invoice["collection_method"] == "send_invoice"
        if not is_theirs or invoice["status"] != "open" or not customer["cash"]:
            continue
        if customer["cash"] >= invoice["amount_remaining"]:
            customer["cash"] -= invoice["amount_remaining"]
            mark_paid(state, books, invoice, "customer_balance")
        else:
            return  # Stripe funds an invoice whole or not at all


def void(state: State, books: Books, invoice: Thing) -> Thing:
    if invoice["status"] not in ("open", "uncollectible"):
        raise Refused("You can only void an open invoice.", "invoice_not_editable")
    invoice["status"] = "void"
    invoice["status_transitions"]["voided_at"] = state.now()
    if invoice["payments"]["data"]:
        intent_of(state, books, invoice).update(status="canceled", canceled_at=state.now())
    state.tell(books, "invoice.voided", invoice)
    return invoice


def credit(state: State, books: Books, params: Thing) -> Thing:
    invoice = state.get(books, "invoice", params["invoice"])
    pence = int(params["amount"])
    given = sum(int(params.get(each, 0)) for each in ("refund_amount", "out_of_band_amount", "credit_amount"))
    if invoice["status"] not in ("open", "paid"):
        raise Refused("Credit notes can only be issued for open or paid invoices.", "invoice_not_editable")
    credited = invoice["pre_payment_credit_notes_amount"] + invoice["post_payment_credit_notes_amount"]
    if pence <= 0 or pence + credited > invoice["total"]:
        raise Refused("The credit note's amount is more than the invoice's.", param="amount")
    before = min(pence, invoice["amount_remaining"])
    if given != pence - before:
        raise Refused("The sum of credit amount, refund amount and out of band amount must equal the post payment amount.", param="amount")
    rate = next((float(each["percentage"]) for each in subscription_of(state, books, invoice)["default_tax_rates"]), 0.0)
    net = round(pence / (1 + rate / 100))
    refunds = []
    if int(params.get("refund_amount", 0)):
        charge = state.get(books, "charge", intent_of(state, books, invoice)["latest_charge"])
        refunds.append(paying.refund_charge(state, books, charge, int(params["refund_amount"])))
    number = sum(each["invoice"] == invoice["id"] for each in books.things["credit_note"].values()) + 1
    note = state.add(
        books, "credit_note", "cn", number=f"{invoice['number']}-CN-{number:02d}", invoice=invoice["id"],
        customer=invoice["customer"], status="issued", amount=pence, total=pence, total_excluding_tax=net,
        total_taxes=[{"amount": pence - net}], subtotal=net, memo=params.get("memo"), currency="gbp",
        pre_payment_amount=before, post_payment_amount=pence - before, voided_at=None,
        out_of_band_amount=int(params.get("out_of_band_amount", 0)) or None,
        refunds=[{"amount_refunded": each["amount"], "refund": each["id"], "type": "refund"} for each in refunds],
    )  # fmt: skip
    invoice["pre_payment_credit_notes_amount"] += before
    invoice["post_payment_credit_notes_amount"] += pence - before
    invoice["amount_due"] -= before
    invoice["amount_remaining"] -= before
    state.tell(books, "credit_note.created", note)
    if before:
        state.tell(books, "invoice.updated", invoice)
        if invoice["amount_remaining"] == 0:
            mark_paid(state, books, invoice, "")
    return note


def change(state: State, books: Books, subscription: Thing, params: Thing) -> Thing:
    if subscription["status"] == "canceled":
        raise Refused("A canceled subscription can only update its cancellation_details and metadata.", "resource_missing", 404)
    if "cancel_at_period_end" in params:
        cancels = params["cancel_at_period_end"] == "true"
        ends = subscription["items"]["data"][0]["current_period_end"]
        subscription.update(
            cancel_at_period_end=cancels, canceled_at=state.now() if cancels else None, cancel_at=ends if cancels else None
        )
    subscription["metadata"].update(params.get("metadata", {}))
    state.tell(books, "customer.subscription.updated", subscription)
    return subscription


def end(state: State, books: Books, subscription: Thing) -> Thing:
    if subscription["status"] == "canceled":
        raise Refused("No such subscription.", "resource_missing", 404)
    subscription.update(status="canceled", ended_at=state.now(), canceled_at=subscription["canceled_at"] or state.now())
    state.tell(books, "customer.subscription.deleted", subscription)
    return subscription


def pay_subscription_page(state: State, books: Books, session: Thing, fails: bool) -> Thing:
    if fails:
        return session
    asked = session["asked"]
    items = [{"price_data": asked["line_items"][0]["price_data"]}]
    params = {"customer": session["customer"], "items": items, **asked.get("subscription_data", {})}
    subscription = new_subscription(state, books, params, "charge_automatically")
    invoice = state.get(books, "invoice", subscription["latest_invoice"])
    if invoice["status"] == "open":
        mark_paid(state, books, invoice, "card")
    session.update(status="complete", payment_status="paid", url=None, subscription=subscription["id"], invoice=invoice["id"], amount_total=invoice["total"])
    state.tell(books, "checkout.session.completed", session)
    return session


def pass_time(state: State, seconds: int) -> None:
    """Moves the stand-in's time on; whatever falls due meanwhile is done at its own hour, in order."""
    until, books = state.now() + seconds, state.books[""]
    while (due := _next_due(state, books)) is not None and due[0] <= until:
        state.move_clock(max(due[0] - state.now(), 0))
        due[1]()
    state.move_clock(until - state.now())


def _next_due(state, books):  # type: ignore[no-untyped-def]
    found = []
    for invoice in books.things["invoice"].values():
        if invoice["status"] == "draft":
            found.append((invoice["automatically_finalizes_at"], lambda each=invoice: _advance(state, books, each)))
        elif invoice["status"] == "open" and invoice["next_payment_attempt"]:
            found.append((invoice["next_payment_attempt"], lambda each=invoice: _try_card(state, books, each)))
        elif invoice["status"] == "open" and invoice["due_date"] and not invoice.get("is_overdue"):
            found.append((invoice["due_date"] + 1, lambda each=invoice: _overdue(state, books, each)))
    for subscription in books.things["subscription"].values():
        if subscription["status"] != "canceled":
            end_of = subscription["items"]["data"][0]["current_period_end"]
            found.append((end_of, lambda each=subscription: _renew(state, books, each)))
    for account in state.books.values():
        for session in account.things["checkout.session"].values():
            if session["status"] == "open":
                found.append((session["expires_at"], lambda one=account, each=session: paying.shut_session(state, one, each)))
    return min(found, key=lambda each: each[0], default=None)


def _advance(state: State, books: Books, invoice: Thing) -> None:
    finalize(state, books, invoice)
    if invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
        _try_card(state, books, invoice)


def _try_card(state: State, books: Books, invoice: Thing) -> None:
    invoice["attempt_count"] += 1
    invoice["attempted"] = True
    if invoice["customer"] not in state.failing_cards:
        invoice["next_payment_attempt"] = None
        mark_paid(state, books, invoice, "card")
        return
    paying.charge_intent(state, books, intent_of(state, books, invoice), fails=True)
    more = invoice["attempt_count"] < TRIES
    invoice["next_payment_attempt"] = state.now() + RETRY_DAYS * DAY if more else None
    state.tell(books, "invoice.payment_failed", invoice)
    subscription = subscription_of(state, books, invoice)
    subscription["status"] = "past_due" if more else "unpaid"
    state.tell(books, "customer.subscription.updated", subscription)


def _overdue(state: State, books: Books, invoice: Thing) -> None:
    invoice["is_overdue"] = True
    state.tell(books, "invoice.overdue", invoice)
    subscription = subscription_of(state, books, invoice)
    if subscription["status"] == "active":
        subscription["status"] = "past_due"
        state.tell(books, "customer.subscription.updated", subscription)


def _renew(state: State, books: Books, subscription: Thing) -> None:
    item = subscription["items"]["data"][0]
    if subscription["cancel_at_period_end"]:
        end(state, books, subscription)
        return
    item.update(current_period_start=item["current_period_end"], current_period_end=year_after(item["current_period_end"]))
    if subscription["status"] == "trialing":
        subscription["status"] = "active"
    state.tell(books, "customer.subscription.updated", subscription)
    new_invoice(state, books, subscription, "subscription_cycle")
