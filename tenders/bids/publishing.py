"""Publishing a need: its key is made and it is published in one act, by an approver who did not write it."""

from __future__ import annotations

from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.db import action
from marketplace.core.errors import insist
from marketplace.core.failpoints import failpoint
from tenders.bids import keys
from tenders.needs import actions as need_actions
from tenders.needs import rules
from tenders.needs.models import Need


@action
def approve_and_publish(need_id: int, member: Membership) -> Need:
    """Makes the need's key pair, shares it among its openers, approves and publishes.

    Raises Problems; each opener without an opening passphrase is named in one.
    """
    need = need_actions.get_own_need(need_id, member)
    openers = [each.person for each in need.people_with("opener")]
    if len({each.id for each in openers}) >= need.openers_needed:  # else the rule of the panel says so
        insist(rules.approving_problems(need, member.person_id, clock.now()))
        keys.prepare_sealing(need, openers)
        failpoint("publish: key made")
    return need_actions.publish_need(need_id, member)
