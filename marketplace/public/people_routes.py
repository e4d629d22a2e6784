"""Who is here: councils and suppliers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager

from marketplace.accounts.access import public
from marketplace.accounts.models import Authority, Organisation
from marketplace.core import clock, db
from marketplace.core.errors import NotFound
from marketplace.core.pages import PageOf, page, page_number
from marketplace.public.blueprint import blueprint
from marketplace.public.track_record import track_record_of
from search.plain_lists import CARD, is_open
from suppliers.profiles.queries import get_supplier_by_slug
from suppliers.record import public_profile
from tenders.contracts.queries import public_contracts_of_supplier
from tenders.needs.models import Need
from tenders.needs.queries import public_needs_of
from tenders.needs.status import LABELS, status_of

PAGE_SIZE = 50


@blueprint.route("/suppliers/<slug>")
@public
def supplier(slug: str) -> Any:
    found = get_supplier_by_slug(slug)
    return page(
        "marketplace/public/supplier.html",
        title=found.name,
        profile=public_profile(found),
        contracts=public_contracts_of_supplier(found.id),
    )


@blueprint.route("/councils")
@public
def councils() -> Any:
    words = " ".join(request.args.get("q", "").split())[:100]
    return page(
        "marketplace/public/councils.html", title="Councils", words=words, listed=_councils(words, page_number())
    )


def _councils(words: str, number: int) -> PageOf[Any]:
    """Councils by name, those with an account first, with how many needs each has open."""
    query = select(Organisation).join(Organisation.authority).where(Organisation.kind == "authority")
    for word in words.split():
        query = query.where(Organisation.name.icontains(word, autoescape=True))
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    query = query.options(contains_eager(Organisation.authority))
    query = query.order_by(Organisation.approved_at.is_(None), Organisation.name, Organisation.id)
    found = db.session.scalars(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).unique().all()
    counts = _open_counts([each.id for each in found])
    return PageOf([(each, counts.get(each.id, 0)) for each in found], number, PAGE_SIZE, total)


def _open_counts(ids: Sequence[int]) -> dict[int, int]:
    query = select(Need.authority_id, func.count(Need.id)).where(Need.authority_id.in_(ids), is_open(clock.now()))
    return {council: count for council, count in db.session.execute(query.group_by(Need.authority_id)) if council}


@blueprint.route("/councils/<slug>")
@public
def council(slug: str) -> Any:
    query = select(Organisation).join(Authority).where(Organisation.kind == "authority", Organisation.slug == slug)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("There is no council here at this address.")
    open_query = select(*CARD).where(Need.authority_id == found.id, is_open(clock.now()))
    past = public_needs_of(found.id, page_number())
    return page(
        "marketplace/public/council.html",
        title=found.name,
        council=found,
        open_needs=db.session.execute(open_query.order_by(Need.closes_at, Need.id).limit(20)).all(),
        needs=past,
        labels={each.id: LABELS[status_of(each)] for each in past.rows},
        record=track_record_of(found.id),
    )
