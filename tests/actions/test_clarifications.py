"""Questions and answers, and that nobody learns who asked."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.errors import Conflict, NotAllowed, NotFound, Problems
from marketplace.core.journal import JournalLine, record, verify
from marketplace.core.letters import write_letters
from marketplace.core.mail import Mail
from tenders.clarifications import actions, emails, queries
from tests import making

pytestmark = pytest.mark.usefixtures("app")


def test_answers_are_numbered_in_the_order_of_answering() -> None:
    council = making.council()
    officer = making.officer(council)
    need = making.open_need(council)
    first = actions.ask_question(need.id, making.supplier_member(), "Is data migrated?").reference
    second = actions.ask_question(need.id, making.supplier_member(), "Is there a budget for training?").reference
    assert actions.answer_question(need.id, officer, second, "Is there a budget for training?", "Yes.").number == 1
    answered = actions.answer_question(need.id, officer, first, "Is data moved?", "No.", changes_the_need=True)
    assert answered.number == 2 and answered.question == "Is data migrated?"
    assert [each.published_question for each in queries.published_of(need)] == [
        "Is there a budget for training?", "Is data moved?",
    ]  # fmt: skip
    with pytest.raises(Problems, match="answered already"):
        actions.answer_question(need.id, officer, first, "Again", "Again")


def test_the_journal_hides_the_asker_and_the_words() -> None:
    asker = making.supplier_member(making.supplier("Telltale Ltd"))
    need = making.open_need()
    for question in ("CANARY one", "CANARY two"):
        actions.ask_question(need.id, asker, question)
    lines = list(db.session.scalars(select(JournalLine).where(JournalLine.event == "QuestionAsked")))
    assert [each.organisation for each in lines] == ["", ""]
    assert lines[0].actor != lines[1].actor and all(each.actor.startswith("q_") for each in lines)
    everything = " ".join(
        str(getattr(each, c)) for each in lines for c in ("actor", "subject", "need", "details", "role")
    )
    for secret in ("CANARY", asker.person.pseudonym, asker.organisation.reference, "Telltale"):
        assert secret not in everything
    assert verify(db.session()).is_whole


def test_an_answer_tells_no_name_that_the_question_told_and_trying_names_tells_nothing() -> None:
    council = making.council()
    officer, need = making.officer(council), making.open_need(council)
    firm = making.supplier("Before Ltd")
    asked = actions.ask_question(need.id, making.supplier_member(firm), "We at Telltale ask: is data moved?").reference
    with db.one_action("test") as current:  # the firm takes the name that its question told
        current.merge(firm.organisation).name = "Telltale Ltd"
        record(making.MadeForTest(subject="test"))
    for question, answer in (
        ("Telltale’s question: is data moved?", "Yes."),
        ("Is data moved? ring 020 7946 0000", "Yes."),
        ("Is data moved? ask@example.org", "Yes."),
        ("Is data moved?", "As we told Telltale Limited, yes."),
    ):
        with pytest.raises(Problems, match="still has words that may show who asked") as refused:
            actions.answer_question(need.id, officer, asked, question, answer)
        assert "Telltale" not in str(refused.value)
    plain = actions.ask_question(need.id, making.supplier_member(firm), "Is Welsh needed?").reference
    tried = actions.answer_question(need.id, officer, plain, "Is Welsh needed, Telltale Ltd?", "Yes, Telltale Ltd.")
    assert tried.number == 1


def test_only_suppliers_ask_and_only_about_public_needs() -> None:
    need = making.open_need()
    with pytest.raises(NotAllowed):
        actions.ask_question(need.id, making.officer(), "Us too?")
    with pytest.raises(NotFound):
        actions.ask_question(making.need().id, making.supplier_member(), "A draft?")


def test_questions_end_when_they_close() -> None:
    need = making.open_need()
    asker = making.supplier_member()
    clock.set_clock(need.questions_close_at)
    actions.ask_question(need.id, asker, "Just in time?")
    clock.pass_time(microseconds=1)
    with pytest.raises(Problems, match="Questions closed"):
        actions.ask_question(need.id, asker, "Too late?")


def test_another_council_neither_reads_nor_answers() -> None:
    need = making.open_need()
    asked = actions.ask_question(need.id, making.supplier_member(), "Who?").reference
    with pytest.raises(NotFound):
        actions.answer_question(need.id, making.officer(), asked, "Who?", "We.")


def test_a_question_is_taken_back_by_its_own_firm_only_and_before_the_answer() -> None:
    council = making.council()
    need = making.open_need(council)
    firm = making.supplier()
    asker, colleague = making.supplier_member(firm), making.supplier_member(firm)
    asked = actions.ask_question(need.id, asker, "Who?").reference
    with pytest.raises(NotFound):
        actions.withdraw_question(making.supplier_member(), asked)
    actions.withdraw_question(colleague, asked)
    assert list(queries.unanswered_of(need)) == []
    again = actions.ask_question(need.id, asker, "Who now?").reference
    actions.answer_question(need.id, making.officer(council), again, "Who now?", "We.")
    with pytest.raises(Conflict):
        actions.withdraw_question(asker, again)


def test_mails_tell_the_council_that_and_the_asker_what(app: Flask) -> None:
    council = making.council()
    author, other = making.officer(council), making.officer(council)
    need = making.open_need(council, author=author.person)
    asker = making.supplier_member(making.supplier("Telltale Ltd"))
    asked = actions.ask_question(need.id, asker, "CANARY?").reference
    actions.answer_question(need.id, author, asked, "What?", "This.")
    officers, asked_by = {author.person.email, other.person.email}, asker.person.email
    name = asker.person.name
    with app.test_request_context():
        for line in db.session.scalars(select(JournalLine).where(JournalLine.event.in_(emails.EMAILS))).all():
            write_letters(line, list(emails.EMAILS[line.event](line)))
    mails = {each.recipient: each.body for each in db.session.scalars(select(Mail))}
    assert set(mails) == {*officers, asked_by}
    assert "This." in mails[asked_by]
    for words in (mails[each] for each in officers):
        assert "Telltale" not in words and "CANARY" not in words and name not in words
