"""Who is written to about questions: the council's officers, and the asker. Followers are told by the search room."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.accounts.models import Person
from marketplace.core import db
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute
from tenders.clarifications import queries
from tenders.clarifications.models import Clarification
from tenders.needs import queries as needs


def question_asked(line: JournalLine) -> Iterable[Letter]:
    """To the author and the council's other officers: that a question waits, never who asked it."""
    need = needs.get_need_by_reference(line.need)
    address = absolute(f"/council/needs/{need.reference}/questions")
    return [
        Letter(each.email, {"name": each.name, "title": need.title, "need": need, "address": address})
        for each in needs.officers_of_need(need)
    ]


def question_answered(line: JournalLine) -> Iterable[Letter]:
    """To the asker."""
    clarification = queries.get_by_reference(line.subject)
    asker = _asker_of(clarification)
    if asker is None:
        return []
    need = clarification.need
    address = absolute(f"/needs/{need.reference}")
    context = {"name": asker.name, "title": need.title, "clarification": clarification, "address": address}
    return [Letter(asker.email, context)]


def _asker_of(clarification: Clarification) -> Person | None:
    person = db.session.get(Person, clarification.asked_by_person_id) if clarification.asked_by_person_id else None
    return person if person is not None and person.erased_at is None else None


EMAILS: dict[str, Writer] = {"QuestionAsked": question_asked, "QuestionAnswered": question_answered}
