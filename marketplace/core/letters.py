"""From an event to its mails: templates/emails/<event-name>/{subject,body}.txt, one mail a recipient, once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from marketplace import config
from marketplace.core import db, mail
from marketplace.core.journal import JournalLine


@dataclass(frozen=True)
class Letter:
    """One mail to one address. `template` names the folder when it is not the event's own."""

    to: str
    context: Mapping[str, Any] = field(default_factory=dict)
    template: str = ""
    stop_url: str = ""


# A room's emails.py offers EMAILS: event name -> who is told what.
Writer = Callable[[JournalLine], Iterable[Letter]]


def folder_of(event: str) -> str:
    """NeedPublished -> need-published."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", event).lower()


def write_letters(line: JournalLine, letters: Iterable[Letter]) -> int:
    """Renders and posts the mails of one line; a repeat of the same line posts nothing twice."""
    rendered = [(each, *_render(line.event, each)) for each in letters]
    number, event = line.number, line.event
    if not rendered:
        return 0
    with db.housekeeping() as current:
        return sum(
            mail.post(
                current,
                key=letter_key(number, each.template or folder_of(event), each.to),
                to=each.to,
                subject=subject,
                body=body,
                stop_url=each.stop_url,
            )
            for each, subject, body in rendered
        )


def letter_key(line: int, template: str, to: str) -> str:
    """Names the mail that a line calls for."""
    return f"{line}:{template}:{to}"[:200]


def post_letter(current: Session, key: str, letter: Letter) -> bool:
    """Renders one mail and posts it in the caller's transaction; False when that key is there already."""
    subject, body = _render("", letter)
    return mail.post(current, key=key, to=letter.to, subject=subject, body=body, stop_url=letter.stop_url)


def _render(event: str, letter: Letter) -> tuple[str, str]:
    folder = f"emails/{letter.template or folder_of(event)}"
    context = {"service_name": config.current().service_name, **letter.context}
    # Straight from the environment: the pages' context (who is signed in, where) means nothing in a mail.
    texts = current_app.jinja_env
    subject = " ".join(texts.get_template(f"{folder}/subject.txt").render(context).split())
    body = texts.get_template(f"{folder}/body.txt").render(context).strip() + "\n"
    return subject, body


def absolute(path: str) -> str:
    """A path as an address for mails and feeds."""
    base = config.current().public_url or f"http://127.0.0.1:{config.current().port}"
    return base.rstrip("/") + path
