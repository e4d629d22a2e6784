"""Who in a council is written to after an outage. Bidders are told by the mail of the extension."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.accounts.models import Person
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute
from tenders.needs import queries as need_queries
from tenders.needs.models import Need
from tenders.outages import queries, rules


def _context(need: Need, person: Person, page: str) -> dict[str, object]:
    hit = queries.find_open_hit(need)
    return {
        "need": need,
        "name": person.name,
        "away": rules.away_words(hit.outage) if hit else "",
        "hit": hit,
        "address": absolute(f"/council/needs/{need.reference}/{page}"),
    }


def _with_role(need: Need, role: str) -> list[Person]:
    return need_queries.people_with_role(need.authority_id, role) if need.authority_id else []


def deadline_hit(line: JournalLine) -> Iterable[Letter]:
    """To the council's officers, who propose an answer, unless it has been given meanwhile."""
    need = need_queries.get_need_by_reference(line.need)
    if queries.find_open_hit(need) is None:
        return []
    return [Letter(each.email, _context(need, each, "outage")) for each in _with_role(need, "officer")]


def answer_proposed(line: JournalLine) -> Iterable[Letter]:
    """To every approver who did not propose it."""
    need = need_queries.get_need_by_reference(line.need)
    hit = queries.find_open_hit(need)
    if hit is None or hit.proposed_at is None:
        return []
    approvers = [each for each in _with_role(need, "approver") if each.id != hit.proposed_by_id]
    return [Letter(each.email, _context(need, each, "outage/decide")) for each in approvers]


def answer_sent_back(line: JournalLine) -> Iterable[Letter]:
    """To the officer who proposed it, with the approver's comment."""
    need = need_queries.get_need_by_reference(line.need)
    hit = queries.find_open_hit(need)
    officer = hit.proposed_by if hit else None
    if officer is None or officer.erased_at is not None:
        return []
    return [Letter(officer.email, _context(need, officer, "outage"))]


EMAILS: dict[str, Writer] = {
    "DeadlineHitByOutage": deadline_hit,
    "OutageAnswerProposed": answer_proposed,
    "OutageAnswerSentBack": answer_sent_back,
}
