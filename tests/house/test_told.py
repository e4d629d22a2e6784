"""The watch over what pages rely on: an action that changes a published need and speaks of another fails the test."""

from __future__ import annotations

import pytest

from marketplace.core import db
from marketplace.core.journal import record
from tenders.needs.events import NeedApproved
from tenders.needs.models import Need
from tests import making


@pytest.mark.parametrize("told", ["", "N-2026-0000"])
def test_a_silent_change_is_noticed(app, told: str) -> None:
    need_id = making.open_need().id
    with pytest.raises(AssertionError, match="nothing was said of"), db.one_action("a test"):
        db.session.get_one(Need, need_id).title = "Other words"
        record(NeedApproved(subject=told, need=told, version=1))
