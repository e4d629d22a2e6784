"""Posting to the ledger, once for each fact, and reading balances from its rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select, union_all

from marketplace.core import clock, db
from tenders.payments.ledger.models import LedgerTransfer


@dataclass(frozen=True)
class Move:
    """`pence` debited to one account and credited to another; `name` tells it apart within its fact ("net")."""

    name: str
    debit: str
    credit: str
    pence: int


def post(fact: str, kind: str, subject: str, moves: Sequence[Move]) -> int:
    """Posts what the fact moves, inside the action that records the fact; gives how many rows are new.

    A move of nothing is left out, a negative one goes the other way round. What was posted for the fact before stays
    and is not posted again. Raises RuntimeError when the fact is told with another amount than before.
    """
    known = {
        each.source: each for each in db.session.scalars(select(LedgerTransfer).where(LedgerTransfer.source.in_([f"{fact}/{move.name}" for move in moves])))
    }
    rows = [_row(fact, kind, subject, each) for each in moves if each.pence]
    for row in rows:
        kept = known.get(row.source)
        if kept is not None and (kept.debit, kept.credit, kept.amount_pence) != (row.debit, row.credit, row.amount_pence):
            raise RuntimeError(f"{row.source} was posted as {kept.amount_pence} pence and is now told as {row.amount_pence}.")
    new = [row for row in rows if row.source not in known]
    db.session.add_all(new)
    db.session.flush()
    return len(new)


def _row(fact: str, kind: str, subject: str, move: Move) -> LedgerTransfer:
    debit, credit = (move.debit, move.credit) if move.pence > 0 else (move.credit, move.debit)
    return LedgerTransfer(
        posted_at=clock.now(),
        source=f"{fact}/{move.name}",
        kind=kind,
        subject=subject,
        debit=debit,
        credit=credit,
        amount_pence=abs(move.pence),
    )


def balance(account: str, subject: str = "") -> int:
    """Debits less credits of an account in pence; of one subject's rows alone when it is named."""
    t = LedgerTransfer
    signed = case((t.debit == account, t.amount_pence), else_=-t.amount_pence)
    query = select(func.coalesce(func.sum(signed), 0)).where((t.debit == account) | (t.credit == account))
    if subject:
        query = query.where(t.subject == subject)
    return int(db.session.scalar(query) or 0)


def balances(prefix: str = "") -> dict[str, int]:
    """Every account that starts so, with its balance in pence, in order of its name."""
    t = LedgerTransfer
    sides = union_all(
        select(t.debit.label("account"), t.amount_pence.label("pence")),
        select(t.credit.label("account"), (-t.amount_pence).label("pence")),
    ).subquery()
    query = (
        select(sides.c.account, func.sum(sides.c.pence))
        .where(sides.c.account.startswith(prefix, autoescape=True))
        .group_by(sides.c.account)
        .order_by(sides.c.account)
    )
    return {account: int(pence) for account, pence in db.session.execute(query)}


def transfers_of(account: str = "", subject: str = "") -> Sequence[LedgerTransfer]:
    """The rows that explain a balance, in the order in which they were posted."""
    query = select(LedgerTransfer).order_by(LedgerTransfer.id)
    if account:
        query = query.where((LedgerTransfer.debit == account) | (LedgerTransfer.credit == account))
    if subject:
        query = query.where(LedgerTransfer.subject == subject)
    return db.session.scalars(query).all()
