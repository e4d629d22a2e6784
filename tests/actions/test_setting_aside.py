"""An award that its winner will not sign is set aside by two people, and the next one goes the whole way again."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.errors import Problems
from marketplace.core.journal import JournalLine
from tenders.awards import actions, emails, queries, setting_aside
from tenders.awards.models import Award
from tenders.contracts import actions as contract_actions
from tenders.contracts import queries as contracts
from tenders.contracts.status import status_of as contract_status
from tenders.needs.public import history
from tenders.needs.status import status_of
from tenders.notices import listening, ocds
from tenders.notices import queries as notices
from tests import contracting, making
from tests.contracting import Deal

pytestmark = pytest.mark.usefixtures("app")
REASON = "The winner wrote that it cannot take the work on."


def set_aside(deal: Deal) -> Award:
    made = deal.made
    setting_aside.ask_to_set_aside(made.need.id, made.officer, REASON)
    return setting_aside.set_award_aside(made.need.id, made.approver)


def hear() -> None:
    lines = db.session.scalars(select(JournalLine).order_by(JournalLine.number)).all()
    listening.react([each for each in lines if each.event in listening.NOTICE_EVENTS])


def test_the_next_bid_wins_by_a_decision_of_its_own() -> None:
    deal = contracting.sent()
    made, need, dead = deal.made, deal.made.need, deal.signed
    setting_aside.ask_to_set_aside(need.id, made.officer, REASON)
    with pytest.raises(Problems, match="proposed to set this award aside"):
        contract_actions.sign_for_supplier(dead.id, deal.supplier)
    award = setting_aside.set_award_aside(need.id, made.approver)
    assert award.is_set_aside and (award.return_reason, award.set_aside_by_id) == (REASON, made.approver.person_id)
    assert status_of(need) == "assessed" and queries.find_award(need) is None and queries.public_result(need) is None
    # The contract that was half signed is nobody's task any more, and cannot be signed.
    assert contracts.find_contract(need) is None and contract_status(dead) == "void"
    assert contracts.contracts_of_supplier(deal.supplier.organisation_id) == []
    assert contracts.contracts_of_authority(made.council.id) == []
    with pytest.raises(Problems, match="nothing to sign"):
        contract_actions.sign_for_supplier(dead.id, deal.supplier)
    with pytest.raises(Problems, match="was set aside. Propose another"):
        actions.propose_award(need.id, made.officer, made.bids[0].reference, "Again.")
    second = actions.propose_award(need.id, made.officer, made.bids[1].reference, "It ranks next.")
    actions.approve_award(need.id, made.approver)
    with pytest.raises(Problems, match="Check the draft|Explain the decision"):
        actions.send_summaries(need.id, made.officer)
    for bid in made.bids:
        actions.save_explanation(need.id, bid.reference, made.officer, "The first winner withdrew.")
    actions.send_summaries(need.id, made.officer)
    told = queries.public_result(need)
    assert told is not None and told.reference == second.reference and told.winner == made.bids[1].supplier.name
    winner = Deal(made, None, deal.manager, deal.signer, made.bidders[1])
    new = contracting.running(contracting.drafted(winner)).signed
    assert contracts.contract_of(need) == new and status_of(need) == "contracted"


def test_it_takes_the_award_approver_and_another_and_a_reason() -> None:
    deal = contracting.awarded()
    made, need = deal.made, deal.made.need
    with pytest.raises(Problems, match="Nobody proposed"):
        setting_aside.set_award_aside(need.id, made.approver)
    with pytest.raises(Problems, match="Give the reason"):
        setting_aside.ask_to_set_aside(need.id, made.officer, " ")
    setting_aside.ask_to_set_aside(need.id, made.officer, REASON)
    with pytest.raises(Problems, match="already"):
        setting_aside.ask_to_set_aside(need.id, made.officer, REASON)
    with pytest.raises(Problems, match="named for this need"):
        setting_aside.set_award_aside(need.id, making.member(made.council, "approver"))
    setting_aside.refuse_to_set_aside(need.id, made.approver)
    award = queries.find_award(need)
    assert award is not None and award.is_told and award.set_aside_asked_at is None
    setting_aside.ask_to_set_aside(need.id, made.approver, REASON)
    with pytest.raises(Problems, match="somebody else decides"):
        setting_aside.set_award_aside(need.id, made.approver)


def test_a_signed_contract_is_ended_not_set_aside() -> None:
    deal = contracting.running()
    with pytest.raises(Problems, match="contract is signed"):
        setting_aside.ask_to_set_aside(deal.made.need.id, deal.made.officer, REASON)


def test_every_bidder_hears_and_everyone_can_read_why(app: Flask) -> None:
    deal = contracting.awarded()
    set_aside(deal)
    line = db.session.scalars(select(JournalLine).where(JournalLine.event == "AwardSetAside")).one()
    assert REASON not in line.details
    letters = list(emails.EMAILS["AwardSetAside"](line))
    assert {each.to for each in letters} == {each.person.email for each in deal.made.bidders}
    newest = history(deal.made.need)[0]
    assert newest["reason"] == REASON and newest["kind"].startswith("Award set aside")
    told = queries.find_feedback(deal.made.bids[1])
    assert told is not None and told["set_aside"].return_reason == REASON


def test_its_notice_is_due_no_longer_and_open_data_cancel_it() -> None:
    deal = contracting.awarded(estimated_value_pence=25_000_000)
    need = deal.made.need
    hear()
    assert [each.kind for each in notices.notices_of(need)] == ["UK6"]
    before = ocds.package_of(need)["releases"]
    clock.pass_time(hours=1)
    set_aside(deal)
    hear()
    assert list(notices.notices_of(need)) == []
    releases = ocds.package_of(need)["releases"]
    assert releases[: len(before)] == before
    (added,) = releases[len(before) :]
    assert added["tag"] == ["awardCancellation"] and added["awards"][0]["status"] == "cancelled"
    assert REASON in json.dumps(added)
