"""Who takes a mail out of the house: a server by SMTP, or the outbox page that stands in for one."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from marketplace.core.mail import Mail, as_message

WAITS = 10.0  # seconds for a connection, and for a server that says or takes nothing
WHOLE = 20.0  # seconds for one mail from connecting to its "250", however slowly the server talks
GOODBYE = 1.0  # seconds for the answer to QUIT, on which nothing hangs any more
FOR_GOOD = range(500, 600)  # RFC 5321 section 4.2.1: permanent negative completion


class Refused(Exception):
    """The server will never take this mail; what it says of the next one is not known."""


class NotThisOne(Exception):
    """The server does not take this mail now, and may take others."""


class Away(Exception):
    """No server, or one with which nothing can be done just now."""


class Carrier(Protocol):
    """Whoever takes a mail out of the house."""

    def carry(self, mail: Mail, sender: str) -> None:
        """Sends one mail. Raises Refused, NotThisOne or Away."""


class OutboxCarrier:
    """The stand-in: a mail is delivered by being visible on the outbox page."""

    def carry(self, mail: Mail, sender: str) -> None:
        return None


class SmtpCarrier:
    """SMTP by one setting: smtp://user:password@host:port, smtp+tls:// for STARTTLS, smtps:// for TLS at once.

    A certificate is checked against the machine's own authorities (or those that SSL_CERT_FILE names).
    """

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)

    def carry(self, mail: Mail, sender: str) -> None:
        """Once the server has said that it has the mail, nothing that follows can make it a mail not sent."""
        try:
            message = as_message(mail, sender)
        except (ValueError, UnicodeError) as fault:
            raise Refused(f"cannot be written as a mail: {fault}") from fault
        try:
            with self._line() as line:
                line.send_message(message)
        except (
            smtplib.SMTPRecipientsRefused,
            smtplib.SMTPDataError,
            smtplib.SMTPNotSupportedError,
        ) as fault:
            raise (Refused if _code_of(fault) in FOR_GOOD else NotThisOne)(str(fault)) from fault
        except (OSError, smtplib.SMTPException, ValueError) as fault:
            raise Away(str(fault) or type(fault).__name__) from fault

    @contextmanager
    def _line(self) -> Iterator[smtplib.SMTP]:
        host, port = self.url.hostname or "127.0.0.1", self.url.port or 25
        if self.url.scheme == "smtps":
            line: _Timed = _TimedTls(host, port, timeout=WAITS, context=ssl.create_default_context())
        else:
            line = _Timed(host, port, timeout=WAITS)
        try:
            if self.url.scheme == "smtp+tls":
                line.starttls(context=ssl.create_default_context())
            if self.url.username:
                line.login(unquote(self.url.username), unquote(self.url.password or ""))
            yield line
            line.say_goodbye()
        finally:
            line.close()


def _code_of(fault: Exception) -> int:
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        return next((code for code, _said in fault.recipients.values()), 0)
    # A server that cannot write an address as ours is written will not learn it.
    return fault.smtp_code if isinstance(fault, smtplib.SMTPDataError) else FOR_GOOD[0]


class _Timed(smtplib.SMTP):
    """A conversation with an end: the library's time-out begins again with every byte of a server that drips."""

    def __init__(self, *args: Any, **named: Any) -> None:
        self._until = time.monotonic() + WHOLE
        super().__init__(*args, **named)

    def getreply(self) -> tuple[int, bytes]:
        left = Timer(max(0.0, self._until - time.monotonic()), _cut, [self.sock])
        left.daemon = True
        left.start()
        try:
            return super().getreply()
        finally:
            left.cancel()

    def say_goodbye(self) -> None:
        self._until = time.monotonic() + GOODBYE
        with suppress(OSError, smtplib.SMTPException, ValueError):
            self.quit()


class _TimedTls(_Timed, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


def _cut(line: socket.socket | None) -> None:
    with suppress(OSError, AttributeError):
        assert line is not None
        line.shutdown(socket.SHUT_RDWR)


def carrier_for(smtp_url: str) -> Carrier:
    """SMTP when a server is set, else the outbox page."""
    return SmtpCarrier(smtp_url) if smtp_url else OutboxCarrier()
