"""Mails: kept as rows first (the outbox), sent by SMTP when a server is set. One mail, one key, once."""

from __future__ import annotations

import smtplib
from datetime import datetime
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit

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
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str] = mapped_column(String(500), default="")


class Carrier(Protocol):
    """Whoever takes a mail out of the house."""

    def carry(self, mail: Mail, sender: str) -> None:
        """Sends one mail or raises OSError/SMTPException."""


class OutboxCarrier:
    """The stand-in: a mail is delivered by being visible on the outbox page."""

    def carry(self, mail: Mail, sender: str) -> None:
        return None


class SmtpCarrier:
    """SMTP by one setting: smtp://user:password@host:port, or smtps:// for TLS from the first byte."""

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)

    def carry(self, mail: Mail, sender: str) -> None:
        kind = smtplib.SMTP_SSL if self.url.scheme == "smtps" else smtplib.SMTP
        with kind(self.url.hostname or "127.0.0.1", self.url.port or 25, timeout=15) as server:
            if self.url.scheme == "smtp+tls":
                server.starttls()
            if self.url.username:
                server.login(unquote(self.url.username), unquote(self.url.password or ""))
            server.send_message(as_message(mail, sender))


def carrier_for(smtp_url: str) -> Carrier:
    """SMTP when a server is set, else the outbox page."""
    return SmtpCarrier(smtp_url) if smtp_url else OutboxCarrier()


def as_message(mail: Mail, sender: str) -> EmailMessage:
    """The RFC 5322 message. Header lines cannot be broken: EmailMessage refuses line ends in them."""
    message = EmailMessage()
    message["Subject"] = " ".join(mail.subject.split())
    message["From"] = sender
    message["To"] = mail.recipient
    message["Message-ID"] = f"<{mail.key.replace('@', '.').replace(' ', '')}@{sender.rpartition('@')[2]}>"
    if mail.stop_url:
        message["List-Unsubscribe"] = f"<{mail.stop_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058: the mail program may press for you
    message.set_content(mail.body)
    return message


def post(current: Session, *, key: str, to: str, subject: str, body: str, stop_url: str = "") -> bool:
    """Puts one mail in the outbox; False when that very mail (same key) is there already."""
    if current.scalar(select(Mail.id).where(Mail.key == key)) is not None:
        return False
    at = clock.now()
    subject = " ".join(subject.split())[:300]
    current.add(Mail(key=key, recipient=to, subject=subject, body=body, stop_url=stop_url, made_at=at, due_at=at))
    current.flush()
    return True
