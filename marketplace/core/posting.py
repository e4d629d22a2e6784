"""The outbox is emptied: in order for each address, at least once, and none waits behind a server that talks slowly.

A mail that was taken and could not be marked (a kill, a lost "250") leaves again under the same Message-ID, by which
mail programs know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, select, update
from sqlalchemy.orm import aliased

from marketplace import config
from marketplace.core import clock, db
from marketplace.core.carriers import Away, NotThisOne, Refused, carrier_for
from marketplace.core.failpoints import failpoint
from marketplace.core.mail import Mail

MAILS_A_PASS = 50
MAIL_LEASE = timedelta(minutes=5)  # in which one worker alone sends what it claimed
RETRY_AFTER = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5))
RETRY_REFUSED = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))


def send_mails() -> int:
    """Sends mails that are due, and returns how many it took in hand. Marked only after the carrier took them."""
    settings = config.current()
    carrier = carrier_for(settings.smtp_url)
    waiting, until = _claim_mails(), clock.now() + MAIL_LEASE / 2
    held: set[str] = set()
    for place, mail in enumerate(waiting):
        if clock.now() > until:  # a slow server: another worker may have the rest
            _give_back(waiting[place:], clock.now())
            break
        if mail.recipient in held:
            _give_back([mail], clock.now())
            continue
        if db.session.scalar(select(Mail.id).where(Mail.id == mail.id)) is None:
            continue
        failpoint("mail: claimed")
        try:
            carrier.carry(mail, settings.mail_from)
        except Refused as fault:
            _put_off(mail, str(fault), RETRY_REFUSED, refused_at=clock.now())
        except NotThisOne as fault:
            _put_off(mail, str(fault), RETRY_AFTER)
            held.add(mail.recipient)
        except Away as fault:
            _give_all_a_rest(waiting[place:], _put_off(mail, str(fault), RETRY_AFTER))
            break
        else:
            failpoint("mail: carried, not yet marked")
            _mark_sent(mail)
    db.session.rollback()
    return len(waiting)


def _claim_mails() -> list[Mail]:
    """Mails that are due, which no other worker sends meanwhile; after a kill they are due again.

    Without those to an address whose earlier mail has not left, unless that one was refused for good.
    """
    now, earlier = clock.now(), aliased(Mail)
    waits_its_turn = (
        select(earlier.id)
        .where(
            earlier.recipient == Mail.recipient,
            earlier.sent_at.is_(None),
            earlier.refused_at.is_(None),
        )
        .where(earlier.id < Mail.id, earlier.due_at > now)
        .exists()
    )
    query = select(Mail).where(Mail.sent_at.is_(None), Mail.due_at <= now, ~waits_its_turn)
    # A mail at which the server hangs up must not be the first of every pass: addresses whose first mail has failed come
    # last. All of an address's mails together, or those behind a failed one would fill the pass and wait for it for ever.
    first = aliased(Mail)
    failures_of_first = (
        select(first.attempts)
        .where(first.recipient == Mail.recipient, first.sent_at.is_(None), first.refused_at.is_(None))
        .order_by(first.id)
        .limit(1)
        .scalar_subquery()
    )
    failures = case((Mail.refused_at.is_not(None), Mail.attempts), else_=failures_of_first)
    query = query.order_by(failures, Mail.id).limit(MAILS_A_PASS)
    if db.session.scalar(query.with_only_columns(Mail.id).limit(1)) is None:
        return []
    with db.housekeeping() as current:
        claimed = list(current.scalars(query.with_for_update(skip_locked=True)))
        first_elsewhere = _first_unclaimed(claimed)
        mine = [each for each in claimed if each.id < first_elsewhere.get(each.recipient, each.id + 1)]
        for each in mine:
            each.due_at = now + MAIL_LEASE
        current.flush()
        for each in mine:  # read as they are now, for their rows may be erased before it is their turn
            current.expunge(each)
    return _in_order(mine)


def _in_order(mails: Sequence[Mail]) -> list[Mail]:
    """For each address as they were written, and addresses whose first mail has failed most often last."""
    first: dict[str, int] = {}
    for each in sorted(mails, key=lambda each: each.id):
        first.setdefault(each.recipient, each.attempts)
    return sorted(mails, key=lambda each: (first[each.recipient], each.id))


def _first_unclaimed(claimed: Sequence[Mail]) -> dict[str, int]:
    """By address the first waiting mail that is not among these: another worker is taking it at this moment."""
    chosen = Mail.recipient.in_({each.recipient for each in claimed}) & Mail.id.not_in([each.id for each in claimed])
    query = select(Mail.recipient, Mail.id).where(chosen, Mail.sent_at.is_(None), Mail.refused_at.is_(None))
    return {recipient: number for recipient, number in db.session.execute(query.order_by(Mail.id.desc())).all()}


def _mark_sent(mail: Mail) -> None:
    with db.housekeeping() as current:
        current.execute(update(Mail).where(Mail.id == mail.id).values(sent_at=clock.now(), last_error=""))


def _put_off(
    mail: Mail,
    error: str,
    pauses: Sequence[timedelta],
    refused_at: datetime | None = None,
) -> datetime:
    """Notes the failure, and gives the instant of the next try."""
    until = clock.now() + pauses[min(mail.attempts, len(pauses) - 1)]
    noted = {"due_at": until, "attempts": Mail.attempts + 1, "last_error": error[:500], "refused_at": refused_at}
    with db.housekeeping() as current:  # no row any more: its recipient was erased meanwhile
        current.execute(update(Mail).where(Mail.id == mail.id).values(noted))
    return until


def _give_back(mails: Sequence[Mail], due_at: datetime) -> None:
    with db.housekeeping() as current:
        current.execute(update(Mail).where(Mail.id.in_([each.id for each in mails])).values(due_at=due_at))


def _give_all_a_rest(claimed: Sequence[Mail], until: datetime) -> None:
    """Whatever would be tried before the server is asked again: a long queue must not ask it mail by mail."""
    _give_back(claimed, until)
    with db.housekeeping() as current:
        current.execute(update(Mail).where(Mail.sent_at.is_(None), Mail.due_at < until).values(due_at=until))
