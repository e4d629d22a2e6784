"""Openers' own passphrases: set, changed, lost; shares that move from key files; tries that are refused and recorded."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.core import clock, db
from marketplace.core.errors import Conflict, NotAllowed, Problems
from marketplace.core.journal import JournalLine, record
from tenders.bids import emails, holding, keys, opened, opener_keys, opening, publishing, queries, sealed
from tenders.bids.key_models import OpenerKey
from tenders.bids.models import OpenerShare
from tests import bidding, making
from tests.actions.test_bids import ready_to_publish
from tests.making import OPENING

pytestmark = pytest.mark.usefixtures("house")
OTHER = "lantern otter granite thimble"


def events(name: str) -> list[JournalLine]:
    query = select(JournalLine).where(JournalLine.event == name).order_by(JournalLine.number)
    return list(db.session.scalars(query))


def test_the_key_opens_with_its_words_alone_and_the_words_are_nowhere() -> None:
    member = making.member(making.council(), "finance")
    pair = opener_keys.set_passphrase(member, OPENING, OPENING)
    assert opener_keys.unlock(pair, f"  {OPENING} ").public == pair.public_key
    for wrong in ("", OPENING.upper(), OTHER):
        with pytest.raises(Problems, match="opening passphrase"):
            opener_keys.unlock(pair, wrong)
    for table in db.Base.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            assert not [each for each in row if "falcon" in str(each)]
    with pytest.raises(Conflict):
        opener_keys.set_passphrase(member, OTHER, OTHER)
    (line,) = events("OpenerKeyMade")
    (letter,) = emails.EMAILS["OpenerKeyMade"](line)
    assert letter.to == member.person.email and line.facts["fingerprint"] == sealed.key_id(pair.public_key)


def test_weak_words_and_ones_own_password_are_refused() -> None:
    member = making.member(making.council(), "finance")
    for weak in ("short", making.PASSWORD, f"{member.person.name} {member.organisation.name}"):
        with pytest.raises(Problems):
            opener_keys.set_passphrase(member, weak, weak)
    with pytest.raises(Problems, match="not the same"):
        opener_keys.set_passphrase(member, OPENING, OTHER)
    assert opener_keys.find_key(member.person_id) is None


def test_changed_words_open_the_same_shares() -> None:
    made = bidding.purchase()
    bid = bidding.submitted(made.need)
    held = {each.id: each.wrapped_share for each in queries.opener_shares(made.need)}
    with pytest.raises(Problems, match="not your opening passphrase"):
        opener_keys.change_passphrase(made.first, OTHER, OTHER, OTHER)
    opener_keys.change_passphrase(made.first, OPENING, OTHER, OTHER)
    assert {each.id: each.wrapped_share for each in queries.opener_shares(made.need)} == held
    bidding.close(made.need)
    with pytest.raises(Problems, match="not your opening passphrase"):
        opening.begin_opening(made.need.id, made.first, OPENING)
    opening.begin_opening(made.need.id, made.first, OTHER)
    opening.complete_opening(made.need.id, made.second, OPENING)
    assert opened.read_answers(bid).answers


def test_lost_words_cost_the_share_and_the_others_still_open() -> None:
    made = bidding.purchase()
    bid = bidding.submitted(made.need)
    assert [each.need_id for each in opener_keys.sealed_shares(made.first.person_id)] == [made.need.id]
    opener_keys.begin_anew(made.first, OTHER, OTHER)
    assert events("OpenerKeyReplaced")[0].facts["lost"] == [made.need.reference]
    assert [each.state for each in holding.holders_of(made.need)] == ["lost", "holds", "holds"]
    assert opener_keys.sealed_shares(made.first.person_id) == []
    bidding.close(made.need)
    with pytest.raises(opening.NothingOpened, match="lost with an earlier passphrase"):
        opening.begin_opening(made.need.id, made.first, OTHER)
    opening.begin_opening(made.need.id, made.second, OPENING)
    opening.complete_opening(made.need.id, made.third, OPENING)
    assert opened.read_answers(bid).answers


def test_with_too_few_usable_shares_nothing_is_begun() -> None:
    made = bidding.purchase()
    bidding.submitted(made.need)
    for each in (made.first, made.second):
        opener_keys.begin_anew(each, OTHER, OTHER)
    bidding.close(made.need)
    with pytest.raises(opening.NothingOpened, match="No other opener"):
        opening.begin_opening(made.need.id, made.third, OPENING)


def test_shares_under_key_files_open_as_before_and_move_when_a_passphrase_is_set() -> None:
    made = bidding.purchase(has_passphrases=False)
    bid = bidding.submitted(made.need)
    assert holding.count_on_key_files() == (3, 1)
    opener_keys.set_passphrase(made.first, OPENING, OPENING)
    assert holding.count_on_key_files() == (2, 1)
    assert events("OpenerKeyMade")[0].facts["moved"] == 1
    name = keys.opener_key_name(made.need.reference, made.first.person)
    assert not keys.opener_key_files().exists(name)
    assert [each.state for each in holding.holders_of(made.need)] == ["holds", "key_file", "key_file"]
    bidding.close(made.need)
    opening.begin_opening(made.need.id, made.second, "")
    with pytest.raises(Problems, match="Enter your opening passphrase"):
        opening.complete_opening(made.need.id, made.first, "")
    opening.complete_opening(made.need.id, made.first, OPENING)
    assert opened.read_answers(bid).answers and holding.count_on_key_files() == (0, 0)


def test_a_key_file_that_a_crash_left_behind_is_swept_and_those_in_use_stay() -> None:
    made = bidding.purchase(has_passphrases=False)
    keys.opener_key_files().create("N-2026-9999.p-nobody")
    assert keys.sweep_opener_key_files() == 1 and keys.sweep_opener_key_files() == 0
    assert len(list(keys.opener_key_files()._keys.folder.iterdir())) == 3
    assert holding.count_on_key_files() == (3, 1) and made.need.opened_at is None


def test_every_refused_try_is_recorded() -> None:
    made = bidding.purchase()
    bidding.submitted(made.need)
    with clock.clock_at(made.need.closes_at), pytest.raises(Problems):
        opening.begin_opening(made.need.id, made.first, OPENING)
    bidding.close(made.need)
    with pytest.raises(Problems):
        opening.take_part_in_opening(made.need.id, made.second, OTHER)
    with pytest.raises(Problems):
        opening.begin_opening(made.need.id, made.evaluator, OPENING)
    opening.begin_opening(made.need.id, made.first, OPENING)
    with pytest.raises(Problems):
        opening.take_part_in_opening(made.need.id, made.first, OPENING)
    found = [(each.facts["why"], each.actor) for each in events("OpeningRefused")]
    people = [made.first, made.second, made.evaluator, made.first]
    assert found == list(
        zip(["early", "passphrase", "not_an_opener", "state"], [each.person.pseudonym for each in people], strict=True)
    )
    assert [each.number for each in opening.refusals_of(made.need)] == sorted(
        (each.number for each in events("OpeningRefused")), reverse=True
    )


def test_who_lost_the_role_does_not_open_whatever_they_hold() -> None:
    from marketplace.accounts import joining

    made = bidding.purchase()
    joining.change_roles(made.third.id, made.third.organisation_id, {"viewer"}, made.first)
    bidding.close(made.need)
    with pytest.raises(NotAllowed):
        opening.begin_opening(made.need.id, made.third, OPENING)
    assert events("OpeningRefused")[0].facts["why"] == "not_an_opener"
    assert [each.state for each in holding.holders_of(made.need)] == ["holds", "holds", "gone"]


def test_the_database_refuses_a_second_share_a_doubled_point_and_one_alone() -> None:
    made = bidding.purchase()
    held = queries.opener_shares(made.need)
    for change in ({"point": held[1].point}, {"person_id": held[1].person_id}, {"threshold": 1}):
        with pytest.raises(IntegrityError), db.one_action("test") as current:
            record(making.MadeForTest(subject="test"))
            current.execute(OpenerShare.__table__.update().where(OpenerShare.id == held[0].id).values(**change))


def test_newly_named_openers_are_asked_once_for_a_passphrase() -> None:
    from tenders.needs import actions as needs

    author, _approver, need = ready_to_publish()
    needs.take_back(need.id, author)
    panel = [{"person_id": each.person_id, "duty": each.duty} for each in need.panel]
    fresh = making.member(author.organisation, "finance")
    needs.save_section(need.id, author, "panel", {"panel": [*panel, {"person_id": fresh.person_id, "duty": "opener"}]})
    (line,) = events("OpenersNamed")
    assert [each.to for each in emails.EMAILS["OpenersNamed"](line)] == [fresh.person.email]
    bidding.give_passphrases([fresh.person])
    assert list(emails.EMAILS["OpenersNamed"](line)) == []
    needs.save_section(need.id, author, "panel", {"panel": panel})
    assert len(events("OpenersNamed")) == 1


def test_a_need_that_asks_for_more_than_two_is_not_published_in_two_acts() -> None:
    _author, approver, need = ready_to_publish()
    bidding.give_passphrases([each.person for each in need.people_with("opener")])
    with db.one_action("test"):
        need.openers_needed = 3
        record(making.MadeForTest(subject="test"))
    with pytest.raises(Problems):
        publishing.approve_and_publish(need.id, approver)
    assert need.public_key is None and db.session.scalars(select(OpenerKey)).all()
