"""A duty passes on when its holder has left, with both names and the reason on record; never otherwise."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import select

from marketplace.accounts import joining
from marketplace.accounts.models import Membership
from marketplace.core import db
from marketplace.core.errors import NotFound, Problems
from marketplace.core.journal import JournalLine
from tenders.bids.queries import duties_on
from tenders.needs import dashboard, emails, replacing
from tenders.needs.models import Need, PanelMember
from tests import assessing, making
from tests.actions.test_needs import council_people, draft, publish
from tests.assessing import Purchase

pytestmark = pytest.mark.usefixtures("app")


def row_of(need: Need, duty: str) -> PanelMember:
    return need.people_with(duty)[0]


def leaves(member: Membership, by: Membership) -> None:
    joining.end_membership(member.id, member.organisation_id, by)


def membership_of(need: Need, duty: str) -> Membership:
    row = row_of(need, duty)
    return db.session.scalars(select(Membership).where(Membership.person_id == row.person_id)).one()


@pytest.fixture
def who() -> SimpleNamespace:
    people = council_people()
    people.need = publish(draft(people), people)
    return people


def test_a_new_approver_takes_over_from_one_who_left(who: SimpleNamespace) -> None:
    row, successor = row_of(who.need, "award_approver"), making.member(who.council, "approver", name="Sal")
    before = row.person
    with pytest.raises(Problems, match="still there"):
        replacing.replace_duty_holder(who.need.id, who.officer, row.id, successor.person_id, "On holiday.")
    leaves(membership_of(who.need, "award_approver"), who.officer)
    (task,) = [each for each in dashboard.need_tasks(who.officer) if "approve the award" in each.title]
    assert task.href.endswith(f"/duties/{row.id}") and before.name in task.title
    with pytest.raises(Problems, match="why somebody else"):
        replacing.replace_duty_holder(who.need.id, who.officer, row.id, successor.person_id, " ")
    kept = replacing.replace_duty_holder(who.need.id, who.officer, row.id, successor.person_id, "Dev has retired.")
    assert (kept.left_id, kept.named_id, kept.duty) == (before.id, successor.person_id, "award_approver")
    assert duties_on(who.need, successor.person_id) == ["award_approver"] and duties_on(who.need, before.id) == []
    assert dashboard.need_tasks(who.officer) == []
    line = db.session.scalars(select(JournalLine).where(JournalLine.event == "DutyHandedOver")).one()
    assert line.facts["left"] == before.pseudonym and "retired" not in line.details
    (letter,) = emails.EMAILS["DutyHandedOver"](line)
    assert letter.to == successor.person.email


def test_whoever_lost_the_role_is_replaced_too(who: SimpleNamespace) -> None:
    row, successor = row_of(who.need, "award_approver"), making.member(who.council, "approver")
    holder = membership_of(who.need, "award_approver")
    joining.change_roles(holder.id, who.council.id, {"viewer"}, who.officer)
    replacing.replace_duty_holder(who.need.id, who.officer, row.id, successor.person_id, "Moved to another team.")
    assert row.person_id == successor.person_id


def test_not_the_author_not_the_panel_not_oneself_and_only_with_the_role(who: SimpleNamespace) -> None:
    row = row_of(who.need, "award_approver")
    leaves(membership_of(who.need, "award_approver"), who.officer)
    chair, author = membership_of(who.need, "chair"), who.officer
    joining.change_roles(chair.id, who.council.id, {"chair", "approver"}, who.officer)
    joining.change_roles(author.id, who.council.id, {"approver"}, who.approver)
    colleague = making.officer(who.council)
    for person_id, words in (
        (chair.person_id, "neither evaluator nor chair"),
        (author.person_id, "other than the author"),
        (colleague.person_id, "has the role"),
        (making.member(making.council(), "approver").person_id, "has the role"),
    ):
        with pytest.raises(Problems, match=words):
            replacing.replace_duty_holder(who.need.id, colleague, row.id, person_id, "Left.")
    with pytest.raises(Problems, match="own act"):
        replacing.replace_duty_holder(who.need.id, who.approver, row.id, who.approver.person_id, "Left.")
    with pytest.raises(NotFound):
        stranger = making.officer()
        replacing.replace_duty_holder(who.need.id, stranger, row.id, who.approver.person_id, "Not theirs.")


def test_an_evaluator_passes_on_before_the_opening_and_an_opener_never(who: SimpleNamespace) -> None:
    evaluator, opener = row_of(who.need, "evaluator"), row_of(who.need, "opener")
    fresh = making.member(who.council, "evaluator", "finance")
    leaves(membership_of(who.need, "evaluator"), who.officer)
    replacing.replace_duty_holder(who.need.id, who.officer, evaluator.id, fresh.person_id, "Left.")
    assert evaluator.person_id == fresh.person_id
    leaves(membership_of(who.need, "opener"), who.officer)
    with pytest.raises(Problems, match="share of the sealing key"):
        replacing.replace_duty_holder(who.need.id, who.officer, opener.id, fresh.person_id, "Left.")


def test_after_the_opening_only_the_award_approver_passes_on_here() -> None:
    made: Purchase = assessing.opened()
    leaves(made.approver, made.officer)
    leaves(made.chair, made.officer)
    with pytest.raises(Problems, match="page of the assessment"):
        chair, fresh = row_of(made.need, "chair"), making.member(made.council, "chair")
        replacing.replace_duty_holder(made.need.id, made.officer, chair.id, fresh.person_id, "Left.")
    fresh = making.member(made.council, "approver")
    row = row_of(made.need, "award_approver")
    replacing.replace_duty_holder(made.need.id, made.officer, row.id, fresh.person_id, "Left.")
    assert row.person_id == fresh.person_id
