"""Following a need, keeping a search, inviting suppliers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import NotAllowed, insist
from marketplace.core.journal import Actor, record
from search import kept, rules
from search.asking import Question, in_words
from search.events import (
    FollowAsked,
    FollowConfirmed,
    FollowStopped,
    SavedSearchStopped,
    SearchSaved,
    SuppliersInvited,
)
from search.models import Follow, NeedInvitation, SavedSearch
from tenders.needs.models import Need
from tenders.needs.queries import get_need, get_public_need

# A follower has no account; the journal says only that it was one.
FOLLOWER = Actor("follower", "", "follower")


@action
def ask_to_follow(reference: str, email: str) -> None:
    """Keeps the wish and has a confirmation mail written; the caller learns nothing of whether it was there before.

    Raises Problems, NotFound.
    """
    need, now = get_public_need(reference), clock.now()
    insist(rules.follow_problems(need, kept.count_asked_since(email, now - timedelta(days=1)), now))
    follow = kept.find_follow(need.id, email)
    if follow is None:
        follow = Follow(need_id=need.id, email=email, asked_at=now)
        db.session.add(follow)
    elif _follows(follow) or now - follow.asked_at < rules.ASK_AGAIN_AFTER:
        return
    follow.asked_at, follow.stopped_at = now, None
    db.session.flush()
    record(FollowAsked(subject=need.reference, **_of(need), follow=follow.id), FOLLOWER)


def _follows(follow: Follow) -> bool:
    return follow.confirmed_at is not None and follow.stopped_at is None


@action
def confirm_follow(follow_id: int) -> None:
    """The address's owner wants the mails. Pressing twice changes nothing."""
    follow, need = kept.get_follow(follow_id)
    if _follows(follow):
        return
    follow.confirmed_at, follow.stopped_at = clock.now(), None
    record(FollowConfirmed(subject=need.reference, **_of(need), follow=follow.id), FOLLOWER)


@action
def stop_follow(follow_id: int) -> None:
    """No more mails about this need to this address. Pressing twice changes nothing."""
    follow, need = kept.get_follow(follow_id)
    if follow.stopped_at is not None:
        return
    follow.stopped_at = clock.now()
    record(FollowStopped(subject=need.reference, **_of(need), follow=follow.id), FOLLOWER)


@action
def save_search(question: Question, member: Membership) -> SavedSearch:
    """Keeps the search for the person; the same search is kept once. Raises Problems."""
    known = kept.find_saved_search(member.person_id, question.query_string)
    if known is not None:
        return known
    insist(rules.save_problems(question, len(kept.saved_searches_of(member.person_id))))
    search = SavedSearch(
        person_id=member.person_id,
        name=in_words(question)[:120],
        query_string=question.query_string,
        saved_at=clock.now(),
    )
    db.session.add(search)
    db.session.flush()
    record(SearchSaved(subject=f"saved-search-{search.id}", search=search.id), member.actor())
    return search


@action
def stop_saved_search(search_id: int, member: Membership | None = None) -> None:
    """No more mails of this search. With `member` it must be that person's own; without, the mail's link proved it."""
    search = kept.get_saved_search(search_id)
    if member is not None and search.person_id != member.person_id:
        raise NotAllowed("This is somebody else’s saved search.")
    if search.stopped_at is not None:
        return
    search.stopped_at = clock.now()
    actor = member.actor() if member is not None else FOLLOWER
    record(SavedSearchStopped(subject=f"saved-search-{search.id}", search=search.id), actor)


@action
def invite_suppliers(need_id: int, supplier_ids: Sequence[int], reason: str, member: Membership) -> int:
    """Tells suppliers of the need by mail and keeps why; gives how many. Raises Problems."""
    need, now = get_need(need_id, lock=True), clock.now()
    insist(rules.invite_problems(need, supplier_ids, kept.invitations_of(need.id), reason, now))
    suppliers = kept.suppliers_by_id(supplier_ids)
    db.session.add_all(
        NeedInvitation(
            need_id=need.id,
            supplier_id=each.id,
            invited_by_id=member.person_id,
            invited_at=now,
            reason=reason.strip(),
        )
        for each in suppliers
    )
    references = tuple(each.reference for each in suppliers)
    record(SuppliersInvited(subject=need.reference, **_of(need), suppliers=references), member.actor("officer"))
    return len(suppliers)


def _of(need: Need) -> dict[str, str]:
    return {"need": need.reference, "authority": need.authority.reference if need.authority else ""}
