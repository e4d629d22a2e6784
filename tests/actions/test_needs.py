"""A need from draft to publication and after, in verbs, on a database."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.errors import Conflict, NotFound, Problems
from marketplace.core.journal import JournalLine
from marketplace.core.letters import write_letters
from marketplace.core.mail import Mail
from tenders.needs import actions, amending, content, emails, queries
from tenders.needs.models import Need
from tenders.needs.status import status_of
from tests import making

pytestmark = pytest.mark.usefixtures("app")


def council_people() -> SimpleNamespace:
    """A council with an officer, an approver and a panel."""
    council = making.council()
    panel = {
        "opener": [making.member(council, "finance").person, making.member(council, "contract_manager").person],
        "evaluator": [making.member(council, "evaluator").person],
        "chair": [making.member(council, "chair").person],
        "award_approver": [making.member(council, "approver").person],
    }
    return SimpleNamespace(
        council=council, officer=making.officer(council), approver=making.member(council, "approver"), panel=panel
    )


def draft(who: SimpleNamespace, **facts: object) -> Need:
    return making.need(who.council, who.officer.person, panel=who.panel, **facts)


def publish(need: Need, who: SimpleNamespace) -> Need:
    actions.ask_approval(need.id, who.officer)
    with db.one_action("test: key and publish"):
        queries.get_need(need.id, lock=True).public_key = b"key"
        return actions.publish_need(need.id, who.approver)


def names_of_events() -> list[str]:
    return [
        name
        for name in db.session.scalars(select(JournalLine.event).order_by(JournalLine.number))
        if name != "MadeForTest"
    ]


def test_draft_ask_publish(app: Flask) -> None:
    who = council_people()
    need = actions.draft_need(who.officer)
    assert need.reference == "N-2026-0001" and need.jurisdiction == "ENG" and status_of(need) == "draft"
    actions.save_section(need.id, who.officer, "title-and-summary", {"title": "Missed bins", "summary": "Report them."})
    with pytest.raises(Problems) as refused:
        actions.ask_approval(need.id, who.officer)
    assert len(refused.value.problems) > 10
    published = publish(draft(who), who)
    assert status_of(published) == "open" and json.loads(published.regime)["jurisdiction"] == "ENG"
    assert published.approved_by_id == who.approver.person_id
    version = published.versions[0]
    assert (version.number, version.kind, len(version.sha256)) == (1, "published", 64)
    assert names_of_events() == [
        "NeedDrafted", "NeedSaved", "ApprovalAsked", "NeedApproved", "NeedPublished",
    ]  # fmt: skip


def test_the_author_cannot_publish_even_as_approver() -> None:
    who = council_people()
    both = making.member(who.council, "officer", "approver")
    need = making.need(who.council, both.person, panel=who.panel, public_key=b"key")
    actions.ask_approval(need.id, both)
    with pytest.raises(Problems, match="another approver"):
        actions.publish_need(need.id, both)
    assert queries.get_need(need.id).published_at is None


def test_nothing_is_published_without_key_or_notice() -> None:
    who = council_people()
    need = draft(who, estimated_value_pence=3_000_000)
    actions.ask_approval(need.id, who.officer)
    with pytest.raises(Problems) as refused:
        actions.publish_need(need.id, who.approver)
    assert {each.field for each in refused.value.problems} == {"central-notice", "panel"}
    actions.save_section(need.id, who.officer, "central-notice", {"central_notice_number": "012345-2026"})
    with pytest.raises(Problems) as refused:
        actions.publish_need(need.id, who.approver)
    assert {each.field for each in refused.value.problems} == {"panel"}


def test_another_councils_need_is_not_found() -> None:
    who, other = council_people(), council_people()
    need = draft(who)
    for act in (
        lambda: actions.save_section(need.id, other.officer, "problem", {"problem": "Mine now"}),
        lambda: actions.ask_approval(need.id, other.officer),
        lambda: actions.publish_need(need.id, other.approver),
        lambda: amending.withdraw_need(need.id, other.officer, "No"),
        lambda: queries.get_need_of(need.reference, other.council.id),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_lost_edit_is_refused_and_other_sections_are_free() -> None:
    who = council_people()
    need = draft(who)
    seen = content.fingerprint({"problem": need.problem})
    actions.save_section(need.id, who.officer, "outcomes", {"outcomes": "Fewer calls"})
    actions.save_section(need.id, who.officer, "problem", {"problem": "First"}, seen=seen)
    with pytest.raises(Conflict):
        actions.save_section(need.id, who.officer, "problem", {"problem": "Second"}, seen=seen)
    assert queries.get_need(need.id).problem == "First"


def test_a_section_writes_only_its_own_words() -> None:
    who = council_people()
    need = draft(who)
    with pytest.raises(KeyError):
        actions.save_section(need.id, who.officer, "problem", {"title": "Sneaked in"})


def test_a_discarded_draft_is_gone_from_every_list_and_its_lines_stay() -> None:
    who = council_people()
    need, kept = draft(who), draft(who)
    actions.discard_draft(need.id, who.officer)
    assert status_of(queries.get_need(need.id)) == "discarded"
    assert [each.id for each in queries.needs_of_authority(who.council.id).rows] == [kept.id]
    assert [each.id for each in queries.unpublished_needs_of(who.council.id)] == [kept.id]
    assert queries.counts_by_status(who.council.id) == {"draft": 1}
    assert queries.find_need_of(need.reference, who.council.id) is None
    for act in (
        lambda: queries.get_need_of(need.reference, who.council.id),
        lambda: actions.save_section(need.id, who.officer, "problem", {"problem": "Back"}),
        lambda: actions.ask_approval(need.id, who.officer),
        lambda: actions.discard_draft(need.id, who.officer),
    ):
        with pytest.raises(NotFound):
            act()
    line = db.session.scalar(select(JournalLine).where(JournalLine.event == "DraftDiscarded"))
    assert line is not None and (line.subject, line.role) == (need.reference, "officer")


def test_only_a_draft_is_discarded_never_what_is_asked_or_published() -> None:
    who = council_people()
    need = draft(who)
    actions.ask_approval(need.id, who.officer)
    with pytest.raises(Problems, match="Take it back to discard"):
        actions.discard_draft(need.id, who.officer)
    published = publish(draft(who), who)
    with pytest.raises(Problems, match="can be withdrawn"):
        actions.discard_draft(published.id, who.officer)
    with pytest.raises(IntegrityError), db.one_action("test: around the rule"):
        queries.get_need(published.id, lock=True).discarded_at = clock.now()
        db.session.flush()


def test_nothing_is_saved_while_the_approver_reads_until_it_comes_back() -> None:
    who = council_people()
    need = draft(who)
    actions.ask_approval(need.id, who.officer)
    with pytest.raises(Problems, match="Take it back"):
        actions.save_section(need.id, who.officer, "problem", {"problem": "Other"})
    with pytest.raises(Problems, match="Say what must change"):
        actions.send_back(need.id, who.approver, " ")
    actions.send_back(need.id, who.approver, "Say how many people.")
    need = queries.get_need(need.id)
    assert status_of(need) == "draft" and need.review_note == "Say how many people."
    actions.save_section(need.id, who.officer, "problem", {"problem": "Other"})
    actions.ask_approval(need.id, who.officer)
    assert queries.get_need(need.id).review_note == ""
    actions.take_back(need.id, who.officer)
    assert status_of(queries.get_need(need.id)) == "draft"


def test_the_postcode_gives_the_place() -> None:
    who = council_people()
    need = draft(who)
    actions.save_section(
        need.id, who.officer, "location", {"location": "City Hall", "postcode": "LN1 1YL", "region": ""}
    )
    need = queries.get_need(need.id)
    assert need.region == "East Midlands" and need.latitude == pytest.approx(53.2, abs=0.3)


def test_a_copy_says_where_it_comes_from_and_leaves_behind_what_is_past() -> None:
    who, other = council_people(), council_people()
    source = publish(draft(who), who)
    copy = actions.draft_need(other.officer, copy_of=source)
    assert (copy.copied_from_reference, copy.copied_from_buyer) == (source.reference, who.council.name)
    assert copy.problem == source.problem and copy.closes_at is None and copy.panel == []
    assert copy.value_workings == "" and copy.buyer_name == other.council.name
    assert [each.criterion.name for each in copy.questions] == ["Quality of the service"]
    assert not {each.id for each in copy.questions} & {each.id for each in source.questions}


def test_a_strangers_draft_cannot_be_copied() -> None:
    who, other = council_people(), council_people()
    with pytest.raises(NotFound):
        actions.draft_need(other.officer, copy_of=draft(who))


def test_an_amendment_is_unseen_until_published_and_keeps_ids() -> None:
    who = council_people()
    need = publish(draft(who), who)
    question = need.questions[0].id
    items = content.content_of(need)["questions"]
    items[0]["text"] = "How will you solve this, and by when?"
    items.append({"text": "Who will do it?", "guidance": "", "word_limit": 100, "is_required": True,
                  "criterion_id": items[0]["criterion_id"]})  # fmt: skip
    amending.save_amendment(need.id, who.officer, "bid-questions", {"questions": items})
    need = queries.get_need(need.id)
    assert need.questions[0].text == "How will you solve this?" and len(need.versions) == 1
    with pytest.raises(Problems, match="move the closing time later"):
        amending.ask_amendment_approval(need.id, who.officer, "Suppliers asked")
    assert queries.get_need(need.id).questions[0].text == "How will you solve this?"
    later = need.closes_at + timedelta(days=5)
    dates = {**content.part_of(content.content_of(need), ("questions_close_at",)), "closes_at": later}
    amending.save_amendment(need.id, who.officer, "dates", dates)
    amending.ask_amendment_approval(need.id, who.officer, "Suppliers asked")
    need = amending.approve_amendment(need.id, who.approver)
    assert need.questions[0].id == question and len(need.questions) == 2 and need.closes_at == later
    version = need.versions[-1]
    assert version.kind == "amended" and version.is_material and version.reason == "Suppliers asked"
    assert {each["field"] for each in json.loads(version.changes)} == {"questions", "closes_at"}
    assert queries.find_amendment(need) is None


def test_nobody_publishes_a_material_change_alone() -> None:
    who = council_people()
    both = making.member(who.council, "officer", "approver")
    need = publish(draft(who), who)
    value = need.estimated_value_pence
    amending.save_amendment(need.id, both, "budget", {"estimated_value_pence": value + 100_000})
    with pytest.raises(Problems, match="an approver publishes it"):
        amending.amend_need(need.id, both, "Prices rose")
    amending.ask_amendment_approval(need.id, who.officer, "Prices rose")
    with pytest.raises(Problems, match="wait for approval"):
        amending.save_amendment(need.id, who.officer, "problem", {"problem": "Sneaked in after the asking"})
    with pytest.raises(Problems, match="another approver"):
        amending.approve_amendment(need.id, both)
    assert queries.get_need(need.id).estimated_value_pence == value
    amending.send_back_amendment(need.id, who.approver, "Show the quotes")
    with pytest.raises(Problems, match="No changes wait"):
        amending.approve_amendment(need.id, who.approver)
    amending.ask_amendment_approval(need.id, who.officer, "Prices rose")
    assert amending.approve_amendment(need.id, who.approver).estimated_value_pence == value + 100_000
    assert names_of_events()[-5:] == [
        "AmendmentSaved", "AmendmentApprovalAsked", "AmendmentSentBack", "AmendmentApprovalAsked", "NeedAmended",
    ]  # fmt: skip


def test_changes_that_wait_are_not_published_after_closing() -> None:
    who = council_people()
    need = publish(draft(who), who)
    amending.save_amendment(need.id, who.officer, "budget", {"estimated_value_pence": 2_500_000})
    amending.ask_amendment_approval(need.id, who.officer, "Prices rose")
    clock.set_clock(need.closes_at + timedelta(seconds=1))
    with pytest.raises(Conflict, match="only while it is open"):
        amending.approve_amendment(need.id, who.approver)


def test_an_amendment_of_nothing_is_refused_and_one_can_be_dropped() -> None:
    who = council_people()
    need = publish(draft(who), who)
    with pytest.raises(Problems, match="Nothing differs"):
        amending.amend_need(need.id, who.officer, "Why")
    amending.save_amendment(need.id, who.officer, "problem", {"problem": "Worse"})
    amending.drop_amendment(need.id, who.officer)
    assert queries.find_amendment(need) is None and queries.get_need(need.id).problem != "Worse"


def test_new_criterion_and_question_in_one_amendment() -> None:
    who = council_people()
    need = publish(draft(who), who)
    now_says = content.content_of(need)
    criteria = [{**now_says["criteria"][0], "weight": 40}, now_says["criteria"][1],
                {"kind": "quality", "name": "Social value", "description": "", "weight": 20, "minimum_score": None}]  # fmt: skip
    kept = amending.save_amendment(need.id, who.officer, "criteria", {"criteria": criteria})
    new = content.from_json(kept.content)["criteria"][2]["id"]
    assert new < 0
    question = {
        "text": "What will you do here?",
        "guidance": "",
        "word_limit": 100,
        "is_required": True,
        "criterion_id": new,
    }
    amending.save_amendment(need.id, who.officer, "bid-questions", {"questions": [*now_says["questions"], question]})
    amending.save_amendment(need.id, who.officer, "dates", {"closes_at": need.closes_at + timedelta(days=9)})
    amending.ask_amendment_approval(need.id, who.officer, "Social value was left out")
    need = amending.approve_amendment(need.id, who.approver)
    assert need.questions[1].criterion.name == "Social value" and need.questions[1].criterion.id > 0


def test_extension_is_for_an_open_need_only() -> None:
    who = council_people()
    need = publish(draft(who), who)
    later = need.closes_at + timedelta(days=2)
    amending.extend_need(need.id, who.officer, later, "A supplier lost power")
    need = queries.get_need(need.id)
    assert need.closes_at == later and need.versions[-1].kind == "extended"
    clock.set_clock(later + timedelta(microseconds=1))
    with pytest.raises(Problems, match="only while the need is open"):
        amending.extend_need(need.id, who.officer, later + timedelta(days=1), "Late")


def test_withdrawal_needs_a_reason_and_stands_in_the_history() -> None:
    who = council_people()
    need = publish(draft(who), who)
    with pytest.raises(Problems, match="Enter the reason"):
        amending.withdraw_need(need.id, who.officer, "")
    amending.withdraw_need(need.id, who.officer, "The budget was cut")
    need = queries.get_need(need.id)
    assert status_of(need) == "withdrawn" and need.versions[-1].reason == "The budget was cut"
    assert queries.get_public_need(need.reference).id == need.id


def test_drafts_are_nobodys_public_need() -> None:
    who = council_people()
    need = draft(who)
    with pytest.raises(NotFound):
        queries.get_public_need(need.reference)
    assert list(queries.list_open()) == [] and queries.public_needs_of(who.council.id).total == 0
    assert queries.needs_of_authority(who.council.id, "draft").total == 1
    assert queries.counts_by_status(who.council.id) == {"draft": 1}


def test_later_facts_come_in_their_order() -> None:
    who = council_people()
    need = publish(draft(who), who)
    clock.set_clock(need.closes_at + timedelta(seconds=1))

    def mark(step, *more: str) -> str:
        with db.one_action("test") as current:
            from marketplace.core.journal import record

            locked = queries.get_need(need.id, lock=True)
            step(locked, *more)
            record(making.MadeForTest(subject=need.reference))
            current.flush()
            return status_of(locked)

    with pytest.raises(Conflict):
        mark(actions.mark_scores_frozen)
    assert mark(actions.mark_opened) == "opened"
    assert mark(actions.mark_scores_frozen) == "assessed"
    assert mark(actions.mark_awarded) == "awarded"
    with pytest.raises(Conflict):
        mark(actions.mark_no_award, "Too late")
    assert mark(actions.mark_contracted) == "contracted"


def test_mails_tell_each_their_part(app: Flask) -> None:
    who = council_people()
    need = draft(who)
    actions.ask_approval(need.id, who.officer)
    actions.send_back(need.id, who.approver, "Say how many.")
    publish(need, who)
    author, approver = who.officer.person.email, who.approver.person.email
    named = {duty: [each.email for each in people] for duty, people in who.panel.items()}
    with app.test_request_context():
        for line in db.session.scalars(select(JournalLine).where(JournalLine.event.in_(emails.EMAILS))).all():
            write_letters(line, list(emails.EMAILS[line.event](line)))
    mails = [(each.recipient, each.subject, each.body) for each in db.session.scalars(select(Mail).order_by(Mail.id))]
    told = {(to, subject.partition(":")[0]) for to, subject, _ in mails}
    assert told == {
        (approver, "Approve and publish"),
        (named["award_approver"][0], "Approve and publish"),
        (author, "Sent back to you"),
        (author, "Published"),
        *((each, "Your duty in a purchase") for people in named.values() for each in people),
    }
    duty = next(body for to, _, body in mails if to == named["opener"][0])
    assert "open the bids together" in duty and "score the bids" not in duty


def test_a_member_of_the_panel_who_left_stops_publication() -> None:
    who = council_people()
    need = draft(who)
    with db.one_action("test"):
        gone = db.session.scalar(select(Membership).where(Membership.person_id == who.panel["chair"][0].id))
        gone.ended_at = clock.now()
        from marketplace.core.journal import record

        record(making.MadeForTest(subject="test"))
    with pytest.raises(Problems, match="has left"):
        actions.ask_approval(need.id, who.officer)
