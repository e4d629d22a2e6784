"""Finding notices: of a need, of a council's purchases, awards that an imported notice names."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from marketplace.core import db
from marketplace.core.errors import NotFound
from tenders.needs.models import Need
from tenders.notices.models import Notice, OutsideAward


def notices_of(need: Need) -> Sequence[Notice]:
    """Every notice of the need, in the order in which they fell due."""
    return db.session.scalars(
        select(Notice).where(Notice.need_id == need.id).order_by(Notice.raised_at, Notice.id)
    ).all()


def get_notice(need: Need, notice_id: int, lock: bool = False) -> Notice:
    """One notice of the need; NotFound."""
    query = select(Notice).where(Notice.need_id == need.id, Notice.id == notice_id)
    if lock:
        query = query.with_for_update(of=Notice).execution_options(populate_existing=True)
    notice = db.session.scalar(query)
    if notice is None:
        raise NotFound("There is no such notice for this need.")
    return notice


def find_notice(need: Need, kind: str, subject: str) -> Notice | None:
    """The notice of this kind about this reference."""
    return db.session.scalar(
        select(Notice).where(Notice.need_id == need.id, Notice.kind == kind, Notice.subject == subject)
    )


def unpublished_of_authority(authority_id: int) -> Sequence[Notice]:
    """Notices of the council that wait to be published, dated ones first by their last day."""
    query = select(Notice).join(Need, Need.id == Notice.need_id)
    mine = (Need.authority_id == authority_id, Notice.published_on.is_(None))
    return db.session.scalars(query.where(*mine).order_by(Notice.due_on.is_(None), Notice.due_on, Notice.id)).all()


def outside_awards_of(need: Need) -> Sequence[OutsideAward]:
    """The winners that the notice of another place names, in its order."""
    return db.session.scalars(
        select(OutsideAward).where(OutsideAward.need_id == need.id).order_by(OutsideAward.id)
    ).all()
