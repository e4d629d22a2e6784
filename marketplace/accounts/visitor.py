"""Who is looking: a person with memberships, organisations and roles, read for every page by one plain statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import make_transient_to_detached

from marketplace.accounts.models import Membership, MembershipRole, Organisation, Person
from marketplace.core import db

_KINDS = (Person, Membership, Organisation, MembershipRole)
_P, _M, _O, _R = (each.__table__ for each in _KINDS)
# What no page asks of who is looking.
_LEFT_OUT = frozenset({_P.c.password_hash, _P.c.created_at, _M.c.requested_at, _M.c.note, _O.c.created_at})
_COLUMNS = [[each for each in kind.__table__.columns if each not in _LEFT_OUT] for kind in _KINDS]
_VISITOR = (
    select(*(column for columns in _COLUMNS for column in columns))
    .select_from(_P)
    .outerjoin(_M, _M.c.person_id == _P.c.id)
    .outerjoin(_O, _O.c.id == _M.c.organisation_id)
    .outerjoin(_R, _R.c.membership_id == _M.c.id)
    .where(_P.c.id == bindparam("person_id"))
    .order_by(_M.c.id, _R.c.role)
)


class _Part:
    """Where in a row of the statement an object's columns stand."""

    def __init__(self, number: int) -> None:
        self.kind = _KINDS[number]
        self.names = [each.name for each in _COLUMNS[number]]
        self.first = sum(len(each) for each in _COLUMNS[:number])
        self.end = self.first + len(self.names)

    def of(self, row: Sequence[Any], **related: Any) -> Any:
        made = self.kind()
        made.__dict__.update(zip(self.names, row[self.first : self.end], strict=True), **related)
        make_transient_to_detached(made)
        return made


_PERSON, _MEMBERSHIP, _ORGANISATION, _ROLE = map(_Part, range(len(_KINDS)))


def read_visitor(person_id: int) -> Person | None:
    """The person as the database has them now, to look at only: none of it belongs to the session.

    The object mapper's own loading of the same three levels takes more than twice as long, and every page asks. What is
    not read here (a council's particulars, an organisation's other people) refuses to be read from these objects.
    """
    rows = db.session.connection().execute(_VISITOR, {"person_id": person_id}).all()
    if not rows:
        return None
    of_membership: dict[int, list[Any]] = {}
    for row in rows:
        if row[_MEMBERSHIP.first] is not None:
            of_membership.setdefault(row[_MEMBERSHIP.first], []).append(row)
    person: Person = _PERSON.of(rows[0], memberships=[])
    for its_rows in of_membership.values():
        person.__dict__["memberships"].append(_membership(its_rows, person))
    return person


def _membership(rows: Sequence[Any], person: Person) -> Membership:
    roles = [_ROLE.of(row) for row in rows if row[_ROLE.first] is not None]
    made: Membership = _MEMBERSHIP.of(
        rows[0], person=person, organisation=_ORGANISATION.of(rows[0]), role_rows=roles
    )
    return made
