"""Asking, answering in public, taking a question back."""

from __future__ import annotations

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotAllowed, NotFound, insist
from marketplace.core.journal import Actor, record
from marketplace.core.references import pseudonym
from marketplace.core.tokens import salted_hash
from tenders.clarifications import queries, rules
from tenders.clarifications.events import QuestionAnswered, QuestionAsked, QuestionWithdrawn
from tenders.clarifications.models import Clarification
from tenders.needs import queries as needs
from tenders.needs.actions import subject_of
from tenders.needs.models import Need


def hidden_actor(reference: str, person_pseudonym: str) -> Actor:
    """Who asked, as the journal may know it: a keyed hash that is another for every question, and no firm."""
    return Actor(f"q_{salted_hash('question', reference, person_pseudonym)}", "", "supplier")


@action
def ask_question(need_id: int, member: Membership, question: str) -> Clarification:
    """A supplier asks about an open need. Raises Problems after questions closed."""
    if member.organisation.kind != "supplier":
        raise NotAllowed("Only suppliers ask questions about a need.")
    need = needs.get_need(need_id, lock=True)
    now = clock.now()
    if need.published_at is None:
        raise NotFound(needs.NO_NEED)
    insist(rules.asking_problems(need, question, now, queries.asker_of(member.organisation_id, member.person_id)))
    asked = Clarification(
        # Random, so that the order of questions tells nobody who asked when.
        reference=pseudonym("Q", 8),
        need_id=need.id,
        asked_by_supplier_id=member.organisation_id,
        asked_by_person_id=member.person_id,
        asked_at=now,
        question=question.strip(),
    )
    db.session.add(asked)
    db.session.flush()
    record(QuestionAsked(**_about(need, asked)), hidden_actor(asked.reference, member.person.pseudonym))
    return asked


def _about(need: Need, clarification: Clarification) -> dict[str, str]:
    return {**subject_of(need), "subject": clarification.reference}


@action
def answer_question(
    need_id: int,
    member: Membership,
    reference: str,
    published_question: str,
    answer: str,
    changes_the_need: bool = False,
) -> Clarification:
    """Publishes a question, as the officer words it, with its answer, under the next number."""
    need = needs.get_need(need_id, lock=True)
    if need.authority_id is None or need.authority_id != member.organisation_id:
        raise NotFound(needs.NO_NEED)
    clarification = queries.get_clarification(need, reference, lock=True)
    now = clock.now()
    asker = queries.asker_of(clarification.asked_by_supplier_id, clarification.asked_by_person_id)
    insist(
        rules.answering_time_problems(need, now)
        or rules.answering_problems(clarification, published_question, answer, asker, rules.words_of(need))
    )
    clarification.number = queries.next_number(need)
    clarification.published_question, clarification.answer = published_question.strip(), answer.strip()
    clarification.answered_at, clarification.answered_by_id = now, member.person_id
    clarification.changes_the_need = changes_the_need
    db.session.flush()
    record(
        QuestionAnswered(**_about(need, clarification), number=clarification.number, changes_the_need=changes_the_need),
        member.actor("officer"),
    )
    return clarification


@action
def withdraw_question(member: Membership, reference: str) -> Need:
    """The asker's firm takes back a question that is not answered yet; it leaves no text behind."""
    clarification = queries.get_own(reference, member.organisation_id, lock=True)
    if clarification.answered_at is not None:
        raise Conflict("This question is answered and public, so it cannot be taken back.")
    need = clarification.need
    about = _about(need, clarification)
    db.session.delete(clarification)
    record(QuestionWithdrawn(**about), hidden_actor(reference, member.person.pseudonym))
    return need
