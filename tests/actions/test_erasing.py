"""Erasing a person or an address on request, as the command does it."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import delete, select, text

from marketplace import timetable
from marketplace.accounts import actions, erasing, new_address, people
from marketplace.accounts.emails import EMAILS
from marketplace.accounts.exports import account_record
from marketplace.accounts.models import Invitation
from marketplace.admin.erasing_command import erase_whom
from marketplace.core import clock, db
from marketplace.core.errors import Problems
from marketplace.core.journal import JournalLine
from marketplace.core.mail import Mail, post
from tests import bidding, making
from tests.letterbox import mails_to, write_mails

pytestmark = pytest.mark.usefixtures("app")


def test_the_command_says_what_would_go_and_does_it_when_told() -> None:
    member = making.supplier_member(name="Ann Smith", email="ann@example.org")
    first = list(erase_whom("ANN@example.org", "By letter", does_it=False))
    assert first[-1] == "Nothing was erased. Say --yes to do it." and member.person.erased_at is None
    done = list(erase_whom(member.person.pseudonym, "By letter", does_it=True))
    assert done[-1].endswith("What the person did stays under that reference.")
    assert member.person.erased_at and not any("Ann" in each for each in done)
    line = db.session.scalars(select(JournalLine).where(JournalLine.event == "PersonErased")).one()
    assert (line.actor, line.facts) == ("system", {"had_account": True, "reason": "By letter"})
    with pytest.raises(Problems, match="No account has this reference"):
        list(erase_whom(member.person.pseudonym, "By letter", does_it=True))


def test_an_address_without_an_account_is_erased_too() -> None:
    making.officer()
    inviter = making.supplier_member()
    people.invite_colleague(inviter.organisation, "bob@example.org", ["bidder"], inviter, "Bob Brown")
    with db.housekeeping() as current:
        post(current, key="1", to="bob@example.org", subject="Join us", body="Bob")
        post(current, key="2", to="ann@example.org", subject="Hello", body="You invited bob@example.org, who waits.")
    assert "Erased from 3 invitations and emails" in list(erase_whom("bob@example.org", "By letter", does_it=True))[-1]
    assert [each.body for each in db.session.scalars(select(Mail))] == ["You invited [erased], who waits."]
    assert db.session.scalars(select(Invitation.name)).all() == [""]


def test_a_name_is_taken_from_mails_to_others_as_a_whole_word_only() -> None:
    member = making.supplier_member(name="Ann", email="ann@example.org")
    with db.housekeeping() as current:
        post(current, key="1", to="bob@example.org", subject="ANN asks to join", body="Ann Annesley (ann@example.org)")
    erasing.erase_person(member.person_id, "By letter")
    mail = db.session.scalars(select(Mail)).one()
    assert (mail.subject, mail.body) == ("[erased] asks to join", "[erased] Annesley ([erased])")


def test_an_earlier_name_goes_too() -> None:
    member = making.supplier_member(name="Ann Smith", email="ann@example.org")
    with db.housekeeping() as current:
        post(current, key="1", to="bob@example.org", subject="Ann Smith asks to join", body="Ann Smith")
    actions.change_name(member.person_id, "Ann Jones")
    assert account_record(member.person)["account"]["earlier_names"] == ["Ann Smith"]
    with pytest.raises(Problems, match="Leave name and address out"):
        erasing.erase_person(member.person_id, "Ms Smith wrote")
    person = erasing.erase_person(member.person_id, "By letter")
    mail = db.session.scalars(select(Mail)).one()
    assert (mail.subject, mail.body, person.earlier_names) == ("[erased] asks to join", "[erased]", "")


def test_an_address_that_was_asked_for_and_never_proved_goes_with_its_mail_only(app: Flask) -> None:
    member = making.supplier_member(name="Ann Smith", email="ann@example.org")
    new_address.ask_for_new_address(member.person_id, "ann.new@example.org", making.PASSWORD)
    write_mails(app, EMAILS)
    with db.housekeeping() as current:
        post(current, key="x", to="ann.new@example.org", subject="Hello", body="To whoever has this address")
    assert len(mails_to("ann.new@example.org")) == 2
    erasing.erase_person(member.person_id, "By letter")
    assert [each.subject for each in mails_to("ann.new@example.org")] == ["Hello"], "it may be somebody else's"


@pytest.mark.parametrize("duty", ["opener", "evaluator"])
def test_a_duty_holds_until_it_is_done(duty: str) -> None:
    made = bidding.purchase()
    holder = made.third if duty == "opener" else made.evaluator
    with pytest.raises(Problems, match=f"named to .* for {made.need.reference}"):
        erasing.erase_person(holder.person_id, "By letter")
    bidding.open_all(made)
    if duty == "opener":
        assert erasing.erase_person(holder.person_id, "By letter").erased_at


def test_the_file_is_written_anew_once_after_somebody_was_erased() -> None:
    member = making.supplier_member(name="Ann Smith", email="ann@example.org")
    assert timetable.overwrite_what_was_erased() == 0
    entry = next(each for each in timetable.TIMETABLE if each.name == timetable.ERASED)
    timetable.mark_done(entry)
    erasing.erase_person(member.person_id, "By letter")
    with db.housekeeping() as current:
        current.execute(delete(Mail))
    assert entry.act() == 1
    timetable.mark_done(entry)
    if db.engine().dialect.name == "sqlite":
        assert db.session.scalar(text("PRAGMA freelist_count")) == 0
    clock.pass_time(hours=2)
    assert entry.act() == 1, "an hour more is looked at, for who was erased meanwhile"
    timetable.mark_done(entry)
    clock.pass_time(days=1)
    assert entry.act() == 0
