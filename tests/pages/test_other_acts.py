"""Acts by form that no other test of pages does: each is taken, and its line is watched (tests/acts.py)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, g
from sqlalchemy import select

from marketplace.accounts import joining, people
from marketplace.accounts.models import Membership, Organisation
from marketplace.core import clock, db
from marketplace.core.journal import JournalLine, record
from search import actions as searches
from search.models import SavedSearch
from suppliers.evidence.models import Evidence
from suppliers.profiles.models import Supplier
from tenders.bids import handing_over, opener_keys
from tenders.contracts import running
from tenders.needs import actions as needs
from tenders.needs import amending
from tests import bidding, contracting, making
from tests.actions.test_needs import council_people, draft, publish
from tests.actions.test_searching import ask as question
from tests.pageclient import signed_in

Press = Callable[..., None]


@pytest.fixture
def press(app: Flask) -> Press:
    """Sends one form as a member, with the token of a page; insists that it was taken."""

    def pressed(member: Membership, path: str, **fields: object) -> None:
        for each in list(g):  # who was signed in before, kept because the test holds the application's context
            g.pop(each)
        browser = signed_in(app, member)
        token = browser.get("/account").soup.find("input", attrs={"name": "csrf_token"})
        assert token is not None
        answer = browser.client.post(path, data={"csrf_token": token["value"], **fields})
        assert answer.status_code in (302, 303), f"{path}: {answer.status_code}\n{answer.get_data(as_text=True)[:3000]}"
        answer.close()

    return pressed


def last_event() -> str:
    return db.session.scalars(select(JournalLine.event).order_by(JournalLine.number.desc()).limit(1)).one()


def asked(of: Organisation) -> Membership:
    """A person whose request to join waits for the colleagues there."""
    host = of.authority.domains[0] if of.authority else "example.org"
    person = making.person(email=f"new@{host}")
    return joining.ask_to_join(person, of)


def test_a_person_asks_to_join_and_leaves(press: Press) -> None:
    member, council = making.supplier_member(), making.council()
    making.supplier_member(_firm(member))
    making.officer(council)
    press(member, "/account/join", council=council.authority.code, note="")
    assert last_event() == "JoinWaits"
    press(member, f"/account/memberships/{member.id}/leave")
    assert last_event() == "MembershipEnded"


def _firm(member: Membership) -> Supplier:
    return db.session.scalars(select(Supplier).where(Supplier.id == member.organisation_id)).one()


def test_a_person_ends_every_session(press: Press) -> None:
    press(making.supplier_member(), "/account/sign-out-everywhere")
    assert last_event() == "SessionsEnded"


def test_a_council_refuses_a_request_and_withdraws_an_invitation(press: Press) -> None:
    officer = making.officer()
    request = asked(officer.organisation)
    press(officer, f"/council/people/requests/{request.id}/refuse")
    assert last_event() == "JoinRefused"
    invited = people.invite_colleague(officer.organisation, "bob@example.org", ["viewer"], officer)
    press(officer, f"/council/people/invitations/{invited.id}/withdraw")
    assert last_event() == "InvitationWithdrawn"


def test_a_firm_looks_after_its_people(press: Press) -> None:
    admin = making.supplier_member()
    of = admin.organisation
    request = asked(of)
    press(admin, f"/supplier/people/requests/{request.id}", roles="bidder")
    assert last_event() == "JoinApproved"
    press(admin, f"/supplier/people/{request.id}/roles", roles="admin")
    assert last_event() == "RolesChanged"
    press(admin, f"/supplier/people/{request.id}/remove")
    assert last_event() == "MembershipEnded"
    press(admin, f"/supplier/people/requests/{_another(of).id}/refuse")
    assert last_event() == "JoinRefused"
    invited = people.invite_colleague(of, "bob@example.net", ["bidder"], admin)
    press(admin, f"/supplier/people/invitations/{invited.id}/withdraw")
    assert last_event() == "InvitationWithdrawn"


def _another(of: Organisation) -> Membership:
    return joining.ask_to_join(making.person(), of)


def test_an_administrator_approves_an_organisation(press: Press) -> None:
    council = making.council()
    with db.one_action("test"):
        council.approved_at = None
        record(making.MadeForTest(subject="test"))
    press(making.administrator(), f"/admin/organisations/{council.id}/approve")
    assert last_event() == "OrganisationApproved"


def test_the_use_of_the_recovery_key_is_refused(press: Press) -> None:
    from tests.actions.test_recovery import council

    made = council()
    need = making.open_need(made.need.authority, panel={"opener": [each.person for each in made.openers]})
    bidding.give_key(need)
    opener_keys.begin_anew(made.openers[0], "other words for the opener", "other words for the opener")
    handing_over.ask_recovery(need.id, made.maker, made.openers[0].person_id, made.openers[0].person_id, "Lost.")
    press(made.approver, f"/council/needs/{need.reference}/key/recovery/refuse")
    assert last_event() == "ShareRecoveryRefused"


def test_a_change_of_a_contract_is_refused_by_another(press: Press) -> None:
    deal = contracting.running()
    running.propose_change(deal.signed.id, deal.manager, "provided_for", "A second borough joins.", 100_000)
    press(deal.signer, f"/council/contracts/{deal.signed.reference}/changes/1/refuse", reason="Too dear.")
    assert last_event() == "ChangeRefused"


def test_a_paper_is_renewed(press: Press) -> None:
    admin = making.supplier_member()
    facts = {"kind": "certificate", "name": "Cyber Essentials"}
    day = {"expires_on-day": "1", "expires_on-month": "5", "expires_on-year": "2027"}
    press(admin, "/supplier/evidence/new", **facts, **day)
    paper = db.session.scalars(select(Evidence)).one()
    press(admin, f"/supplier/evidence/{paper.id}", **facts, **{**day, "expires_on-year": "2028"})
    assert last_event() == "EvidenceChanged"


def test_a_need_is_taken_back_then_approved(press: Press) -> None:
    who = council_people()
    need = draft(who)
    needs.ask_approval(need.id, who.officer)
    press(who.officer, f"/council/needs/{need.reference}/take-back")
    assert last_event() == "ApprovalTakenBack"
    needs.ask_approval(need.id, who.officer)
    press(who.approver, f"/council/needs/{need.reference}/approve")
    assert last_event() == "NeedApproved"


def test_changes_of_an_open_need_are_taken_back_and_dropped(press: Press) -> None:
    who = council_people()
    need = publish(draft(who), who)
    amending.save_amendment(need.id, who.officer, "problem", {"problem": "Told better. " * 20})
    amending.ask_amendment_approval(need.id, who.officer, "Suppliers asked")
    press(who.officer, f"/council/needs/{need.reference}/amend/take-back")
    assert last_event() == "AmendmentTakenBack"
    press(who.officer, f"/council/needs/{need.reference}/amend/drop")
    assert last_event() == "AmendmentDropped"


def test_a_saved_search_is_stopped(press: Press) -> None:
    member = making.supplier_member()
    searches.save_search(question(q="parking"), member)
    kept = db.session.scalars(select(SavedSearch)).one()
    press(member, f"/account/searches/{kept.id}/stop")
    assert last_event() == "SavedSearchStopped" and clock.now() >= kept.saved_at
