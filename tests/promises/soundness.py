"""What must hold of database, files and keys at any instant, whatever was killed: all of it, or none of it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from marketplace.core import db, journal, mail
from marketplace.core.errors import Refusal
from marketplace.core.jobs import Delivery
from marketplace.core.journal import JournalLine
from tenders.awards.models import AssessmentSummary, Award
from tenders.bids import drafts, keys, sealed
from tenders.bids.models import Bid, BidOpening, BidVersion, LateAttempt, OpenedPart, OpenerShare, SealedPart
from tenders.needs.models import Need, NeedVersion
from tests.promises.history import holdings, violations

NO_OPERATION = ("unanswered: ", "read early: somebody")


def problems() -> list[str]:
    """Everything that is half done or does not fit; empty when sound. Reads only."""
    db.session.rollback()
    try:
        return [*_journal(), *_bids(), *_drafts(), *_sealed_files(), *_openings(), *_publications(), *_awards()]
    finally:
        db.session.rollback()


def _journal() -> Iterator[str]:
    verdict = journal.verify(db.session())
    if not verdict.is_whole:
        yield f"journal: line {verdict.first_bad}: {verdict.reason}"
    for event, table, condition in (
        ("BidStarted", Bid, None),
        ("BidSubmitted", BidVersion, None),
        ("BidWithdrawn", Bid, Bid.withdrawn_at.is_not(None)),
        ("BidRefusedLate", LateAttempt, None),
        ("BidsOpened", BidOpening, BidOpening.opened_at.is_not(None)),
    ):
        rows = select(func.count()).select_from(table)
        rows = rows if condition is None else rows.where(condition)
        lines = select(func.count()).select_from(JournalLine).where(JournalLine.event == event)
        if db.session.scalar(rows) != db.session.scalar(lines):
            yield f"journal: {db.session.scalar(lines)} lines {event}, {db.session.scalar(rows)} rows"


def _bids() -> Iterator[str]:
    # Nobody's answers are looked at here; the rest of the checker holds without them.
    yield from (each for each in violations([], holdings()) if not each.startswith(NO_OPERATION))


def _drafts() -> Iterator[str]:
    for bid in db.session.scalars(select(Bid)):
        if not bid.draft_parts:
            continue
        try:
            for each in drafts.read_draft(bid).answers.files:
                drafts.open_file(bid, each.slot)[1].close()
        except (Refusal, sealed.SealingError, OSError) as fault:
            yield f"draft of {bid.reference} cannot be read: {fault}"


def _sealed_files() -> Iterator[str]:
    for part in db.session.scalars(select(SealedPart).where(SealedPart.file_key != "")):
        path = drafts.store().path(part.file_key)
        if not path.exists() or sealed.fingerprint(path.read_bytes()) != part.sha256:
            yield f"sealed file {part.name} of bid {part.bid_id}, version {part.number}, is not what its row says"


def _openings() -> Iterator[str]:
    for need in db.session.scalars(select(Need).where(Need.published_at.is_not(None), Need.source == "")):
        found = db.session.scalars(select(BidOpening).where(BidOpening.need_id == need.id)).first()
        is_complete = found is not None and found.opened_at is not None
        if is_complete != (need.opened_at is not None):
            yield f"{need.reference} is half opened"
        for bid in db.session.scalars(select(Bid).where(Bid.need_id == need.id)):
            parts = {each.name for each in db.session.scalars(select(OpenedPart).where(OpenedPart.bid_id == bid.id))}
            meant = is_complete and bid.withdrawn_at is None and bid.current_version > 0
            if meant != (parts >= {"answers", "price"}) or (bid.opened_at is not None) != meant or (parts and not meant):
                yield f"{bid.reference} has opened parts {sorted(parts)}"
            for each in db.session.scalars(select(OpenedPart).where(OpenedPart.bid_id == bid.id, OpenedPart.file_key != "")):
                if not drafts.store().path(each.file_key).exists():
                    yield f"{bid.reference}: opened file {each.name} is not in the store"


def _publications() -> Iterator[str]:
    for need in db.session.scalars(select(Need).where(Need.source == "")):
        shares = db.session.scalar(select(func.count()).select_from(OpenerShare).where(OpenerShare.need_id == need.id)) or 0
        if (need.public_key is None) != (shares == 0):
            yield f"{need.reference} has {shares} shares of a key that is {'not ' if need.public_key is None else ''}there"
        told = select(func.count()).select_from(JournalLine).where(
            JournalLine.event == "NeedPublished", JournalLine.need == need.reference
        )  # fmt: skip
        versions = select(func.count()).select_from(NeedVersion).where(NeedVersion.need_id == need.id)
        if db.session.scalar(told) != db.session.scalar(versions):
            yield f"{need.reference}: told as published {db.session.scalar(told)} times, {db.session.scalar(versions)} versions"


def _awards() -> Iterator[str]:
    for award in db.session.scalars(select(Award)):
        rows = list(db.session.scalars(select(AssessmentSummary).where(AssessmentSummary.award_id == award.id)))
        if (award.approved_at is not None) != bool(rows):
            yield f"{award.reference}: approved {award.approved_at}, {len(rows)} summaries"
        if any((each.sent_at is not None) != (award.summaries_sent_at is not None) for each in rows):
            yield f"{award.reference}: some bidders are told and some are not"
        if (award.summaries_sent_at is not None) != (award.need.awarded_at is not None):
            yield f"{award.reference}: summaries and award do not fit"


def undelivered() -> list[str]:
    """Lines that a listener has not done, and mails that have not left."""
    db.session.rollback()
    waiting = db.session.execute(select(Delivery.listener, Delivery.line).where(Delivery.done_at.is_(None))).all()
    mails = db.session.scalars(select(mail.Mail.key).where(mail.Mail.sent_at.is_(None))).all()
    return [f"line {line} waits for {listener}" for listener, line in waiting] + [f"mail {each} waits" for each in mails]


def left_over_keys() -> list[str]:
    """Draft keys of versions that were submitted or withdrawn; the timetable sweeps what a kill has left."""
    keys.sweep_draft_keys()
    found = []
    for path in sorted((keys.draft_keys()._keys.folder).glob("*.v*")):
        reference, _, number = path.name.rpartition(".v")
        bid = db.session.scalar(select(Bid).where(Bid.reference == reference))
        if bid is not None and int(number) <= bid.current_version:
            found.append(f"draft key {path.name} is still there")
    return found
