"""Questions and answers on the pages."""

from __future__ import annotations

from marketplace.core import clock
from tests import making
from tests.pageclient import PageClient


def sign_in(client: PageClient, email: str) -> None:
    """Signs in and lands on a page that everybody has."""
    client.sign_in(email, making.PASSWORD, then="/account")


def test_a_question_is_asked_answered_and_read_without_its_asker(client: PageClient) -> None:
    council = making.council()
    officer, need = making.officer(council).person.email, making.open_need(council)
    asker = making.supplier_member(making.supplier("Telltale Ltd"))
    asker_email, asker_name, reference = asker.person.email, asker.person.name, need.reference
    sign_in(client, asker_email)
    page = client.get(f"/needs/{reference}/questions/ask")
    assert client.submit(page, "Send the question", status=422, question=" ").errors == ["Enter your question"]
    typed = "We at telltale (020 7946 0000, ask@telltale.example) ask: is data moved?"
    refused = client.submit(page, "Send the question", status=422, question=typed)
    assert refused.errors == [
        "Take out the e-mail address, the phone number and your firm’s name: your question is published"
    ]
    assert refused.field("question").strip() == typed
    sent = client.submit(page, "Send the question", question="Is data moved?")
    assert sent.has("not answered yet")
    client.sign_out()
    sign_in(client, officer)
    assert client.get("/council").has("Answer 1 question")
    waiting = client.get(f"/council/needs/{reference}/questions")
    assert not waiting.has(asker_name)
    link = next(words for words in waiting.links if words.startswith("Answer it"))
    form = client.follow(waiting, link)
    listed = client.submit(form, "Publish the answer", published_question="Is data moved?", answer="Yes, once.")
    assert listed.has("Question 1") and listed.has("Yes, once.") and not listed.has("Telltale")
    client.sign_out()
    sign_in(client, asker_email)
    assert client.get(f"/needs/{reference}/questions/ask").has("Question 1, answered")


def test_an_answer_that_changes_the_need_leads_to_changing_it(client: PageClient) -> None:
    council = making.council()
    need, firm = making.open_need(council), making.supplier_member()
    officer, supplier, reference = making.officer(council).person.email, firm.person.email, need.reference
    sign_in(client, supplier)
    client.submit(client.get(f"/needs/{reference}/questions/ask"), "Send the question", question="Is Welsh needed?")
    client.sign_out()
    sign_in(client, officer)
    waiting = client.get(f"/council/needs/{reference}/questions")
    form = client.follow(waiting, next(words for words in waiting.links if words.startswith("Answer it")))
    after = client.submit(form, "Publish the answer", answer="Yes.", changes_the_need=True)
    assert after.h1.endswith("Change a published need")


def test_a_question_can_be_taken_back_and_none_are_taken_late(client: PageClient) -> None:
    need, firm = making.open_need(), making.supplier_member()
    reference, closes = need.reference, need.questions_close_at
    sign_in(client, firm.person.email)
    page = client.get(f"/needs/{reference}/questions/ask")
    asked = client.submit(page, "Send the question", question="Who?")
    link = next(words for words in asked.links if words.startswith("Take this question back"))
    assert not client.submit(client.follow(asked, link), "Take it back").has("Questions that your firm asked")
    assert closes is not None
    clock.set_clock(closes)
    clock.pass_time(microseconds=1)
    late = client.submit(page, "Send the question", status=422, question="Too late?")
    assert late.has("Questions closed") and late.field("question").strip() == "Too late?"


def test_strangers_cannot_take_a_question_back(client: PageClient) -> None:
    from tenders.clarifications import actions

    need = making.open_need()
    asked = actions.ask_question(need.id, making.supplier_member(), "Who?").reference
    reference, other = need.reference, making.supplier_member().person.email
    sign_in(client, other)
    client.get(f"/needs/{reference}/questions/{asked}/withdraw", status=404)
