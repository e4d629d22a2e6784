"""The council's verbs on a need before publication, publication itself, and the facts that later rooms set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marketplace import config
from marketplace.accounts.models import Authority, Membership
from marketplace.core import clock, clocks, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotAllowed, NotFound, Problem, insist
from marketplace.core.geography import find_place
from marketplace.core.journal import record
from marketplace.core.references import next_reference
from tenders import regimes
from tenders.needs import content, events, queries, rules, snapshots
from tenders.needs.models import Need, NeedVersion
from tenders.needs.notice_numbers import central_notice_problems
from tenders.needs.sections import OPEN_IN_REVIEW, get_section

MOVED_ON = "Somebody saved this page after you opened it. Nothing of yours is lost: compare both texts and save again."


def subject_of(need: Need) -> dict[str, str]:
    """What every event of a need says of it."""
    return {
        "subject": need.reference,
        "need": need.reference,
        "authority": need.authority.reference if need.authority else "",
    }


@action
def draft_need(member: Membership, copy_of: Need | None = None, values: Mapping[str, Any] | None = None) -> Need:
    """Begins a draft, empty or as a copy; a copy of what is not public needs to be the council's own.

    Raises Problems while new needs of the council are stopped.
    """
    now = clock.now()
    organisation = member.organisation
    insist(drafting_problems_of(member))
    need = Need(
        reference=next_reference(db.session(), "N", clock.london(now).year),
        authority_id=organisation.id,
        author_id=member.person_id,
        buyer_name=organisation.name,
        jurisdiction=_jurisdiction_of(member),
        drafted_at=now,
        saved_at=now,
    )
    db.session.add(need)
    db.session.flush()
    db.session.refresh(need)
    if copy_of is not None:
        _copy_words(copy_of, need, member)
    write(need, values or {}, now)
    db.session.flush()
    record(events.NeedDrafted(**subject_of(need), copied_from=need.copied_from_reference), member.actor("officer"))
    return need


def drafting_problems_of(member: Membership) -> list[Problem]:
    """Whether the member's council may begin a need now."""
    authority = db.session.get(Authority, member.organisation_id)
    return rules.drafting_problems(authority.new_needs_stopped_at if authority else None)


def _jurisdiction_of(member: Membership) -> str:
    authority = db.session.get(Authority, member.organisation_id)
    try:
        return regimes.jurisdiction_of(authority.nation).code if authority else "ENG"
    except NotFound:
        return "ENG"


def _copy_words(source: Need, need: Need, member: Membership) -> None:
    is_own = source.authority_id == member.organisation_id
    if not is_own and source.published_at is None:
        raise NotFound(queries.NO_NEED)
    left = set(content.NOT_COPIED) | (set() if is_own else {"documents", *content.PLACE, "value_workings"})
    copied = {key: value for key, value in content.content_of(source).items() if key not in left}
    content.write_content(need, copied, clock.now())
    need.copied_from_reference = source.reference
    need.copied_from_buyer = source.buyer_name


@action
def save_section(
    need_id: int, member: Membership, section: str, values: Mapping[str, Any], seen: str | None = None
) -> Need:
    """Saves one section of a draft, finished or not.

    `seen` is the fingerprint of the section as the writer saw it. Raises Conflict when it has moved on since, and
    Problems when the need is no longer a draft.
    """
    need = get_own_need(need_id, member)
    now = clock.now()
    insist(rules.saving_problems(need, section, now, OPEN_IN_REVIEW))
    keys = get_section(section).keys
    if set(values) - set(keys):
        raise KeyError(f"{section} does not write {', '.join(sorted(set(values) - set(keys)))}.")
    insist(central_notice_problems(values, need.is_demonstration or config.current().demonstration))
    if seen is not None and seen != content.fingerprint(content.part_of(content.content_of(need), keys)):
        raise Conflict(MOVED_ON)
    openers = {each.person_id for each in need.people_with("opener")}
    write(need, values, now)
    need.version += 1
    need.saved_at = now
    record(events.NeedSaved(**subject_of(need), section=section, version=need.version), member.actor("officer"))
    fresh = [each.person.pseudonym for each in need.people_with("opener") if each.person_id not in openers]
    if fresh:
        record(events.OpenersNamed(**subject_of(need), people=fresh), member.actor("officer"))
    return need


def get_own_need(need_id: int, member: Membership) -> Need:
    """The need, locked, when it is the acting council's; else NotFound."""
    need = queries.get_need(need_id, lock=True)
    is_own = need.authority_id is not None and need.authority_id == member.organisation_id
    if not is_own or need.discarded_at is not None:
        raise NotFound(queries.NO_NEED)
    return need


def write(need: Need, values: Mapping[str, Any], now: datetime) -> None:
    """Writes content, with the place worked out from the postcode, and flushes it."""
    content.write_content(need, with_place(values), now)
    db.session.flush()


def with_place(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with region and position of their postcode; an unknown postcode leaves the chosen region."""
    if "postcode" not in values:
        return dict(values)
    place = find_place(values["postcode"]) if values["postcode"] else None
    return {
        **values,
        "region": place.region if place else values.get("region", ""),
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
    }


@action
def discard_draft(need_id: int, member: Membership) -> Need:
    """Throws a draft away that was never published: it is gone from every page; its reference is not used again."""
    need = get_own_need(need_id, member)
    insist(rules.discarding_problems(need, clock.now()))
    need.discarded_at = clock.now()
    record(events.DraftDiscarded(**subject_of(need), version=need.version), member.actor("officer"))
    return need


@action
def ask_approval(need_id: int, member: Membership) -> Need:
    """Sends the finished draft to the council's approvers. Raises Problems with everything still to do."""
    need = get_own_need(need_id, member)
    now = clock.now()
    insist(rules.asking_problems(need, now, queries.live_people(need.authority_id)))
    need.review_asked_at, need.review_note = now, ""
    record(events.ApprovalAsked(**subject_of(need), version=need.version), member.actor("officer"))
    return need


@action
def take_back(need_id: int, member: Membership) -> Need:
    """The officer takes the need back from approval to change it."""
    need = get_own_need(need_id, member)
    if need.review_asked_at is None or need.published_at is not None:
        raise Conflict("This need does not wait for approval.")
    _undo_approval(need)
    record(events.ApprovalTakenBack(**subject_of(need)), member.actor("officer"))
    return need


@action
def send_back(need_id: int, member: Membership, comment: str) -> Need:
    """The approver sends the need back with a comment for its author."""
    need = get_own_need(need_id, member)
    insist(rules.approving_problems(need, member.person_id, clock.now()))
    if not comment.strip():
        insist([Problem("Say what must change", "comment")])
    _undo_approval(need)
    need.review_note = comment.strip()
    record(events.NeedSentBack(**subject_of(need)), member.actor("approver"))
    return need


def _undo_approval(need: Need) -> None:
    need.review_asked_at = need.approved_at = need.approved_by_id = None


@action
def approve_need(need_id: int, member: Membership) -> Need:
    """Approves a need that waits, without publishing it yet. Raises Problems when the member is its author."""
    need = get_own_need(need_id, member)
    now = clock.now()
    insist(rules.approving_problems(need, member.person_id, now))
    if need.approved_at is not None:
        raise Conflict("This need is approved already.")
    insist(rules.content_problems(need, now, queries.live_people(need.authority_id)))
    _approve(need, member, now)
    return need


def _approve(need: Need, member: Membership, now: datetime) -> None:
    need.approved_at, need.approved_by_id = now, member.person_id
    record(events.NeedApproved(**subject_of(need), version=need.version), member.actor("approver"))


@action
def publish_need(need_id: int, member: Membership) -> Need:
    """Publishes a need, approving it in the same act when nobody has yet; pins the law of this day to it.

    Raises Problems when publish_problems finds any, or when the member is the author. The sealing key is made
    before, in the same transaction, by the room of the bids.
    """
    need = get_own_need(need_id, member)
    now = clock.now()
    db.session.flush()
    problems = rules.approving_problems(need, member.person_id, now)
    insist(clocks.problems() or problems or rules.publish_problems(need, now, queries.live_people(need.authority_id)))
    assert need.closes_at is not None  # publish_problems saw to it
    if need.approved_at is None:
        _approve(need, member, now)
    need.published_at = now
    need.regime = json.dumps(regimes.pin(need.jurisdiction, clock.london_day(now)), sort_keys=True)
    version = freeze(need, "published", member)
    record(
        events.NeedPublished(
            **subject_of(need),
            closes_at=need.closes_at,
            questions_close_at=need.questions_close_at,
            estimated_value_pence=need.estimated_value_pence,
            central_notice_number=need.central_notice_number,
            sha256=version.sha256,
        ),
        member.actor("approver"),
    )
    return need


def freeze(
    need: Need,
    kind: str,
    member: Membership,
    *,
    before: Mapping[str, Any] | None = None,
    reason: str = "",
    is_material: bool = False,
) -> NeedVersion:
    """Keeps the need's public words as its next version; `before` is the snapshot that it replaces."""
    db.session.flush()
    snapshot = snapshots.snapshot_of(need)
    text = snapshots.text_of(snapshot)
    changes = snapshots.changes_between(before, snapshot) if before is not None else []
    version = NeedVersion(
        need_id=need.id,
        number=queries.next_version_number(need),
        kind=kind,
        made_at=clock.now(),
        made_by_id=member.person_id,
        is_material=is_material,
        reason=reason,
        snapshot=text,
        changes=json.dumps(changes, ensure_ascii=False),
        sha256=snapshots.sha256_of(text),
    )
    db.session.add(version)
    db.session.flush()
    db.session.expire(need, ["versions"])
    return version


def correct_central_notice(need: Need, member: Membership, number: str, url: str, reason: str) -> None:
    """Inside the action that corrects the notice: the published need names the right one, as a version of its own."""
    before = snapshots.snapshot_of(need)
    need.central_notice_number, need.central_notice_url = number, url
    need.version += 1
    freeze(need, "corrected", member, before=before, reason=reason)


# -- facts that later rooms set inside their own actions; the caller has locked the need and records the event


def mark_opened(need: Need) -> None:
    """The bids were opened, after closing. Raises Conflict when they were before, NotAllowed before closing."""
    now = clock.now()
    if need.opened_at is not None:
        raise Conflict("The bids of this need are open already.")
    if need.closes_at is None or now <= need.closes_at:
        raise NotAllowed("Bids can be opened only after they close.")
    need.opened_at = now


def mark_scores_frozen(need: Need) -> None:
    """The agreed scores stand and change no more."""
    _insist_fact(need.opened_at is not None and need.scores_frozen_at is None, "The scores cannot be frozen now.")
    need.scores_frozen_at = clock.now()


def mark_awarded(need: Need) -> None:
    """The award was decided."""
    free = need.awarded_at is None and need.no_award_at is None and need.withdrawn_at is None
    _insist_fact(need.opened_at is not None and free, "This need cannot be awarded now.")
    need.awarded_at = clock.now()


def mark_award_set_aside(need: Need) -> None:
    """The award was given up before the contract: the bids are assessed, and no award is made."""
    _insist_fact(need.awarded_at is not None and need.contracted_at is None, "There is no award to set aside.")
    need.awarded_at = None
    need.version += 1


def mark_no_award(need: Need, reason: str) -> None:
    """The purchase ended without an award, for a published reason."""
    free = need.awarded_at is None and need.no_award_at is None and need.withdrawn_at is None
    _insist_fact(need.published_at is not None and free, "This need cannot be ended without award now.")
    if not reason.strip():
        insist([Problem("Enter the reason. Everyone can read it", "reason")])
    need.no_award_at, need.no_award_reason = clock.now(), reason.strip()


def mark_contracted(need: Need) -> None:
    """The contract was signed."""
    _insist_fact(need.awarded_at is not None and need.contracted_at is None, "There is no award to sign.")
    need.contracted_at = clock.now()


def _insist_fact(holds: bool, message: str) -> None:
    if not holds:
        raise Conflict(message)
