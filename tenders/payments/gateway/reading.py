"""Stripe's answers, as plain nested values of its API version 2026-10-28.endive, into the house's values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tenders.payments.gateway import answers

PURCHASE_ORDER = "Purchase order"
Raw = Mapping[str, Any]


def _at(seconds: Any) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)


def _since(raw: Raw, name: str = "created") -> datetime:
    return datetime.fromtimestamp(int(raw.get(name) or 0), UTC)


def _id(value: Any) -> str:
    """An id, whether the thing was sent whole or by its id alone."""
    return str(value.get("id", "")) if isinstance(value, Mapping) else str(value or "")


def _text(raw: Raw, name: str) -> str:
    return str(raw.get(name) or "")


def _pence(raw: Raw, name: str) -> int:
    return int(raw.get(name) or 0)


def _metadata(raw: Raw) -> dict[str, str]:
    return dict(raw.get("metadata") or {})


def _items(raw: Raw, name: str) -> list[Any]:
    return list((raw.get(name) or {}).get("data") or [])


def customer(raw: Raw) -> answers.Customer:
    return answers.Customer(
        raw["id"], _text(raw, "name"), _text(raw, "email"), bool(raw.get("deleted")), _metadata(raw)
    )


def subscription(raw: Raw) -> answers.SubscriptionState:
    first: Raw = next(iter(_items(raw, "items")), {})
    return answers.SubscriptionState(
        id=raw["id"],
        customer=_id(raw["customer"]),
        status=raw["status"],
        collection_method=_text(raw, "collection_method"),
        created_at=_since(raw),
        period_starts_at=_at(first.get("current_period_start")),
        period_ends_at=_at(first.get("current_period_end")),
        trial_ends_at=_at(raw.get("trial_end")),
        cancels_at_period_end=bool(raw.get("cancel_at_period_end")),
        canceled_at=_at(raw.get("canceled_at")),
        ended_at=_at(raw.get("ended_at")),
        latest_invoice=_id(raw.get("latest_invoice")),
        metadata=_metadata(raw),
    )


def invoice(raw: Raw) -> answers.InvoiceState:
    moments = raw.get("status_transitions") or {}
    details = (raw.get("parent") or {}).get("subscription_details") or {}
    fields = {each["name"]: each["value"] for each in raw.get("custom_fields") or []}
    total, vat = _pence(raw, "total"), sum(_pence(each, "amount") for each in raw.get("total_taxes") or [])
    # The invoice's own period is that before it; its lines tell the time that they pay for.
    period = next((each.get("period") or {} for each in _items(raw, "lines")), {})
    return answers.InvoiceState(
        id=raw["id"],
        number=_text(raw, "number"),
        status=_text(raw, "status"),
        customer=_id(raw.get("customer")),
        subscription=_id(details.get("subscription")),
        currency=_text(raw, "currency"),
        created_at=_since(raw),
        finalized_at=_at(moments.get("finalized_at")),
        due_at=_at(raw.get("due_date")),
        paid_at=_at(moments.get("paid_at")),
        voided_at=_at(moments.get("voided_at")),
        net_pence=total - vat,
        vat_pence=vat,
        total_pence=total,
        due_pence=_pence(raw, "amount_due"),
        paid_pence=_pence(raw, "amount_paid"),
        remaining_pence=_pence(raw, "amount_remaining"),
        overpaid_pence=_pence(raw, "amount_overpaid"),
        credited_before_pence=_pence(raw, "pre_payment_credit_notes_amount"),
        credited_after_pence=_pence(raw, "post_payment_credit_notes_amount"),
        attempts=_pence(raw, "attempt_count"),
        page_url=_text(raw, "hosted_invoice_url"),
        pdf_url=_text(raw, "invoice_pdf"),
        purchase_order=str(fields.get(PURCHASE_ORDER, "")),
        billing_reason=_text(raw, "billing_reason"),
        intents=tuple(filter(None, (_id((each.get("payment") or {}).get("payment_intent")) for each in _items(raw, "payments")))),
        period_starts_at=_at(period.get("start")),
        period_ends_at=_at(period.get("end")),
        metadata=_metadata(raw) or dict(details.get("metadata") or {}),
    )


def credit_note(raw: Raw) -> answers.CreditNoteState:
    total, vat = _pence(raw, "total"), sum(_pence(each, "amount") for each in raw.get("total_taxes") or [])
    return answers.CreditNoteState(
        id=raw["id"],
        number=_text(raw, "number"),
        invoice=_id(raw["invoice"]),
        status=_text(raw, "status"),
        total_pence=total,
        net_pence=total - vat,
        vat_pence=vat,
        before_payment_pence=_pence(raw, "pre_payment_amount"),
        after_payment_pence=_pence(raw, "post_payment_amount"),
        refunds=tuple(_id(each.get("refund")) for each in raw.get("refunds") or []),
        created_at=_since(raw),
        voided_at=_at(raw.get("voided_at")),
    )


def session(raw: Raw) -> answers.CheckoutSession:
    return answers.CheckoutSession(
        id=raw["id"],
        url=_text(raw, "url"),
        status=_text(raw, "status"),
        payment_status=_text(raw, "payment_status"),
        intent=_id(raw.get("payment_intent")),
        subscription=_id(raw.get("subscription")),
        customer=_id(raw.get("customer")),
        amount_pence=_pence(raw, "amount_total"),
        reference=_text(raw, "client_reference_id"),
        created_at=_since(raw),
        expires_at=_since(raw, "expires_at"),
    )


def intent(raw: Raw) -> answers.IntentState:
    return answers.IntentState(
        id=raw["id"],
        status=raw["status"],
        amount_pence=_pence(raw, "amount"),
        received_pence=_pence(raw, "amount_received"),
        currency=_text(raw, "currency"),
        customer=_id(raw.get("customer")),
        charge=_id(raw.get("latest_charge")),
        failure=_text(raw.get("last_payment_error") or {}, "message"),
        created_at=_since(raw),
        canceled_at=_at(raw.get("canceled_at")),
        metadata=_metadata(raw),
    )


def charge(raw: Raw) -> answers.ChargeState:
    return answers.ChargeState(
        id=raw["id"],
        intent=_id(raw.get("payment_intent")),
        customer=_id(raw.get("customer")),
        status=raw["status"],
        amount_pence=_pence(raw, "amount"),
        refunded_pence=_pence(raw, "amount_refunded"),
        currency=_text(raw, "currency"),
        is_disputed=bool(raw.get("disputed")),
        balance_transaction=_id(raw.get("balance_transaction")),
        failure=_text(raw, "failure_message"),
        created_at=_since(raw),
    )


def refund(raw: Raw) -> answers.RefundState:
    return answers.RefundState(
        id=raw["id"],
        charge=_id(raw.get("charge")),
        intent=_id(raw.get("payment_intent")),
        amount_pence=_pence(raw, "amount"),
        status=_text(raw, "status"),
        reason=_text(raw, "reason"),
        created_at=_since(raw),
    )


def dispute(raw: Raw) -> answers.DisputeState:
    moved = raw.get("balance_transactions") or []
    back = [each for each in moved if _pence(each, "amount") > 0]
    return answers.DisputeState(
        id=raw["id"],
        charge=_id(raw.get("charge")),
        intent=_id(raw.get("payment_intent")),
        amount_pence=_pence(raw, "amount"),
        taken_pence=-sum(_pence(each, "amount") for each in moved if each not in back),
        given_again_pence=sum(_pence(each, "amount") for each in back),
        status=raw["status"],
        reason=_text(raw, "reason"),
        created_at=_since(raw),
        given_again_at=max((_since(each) for each in back), default=None),
        evidence_due_at=_at((raw.get("evidence_details") or {}).get("due_by")),
    )


def account(raw: Raw) -> answers.AccountState:
    requirements = raw.get("requirements") or {}
    return answers.AccountState(
        id=raw["id"],
        can_be_charged=bool(raw.get("charges_enabled")),
        can_be_paid_out=bool(raw.get("payouts_enabled")),
        has_given_details=bool(raw.get("details_submitted")),
        missing=tuple(requirements.get("currently_due") or ()),
        disabled_because=_text(requirements, "disabled_reason"),
        metadata=_metadata(raw),
    )


def payout(raw: Raw) -> answers.PayoutState:
    return answers.PayoutState(
        id=raw["id"],
        amount_pence=_pence(raw, "amount"),
        status=raw["status"],
        arrives_at=_since(raw, "arrival_date"),
        created_at=_since(raw),
        is_automatic=bool(raw.get("automatic")),
        currency=_text(raw, "currency"),
        failure=_text(raw, "failure_message"),
    )


def balance_line(raw: Raw) -> answers.BalanceLine:
    return answers.BalanceLine(
        id=raw["id"],
        type=raw["type"],
        amount_pence=_pence(raw, "amount"),
        fee_pence=_pence(raw, "fee"),
        net_pence=_pence(raw, "net"),
        source=_id(raw.get("source")),
        created_at=_since(raw),
        available_at=_since(raw, "available_on"),
        currency=_text(raw, "currency"),
    )


def balance(raw: Raw) -> answers.Balance:
    def pounds(name: str) -> int:
        return sum(_pence(each, "amount") for each in raw.get(name) or [] if each.get("currency") == "gbp")

    return answers.Balance(pounds("available"), pounds("pending"))


def event(raw: Raw, payload: str) -> answers.EventHint:
    return answers.EventHint(
        id=str(raw["id"]),
        type=str(raw["type"]),
        account=str(raw.get("account") or ""),
        object_id=_id(raw["data"]["object"]),
        is_live=bool(raw["livemode"]),
        api_version=_text(raw, "api_version"),
        created_at=_since(raw),
        payload=payload,
    )
