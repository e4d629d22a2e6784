"""Who is written to when a need moves inside the council."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute
from tenders.needs import queries
from tenders.needs.models import Need

DUTY_WORDS = {
    "opener": "open the bids together with the other openers, after they close",
    "evaluator": "score the bids after the opening",
    "chair": "chair the panel and record the scores that it agrees",
    "award_approver": "approve or refuse the award that is proposed",
}


def _context(need: Need) -> dict[str, object]:
    return {
        "need": need,
        "title": need.title or need.reference,
        "address": absolute(f"/council/needs/{need.reference}"),
    }


def approval_asked(line: JournalLine) -> Iterable[Letter]:
    """To every approver of the council who is not the author."""
    need = queries.get_need_by_reference(line.need)
    approvers = queries.people_with_role(need.authority_id, "approver") if need.authority_id else []
    return [
        Letter(each.email, {**_context(need), "name": each.name}) for each in approvers if each.id != need.author_id
    ]


def to_author(line: JournalLine) -> Iterable[Letter]:
    """To the author, while an account of theirs is there."""
    need = queries.get_need_by_reference(line.need)
    if need.author is None or need.author.erased_at is not None:
        return []
    return [Letter(need.author.email, {**_context(need), "name": need.author.name, "comment": need.review_note})]


def amendment_approval_asked(line: JournalLine) -> Iterable[Letter]:
    """To every approver of the council who neither asked nor began the changes."""
    need = queries.get_need_by_reference(line.need)
    amendment = queries.find_amendment(need)
    if amendment is None or amendment.asked_at is None or need.authority_id is None:
        return []
    authors = (amendment.asked_by_id, amendment.started_by_id)
    approvers = [each for each in queries.people_with_role(need.authority_id, "approver") if each.id not in authors]
    return [Letter(each.email, {**_context(need), "name": each.name}) for each in approvers]


def amendment_sent_back(line: JournalLine) -> Iterable[Letter]:
    """To whoever asked for approval of the changes, with the approver's comment."""
    need = queries.get_need_by_reference(line.need)
    amendment = queries.find_amendment(need)
    asker = amendment.asked_by if amendment is not None else None
    if amendment is None or asker is None or asker.erased_at is not None:
        return []
    return [Letter(asker.email, {**_context(need), "name": asker.name, "comment": amendment.review_note})]


def need_approved(line: JournalLine) -> Iterable[Letter]:
    """To the author, unless it was published in the same act: then that mail says it."""
    need = queries.get_need_by_reference(line.need)
    return [] if need.published_at is not None and need.published_at == need.approved_at else to_author(line)


def need_published(line: JournalLine) -> Iterator[Letter]:
    """To the author, and to each person of the panel with the duties they were named for."""
    need = queries.get_need_by_reference(line.need)
    yield from to_author(line)
    duties: dict[int, list[str]] = {}
    for each in need.panel:
        duties.setdefault(each.person_id, []).append(DUTY_WORDS[each.duty])
    people = {each.person_id: each.person for each in need.panel if each.person.erased_at is None}
    for person_id, person in sorted(people.items()):
        context = {**_context(need), "name": person.name, "duties": duties[person_id]}
        yield Letter(person.email, context, template="panel-named")


def duty_handed_over(line: JournalLine) -> Iterable[Letter]:
    """To the colleague who has the duty now."""
    need = queries.get_need_by_reference(line.need)
    duty = line.facts["duty"]
    people = {each.person.pseudonym: each.person for each in need.people_with(duty)}
    person = people.get(line.facts["named"])
    if person is None or person.erased_at is not None:
        return []
    return [Letter(person.email, {**_context(need), "name": person.name, "duty": DUTY_WORDS[duty]})]


EMAILS: dict[str, Writer] = {
    "ApprovalAsked": approval_asked,
    "NeedSentBack": to_author,
    "AmendmentApprovalAsked": amendment_approval_asked,
    "AmendmentSentBack": amendment_sent_back,
    "NeedApproved": need_approved,
    "NeedPublished": need_published,
    "DutyHandedOver": duty_handed_over,
}
