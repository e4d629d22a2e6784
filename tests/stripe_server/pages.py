"""Pages of the stand-in for a browser: paying, giving an account's details. They say that they are not Stripe."""

from __future__ import annotations

from html import escape

from tests.stripe_server import control, paying
from tests.stripe_server.sending import Sender
from tests.stripe_server.state import State

NOTE = "A stand-in for tests. This is not Stripe, and no money moves."


def show(title: str, text: str, buttons: list[tuple[str, str]]) -> str:
    forms = "".join(
        f'<form method="post"><button name="do" value="{escape(value)}">{escape(words)}</button></form>' for words, value in buttons
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f"<body><main><h1>{escape(title)}</h1><p>{escape(text)}</p>{forms}<p>{NOTE}</p></main></body></html>"
    )


def pay_page(state: State, sender: Sender, account: str, session_id: str, deed: str) -> tuple[str, str]:
    """(HTML, "") or ("", the address to go to) of a page for paying."""
    books = state.of("" if account == "platform" else account)
    session = state.get(books, "checkout.session", session_id)
    if session["status"] != "open":
        return show("This page is closed", "Nobody can pay here any more.", []), ""
    if deed == "cancel":
        return "", session["cancel_url"] or session["success_url"]
    if deed in ("pay", "decline"):
        paying.pay_session(state, books, session, fails=deed == "decline")
        if deed == "pay":
            return "", session["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id)
    item = session["asked"]["line_items"][0]["price_data"]
    name = item.get("product_data", {}).get("name") or state.get(books, "product", item["product"])["name"]
    text = f"{name}: £{session['amount_total'] // 100:,}.{session['amount_total'] % 100:02d}"
    title = "Your card was declined" if deed == "decline" else "Pay by card"
    return show(title, text, [("Pay", "pay"), ("Try a card that is declined", "decline"), ("Cancel", "cancel")]), ""


def onboarding_page(state: State, sender: Sender, account_id: str, deed: str) -> tuple[str, str]:
    """The page on which a supplier gives its details."""
    account = state.get(state.books[""], "account", account_id)
    if deed == "give":
        control.complete_account(state, sender, account_id)
    if deed:
        return "", account["return_url"]
    return show("Connect your account", "Stripe asks for your firm's details here.", [("Give details", "give"), ("Later", "later")]), ""
