"""Another e-mail address for an account: proved by its own link, told to the old one, the council's rules anew."""

from __future__ import annotations

import pytest
from flask import Flask

from marketplace.accounts import actions, joining, new_address, people, queries
from marketplace.accounts.emails import EMAILS
from marketplace.accounts.exports import account_record
from marketplace.accounts.models import AddressChange, Membership
from marketplace.core import clock, db
from marketplace.core.errors import Conflict, Gone, Problems
from marketplace.core.journal import verify
from tests import making
from tests.actions.test_accounts import last_link
from tests.letterbox import mails_to, write_mails
from tests.lines import lines_of

pytestmark = pytest.mark.usefixtures("app")


def ask(person_id: int, email: str) -> str:
    """Asks for the address and gives the link that is mailed to it."""
    new_address.ask_for_new_address(person_id, email, making.PASSWORD)
    return last_link(new_address.PURPOSE)


def own_officer() -> tuple[Membership, str]:
    """An officer with an address of the council, and the council's domain."""
    council = making.council()
    domain = council.authority.email_domains
    return making.officer(council, email=f"ann@{domain}"), domain


def test_nothing_changes_until_the_link_is_used_and_both_addresses_are_told(app: Flask) -> None:
    officer, domain = own_officer()
    person, version = officer.person, officer.person.session_version
    with pytest.raises(Problems, match="not right"):
        new_address.ask_for_new_address(person.id, f"ann.smith@{domain}", "a guess of mine")
    with pytest.raises(Problems, match="already"):
        ask(person.id, f" ANN@{domain}")
    link = ask(person.id, f"Ann.Smith@{domain}")
    write_mails(app, EMAILS)
    assert person.email == f"ann@{domain}" and link in mails_to(f"ann.smith@{domain}")[0].body
    (warned,) = mails_to(f"ann@{domain}")
    assert link not in warned.body and "choose a new password" in warned.body
    new_address.change_address(link)
    write_mails(app, EMAILS)
    assert person.email == f"ann.smith@{domain}" and person.session_version == version
    assert officer.is_live and lines_of("EmailChanged")[0].facts["waiting"] == []
    assert mails_to(f"ann@{domain}")[-1].subject == "Your email address was changed"
    with pytest.raises(Gone):
        new_address.change_address(link)
    details = " ".join(each.details for each in (*lines_of("EmailChangeAsked"), *lines_of("EmailChanged")))
    assert domain not in details


def test_a_new_password_kills_the_link_and_a_new_address_kills_links_to_the_old() -> None:
    person = making.person()
    link = ask(person.id, "new@example.org")
    actions.change_password(person.id, making.PASSWORD, "another good one")
    with pytest.raises(Gone):
        new_address.change_address(link)
    actions.ask_to_change_password(person.email)
    reset = last_link("reset")
    new_address.ask_for_new_address(person.id, "new@example.org", "another good one")
    new_address.change_address(last_link(new_address.PURPOSE))
    with pytest.raises(Gone):
        actions.reset_password(reset, "a third good one")


def test_an_address_that_has_an_account_is_not_told_to_whoever_asks(app: Flask) -> None:
    person, owner = making.person(), making.person(email="owner@example.org")
    link = ask(person.id, "owner@example.org")
    write_mails(app, EMAILS)
    (told,) = mails_to(owner.email)
    assert link not in told.body and "nothing was changed" in told.body
    with pytest.raises(Conflict):
        new_address.change_address(link)
    assert queries.find_person("owner@example.org").id == owner.id


def test_an_address_from_outside_the_council_waits_for_the_administrator() -> None:
    officer, _domain = own_officer()
    administrator, firm = making.administrator(), making.supplier()
    joining.make_member(officer.person, firm.organisation, {"admin"})
    new_address.change_address(ask(officer.person_id, "ann@consultants.example"))
    assert not officer.is_live and officer.roles == {"officer"}
    assert queries.requests_for_administrator() == [officer]
    assert queries.find_membership(officer.person_id, firm.id).is_live
    assert lines_of("JoinWaits")[-1].facts["waits_for"] == "administrator"
    joining.approve_request(officer.id, officer.organisation_id, officer.roles, administrator)
    assert officer.is_live


def test_a_waiting_request_is_settled_by_an_address_of_the_council() -> None:
    council = making.council()
    making.member(making.organisation("platform"), "administrator")
    actions.join_council("Ann", "ann@gmail.example", making.PASSWORD, council, "Ask Bob")
    actions.confirm_email(last_link("confirm"))
    person = queries.find_person("ann@gmail.example")
    assert not queries.find_membership(person.id, council.id).is_live
    new_address.change_address(ask(person.id, f"ann@{council.authority.email_domains}"))
    assert queries.find_membership(person.id, council.id).roles == {"officer"}


def test_closing_erases_the_address_before_and_its_mails(app: Flask) -> None:
    person = making.person(email="before@example.org")
    firm = making.supplier_member()
    invited = people.invite_colleague(firm.organisation, "before@example.org", ["bidder"], firm)
    new_address.change_address(ask(person.id, "after@example.org"))
    write_mails(app, EMAILS)
    assert mails_to("before@example.org")
    assert account_record(person)["address_changes"][0]["before"] == "before@example.org"
    actions.close_account(person.id, making.PASSWORD)
    assert not mails_to("before@example.org") and db.session.query(AddressChange).count() == 0
    assert "before@" not in queries.get_invitation(invited.id).email
    assert verify(db.session()).is_whole


def test_the_link_lasts_a_day() -> None:
    person = making.person()
    link = ask(person.id, "new@example.org")
    clock.pass_time(hours=25)
    with pytest.raises(Gone):
        new_address.change_address(link)
