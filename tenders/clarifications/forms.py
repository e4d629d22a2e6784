"""Forms of questions and answers."""

from __future__ import annotations

from marketplace.core.forms import Form, Save, TextBox, Tick
from tenders.clarifications.rules import MOST_CHARACTERS


class AskForm(Form):
    question = TextBox(
        "Your question",
        rows=6,
        longest=MOST_CHARACTERS,
        hint="Everyone reads it with its answer. Leave out names, e-mail addresses, phone numbers and anything secret: "
        "nobody is told who asks.",
    )
    ask = Save("Send the question")


class AnswerForm(Form):
    published_question = TextBox(
        "The question as everyone will read it",
        rows=5,
        longest=MOST_CHARACTERS,
        hint="Take out whatever could give the asker away: names of firms, e-mail addresses, phone numbers.",
    )
    answer = TextBox("Your answer", rows=8, longest=20_000, hint="Goes to everyone at the same time.")
    changes_the_need = Tick(
        "This answer changes what the need says", hint="You are taken to change the need afterwards."
    )
    publish = Save("Publish the answer")
