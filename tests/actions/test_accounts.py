"""Accounts, links, throttles, membership and councils, against the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.accounts import actions, joining, people, queries, rules, throttle
from marketplace.accounts.access import has_permission
from marketplace.accounts.exports import account_record
from marketplace.accounts.models import Invitation, Membership, Organisation, Person, SignInTry, Token
from marketplace.accounts.passwords import is_password
from marketplace.core import clock, db
from marketplace.core.errors import Conflict, Gone, NotAllowed, NotFound, Problems, TooMany
from marketplace.core.journal import JournalLine, verify
from tests import making
from tests.lines import lines_of

PASSWORD = "wobbly table leg"

pytestmark = pytest.mark.usefixtures("house")


def last_link(purpose: str) -> str:
    query = select(Token).where(Token.purpose == purpose).order_by(Token.id.desc()).limit(1)
    return actions.link_text(db.session.scalars(query).one())


def join(council: Organisation, email: str, name: str = "Ann Smith") -> Membership:
    """Registers, asks to join and confirms."""
    person = actions.join_council(name, email, PASSWORD, council, "Ask Bob")
    assert person is not None
    actions.confirm_email(last_link("confirm"))
    found = queries.find_membership(person.id, council.id)
    assert found is not None
    return found


# -- councils


def test_the_register_of_councils_is_read_once_and_mended() -> None:
    assert actions.load_councils()[0] == 397
    assert actions.load_councils() == (0, 0)
    hackney = queries.find_council("hck")
    assert hackney is not None and hackney.reference == "C-HCK" and not hackney.is_active
    with db.one_action("test"):
        hackney.authority.population = 1
        making.record(making.MadeForTest(subject="test"))
    assert actions.load_councils() == (0, 1)
    assert len(lines_of("CouncilsLoaded")) == 2
    slugs = [each.slug for each in queries.list_councils()]
    assert len(slugs) == len(set(slugs)) == 397


# -- joining a council


def test_the_first_by_an_own_address_starts_once_confirmed() -> None:
    actions.load_councils()
    hackney = queries.find_council("HCK")
    actions.join_council("Ann Smith", "Ann.Smith@Hackney.gov.uk", PASSWORD, hackney)
    person = queries.find_person("ann.smith@hackney.gov.uk")
    membership = queries.find_membership(person.id, hackney.id)
    assert not membership.is_live and not has_permission("draft_need", membership)
    actions.confirm_email(last_link("confirm"))
    assert membership.is_live and membership.roles == {"officer"}
    assert hackney.is_active and has_permission("draft_need", membership)


def test_an_unconfirmed_stranger_takes_nobodys_place() -> None:
    actions.load_councils()
    hackney = queries.find_council("HCK")
    actions.join_council("Mallory", "mallory@hackney.gov.uk", PASSWORD, hackney)
    assert join(hackney, "ann@hackney.gov.uk").is_live


def test_the_second_waits_for_a_colleague() -> None:
    council = making.council()
    officer = making.officer(council)
    second = join(council, f"two@{council.authority.email_domains}")
    assert not second.is_live
    assert [each.id for each in queries.requests_of(council.id)] == [second.id]
    assert lines_of("JoinWaits")[0].facts["waits_for"] == "colleagues"
    with pytest.raises(Problems):
        joining.approve_request(second.id, council.id, ["officer", "approver"], officer)
    joining.approve_request(second.id, council.id, ["approver"], officer)
    assert second.is_live and has_permission("approve_need", second)
    with pytest.raises(Conflict):
        joining.approve_request(second.id, council.id, ["approver"], officer)


def test_an_address_that_proves_nothing_waits_for_the_administrator() -> None:
    council, administrator = making.council(), making.administrator()
    officer = making.officer(council)
    request = join(council, "ann@gmail.example")
    assert queries.requests_of(council.id) == []
    assert [each.id for each in queries.requests_for_administrator()] == [request.id]
    with pytest.raises(NotFound):
        joining.approve_request(request.id, council.id, ["officer"], officer)
    joining.approve_request(request.id, council.id, ["evaluator"], administrator)
    assert request.is_live


def test_a_domain_that_two_councils_share_proves_nothing() -> None:
    from marketplace.reference import councils, councils_for_email

    actions.load_councils()
    domain, council = next(
        (domain, each)
        for each in councils()
        for domain in each.email_domains
        if len(councils_for_email(f"a@{domain}")) > 1
    )
    organisation = queries.find_council(council.code)
    request = join(organisation, f"ann@{domain}")
    assert not request.is_live and queries.waits_for(request) == "administrator"
    joining.approve_request(request.id, organisation.id, ["officer"], making.administrator())
    assert organisation.is_active and request.is_live


def test_a_refused_person_may_ask_again() -> None:
    council = making.council()
    officer = making.officer(council)
    request = join(council, f"two@{council.authority.email_domains}")
    joining.refuse_request(request.id, council.id, officer)
    assert queries.requests_of(council.id) == []
    again = joining.ask_to_join(request.person, council, "It is me")
    assert again.id == request.id and queries.requests_of(council.id) == [again]
    with pytest.raises(Conflict):
        joining.ask_to_join(request.person, council)


def test_requests_of_unconfirmed_people_bother_nobody() -> None:
    council = making.council()
    making.officer(council)
    actions.join_council("Ann", f"x@{council.authority.email_domains}", PASSWORD, council)
    actions.join_council("Ann", "x@elsewhere.example", PASSWORD, council)
    assert queries.requests_of(council.id) == [] and queries.requests_for_administrator() == []
    assert lines_of("JoinWaits") == []


# -- registering, links, passwords


def test_a_known_address_makes_no_second_account() -> None:
    known = making.person(email="ann@example.org")
    council = making.council()
    assert actions.join_council("Other", "ANN@example.org", PASSWORD, council) is None
    assert lines_of("KnownAddressRegistered")[0].subject == known.pseudonym
    assert known.name != "Other" and queries.find_membership(known.id, council.id) is None


def test_of_two_registrations_at_once_one_makes_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on PostgreSQL, where both look before either has written."""
    making.person(email="ann@example.org")
    monkeypatch.setattr(queries, "find_person", _blind_once(queries.find_person))
    assert actions.register_person("Other", "ann@example.org", PASSWORD) is None
    assert len(lines_of("KnownAddressRegistered")) == 1 and lines_of("PersonRegistered") == []


def _blind_once(find: Callable[[str], Person | None]) -> Callable[[str], Person | None]:
    looks = iter([False])
    return lambda email: find(email) if next(looks, True) else None


def test_the_journal_holds_no_name_and_no_address() -> None:
    council = making.council()
    making.officer(council)
    join(council, "ann.marmalade@quince.example", name="Ann Marmalade")
    actions.ask_to_change_password("ann.marmalade@quince.example")
    actions.ask_to_change_password("nobody.quince@quince.example")
    text = " ".join(
        f"{each.actor} {each.subject} {each.details}" for each in db.session.scalars(select(JournalLine)).all()
    )
    assert "armalade" not in text and "quince" not in text
    assert verify(db.session()).is_whole


@pytest.mark.parametrize("purpose", ["confirm", "reset"])
def test_a_link_works_once_and_in_time(purpose: str) -> None:
    actions.register_person("Ann", "ann@example.org", PASSWORD)
    actions.ask_to_change_password("ann@example.org")

    def use(link: str) -> None:
        actions.confirm_email(link) if purpose == "confirm" else actions.reset_password(link, "another good one")

    link = last_link(purpose)
    other = "reset" if purpose == "confirm" else "confirm"
    with pytest.raises(NotFound):
        use(link + "x")
    with pytest.raises(NotFound):
        use(last_link(other))
    lasts = rules.CONFIRMATION_LASTS if purpose == "confirm" else rules.RESET_LASTS
    clock.pass_time(seconds=lasts.total_seconds())
    with pytest.raises(Gone):
        use(link)
    clock.pass_time(microseconds=-1)
    use(link)
    with pytest.raises(Gone):
        use(link)


def test_eight_at_once_use_a_link_once() -> None:
    actions.register_person("Ann", "ann@example.org", PASSWORD)
    actions.ask_to_change_password("ann@example.org")
    link, outcomes = last_link("reset"), []
    db.session.remove()

    def use(number: int) -> None:
        try:
            actions.reset_password(link, f"a new password {number}")
            outcomes.append("done")
        except Gone:
            outcomes.append("gone")
        finally:
            db.session.remove()

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["done"] + ["gone"] * 7


def test_a_new_password_ends_sessions_and_other_links_and_confirms() -> None:
    person = actions.register_person("Ann", "ann@example.org", PASSWORD)
    actions.ask_to_change_password("ann@example.org")
    first = last_link("reset")
    actions.ask_to_change_password("ann@example.org")
    actions.reset_password(last_link("reset"), "another good one")
    assert person.session_version == 2 and person.email_confirmed_at is not None
    assert is_password("another good one", person.password_hash)
    with pytest.raises(Gone):
        actions.reset_password(first, "yet another good one")


def test_changing_a_password_needs_the_current_one() -> None:
    person = making.person()
    with pytest.raises(Problems) as refused:
        actions.change_password(person.id, "wrong", "another good one")
    assert refused.value.problems[0].field == "current"
    actions.change_password(person.id, making.PASSWORD, "another good one")
    assert is_password("another good one", person.password_hash) and person.session_version == 2


# -- throttles


def _try(email: str, network: str = "192.0.2.1", mark: str = "") -> list[int]:
    return throttle.begin_sign_in(email, network, mark)


def test_ten_wrong_tries_an_hour_and_no_more() -> None:
    for number in range(rules.WRONG_TRIES_AN_HOUR):
        _try("Ann@example.org", f"192.0.2.{number}")
    for number in range(5):
        with pytest.raises(TooMany):
            _try("ann@example.org", f"198.51.100.{number}")
    clock.pass_time(minutes=60)
    _try("ann@example.org")


def test_right_tries_do_not_count() -> None:
    for _ in range(30):
        throttle.sign_in_was_right(_try("ann@example.org"))
    assert db.session.scalar(select(SignInTry.was_right).where(SignInTry.was_right.is_(False))) is None


def test_a_stranger_cannot_lock_out_a_known_browser() -> None:
    mark = throttle.browser_mark("ann@example.org")
    for number in range(rules.WRONG_TRIES_AN_HOUR):
        _try("ann@example.org", f"192.0.2.{number}")
    with pytest.raises(TooMany):
        _try("ann@example.org", mark=throttle.browser_mark("mallory@example.org"))
    for _ in range(rules.WRONG_TRIES_AN_HOUR):
        _try("ann@example.org", mark=mark)
    with pytest.raises(TooMany):
        _try("ann@example.org", mark=mark)


def test_one_network_address_cannot_spray() -> None:
    for number in range(rules.WRONG_TRIES_AN_HOUR_FROM_ONE_NETWORK_ADDRESS):
        _try(f"person{number}@example.org")
    with pytest.raises(TooMany):
        _try("one.more@example.org")
    _try("one.more@example.org", "192.0.2.2")


def test_of_many_at_once_no_more_than_the_limit_pass() -> None:
    passed = []
    db.session.remove()

    def knock() -> None:
        try:
            _try("ann@example.org")
            passed.append(1)
        except TooMany:
            pass
        finally:
            db.session.remove()

    threads = [threading.Thread(target=knock) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(passed) <= rules.WRONG_TRIES_AN_HOUR


def test_mails_to_one_address_are_counted_whether_or_not_it_is_known() -> None:
    making.person(email="ann@example.org")
    for email in ("ann@example.org", "nobody@example.org"):
        for number in range(rules.MAILS_AN_HOUR_TO_ONE_ADDRESS):
            throttle.count_mail(email, f"192.0.2.{number}")
        with pytest.raises(TooMany):
            throttle.count_mail(email, "198.51.100.1")


# -- people of an organisation


def test_an_invitation_makes_a_confirmed_member() -> None:
    officer = making.officer()
    council = officer.organisation
    invited = people.invite_colleague(council, f"Bob@{council.authority.email_domains}", ["approver"], officer)
    link = people.invitation_link(invited)
    person = people.accept_as_new_person(link, "Bob", PASSWORD)
    (membership,) = queries.memberships_of_person(person.id)
    assert membership.is_live and membership.roles == {"approver"} and person.email_confirmed_at
    with pytest.raises(Problems):
        people.accept_as_new_person(link, "Bob", PASSWORD)


def test_an_invited_address_from_outside_waits_for_the_administrator() -> None:
    officer, administrator = making.officer(), making.administrator()
    invited = people.invite_colleague(officer.organisation, "bob@consultants.example", ["evaluator"], officer)
    person = people.accept_as_new_person(people.invitation_link(invited), "Bob", PASSWORD)
    (membership,) = queries.memberships_of_person(person.id)
    assert not membership.is_live and queries.requests_for_administrator() == [membership]
    joining.approve_request(membership.id, membership.organisation_id, membership.roles, administrator)
    assert membership.is_live and membership.roles == {"evaluator"}


def test_an_administrators_invitation_needs_no_second_approval() -> None:
    council, administrator = making.council(), making.administrator()
    invited = people.invite_colleague(council, "bob@elsewhere.example", ["officer"], administrator)
    person = people.accept_as_new_person(people.invitation_link(invited), "Bob", PASSWORD)
    assert queries.memberships_of_person(person.id)[0].is_live


def test_an_invitation_is_for_its_address_alone() -> None:
    officer = making.supplier_member()
    bob, mallory = making.person(email="bob@example.org"), making.person()
    invited = people.invite_colleague(officer.organisation, "bob@example.org", ["bidder"], officer)
    link = people.invitation_link(invited)
    with pytest.raises(NotAllowed):
        people.accept_as_member(link, mallory.id)
    with pytest.raises(Conflict):
        people.accept_as_new_person(link, "Bob", PASSWORD)
    people.accept_as_member(link, bob.id)
    assert queries.memberships_of_person(bob.id)[0].roles == {"bidder"}


def test_a_second_invitation_withdraws_the_first() -> None:
    admin = making.supplier_member()
    first = people.invite_colleague(admin.organisation, "bob@example.org", ["admin"], admin)
    people.invite_colleague(admin.organisation, "BOB@example.org", ["bidder"], admin)
    assert first.withdrawn_at is not None
    assert [each.roles for each in queries.open_invitations_of(admin.organisation_id)] == ["bidder"]
    with pytest.raises(NotFound):
        stranger = making.supplier_member()
        people.withdraw_invitation(first.id, stranger.organisation_id, stranger)


def test_another_organisations_people_are_out_of_reach() -> None:
    ours, theirs = making.supplier_member(), making.supplier_member()
    for act in (
        lambda: joining.change_roles(theirs.id, ours.organisation_id, ["bidder"], ours),
        lambda: joining.end_membership(theirs.id, ours.organisation_id, ours),
    ):
        with pytest.raises(NotFound):
            act()


def test_the_last_manager_stays_while_others_are_there() -> None:
    admin = making.supplier_member()
    bidder = making.member(admin.organisation, "bidder")
    with pytest.raises(Problems):
        joining.end_membership(admin.id, admin.organisation_id, admin)
    with pytest.raises(Problems):
        actions.close_account(admin.person_id, making.PASSWORD)
    joining.change_roles(bidder.id, admin.organisation_id, ["admin"], admin)
    joining.end_membership(admin.id, admin.organisation_id, admin)
    assert not has_permission("edit_profile", admin) and has_permission("edit_profile", bidder)


def test_two_managers_cannot_remove_each_other_at_once() -> None:
    one = making.supplier_member()
    two = making.member(one.organisation, "admin")
    making.member(one.organisation, "bidder")
    pairs, outcomes = [(one.id, two.id), (two.id, one.id)], []
    organisation_id = one.organisation_id
    db.session.remove()

    def remove(by: int, whom: int) -> None:
        try:
            joining.end_membership(whom, organisation_id, db.session.get(Membership, by))
            outcomes.append("done")
        except Problems:
            outcomes.append("refused")
        finally:
            db.session.remove()

    threads = [threading.Thread(target=remove, args=pair) for pair in pairs]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["done", "refused"]
    assert len(queries.managers_of(organisation_id)) == 1


# -- a person's own record and end


def test_the_own_record_says_all_but_the_password() -> None:
    officer = making.officer(email="ann@example.org", name="Ann Smith")
    actions.change_name(officer.person_id, "Ann Jones")
    record = account_record(officer.person)
    assert record["account"]["name"] == "Ann Jones"
    assert record["memberships"][0]["roles"] == ["officer"]
    assert [each["event"] for each in record["journal"]] == ["NameChanged"]
    assert officer.person.password_hash not in str(record)


def test_closing_erases_the_person_and_keeps_the_chain() -> None:
    from marketplace.core.mail import Mail, post

    officer = making.officer(email="ann@example.org", name="Ann Smith")
    other = making.member(officer.organisation, "officer")
    people.invite_colleague(making.supplier().organisation, "ann@example.org", ["admin"], making.administrator())
    with db.housekeeping() as current:
        post(current, key="1", to="ann@example.org", subject="Hello", body="Ann")
    with pytest.raises(Problems):
        actions.close_account(officer.person_id, "wrong")
    pseudonym = officer.person.pseudonym
    actions.close_account(officer.person_id, making.PASSWORD)
    person = db.session.get(Person, officer.person_id)
    assert person.erased_at and "ann" not in person.email and "Ann" not in person.name and not person.password_hash
    assert not officer.is_live and queries.managers_of(officer.organisation_id) == [other]
    assert db.session.scalars(select(Mail).where(Mail.recipient == "ann@example.org")).all() == []
    assert db.session.scalars(select(Invitation).where(Invitation.email == "ann@example.org")).all() == []
    assert lines_of("AccountClosed")[0].actor == pseudonym and verify(db.session()).is_whole
    assert actions.register_person("Ann again", "ann@example.org", PASSWORD) is not None


def test_a_suspended_organisation_may_nothing() -> None:
    officer = making.officer()
    with db.one_action("test"):
        officer.organisation.suspended_at, officer.organisation.suspension_reason = clock.now(), "Fraud."
        making.record(making.MadeForTest(subject="test"))
    assert not has_permission("see_council", officer)


def test_an_organisation_is_founded_once() -> None:
    first = actions.found_organisation("platform", "Market Cross")
    assert actions.found_organisation("platform", "Market Cross").id == first.id and first.is_active
    assert timedelta(0) == clock.now() - first.created_at
