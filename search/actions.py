"""Following a need, keeping a search, inviting suppliers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.accounts.models import Membership, Person
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
    NeedMuted,
    NeedUnmuted,
    RhythmChanged,
    SavedSearchStopped,
    SearchSaved,
    SuppliersInvited,
)
from search.models import (
    AT_ONCE,
    ConsideredSupplier,
    Follow,
    InvitationRound,
    NeedInvitation,
    NeedMute,
    SavedSearch,
)
from search.standing import forget_keys
from tenders.needs.models import Need
from tenders.needs.queries import get_need, get_public_need

# A follower has no account; the journal says only that it was one.
FOLLOWER = Actor("follower", "", "follower")


def ask_to_follow(reference: str, email: str) -> None:
    """Keeps the wish and has a confirmation mail written; the caller learns nothing of whether it was there before.

    Raises Problems, NotFound.
    """
    try:
        _ask_to_follow(reference, email)
    except IntegrityError:  # the same was asked at the same time and kept
        _ask_to_follow(reference, email)


@action
def _ask_to_follow(reference: str, email: str) -> None:
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
def save_search(question: Question, member: Membership, rhythm: str = AT_ONCE) -> SavedSearch:
    """Keeps the search for the person; the same search is kept once, in the rhythm last chosen. Raises Problems."""
    insist(rules.rhythm_problems(rhythm))
    _one_at_a_time(member.person_id)
    known = kept.find_saved_search(member.person_id, question.query_string)
    if known is not None:
        _change_rhythm(known, rhythm, member)
        return known
    insist(rules.save_problems(question, len(kept.saved_searches_of(member.person_id))))
    search = SavedSearch(
        person_id=member.person_id,
        name=in_words(question)[:120],
        query_string=question.query_string,
        saved_at=clock.now(),
        rhythm=rhythm,
    )
    db.session.add(search)
    db.session.flush()
    record(SearchSaved(subject=_called(search), search=search.id, rhythm=rhythm), member.actor())
    return search


@action
def change_rhythm(search_id: int, rhythm: str, member: Membership) -> None:
    """From now on it writes at once, daily or weekly; what waits goes out in the new rhythm. Raises Problems."""
    insist(rules.rhythm_problems(rhythm))
    search = kept.get_saved_search(search_id)
    _insist_own(search, member)
    if search.stopped_at is None:
        _change_rhythm(search, rhythm, member)


def _one_at_a_time(person_id: int) -> None:
    """Whatever else the person asks for at the same moment waits; mails and signing in do not."""
    db.session.execute(select(Person.id).where(Person.id == person_id).with_for_update(key_share=True))


def _change_rhythm(search: SavedSearch, rhythm: str, member: Membership) -> None:
    if search.rhythm != rhythm:
        search.rhythm = rhythm
        record(RhythmChanged(subject=_called(search), search=search.id, rhythm=rhythm), member.actor())


def _insist_own(search: SavedSearch, member: Membership) -> None:
    if search.person_id != member.person_id:
        raise NotAllowed("This is somebody else’s saved search.")


def _called(search: SavedSearch) -> str:
    return f"saved-search-{search.id}"


@action
def stop_saved_search(search_id: int, member: Membership | None = None) -> None:
    """No more mails of this search. With `member` it must be that person's own; without, the mail's link proved it."""
    search = kept.get_saved_search(search_id)
    if member is not None:
        _insist_own(search, member)
    if search.stopped_at is None:
        _stop(search, member.actor() if member is not None else FOLLOWER)


@action
def stop_saved_searches(person_id: int, rhythm: str) -> int:
    """Stops all of a person's searches of one rhythm, as the link in a mail asks; gives how many."""
    running = [each for each in kept.saved_searches_of(person_id) if each.rhythm == rhythm]
    for search in running:
        _stop(search, FOLLOWER)
    return len(running)


def _stop(search: SavedSearch, actor: Actor) -> None:
    search.stopped_at = clock.now()
    forget_keys([search.id])
    record(SavedSearchStopped(subject=_called(search), search=search.id), actor)


@action
def mute_need(person_id: int, need_id: int, actor: Actor = FOLLOWER) -> None:
    """No saved search writes to the person about this need. Pressing twice changes nothing."""
    _one_at_a_time(person_id)
    if kept.find_mute(person_id, need_id) is None:
        db.session.add(NeedMute(person_id=person_id, need_id=need_id, muted_at=clock.now()))
        record(NeedMuted(subject="saved-searches"), actor)


@action
def unmute_need(need_id: int, member: Membership) -> None:
    """The person's saved searches may write about this need again."""
    mute = kept.find_mute(member.person_id, need_id)
    if mute is not None:
        db.session.delete(mute)
        record(NeedUnmuted(subject="saved-searches"), member.actor())


@action
def invite_suppliers(
    need_id: int,
    supplier_ids: Sequence[int],
    reason: str,
    member: Membership,
    looked_at: Sequence[tuple[int, str]] | None = None,
    reason_for_others: str = "",
) -> int:
    """Tells suppliers of the need by mail and keeps why, for those invited and for the rest of the list; gives how many.

    `looked_at` is the list that was shown, best first: each supplier's id with why it fits; only those on it can be
    invited, and only firms whose profile is public. Raises Problems.
    """
    need, now = get_need(need_id, lock=True), clock.now()
    shown = looked_at or ()
    before, listed = kept.invitations_of(need.id), [each for each, _ in shown]
    on_list = None if looked_at is None else listed
    insist(rules.invite_problems(need, supplier_ids, before, reason, now, on_list, reason_for_others))
    suppliers = kept.public_suppliers_by_id(supplier_ids)
    insist(rules.not_public_problems(supplier_ids, [each.id for each in suppliers]))
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
    made = InvitationRound(
        need_id=need.id,
        invited_by_id=member.person_id,
        invited_at=now,
        reason=reason.strip(),
        reason_for_others=reason_for_others.strip(),
    )
    db.session.add(made)
    db.session.flush()
    outcomes = rules.outcomes(listed, supplier_ids, before)
    db.session.add_all(
        ConsideredSupplier(round_id=made.id, supplier_id=each, place=place, outcome=outcomes[each], fit=fit)
        for place, (each, fit) in enumerate(shown, start=1)
    )
    references = tuple(each.reference for each in suppliers)
    others = tuple(each.reference for each in kept.suppliers_by_id([e for e in listed if outcomes[e] != "invited"]))
    record(
        SuppliersInvited(subject=need.reference, **_of(need), suppliers=references, not_invited=others, round=made.id),
        member.actor("officer"),
    )
    return len(suppliers)


def _of(need: Need) -> dict[str, str]:
    return {"need": need.reference, "authority": need.authority.reference if need.authority else ""}
