"""One verb of paying by Stripe in a process of its own, so that it can be killed: … card_deeds VERB FACTS (JSON)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from marketplace import config
from marketplace.accounts.models import Membership
from marketplace.app import create_app
from marketplace.core import clock, db
from marketplace.core.errors import Refusal
from tenders.payments.paying import card, card_accounts, card_sync
from tenders.payments.subscriptions import at_gateway


def pay(invoice: int, member: int, **_: Any) -> str:
    """Finance presses the button."""
    return card.pay_by_card(invoice, db.session.get_one(Membership, member)).reference


def go_on(**_: Any) -> int:
    """The worker goes on with what was begun."""
    return card_sync.go_on()


def sync(**_: Any) -> int:
    """The worker looks at payments on Stripe's page, whatever was told."""
    return card_sync.sync_open()


def payouts(**_: Any) -> int:
    """The worker looks at payouts."""
    return card_sync.sync_payouts()


def connect(member: int, **_: Any) -> str:
    """A supplier asks for an account."""
    return card_accounts.connect(db.session.get_one(Membership, member))


def finish(**_: Any) -> int:
    """The worker goes on with accounts that were asked for."""
    return card_accounts.finish_all()


def bring(**_: Any) -> int:
    """The worker brings councils' subscriptions to Stripe."""
    return at_gateway.bring_all()


VERBS: dict[str, Callable[..., Any]] = {each.__name__: each for each in (pay, go_on, sync, payouts, connect, finish, bring)}


def do(verb: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Does it here; a refusal in words is an answer too."""
    try:
        return {"did": VERBS[verb](**facts)}
    except Refusal as refusal:
        return {"refused": str(refusal)}


if __name__ == "__main__":
    given = json.loads(sys.argv[2])
    application = create_app(config.load_settings())
    clock.set_clock(datetime.fromisoformat(given["at"]))
    with application.app_context():
        print(json.dumps(do(sys.argv[1], given)))
