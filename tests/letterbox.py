"""Mails of a room, written as the worker would write them, and the links in them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import Flask
from sqlalchemy import select

from marketplace.core import db
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Writer, write_letters
from marketplace.core.mail import Mail


def write_mails(app: Flask, writers: Mapping[str, Writer]) -> None:
    """Writes every mail that the journal calls for and that is not there yet."""
    with app.test_request_context():
        for line in db.session.scalars(select(JournalLine).order_by(JournalLine.number)).all():
            if line.event in writers:
                write_letters(line, writers[line.event](line))


def mails_to(recipient: str) -> list[Mail]:
    """The mails to one address, oldest first."""
    return list(db.session.scalars(select(Mail).where(Mail.recipient == recipient).order_by(Mail.id)))


def link_in(mail: Mail, beginning: str) -> str:
    """The path of the first link in a mail that begins so."""
    found = re.search(r"https?://[^/\s]+(" + re.escape(beginning) + r"\S*)", mail.body)
    assert found, f"No link to {beginning} in:\n{mail.body}"
    return found.group(1)
