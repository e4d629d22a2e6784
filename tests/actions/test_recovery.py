"""The recovery key and shares that pass on: two people, never two shares, nothing that pretends."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.accounts import joining
from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.errors import Conflict, NotAllowed, NotFound, Problems
from marketplace.core.journal import JournalLine, record
from tenders.bids import emails, handing_over, holding, keys, opened, opener_keys, opening, queries, recovery, sealed
from tenders.bids.key_models import RecoveryKey, ShareRecovery
from tenders.bids.models import OpenerShare
from tenders.needs import replacing
from tenders.needs.models import Need
from tests import bidding, making
from tests.making import OPENING

pytestmark = pytest.mark.usefixtures("house")
OTHER = "lantern otter granite thimble"


@dataclass
class Council:
    """A need with three openers, and colleagues who keep the recovery file, approve, and could take over."""

    need: Need
    openers: list[Membership]
    maker: Membership
    keeper: Membership
    approver: Membership
    successor: Membership
    evaluator: Membership
    code: str


def council(has_key: bool = True, needs: int = 1) -> Council:
    of = making.council()
    maker, keeper, approver = (making.member(of, role) for role in ("officer", "approver", "approver"))
    openers = [making.member(of, role) for role in ("officer", "finance", "finance")]
    successor, evaluator = making.member(of, "finance"), making.member(of, "evaluator", "finance")
    code = made_key(maker, keeper) if has_key else ""
    panel = {"opener": [each.person for each in openers], "evaluator": [evaluator.person]}
    need = making.open_need(of, panel=panel)
    bidding.give_key(need)
    bidding.give_passphrases([successor.person, evaluator.person])
    return Council(need, openers, maker, keeper, approver, successor, evaluator, code)


def made_key(maker: Membership, keeper: Membership) -> str:
    _key, file = recovery.make_recovery_key(maker)
    recovery.confirm_recovery_key(keeper, file)
    return file


def recover(made: Council, loser: Membership, receiver: Membership) -> OpenerShare:
    handing_over.ask_recovery(made.need.id, made.openers[1], loser.person_id, receiver.person_id, "The words are lost.")
    handing_over.approve_recovery(made.need.id, made.approver)
    return handing_over.use_recovery(made.need.id, made.keeper, made.code)


def states(need: Need) -> list[str]:
    return [each.state for each in holding.holders_of(need)]


def open_with(made: Council, first: Membership, second: Membership, first_words: str, second_words: str) -> None:
    bid = bidding.submitted(made.need) if not made.need.opened_at else None
    bidding.close(made.need)
    opening.begin_opening(made.need.id, first, first_words)
    opening.complete_opening(made.need.id, second, second_words)
    assert bid is not None and opened.read_answers(bid).answers


def test_the_private_half_is_given_once_and_kept_nowhere(house) -> None:
    made = council()
    private = recovery.read_code(made.code)
    key = recovery.find_unretired(made.need.authority_id)
    assert key is not None and private.public == key.public_key and key.fingerprint in made.code
    held = private.raw
    for table in db.Base.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            assert not [each for each in row if each == held or held.hex() in str(each)]
    files = [each.read_bytes() for each in house.home.rglob("*") if each.is_file()]
    assert not [each for each in files if held in each or held.hex().encode() in each]


def test_a_second_person_confirms_with_the_right_code_and_a_slip_is_found() -> None:
    of = making.council()
    maker, keeper = making.member(of, "officer"), making.member(of, "approver")
    key, file = recovery.make_recovery_key(maker)
    code = recovery.CODE.search(file).group(0)
    slip = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert keys.find_recovery_key(of.id) is None
    for who, text, words in (
        (maker, file, "a colleague confirms"),
        (keeper, slip, "not a whole recovery code"),
        (keeper, "nothing", "not a whole recovery code"),
        (keeper, recovery.code_of(sealed.make_need_key()[1]), "another key’s code"),
    ):
        with pytest.raises(Problems, match=words):
            recovery.confirm_recovery_key(who, text)
    recovery.confirm_recovery_key(keeper, code.upper().replace(" ", "-").replace("RECOVERY-KEY/1-", "recovery-key/1 "))
    assert keys.find_recovery_key(of.id).id == key.id
    with pytest.raises(Conflict):
        recovery.make_recovery_key(maker)


def test_who_keeps_the_recovery_file_opens_no_bids() -> None:
    of = making.council()
    maker, keeper = making.member(of, "officer"), making.member(of, "approver")
    need = making.open_need(of, panel={"opener": [maker.person, making.member(of, "finance").person]})
    made_key(maker, keeper)
    with pytest.raises(Problems, match="keeps the council’s recovery key"):
        bidding.give_key(need)
    made = council()
    with pytest.raises(Problems, match="open bids alone"):
        bidding.give_passphrases([made.maker.person])
        handing_over.hand_over(made.need.id, made.openers[0], OPENING, made.maker.person_id, "Leaving.")
    recovery.retire_recovery_key(made.maker)
    with pytest.raises(Problems, match="You hold a share"):
        recovery.make_recovery_key(made.openers[0])


def test_a_forgotten_passphrase_is_made_good_by_two_people() -> None:
    made = council()
    lost = made.openers[0]
    opener_keys.begin_anew(lost, OTHER, OTHER)
    assert states(made.need) == ["lost", "holds", "holds"]
    recover(made, lost, lost)
    assert states(made.need) == ["holds", "holds", "holds"]
    assert sorted(each.point for each in queries.opener_shares(made.need)) == [2, 3, 4]
    assert not handing_over.public_recoveries(made.need), "before the opening it is not public"
    open_with(made, lost, made.openers[2], OTHER, OPENING)
    (told,) = handing_over.public_recoveries(made.need)
    assert told.reason == "The words are lost."
    (line,) = db.session.scalars(select(JournalLine).where(JournalLine.event == "ShareRecovered"))
    assert line.actor == made.keeper.person.pseudonym and line.facts["approved_by"] == made.approver.person.pseudonym
    assert {each.to for each in emails.EMAILS["ShareRecovered"](line)} == {each.person.email for each in made.openers}


def test_one_who_left_without_a_word_is_replaced_with_the_recovery_share() -> None:
    made = council()
    gone = made.openers[0]
    joining.end_membership(gone.id, gone.organisation_id, made.openers[1])
    assert states(made.need) == ["gone", "holds", "holds"]
    recover(made, gone, made.successor)
    assert states(made.need) == ["holds", "holds", "holds"]
    assert gone.person_id not in {each.person_id for each in queries.opener_shares(made.need)}
    (kept,) = replacing.replacements_of(made.need)
    assert (kept.left_id, kept.named_id, kept.duty) == (gone.person_id, made.successor.person_id, "opener")
    open_with(made, made.successor, made.openers[1], OPENING, OPENING)


def test_one_who_leaves_hands_the_share_over() -> None:
    made = council(has_key=False)
    leaver = made.openers[0]
    before = next(each for each in queries.opener_shares(made.need) if each.person_id == leaver.person_id).wrapped_share
    with pytest.raises(Problems, match="not your opening passphrase"):
        handing_over.hand_over(made.need.id, leaver, OTHER, made.successor.person_id, "Retiring.")
    handing_over.hand_over(made.need.id, leaver, OPENING, made.successor.person_id, "Retiring.")
    held = queries.opener_shares(made.need)
    assert {each.person_id for each in held} == {
        each.person_id for each in (made.successor, *made.openers[1:])
    } and before not in {each.wrapped_share for each in held}
    assert queries.duties_on(made.need, leaver.person_id) == []
    with pytest.raises(NotAllowed):
        handing_over.hand_over(made.need.id, leaver, OPENING, leaver.person_id, "Again.")
    open_with(made, made.successor, made.openers[1], OPENING, OPENING)


def test_nobody_gets_two_shares_nor_one_beside_assessing_nor_without_a_passphrase() -> None:
    made = council()
    fresh = making.member(made.need.authority, "finance")
    stranger = making.member(making.council(), "finance")
    for person, words in (
        (made.openers[1], "Nobody holds two"),
        (made.evaluator, "assesses these bids"),
        (fresh, "has not set an opening passphrase"),
        (stranger, "may open bids"),
    ):
        with pytest.raises(Problems, match=words):
            handing_over.hand_over(made.need.id, made.openers[0], OPENING, person.person_id, "Leaving.")
    assert [each.id for each in handing_over.fit_to_receive(made.need)] == [made.successor.person_id]


def test_the_recovery_key_takes_two_who_are_neither_receiver_nor_opener() -> None:
    made = council()
    need, lost = made.need, made.openers[0]
    with pytest.raises(Problems, match="not lost"):
        handing_over.ask_recovery(need.id, made.maker, lost.person_id, lost.person_id, "Why not.")
    opener_keys.begin_anew(lost, OTHER, OTHER)
    with pytest.raises(NotFound):
        handing_over.use_recovery(need.id, made.keeper, made.code)
    handing_over.ask_recovery(need.id, made.maker, lost.person_id, lost.person_id, "Lost.")
    with pytest.raises(Conflict):
        handing_over.ask_recovery(need.id, made.keeper, lost.person_id, lost.person_id, "Lost.")
    with pytest.raises(Problems, match="must approve this first"):
        handing_over.use_recovery(need.id, made.keeper, made.code)
    for who in (made.maker, lost):
        with pytest.raises(Problems, match="a colleague approves"):
            handing_over.approve_recovery(need.id, who)
    handing_over.approve_recovery(need.id, made.approver)
    for who in (made.approver, lost, made.openers[1], made.evaluator):
        with pytest.raises(Problems, match="a colleague brings"):
            handing_over.use_recovery(need.id, who, made.code)
    with pytest.raises(Problems, match="not a whole"):
        handing_over.use_recovery(need.id, made.keeper, "recovery-key/1 00")
    assert states(need) == ["lost", "holds", "holds"]
    asked = db.session.scalars(select(ShareRecovery)).one()
    for change in ({"approved_by_id": asked.asked_by_id}, {"used_by_id": asked.approved_by_id, "used_at": clock.now()}):
        with pytest.raises(IntegrityError), db.one_action("test") as current:
            record(making.MadeForTest(subject="test"))
            current.execute(ShareRecovery.__table__.update().values(**change))
    handing_over.use_recovery(need.id, made.maker, made.code)


def test_the_recovery_share_stands_in_for_one_at_a_time() -> None:
    made = council()
    first, second = made.openers[:2]
    opener_keys.begin_anew(first, OTHER, OTHER)
    recover(made, first, first)
    opener_keys.begin_anew(second, OTHER, OTHER)
    with pytest.raises(Problems, match="stands in for another"):
        handing_over.ask_recovery(made.need.id, made.maker, second.person_id, second.person_id, "Lost too.")
    opener_keys.begin_anew(first, OPENING, OPENING)  # lost a second time: then it is free again
    recover(made, second, second)
    assert states(made.need) == ["none", "holds", "holds"]
    open_with(made, second, made.openers[2], OTHER, OPENING)


def test_a_lost_file_leaves_nothing_that_pretends() -> None:
    made = council()
    assert recovery.find_recovery_share(made.need) is not None
    assert list(recovery.sealed_needs_without(made.need.authority_id)) == []
    recovery.retire_recovery_key(made.maker)
    assert recovery.find_recovery_share(made.need) is None
    assert [each.id for each in recovery.sealed_needs_without(made.need.authority_id)] == [made.need.id]
    opener_keys.begin_anew(made.openers[0], OTHER, OTHER)
    with pytest.raises(Problems, match="what is lost stays lost"):
        handing_over.ask_recovery(made.need.id, made.maker, made.openers[0].person_id, made.openers[0].person_id, "Lost.")
    made_key(made.maker, made.keeper)
    assert recovery.find_recovery_share(made.need) is None, "a new key helps only needs to come"
    assert len(db.session.scalars(select(RecoveryKey)).all()) == 2


def test_a_share_that_moves_during_an_opening_has_it_begun_again() -> None:
    made = council()
    bidding.submitted(made.need)
    bidding.close(made.need)
    opening.begin_opening(made.need.id, made.openers[1], OPENING)
    handing_over.hand_over(made.need.id, made.openers[0], OPENING, made.successor.person_id, "Leaving.")
    clock.pass_time(seconds=1)
    with pytest.raises(Problems, match="Begin it again"):
        opening.complete_opening(made.need.id, made.successor, OPENING)
    opening.begin_opening(made.need.id, made.successor, OPENING)
    opening.complete_opening(made.need.id, made.openers[1], OPENING)
    assert made.need.opened_at is not None
    with pytest.raises(Problems, match="The bids are open"):
        handing_over.hand_over(made.need.id, made.openers[1], OPENING, made.openers[0].person_id, "Too late.")


def test_a_recovery_key_can_be_required_from_a_day(house, monkeypatch) -> None:
    from dataclasses import replace

    from marketplace import config

    config.install(replace(config.current(), recovery_required_from="2026-11-24"))
    with pytest.raises(Problems, match="needs a recovery key first"):
        council(has_key=False)
    assert council().need.public_key
    config.install(replace(config.current(), recovery_required_from="2026-11-25"))
    assert council(has_key=False).need.public_key


def test_nobody_with_a_duty_on_another_sealed_need_brings_the_file_and_who_brought_it_keeps_it() -> None:
    made = council()
    of = made.need.authority
    assert of is not None
    opener, assessor, second = (making.member(of, role) for role in ("officer", "officer", "finance"))
    other = making.open_need(of, panel={"opener": [opener.person, second.person], "evaluator": [assessor.person]})
    bidding.give_key(other)
    loser = made.openers[0]
    opener_keys.begin_anew(loser, OTHER, OTHER)
    handing_over.ask_recovery(made.need.id, made.openers[1], loser.person_id, loser.person_id, "The words are lost.")
    handing_over.approve_recovery(made.need.id, made.approver)
    for each in (opener, assessor, made.evaluator):
        with pytest.raises(Problems, match="a colleague brings the recovery file"):
            handing_over.use_recovery(made.need.id, each, made.code)
    helper = making.member(of, "finance")
    handing_over.use_recovery(made.need.id, helper, made.code)
    bidding.give_passphrases([helper.person])
    later = making.open_need(of, panel={"opener": [helper.person, second.person]})
    with pytest.raises(Problems, match="keeps the council’s recovery key"):
        bidding.give_key(later)
    assert helper.person not in handing_over.fit_to_receive(other)


def test_a_wrong_passphrase_at_handing_over_is_on_record() -> None:
    made = council()
    giver = made.openers[0]
    with pytest.raises(Problems, match="not your opening passphrase"):
        handing_over.hand_over(made.need.id, giver, OTHER, made.successor.person_id, "I leave.")
    (line,) = opening.refusals_of(made.need)
    assert (line.actor, line.facts["why"]) == (giver.person.pseudonym, "handing_over")
    assert "to hand a share over" in opening.WHY[line.facts["why"]] and states(made.need)[0] == "holds"
