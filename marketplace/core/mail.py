"""Mails: kept as rows first (the outbox), sent by SMTP when a server is set. One mail, one key, once."""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr

from sqlalchemy import Index, Integer, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from marketplace.core import clock
from marketplace.core.db import Base, UTCDateTime


class Mail(Base):
    """A mail that must leave, or has left. `key` names the effect, so that a repeat writes no second mail."""

    __tablename__ = "mails"
    __table_args__ = (Index("ix_mails_unsent", "sent_at", "due_at"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    recipient: Mapped[str] = mapped_column(String(254), index=True)
    subject: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    stop_url: Mapped[str] = mapped_column(String(500), default="")
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # A server said that it will never take this mail; it is tried again, and holds no later mail back.
    refused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str] = mapped_column(String(500), default="")


def as_message(mail: Mail, sender: str) -> EmailMessage:
    """The RFC 5322 message. Header lines cannot be broken: EmailMessage refuses line ends in them."""
    message = EmailMessage()
    message["Subject"] = " ".join(mail.subject.split())
    message["From"] = sender
    message["To"] = mail.recipient
    message["Message-ID"] = f"<{message_mark(mail.key)}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    if mail.stop_url:
        message["List-Unsubscribe"] = f"<{mail.stop_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058: the mail program may press for you
    message.set_content(mail.body)
    return message


def message_mark(key: str) -> str:
    """What names a mail to the world: the same for each try, another for each mail, and of letters that RFC 5322 takes."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def post(current: Session, *, key: str, to: str, subject: str, body: str, stop_url: str = "") -> bool:
    """Puts one mail in the outbox; False when that very mail (same key) is there already."""
    if current.scalar(select(Mail.id).where(Mail.key == key)) is not None:
        return False
    at = clock.now()
    subject = " ".join(subject.split())[:300]
    current.add(Mail(key=key, recipient=to, subject=subject, body=body, stop_url=stop_url, made_at=at, due_at=at))
    current.flush()
    return True
