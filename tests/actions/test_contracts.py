"""Contracts end to end: drafted from an award, signed by two sides and two people, delivered, changed, ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.core import clock, db
from marketplace.core.errors import NotFound
from marketplace.core.journal import JournalLine, record
from tenders.awards import actions as awards
from tenders.contracts import actions, queries, running
from tenders.contracts.models import Contract
from tenders.contracts.status import status_of
from tenders.needs.status import status_of as status_of_need
from tests import assessing, contracting, making
from tests.lines import events_told
from tests.refusing import refused

pytestmark = pytest.mark.usefixtures("app")


WHY = "The bid's optional training is bought with it."


class TestDrafting:
    def test_the_draft_starts_from_the_award_and_its_milestones_add_up(self) -> None:
        deal = contracting.awarded()
        terms = queries.first_terms(deal.made.need)
        assert terms["value_pence"] == 2_340_000
        contract = contracting.drafted(deal).signed
        assert contract.reference == "C-2026-0001"
        assert contract.supplier_id == deal.supplier.organisation_id
        assert [each.amount_pence for each in contract.milestones] == [2_340_000]
        assert queries.contract_of(deal.made.need) is None

    def test_a_value_that_is_not_the_winners_price_needs_its_reason(self) -> None:
        deal = contracting.awarded()
        words = "Say why the value is £100 more than the winner's price of £23,400 including VAT"
        assert words in refused(contracting.drafted, deal, 2_350_000, "")
        contract = contracting.drafted(deal).signed
        terms = (contract.title, 2_350_000, contract.starts_on, contract.ends_on)
        assert words in refused(actions.save_terms, contract.id, deal.manager, *terms, " ")
        actions.save_terms(contract.id, deal.manager, *terms, WHY)
        assert contract.difference_reason == WHY
        back = (contract.title, 2_340_000, contract.starts_on, contract.ends_on)
        actions.save_terms(contract.id, deal.manager, *back, WHY)
        assert contract.difference_reason == "", "a reason without a difference says something that is not so"

    def test_no_award_no_contract(self) -> None:
        made = assessing.frozen(assessing.opened(), (5, 3))
        start = clock.today()
        assert "award comes first" in refused(
            actions.draft_contract, made.need.id, made.officer, "Bins", 100, start, start
        )

    def test_one_contract_for_one_award(self) -> None:
        deal = contracting.drafted()
        assert "already" in refused(contracting.drafted, deal)

    def test_another_council_and_another_supplier_find_nothing(self) -> None:
        deal = contracting.sent()
        stranger = making.member(making.council(), "contract_manager", "approver")
        with pytest.raises(NotFound):
            actions.ask_signature(deal.signed.id, stranger)
        with pytest.raises(NotFound):
            actions.sign_for_supplier(deal.signed.id, deal.made.bidders[1])
        with pytest.raises(NotFound):
            queries.get_contract_of_supplier(deal.signed.reference, deal.made.bidders[1].organisation_id)

    def test_the_supplier_sees_nothing_before_the_council_signs(self) -> None:
        deal = contracting.drafted()
        with pytest.raises(NotFound):
            queries.get_contract_of_supplier(deal.signed.reference, deal.supplier.organisation_id)


class TestSigning:
    def test_both_sides_sign_and_the_need_is_contracted(self) -> None:
        deal = contracting.running()
        assert status_of(deal.signed) == "active"
        assert status_of_need(deal.made.need) == "contracted"
        assert queries.contract_of(deal.made.need) is deal.signed
        assert events_told()[-4:] == ["ContractDrafted", "SignatureAsked", "ContractSignedByCouncil", "ContractSigned"]

    def test_milestones_that_do_not_add_up_stop_the_signing(self) -> None:
        deal = contracting.drafted()
        contract = deal.signed
        actions.save_terms(contract.id, deal.manager, contract.title, 2_400_000, contract.starts_on, contract.ends_on, WHY)
        assert "£600 is missing" in refused(actions.ask_signature, contract.id, deal.manager)

    def test_nobody_signs_what_they_wrote(self) -> None:
        deal = contracting.awarded()
        both = making.member(deal.made.council, "approver", "contract_manager")
        deal = contracting.drafted(contracting.Deal(deal.made, None, both, deal.signer, deal.supplier))
        actions.ask_signature(deal.signed.id, both)
        assert "You wrote these terms" in refused(actions.sign_for_council, deal.signed.id, both)
        with pytest.raises(IntegrityError), db.one_action("test"):
            deal.signed.council_signed_by_id, deal.signed.council_signed_at = both.person_id, clock.now()
            record(making.MadeForTest(subject="test"))
            db.session.flush()

    def test_a_challenge_stops_either_side(self) -> None:
        deal = contracting.drafted()
        actions.ask_signature(deal.signed.id, deal.manager)
        awards.suspend_standstill(deal.made.need.id, deal.made.officer, "A claim was notified today.")
        assert "suspended" in refused(actions.sign_for_council, deal.signed.id, deal.signer)
        awards.lift_suspension(deal.made.need.id, deal.made.officer, "The claim was withdrawn.")
        actions.sign_for_council(deal.signed.id, deal.signer)
        awards.suspend_standstill(deal.made.need.id, deal.made.officer, "Another claim.")
        assert "suspended" in refused(actions.sign_for_supplier, deal.signed.id, deal.supplier)

    def test_the_standstill_is_over_before_anybody_signs(self) -> None:
        deal = contracting.awarded(estimated_value_pence=25_000_000)
        deal = contracting.drafted(deal)
        actions.ask_signature(deal.signed.id, deal.manager)
        assert "award notice (UK6)" in refused(actions.sign_for_council, deal.signed.id, deal.signer)
        awards.record_award_notice(deal.made.need.id, deal.made.officer, "012345-2026", clock.today())
        assert "standstill lasts until" in refused(actions.sign_for_council, deal.signed.id, deal.signer)
        clock.pass_time(days=15)
        actions.sign_for_council(deal.signed.id, deal.signer)
        assert status_of(deal.signed) == "sent"

    def test_the_supplier_sends_it_back_and_the_signature_is_void(self) -> None:
        deal = contracting.sent()
        assert "Say what must change" in refused(actions.return_contract, deal.signed.id, deal.supplier, "")
        actions.return_contract(deal.signed.id, deal.supplier, "The start is too soon.")
        assert status_of(deal.signed) == "draft"
        assert deal.signed.council_signed_by_id is None
        contracting.running(deal)
        assert status_of(deal.signed) == "active"

    def test_signed_terms_are_shut(self) -> None:
        deal = contracting.sent()
        one = deal.signed.milestones[0]
        assert "no longer be edited" in refused(actions.remove_milestone, deal.signed.id, deal.manager, one.id)


class TestMilestones:
    def test_delivered_rejected_delivered_again_accepted(self) -> None:
        deal = contracting.running()
        contract, one = deal.signed, deal.signed.milestones[0]
        assert "not reported" in refused(running.decide_milestone, contract.id, deal.manager, one.id, True, "")
        running.deliver_milestone(contract.id, deal.supplier, one.id, "Live at the test address.")
        assert "Say what is missing" in refused(running.decide_milestone, contract.id, deal.manager, one.id, False, " ")
        running.decide_milestone(contract.id, deal.manager, one.id, False, "It does not work on a phone.")
        assert one.status == "rejected"
        running.deliver_milestone(contract.id, deal.supplier, one.id, "Mended.")
        running.decide_milestone(contract.id, deal.manager, one.id, True, "")
        assert one.status == "accepted"
        assert one.accepted_by_id == deal.manager.person_id

    def test_the_supplier_accepts_nothing(self) -> None:
        deal = contracting.running()
        one = deal.signed.milestones[0]
        running.deliver_milestone(deal.signed.id, deal.supplier, one.id, "Live.")
        with pytest.raises(NotFound):
            running.decide_milestone(deal.signed.id, deal.supplier, one.id, True, "")


class TestChanges:
    def test_more_money_is_a_milestone_of_its_own_once_approved(self) -> None:
        deal = contracting.running()
        contract = deal.signed
        running.propose_change(contract.id, deal.manager, "provided_for", "A second borough joins.", 100_000)
        assert contract.value_pence == 2_340_000
        running.approve_change(contract.id, deal.signer, 1)
        assert contract.value_pence == 2_440_000
        assert sum(each.amount_pence for each in contract.milestones) == 2_440_000
        assert contract.first_value_pence == 2_340_000

    def test_less_money_comes_off_what_is_still_to_be_delivered(self) -> None:
        deal = contracting.running(contracting.split(contracting.drafted(), 1_900_000))
        contract = deal.signed
        running.propose_change(contract.id, deal.manager, "provided_for", "Less to do.", -1_000_000)
        running.approve_change(contract.id, deal.signer, 1)
        assert [each.amount_pence for each in contract.milestones] == [1_340_000, 0]
        assert contract.value_pence == 1_340_000

    def test_two_people_and_the_database_agrees(self) -> None:
        deal = contracting.running()
        both = making.member(deal.made.council, "approver", "contract_manager")
        made = running.propose_change(deal.signed.id, both, "provided_for", "A second borough joins.", 100_000)
        assert "another approver" in refused(running.approve_change, deal.signed.id, both, 1)
        assert "another approver" in refused(running.refuse_change, deal.signed.id, both, 1, "No")
        with pytest.raises(IntegrityError), db.one_action("test"):
            made.approved_by_id = both.person_id
            record(making.MadeForTest(subject="test"))
            db.session.flush()

    def test_a_large_change_waits_for_its_notice_and_its_warnings(self) -> None:
        deal = contracting.drafted(contracting.awarded(), value_pence=30_000_000)
        contracting.running(deal)
        made = running.propose_change(deal.signed.id, deal.manager, "known_risk", "The risk came about.", 15_000_001)
        assert made.needs_notice
        assert not all(each["holds"] for each in made.findings)
        said = refused(running.approve_change, deal.signed.id, deal.signer, 1)
        assert "UK10" in said and "warnings" in said
        running.approve_change(deal.signed.id, deal.signer, 1, True, "012345-2026")
        assert deal.signed.value_pence == 45_000_001

    def test_one_change_at_a_time_and_a_refused_one_changes_nothing(self) -> None:
        deal = contracting.running()
        running.propose_change(deal.signed.id, deal.manager, "own_rules", "More time.", 0, deal.signed.ends_on)
        assert "Another change waits" in refused(
            running.propose_change, deal.signed.id, deal.manager, "own_rules", "More money.", 5
        )
        running.refuse_change(deal.signed.id, deal.signer, 1, "Not now.")
        assert deal.signed.value_pence == 2_340_000
        assert running.propose_change(deal.signed.id, deal.manager, "own_rules", "More money.", 5).number == 2


class TestEnding:
    def test_the_outcome_is_kept_and_the_contract_stops(self) -> None:
        deal = contracting.running()
        running.end_contract(
            deal.signed.id, deal.signer, "terminated", "The firm closed.", "Half of the reports moved online."
        )
        assert status_of(deal.signed) == "terminated"
        one = deal.signed.milestones[0]
        assert "has ended" in refused(running.deliver_milestone, deal.signed.id, deal.supplier, one.id, "Late")
        line = db.session.scalars(select(JournalLine).where(JournalLine.event == "ContractEnded")).one()
        assert (line.facts["kind"], line.facts["is_public"]) == ("terminated", False)

    def test_both_sides_are_told_once_sixty_days_before_the_end(self) -> None:
        deal = contracting.running()
        assert running.remind_of_endings() == 0
        clock.set_clock(clock.now() + timedelta(days=306))
        assert running.remind_of_endings() == 1
        assert running.remind_of_endings() == 0
        running.propose_change(
            deal.signed.id, deal.manager, "own_rules", "Longer.", 0, deal.signed.ends_on + timedelta(days=30)
        )
        running.approve_change(deal.signed.id, deal.signer, 1)
        assert running.remind_of_endings() == 0
        assert db.session.get(Contract, deal.signed.id).ending_told_at is None
