"""Publishing a need: its key is made and it is published in one act, by an approver who did not write it."""

from __future__ import annotations

from collections.abc import Mapping

from marketplace.accounts.models import Membership
from marketplace.core.db import action
from marketplace.core.failpoints import failpoint
from tenders.bids import keys
from tenders.needs import actions as need_actions
from tenders.needs.models import Need


@action
def approve_and_publish(need_id: int, member: Membership, passphrases: Mapping[int, str] | None = None) -> Need:
    """Makes the need's key pair, shares it among its openers, approves and publishes. Raises Problems.

    `passphrases` (person id -> passphrase) is for openers who have chosen one; the others' shares lie under key files.
    """
    need = need_actions.get_own_need(need_id, member)
    openers = [each.person for each in need.people_with("opener")]
    if len({each.id for each in openers}) >= need.openers_needed:  # else the rule of the panel says so
        keys.prepare_sealing(need, openers, passphrases)
        failpoint("publish: key made")
    return need_actions.publish_need(need_id, member)
