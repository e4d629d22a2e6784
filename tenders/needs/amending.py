"""Changing a published need: amendments prepared in a copy, extensions, withdrawal. Each leaves a public version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from marketplace.accounts.models import Membership
from marketplace.core import clock, clocks, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotFound, Problem, insist
from marketplace.core.journal import record
from marketplace.core.moments import day
from tenders.needs import content, events, queries, rules, snapshots
from tenders.needs.actions import MOVED_ON, freeze, get_own_need, subject_of, with_place, write
from tenders.needs.models import Need, NeedAmendment
from tenders.needs.sections import SECTION_OF, SECTIONS, Section, get_section
from tenders.needs.status import status_of

# Used when the pinned rules name none: a week to read what changed and answer it.
LEAST_DAYS_AFTER_A_MATERIAL_CHANGE = 7


def amended_content(need: Need, amendment: NeedAmendment | None) -> content.Content:
    """What the need would say with the amendment."""
    return {**content.content_of(need), **(content.from_json(amendment.content) if amendment else {})}


def as_amended(need: Need, amendment: NeedAmendment | None) -> Need:
    """A need that no table holds, saying what the amendment would make it say: for previews and rules."""
    kept = {column.key: getattr(need, column.key) for column in Need.__table__.columns if column.key != "id"}
    changed = Need(**kept)
    changed.authority = need.authority
    values = amended_content(need, amendment)
    content.write_content(changed, values, clock.now())
    for key in ("requirements", "criteria", "questions", "price_lines", "documents"):
        for item, row in zip(values[key], getattr(changed, key), strict=True):
            row.id = item["id"]
    return changed


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The public content keys that differ."""
    return [each["field"] for each in snapshots.changes_between(before, after)]


def is_material_by_rule(fields: list[str]) -> bool:
    """Whether the law of the house calls the change material, whatever the council says (s31)."""
    return any(SECTION_OF[each].is_material for each in fields if each in SECTION_OF)


def amendment_problems(
    fields: list[str], is_material: bool, reason: str, closes_before: datetime, need: Need, now: datetime
) -> list[Problem]:
    """Whether these changes may be published; `need` says what it would say, `closes_before` when it closed."""
    if not fields:
        return [Problem("Nothing differs from the published need yet: change a section first")]
    found = [] if reason.strip() else [Problem("Enter the reason. Everyone can read it", "reason")]
    closes_at = need.closes_at
    if closes_at is None or closes_at < closes_before:
        return [*found, Problem("The closing time can only be moved later", "dates")]
    if any(SECTION_OF[each].is_answered for each in fields if each in SECTION_OF) and closes_at == closes_before:
        found.append(Problem("Bidders answer what you changed, so move the closing time later under “Dates”", "dates"))
    earliest = now + timedelta(days=least_days(need, now))
    if is_material and closes_at < earliest:
        found.append(Problem(f"After a material change bids close on {day(earliest)} or later: move the date", "dates"))
    return found


def least_days(need: Need, now: datetime) -> int:
    """Days that bidders have at least after a material change."""
    found = rules.regime_of(need, now).find_value("amendment.least_days")
    return found if isinstance(found, int) else LEAST_DAYS_AFTER_A_MATERIAL_CHANGE


def amendment_deciding_problems(amendment: NeedAmendment | None, person_id: int) -> list[Problem]:
    """Whether this person may decide on the amendment: it waits, and they neither began it nor asked."""
    if amendment is None or amendment.asked_at is None:
        return [Problem("No changes wait for approval")]
    if person_id in (amendment.asked_by_id, amendment.started_by_id):
        return [Problem("You wrote these changes, so another approver decides on them")]
    return []


@action
def save_amendment(
    need_id: int, member: Membership, section: str, values: Mapping[str, Any], seen: str | None = None
) -> NeedAmendment:
    """Saves one section of the amendment, starting it when there is none. Raises Conflict like save_section."""
    need = get_own_need(need_id, member)
    now = clock.now()
    _insist_amendable(need, section, now)
    amendment = queries.find_amendment(need)
    _insist_not_asked(amendment)
    before = content.part_of(amended_content(need, amendment), get_section(section).keys)
    if seen is not None and seen != content.fingerprint(before):
        raise Conflict(MOVED_ON)
    if amendment is None:
        amendment = NeedAmendment(need_id=need.id, started_at=now, started_by_id=member.person_id, content="{}")
        db.session.add(amendment)
    kept = {**content.from_json(amendment.content), **with_place(values)}
    published = content.content_of(need)
    amendment.content = content.to_json({k: v for k, v in _numbered(kept).items() if v != published.get(k)})
    amendment.saved_at = now
    record(events.AmendmentSaved(**subject_of(need), section=section), member.actor("officer"))
    return amendment


def _numbered(values: dict[str, Any]) -> dict[str, Any]:
    """New list items get ids below nought, so that pages and questions can name them before they have a row."""
    for key in ("requirements", "criteria", "questions", "price_lines", "documents"):
        items = values.get(key, [])
        lowest = min([0, *(each["id"] for each in items if each.get("id"))])
        for each in items:
            if not each.get("id"):
                lowest -= 1
                each["id"] = lowest
    return values


def _insist_amendable(need: Need, section: str, now: datetime) -> None:
    if not get_section(section).is_amendable:
        raise NotFound("This part of a published need cannot be amended.")
    if status_of(need, now) != "open":
        raise Conflict("A need can be amended only while it is open.")


def _insist_not_asked(amendment: NeedAmendment | None) -> None:
    if amendment is not None and amendment.asked_at is not None:
        insist([Problem("These changes wait for approval. Take them back to change them")])


@action
def drop_amendment(need_id: int, member: Membership) -> None:
    """Throws the amendment away; nothing public changes."""
    need = get_own_need(need_id, member)
    amendment = queries.find_amendment(need)
    if amendment is None:
        raise Conflict("There is no amendment to throw away.")
    _insist_not_asked(amendment)
    db.session.delete(amendment)
    record(events.AmendmentDropped(**subject_of(need)), member.actor("officer"))


@action
def amend_need(need_id: int, member: Membership, reason: str, says_material: bool = False) -> Need:
    """Publishes the prepared amendment when it is not material; a material one is an approver's to publish.

    Raises Problems; ids of questions and price lines that stay are kept.
    """
    need = get_own_need(need_id, member)
    amendment = queries.find_amendment(need)
    _insist_not_asked(amendment)
    changed = as_amended(need, amendment)
    insist(_all_problems(need, changed, reason, says_material, clock.now()))
    if says_material or is_material_by_rule(_fields_changed(need, changed)):
        insist([Problem("This changes what suppliers bid for, so an approver publishes it: ask for approval")])
    return _publish(need, amendment, member, reason, False, "officer")


@action
def ask_amendment_approval(need_id: int, member: Membership, reason: str, says_material: bool = False) -> NeedAmendment:
    """Asks the approvers to publish the prepared amendment. Raises Problems with everything that stands in its way."""
    need = get_own_need(need_id, member)
    now = clock.now()
    amendment = queries.find_amendment(need)
    _insist_not_asked(amendment)
    changed = as_amended(need, amendment)
    insist(_all_problems(need, changed, reason, says_material, now))
    assert amendment is not None  # else nothing would differ
    amendment.asked_at, amendment.asked_by_id, amendment.review_note = now, member.person_id, ""
    amendment.reason, amendment.says_material = reason.strip(), says_material
    fields = tuple(_fields_changed(need, changed))
    record(events.AmendmentApprovalAsked(**subject_of(need), fields=fields), member.actor("officer"))
    return amendment


def _fields_changed(need: Need, changed: Need) -> list[str]:
    return changed_fields(snapshots.snapshot_of(need), snapshots.snapshot_of(changed))


def _all_problems(need: Need, changed: Need, reason: str, says_material: bool, now: datetime) -> list[Problem]:
    """What stands in the way of what the need would say with its amendment. Raises Conflict unless it is open."""
    if status_of(need, now) != "open" or need.closes_at is None:
        raise Conflict("A need can be amended only while it is open.")
    fields = _fields_changed(need, changed)
    is_material = says_material or is_material_by_rule(fields)
    return amendment_problems(fields, is_material, reason, need.closes_at, changed, now) or [
        *rules.content_problems(changed, now),
        *rules.notice_problems(changed, now),
    ]


@action
def take_back_amendment(need_id: int, member: Membership) -> None:
    """The officer takes the amendment back from approval to change it."""
    need = get_own_need(need_id, member)
    amendment = queries.find_amendment(need)
    if amendment is None or amendment.asked_at is None:
        raise Conflict("No changes wait for approval.")
    amendment.asked_at = amendment.asked_by_id = None
    record(events.AmendmentTakenBack(**subject_of(need)), member.actor("officer"))


@action
def send_back_amendment(need_id: int, member: Membership, comment: str) -> None:
    """The approver sends the amendment back with a comment for its author."""
    need = get_own_need(need_id, member)
    amendment = queries.find_amendment(need)
    insist(amendment_deciding_problems(amendment, member.person_id))
    if not comment.strip():
        insist([Problem("Say what must change", "comment")])
    assert amendment is not None
    amendment.asked_at, amendment.review_note = None, comment.strip()
    record(events.AmendmentSentBack(**subject_of(need)), member.actor("approver"))


@action
def approve_amendment(need_id: int, member: Membership) -> Need:
    """Publishes an amendment that waits; never its author's own act. Raises Problems, Conflict once bids closed."""
    need = get_own_need(need_id, member)
    amendment = queries.find_amendment(need)
    insist(amendment_deciding_problems(amendment, member.person_id))
    assert amendment is not None
    changed = as_amended(need, amendment)
    insist(_all_problems(need, changed, amendment.reason, amendment.says_material, clock.now()))
    return _publish(need, amendment, member, amendment.reason, amendment.says_material, "approver")


def _publish(
    need: Need, amendment: NeedAmendment | None, member: Membership, reason: str, says_material: bool, role: str
) -> Need:
    insist(clocks.problems())
    now, before = clock.now(), snapshots.snapshot_of(need)
    if amendment is not None:
        write(need, content.from_json(amendment.content), now)
        db.session.delete(amendment)
    fields = changed_fields(before, snapshots.snapshot_of(need))
    is_material = says_material or is_material_by_rule(fields)
    assert need.closes_at is not None  # an amendment only moves it
    need.version += 1
    need.saved_at = now
    version = freeze(need, "amended", member, before=before, reason=reason.strip(), is_material=is_material)
    record(
        events.NeedAmended(
            **subject_of(need),
            version=version.number,
            is_material=is_material,
            fields=tuple(fields),
            closes_at=need.closes_at,
            sha256=version.sha256,
        ),
        member.actor(role),
    )
    return need


@action
def extend_need(
    need_id: int, member: Membership, closes_at: datetime, reason: str, questions_close_at: datetime | None = None
) -> Need:
    """Moves the closing time later, before it has passed. The lock keeps it from crossing a submission."""
    need = get_own_need(need_id, member)
    insist(clocks.problems() or rules.extension_problems(need, closes_at, reason, clock.now()))
    insist(rules.question_time_problems(questions_close_at, closes_at))
    before = snapshots.snapshot_of(need)
    need.questions_close_at = questions_close_at or need.questions_close_at
    _move_closing(need, member, closes_at, reason, "officer", before)
    return need


def extend_after_outage(need: Need, member: Membership, closes_at: datetime, reason: str) -> None:
    """Inside the approver's action on an outage, the need locked: the closing time moves later even when it has passed.

    The deadline was missed by the service, not by the bidders; as long as nothing is opened, nobody gains by it.
    Raises Conflict once bids were opened or the need was withdrawn.
    """
    if need.published_at is None or need.opened_at is not None or need.withdrawn_at is not None:
        raise Conflict("The bids were opened or the need was withdrawn, so its closing time stands.")
    if need.closes_at is None or closes_at <= need.closes_at:
        raise Conflict("The closing time can only be moved later.")
    _move_closing(need, member, closes_at, reason, "approver", snapshots.snapshot_of(need))


def _move_closing(
    need: Need, member: Membership, closes_at: datetime, reason: str, role: str, before: dict[str, Any]
) -> None:
    closed_before = need.closes_at
    assert closed_before is not None
    need.closes_at = closes_at
    # The register of an earlier closing stays on record; a new one is closed in its turn.
    need.bids_closed_at = None
    need.version += 1
    _move_amendment(need, closes_at)
    version = freeze(need, "extended", member, before=before, reason=reason.strip())
    record(
        events.NeedExtended(
            **subject_of(need),
            version=version.number,
            closed_at_before=closed_before,
            closes_at=closes_at,
            sha256=version.sha256,
        ),
        member.actor(role),
    )


def _move_amendment(need: Need, closes_at: datetime) -> None:
    """An amendment that was prepared with an earlier closing time must not bring it back."""
    amendment = queries.find_amendment(need)
    if amendment is None:
        return
    kept = content.from_json(amendment.content)
    if kept.get("closes_at") and kept["closes_at"] < closes_at:
        kept["closes_at"] = closes_at
        amendment.content = content.to_json(kept)


@action
def withdraw_need(need_id: int, member: Membership, reason: str) -> Need:
    """Withdraws a published need for a reason that everyone can read. Bids already sealed stay sealed."""
    need = get_own_need(need_id, member)
    now = clock.now()
    insist(rules.withdrawal_problems(need, reason, now))
    before = snapshots.snapshot_of(need)
    need.withdrawn_at, need.withdrawal_reason = now, reason.strip()
    need.version += 1
    version = freeze(need, "withdrawn", member, before=before, reason=reason.strip(), is_material=True)
    record(
        events.NeedWithdrawn(**subject_of(need), version=version.number, sha256=version.sha256),
        member.actor("+".join(sorted(member.roles))),
    )
    return need


def amendable_sections() -> list[Section]:
    """The sections that an amendment may change."""
    return [each for each in SECTIONS if each.is_amendable]
