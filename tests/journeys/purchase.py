"""One whole purchase in the order in which it happens."""

from __future__ import annotations

from tests.journeys import after_closing, until_closing
from tests.journeys.people import FIRST, SECOND, World


def run_purchase(world: World) -> None:
    """From the first word of a need to the auditor's exports; each step checks what others cannot see."""
    _until_closing(world)
    after_closing.two_open(world)
    after_closing.the_panel_declares(world)
    after_closing.each_scores_alone(world)
    after_closing.the_chair_agrees_and_freezes(world)
    after_closing.the_award_is_decided(world)
    after_closing.the_bidders_are_told(world)
    after_closing.the_contract_is_signed(world)
    after_closing.the_work_is_delivered(world)
    after_closing.the_auditor_checks(world)
    after_closing.the_auditor_exports(world)


def _until_closing(world: World) -> None:
    until_closing.the_need_is_drafted(world)
    until_closing.the_need_is_published(world)
    until_closing.the_public_reads_and_follows(world)
    until_closing.a_firm_registers(world, FIRST)
    until_closing.a_bid_is_written(world, FIRST)
    until_closing.the_bid_is_submitted(world, FIRST)
    until_closing.the_bid_is_replaced(world, FIRST)
    until_closing.a_firm_registers(world, SECOND)
    until_closing.a_question_is_asked_and_answered(world)
    until_closing.a_bid_is_written(world, SECOND)
    until_closing.the_bid_is_submitted(world, SECOND)
    until_closing.nobody_sees_who_bids(world)
    until_closing.a_late_attempt_is_refused(world)
