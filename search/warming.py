"""What the first visitors of a fresh process would wait for, done before they come."""

from __future__ import annotations

import logging

from sqlalchemy import select

from marketplace.core import db
from search.answering import engine
from search.finding import similar_references
from tenders.needs.models import Need

log = logging.getLogger(__name__)


def warm_up() -> None:
    """Opens the index, and reads the words that needs share by looking for needs like the newest one."""
    try:
        if engine().is_ready():
            newest = select(Need).where(Need.published_at.is_not(None)).order_by(Need.id.desc()).limit(1)
            need = db.session.scalar(newest)
            if need is not None:
                similar_references(need)
    except Exception:  # the first search meets the same fault and says what is to be said
        log.warning("The index could not be opened before the first visitor came.", exc_info=True)
    finally:
        db.session.remove()
