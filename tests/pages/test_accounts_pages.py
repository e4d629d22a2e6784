"""Accounts as people meet them: through pages and mails."""

from __future__ import annotations

import json

import pytest

from marketplace.accounts import actions, queries, rules
from marketplace.accounts.emails import EMAILS
from marketplace.core import clock, db
from marketplace.core.journal import JournalLine
from tests import making
from tests.letterbox import link_in, mails_to, write_mails
from tests.pageclient import PageClient

PASSWORD = "wobbly table leg"
ANN = {"name": "Ann Smith", "email": "ann@hackney.gov.uk", "password": PASSWORD}


def join_hackney(client: PageClient, **answers: str) -> None:
    if not queries.list_councils():
        actions.load_councils()
    page = client.submit(client.get("/join/council"), "Make my account", **{**ANN, **answers})
    assert page.h1 == "Check your email"
    write_mails(client.app, EMAILS)


# -- joining


def test_a_council_officer_joins_and_confirms(client: PageClient) -> None:
    join_hackney(client)
    (mail,) = mails_to("ann@hackney.gov.uk")
    link = link_in(mail, "/confirm/")
    page = client.get(link)
    assert page.has("ann@hackney.gov.uk") and queries.find_person(ANN["email"]).email_confirmed_at is None
    page = client.submit(page, "Confirm my address")
    assert page.h1 == "Sign in" and page.notices
    client.get(link, status=410)
    client.submit(page, "Sign in", email="ANN@hackney.gov.uk", password=PASSWORD, status=client_home_status(client))
    page = client.get("/account")
    assert page.has("London Borough of Hackney") or page.has("Hackney")
    assert page.has("Officer")


def client_home_status(client: PageClient) -> int:
    """The council's own front page belongs to another room, which may be left out of this application."""
    return 200 if "needs" in client.app.blueprints else 404


def test_the_two_choices_lead_on(client: PageClient) -> None:
    page = client.get("/join")
    again = client.submit(page, "Continue", status=422)
    assert again.errors == ["Choose a supplier or a council"]
    assert client.submit(page, "Continue", kind="council").h1 == "Join as a council"


def test_an_address_of_no_council_asks_for_the_council_and_keeps_what_was_typed(client: PageClient) -> None:
    actions.load_councils()
    answers = {**ANN, "email": "ann@gmail.com"}
    page = client.submit(client.get("/join/council"), "Make my account", status=422, **answers)
    assert page.errors == ["Choose your council. We do not know your email domain"]
    assert page.field("name") == "Ann Smith" and page.field("email") == "ann@gmail.com"
    page = client.submit(page, "Make my account", council="HCK", password=PASSWORD, note="Ask Bob")
    assert page.h1 == "Check your email"


def test_a_known_address_reads_the_same_on_the_page_and_is_told_by_mail(client: PageClient) -> None:
    making.person(email="ann@hackney.gov.uk", name="Ann Smith")
    join_hackney(client, name="Mallory")
    (mail,) = mails_to("ann@hackney.gov.uk")
    assert mail.subject == "You already have an account" and "Mallory" not in mail.body
    assert "/reset/" not in mail.body


def test_whoever_registers_somebody_elses_address_first_gains_nothing(client: PageClient) -> None:
    join_hackney(client, name="Mallory", password="chosen by mallory")
    join_hackney(client, name="Ann Smith")
    _, mail = mails_to("ann@hackney.gov.uk")
    assert "/confirm/" not in mail.body
    page = client.get(link_in(mail, "/reset/"))
    client.submit(page, "Set new password", password="chosen by ann", status=client_home_status(client))
    mallory = PageClient(client.app)
    page = mallory.get("/sign-in")
    mallory.submit(page, "Sign in", status=422, email="ann@hackney.gov.uk", password="chosen by mallory")


def test_a_weak_password_is_refused_beside_its_field(client: PageClient) -> None:
    actions.load_councils()
    page = client.submit(client.get("/join/council"), "Make my account", status=422, **{**ANN, "password": "short"})
    assert page.errors == ["Password must be 10 characters or more"] and page.field("password") == ""


def test_the_unconfirmed_see_one_page_and_may_ask_again(client: PageClient) -> None:
    join_hackney(client)
    page = client.sign_in("ann@hackney.gov.uk", PASSWORD)
    assert page.h1 == "Confirm your email address"
    for path in ("/account", "/account/join", "/council/people", "/admin"):
        assert client.get(path).h1 == "Confirm your email address"
    page = client.submit(client.get("/account/unconfirmed"), "Send a new link")
    write_mails(client.app, EMAILS)
    _, second = mails_to("ann@hackney.gov.uk")
    client.submit(client.get(link_in(second, "/confirm/")), "Confirm my address", status=client_home_status(client))
    assert client.get("/council/people").h1.endswith("People")


# -- signing in and out


def test_wrong_password_and_unknown_address_read_alike(client: PageClient) -> None:
    making.person(email="ann@example.org")
    pages = [
        client.submit(client.get("/sign-in"), "Sign in", status=422, email=email, password="not this one")
        for email in ("ann@example.org", "bob@example.org")
    ]
    assert pages[0].text == pages[1].text and pages[0].errors == ["Email address or password is not right"]


def test_the_eleventh_wrong_try_is_refused_for_known_and_unknown_alike(client: PageClient) -> None:
    making.person(email="ann@example.org")
    texts = []
    for email in ("ann@example.org", "bob@example.org"):
        page = client.get("/sign-in")
        for _ in range(rules.WRONG_TRIES_AN_HOUR):
            client.submit(page, "Sign in", status=422, email=email, password="not this one")
        texts.append(client.submit(page, "Sign in", status=429, email=email, password=making.PASSWORD).text)
    assert texts[0] == texts[1] and "Wait an hour" in texts[0]


def test_the_owner_still_gets_in_while_a_stranger_guesses(client: PageClient) -> None:
    making.person(email="ann@example.org")
    client.sign_in("ann@example.org", making.PASSWORD)
    client.submit(client.get("/account"), "Sign out", status=client_front_status(client))
    stranger = PageClient(client.app)
    page = stranger.get("/sign-in")
    for _ in range(rules.WRONG_TRIES_AN_HOUR):
        stranger.submit(page, "Sign in", status=422, email="ann@example.org", password="not this one")
    stranger.submit(page, "Sign in", status=429, email="ann@example.org", password=making.PASSWORD)
    assert client.sign_in("ann@example.org", making.PASSWORD).h1 == "Your account"


def client_front_status(client: PageClient) -> int:
    return 200 if "public" in client.app.blueprints else 404


def test_signing_in_goes_on_to_where_one_was_going(client: PageClient) -> None:
    making.person(email="ann@example.org")
    page = client.get("/account/name")
    assert page.h1 == "Sign in"
    page = client.submit(page, "Sign in", email="ann@example.org", password=making.PASSWORD)
    assert page.h1 == "Change your name"


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example/", "/\t/evil.example"])
def test_signing_in_never_leaves_the_site(client: PageClient, target: str) -> None:
    making.person(email="ann@example.org")
    page = client.get("/sign-in")
    page = client.submit(page, "Sign in", email="ann@example.org", password=making.PASSWORD, next=target)
    assert page.h1 == "Your account"


def test_two_pages_loaded_at_once_after_signing_in_can_both_be_sent(client: PageClient) -> None:
    email = making.person(email="ann@hackney.gov.uk", name="Ann Smith").email
    form = client.get("/sign-in")
    fields = {"email": email, "password": making.PASSWORD, "csrf_token": form.field("csrf_token")}
    assert client.client.post("/sign-in", data=fields).status_code == 303
    cookie = client.client.get_cookie("session")
    assert cookie
    other = PageClient(client.app)
    other.client.set_cookie("session", cookie.value)
    first, second = client.get("/account/name"), other.get("/account/name")
    # The browser keeps the cookie of whichever answer came last.
    for page, browser in ((first, other), (second, client)):
        assert browser.submit(page, "Save", name="Ann Jones").h1 == "Your account"


def test_a_session_lasts_twelve_hours_and_dies_with_the_password(client: PageClient) -> None:
    person_id = making.person(email="ann@example.org").id
    client.sign_in("ann@example.org", making.PASSWORD)
    assert client.app.permanent_session_lifetime.total_seconds() == 12 * 3600
    other = PageClient(client.app)
    other.sign_in("ann@example.org", making.PASSWORD)
    page = client.submit(
        client.get("/account/password"), "Save", current=making.PASSWORD, password="another good one"
    )
    assert page.h1 == "Your account"
    assert other.get("/account").h1 == "Sign in"
    actions.end_sessions(person_id)
    assert client.get("/account").h1 == "Sign in"


def test_a_forgotten_password_is_set_anew_by_mail(client: PageClient) -> None:
    making.person(email="ann@example.org")
    pages = [
        client.submit(client.get("/forgotten-password"), "Send me a link", email=email)
        for email in ("ann@example.org", "nobody@example.org")
    ]
    assert pages[0].text == pages[1].text
    write_mails(client.app, EMAILS)
    assert mails_to("nobody@example.org") == []
    link = link_in(mails_to("ann@example.org")[0], "/reset/")
    page = client.submit(client.get(link), "Set new password", status=422, password="short")
    page = client.submit(page, "Set new password", password="another good one")
    assert page.h1 == "Your account"
    client.get(link, status=410)
    write_mails(client.app, EMAILS)
    assert mails_to("ann@example.org")[-1].subject == "Your password was changed"


def test_no_get_of_a_link_changes_anything(client: PageClient) -> None:
    join_hackney(client)
    actions.ask_to_change_password(ANN["email"])
    write_mails(client.app, EMAILS)
    before = db.session.query(JournalLine).count()
    for mail, start in zip(mails_to(ANN["email"]), ("/confirm/", "/reset/"), strict=True):
        client.get(link_in(mail, start))
    client.get("/sign-out")
    assert db.session.query(JournalLine).count() == before


# -- the account


def test_name_record_and_closing(client: PageClient) -> None:
    making.supplier_member(email="ann@example.org", name="Ann Smith")
    client.submit(client.get("/sign-in"), "Sign in", email="ann@example.org", password=making.PASSWORD,
                  next="/account")  # fmt: skip
    page = client.submit(client.get("/account/name"), "Save", name="Ann Jones")
    assert page.has("Ann Jones")
    record = json.loads(client.get("/account/record.json").response.get_data(as_text=True))
    assert record["account"]["email"] == "ann@example.org"
    page = client.submit(client.get("/account/close"), "Close my account", status=422, password="wrong")
    assert page.errors == ["Password is not right"]
    client.submit(page, "Close my account", status=client_front_status(client), password=making.PASSWORD)
    client.submit(client.get("/sign-in"), "Sign in", status=422, email="ann@example.org", password=making.PASSWORD)


def test_one_person_acts_for_two_organisations_in_turn(client: PageClient) -> None:
    first = making.supplier_member(making.supplier("First Ltd"), email="ann@example.org")
    second = making.supplier("Second Ltd")
    actions.make_member(first.person, second.organisation, ["bidder"])
    client.submit(client.get("/sign-in"), "Sign in", email="ann@example.org", password=making.PASSWORD,
                  next="/supplier/people")  # fmt: skip
    assert client.get("/supplier/people").h1 == "First Ltd People"
    page = client.get("/account")
    home = 200 if "search" in client.app.blueprints else 404
    client.submit(page, "Act for this organisation Second Ltd", status=home)
    assert client.get("/supplier/people").h1 == "Second Ltd People"
    client.get("/supplier/people/invite", status=403)


# -- people


def sign_in_to(client: PageClient, email: str, path: str) -> None:
    page = client.get(path)
    client.submit(page, "Sign in", email=email, password=making.PASSWORD)


def test_an_officer_invites_a_colleague_who_joins(client: PageClient) -> None:
    officer = making.officer(email="ann@example.org", name="Ann Smith")
    domain = officer.organisation.authority.email_domains
    sign_in_to(client, "ann@example.org", "/council/people")
    page = client.get("/council/people/invite")
    page = client.submit(page, "Send invitation", status=422, email=f"bob@{domain}", roles=["officer", "approver"])
    assert page.errors == ["Choose officer or approver, not both: what one person writes another must approve"]
    page = client.submit(page, "Send invitation", roles=["approver"])
    assert page.has(f"bob@{domain}")
    write_mails(client.app, EMAILS)
    (mail,) = mails_to(f"bob@{domain}")
    assert "Ann Smith" in mail.subject and "Approver" in mail.body
    bob = PageClient(client.app)
    page = bob.get(link_in(mail, "/invitations/"))
    bob.submit(page, "Make my account and join", name="Bob", password=PASSWORD, status=client_home_status(bob))
    assert bob.get("/council/people").has("Bob")
    assert bob.get(link_in(mail, "/invitations/")).has("This invitation has been used")


def test_somebody_with_an_account_joins_by_one_button(client: PageClient) -> None:
    firm_id = making.supplier_member(making.supplier("Firm Ltd"), email="ann@example.org").organisation_id
    making.person(email="bob@example.org")
    sign_in_to(client, "ann@example.org", "/supplier/people")
    client.submit(client.get("/supplier/people/invite"), "Send invitation", email="bob@example.org", roles=["bidder"])
    write_mails(client.app, EMAILS)
    link = link_in(mails_to("bob@example.org")[0], "/invitations/")
    assert client.get(link).has("You are signed in as ann@example.org")
    bob = PageClient(client.app)
    page = bob.follow(bob.get(link), "Sign in to accept")
    page = bob.submit(page, "Sign in", email="bob@example.org", password=making.PASSWORD)
    home = 200 if "search" in client.app.blueprints else 404
    bob.submit(page, "Join Firm Ltd", status=home)
    assert len(queries.members_of(firm_id)) == 2


def test_requests_roles_and_removal(client: PageClient) -> None:
    officer = making.officer(email="ann@example.org")
    council, council_name = officer.organisation, officer.organisation.name
    domain = council.authority.email_domains
    actions.join_council("Bob Brown", f"bob@{domain}", PASSWORD, council, "Extension 12")
    write_mails(client.app, EMAILS)
    bob = PageClient(client.app)
    bob.submit(bob.get(link_in(mails_to(f"bob@{domain}")[0], "/confirm/")), "Confirm my address")
    write_mails(client.app, EMAILS)
    (told,) = mails_to("ann@example.org")
    assert told.subject == f"Bob Brown asks to join {council_name}" and "Extension 12" in told.body
    sign_in_to(client, "ann@example.org", "/council/people")
    page = client.follow(client.get("/council/people"), "Approve or refuse Bob Brown")
    page = client.submit(page, "Approve", status=422)
    assert page.errors == ["Choose at least one role"]
    page = client.submit(page, "Approve", roles=["evaluator"])
    assert page.table(f"Members of {council_name}")[0]["Roles"] in ("Evaluator", "Officer")
    page = client.follow(page, "Change roles of Bob Brown")
    assert page.field("roles") == ["evaluator"]
    page = client.submit(page, "Save roles", roles=["approver", "evaluator"])
    page = client.submit(client.follow(page, "Remove Bob Brown"), "Remove")
    assert not page.has(f"bob@{domain}")
    assert queries.memberships_of_person(queries.find_person(f"bob@{domain}").id) == []
    write_mails(client.app, EMAILS)
    assert mails_to(f"bob@{domain}")[-1].subject == f"You are now a member of {council_name}"


def test_who_does_not_manage_reads_the_list_only(client: PageClient) -> None:
    council = making.council()
    making.officer(council)
    making.member(council, "viewer", email="vera@example.org", name="Vera Viewer")
    sign_in_to(client, "vera@example.org", "/council/people")
    page = client.get("/council/people")
    assert page.has("Vera Viewer") and "Invite a colleague" not in page.links
    client.get("/council/people/invite", status=403)
    client.get("/supplier/people", status=403)


def test_a_suspended_councils_people_read_and_change_nothing(client: PageClient) -> None:
    council_id = making.officer(email="ann@example.org").organisation_id
    sign_in_to(client, "ann@example.org", "/council/people")
    page = client.get("/council/people/invite")
    with db.one_action("test"):
        council = queries.get_organisation(council_id)
        council.suspended_at, council.suspension_reason = clock.now(), "Under inquiry."
        making.record(making.MadeForTest(subject="test"))
    assert client.get("/council/people").has("is suspended: Under inquiry.")
    refused = client.submit(page, "Send invitation", status=403, email="bob@example.org", roles=["approver"])
    assert refused.has("Under inquiry.")
    assert client.get("/account").has("Under inquiry.")


def test_a_link_that_is_not_ours_says_so(client: PageClient) -> None:
    for path in ("/confirm/1-x", "/reset/1-x", "/invitations/1-x", "/confirm/x", "/reset/99999999999999-x"):
        assert client.get(path, status=404).has("This link is not complete")


def test_an_address_is_changed_on_the_pages_and_the_session_goes_on(client: PageClient) -> None:
    join_hackney(client)
    client.submit(client.get(link_in(mails_to(ANN["email"])[0], "/confirm/")), "Confirm my address")
    client.sign_in(ANN["email"], PASSWORD)
    asked = client.follow(client.get("/account"), "Change email address")
    wrong = client.submit(asked, "Send the link", email="ann@consultants.example", password="not this one", status=422)
    assert wrong.errors == ["Password is not right"] and wrong.field("email") == "ann@consultants.example"
    client.submit(wrong, "Send the link", password=PASSWORD)
    write_mails(client.app, EMAILS)
    page = client.get(link_in(mails_to("ann@consultants.example")[0], "/account/email/"))
    assert page.has("until the administrator of") and page.has("ann@consultants.example")
    done = client.submit(page, "Use this address")
    assert done.url == "/account" and done.has("ann@consultants.example")
    assert "waiting for approval" in done.text.lower()
    client.sign_out()
    client.sign_in("ann@consultants.example", PASSWORD)
    assert client.get("/account").has("Ann Smith")
