"""The index follows the journal; followers and owners of saved searches are told once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from marketplace.core import clock, db
from marketplace.core.errors import NotAllowed, NotFound, Problems
from marketplace.core.journal import JournalLine, record
from marketplace.core.letters import write_letters
from marketplace.core.mail import Mail
from search import actions, alerts, answering, indexing, kept
from search.asking import ask_needs, ask_suppliers
from search.documents import Kind
from search.emails import EMAILS
from search.finding import find
from search.models import Follow, NeedInvitation
from suppliers.evidence.actions import add_evidence
from suppliers.evidence.rules import EvidenceFacts
from tenders.needs.events import NeedAmended, NeedPublished
from tenders.notices.events import NeedsImported
from tenders.notices.models import OutsideAward
from tests import making


def happened(event) -> JournalLine:
    with db.one_action("test"):
        record(event)
    return lines()[-1]


def lines() -> list[JournalLine]:
    return list(db.session.scalars(select(JournalLine).order_by(JournalLine.number)))


def published(need) -> JournalLine:
    return happened(
        NeedPublished(
            subject=need.reference,
            need=need.reference,
            closes_at=need.closes_at,
            questions_close_at=None,
            estimated_value_pence=None,
            central_notice_number="",
            sha256="",
        )
    )


def change(make: Callable[[], object]) -> None:
    with db.one_action("test"):
        make()
        record(making.MadeForTest(subject="test"))


def ask(**asked: str):
    return ask_needs(MultiDict(asked.items()))


def mails() -> list[Mail]:
    return list(db.session.scalars(select(Mail).order_by(Mail.id)))


def test_the_index_follows_the_journal(app) -> None:
    need, draft = making.open_need(title="Parking permits"), making.need(title="Parking draft")
    indexing.react([published(need), published(draft)])
    assert [hit.reference for hit in find(ask(q="parking")).results.hits] == [need.reference]
    assert indexing.check_index() == []
    change(lambda: setattr(need, "title", "Market stalls"))
    assert indexing.check_index() == [f"need {need.reference} differs from the database"]
    indexing.react([published(need)])
    assert indexing.check_index() == [] and find(ask(q="parking")).results.total == 0
    change(lambda: setattr(need, "published_at", None))
    indexing.react([published(need)])
    assert indexing.engine().references(Kind.NEED) == {}


def test_papers_and_awards_reach_the_index(app) -> None:
    firm = making.supplier("Acme Ltd", source="test", source_id="1")
    member = making.member(firm.organisation, "admin")
    indexing.rebuild_index(lambda _: None)

    def found(**asked: str) -> int:
        indexing.react(lines())
        return find(ask_suppliers(MultiDict(asked.items()))).results.total

    assert found(evidence="cyber-essentials") == 0
    paper = EvidenceFacts(kind="certificate", name="Cyber Essentials Plus", expires_on=clock.today())
    add_evidence(member, paper)
    assert found(evidence="cyber-essentials") == 1 == found(evidence="cyber-essentials-plus")
    clock.pass_time(days=1)
    assert found(evidence="cyber-essentials") == 0, "the day after its last, with nothing written"
    assert found(councils="yes") == 0
    need = making.open_need(making.council("Kent County Council"), source="central", source_id="1")
    with db.one_action("test"):
        db.session.add(OutsideAward(need_id=need.id, supplier_name="ACME LIMITED"))
        record(NeedsImported(subject="a file", references=(need.reference,), new=1, changed=0))
    assert found(councils="yes") == 1 and indexing.check_index() == []


def test_suppliers_are_indexed_when_public(app) -> None:
    firm = making.supplier("Acme Ltd", about="Drone surveys of roofs")
    quiet = making.supplier("Quiet Ltd")
    who = making.supplier_member(firm)
    line = happened(making.MadeForTest(subject=who.person.pseudonym))
    line.event = "EmailConfirmed"
    db.session.expunge(line)
    assert indexing.suppliers_in(line) == [firm.reference]
    indexing.react([line])
    assert set(indexing.engine().references(Kind.SUPPLIER)) == {firm.reference}
    assert quiet.reference not in indexing.engine().references(Kind.SUPPLIER)
    assert indexing.check_index() == []


def test_without_an_index_the_database_answers(app) -> None:
    need = making.open_need(title="Parking permits")
    assert not indexing.index_state().is_healthy and indexing.index_state().advice
    found = find(ask(q="parking"))
    assert found.is_slow and [hit.reference for hit in found.results.hits] == [need.reference]
    indexing.rebuild_index(lambda _: None)
    assert not find(ask(q="parking")).is_slow and indexing.index_state().needs == 1


def test_without_an_index_a_large_market_is_searched_in_part_and_says_so(app, client, monkeypatch) -> None:
    """A visitor cannot wait for a hundred thousand needs to be read; lists and feeds that lack some are refused."""
    monkeypatch.setattr(answering, "MOST_STOOD_IN", 2)
    needs = [making.open_need(title=f"Parking permits, part {n}") for n in range(3)]
    found = find(ask(q="parking"))
    assert found.only_latest == 2
    assert {hit.reference for hit in found.results.hits} == {each.reference for each in needs[1:]}
    assert client.get("/needs?q=parking").has("only the latest 2 needs are searched")
    for path in ("/needs.csv", "/needs.atom", "/needs.ics"):
        assert client.get(f"{path}?q=parking", status=503).response.headers["Retry-After"]
    indexing.rebuild_index(lambda _: None)
    assert find(ask(q="parking")).results.total == 3 and client.get("/needs.csv?q=parking")


def test_following_takes_a_confirmation_and_stops_for_good(app) -> None:
    need = making.open_need()
    actions.ask_to_follow(need.reference, "ann@example.org")
    tell_all()
    assert [mail.recipient for mail in mails()] == ["ann@example.org"] and "/confirm" in mails()[0].body
    amended(need)
    assert len(mails()) == 1, "an unconfirmed follower was told"
    follow = db.session.scalars(select(Follow)).one()
    actions.confirm_follow(follow.id)
    actions.confirm_follow(follow.id)
    amended(need)
    assert len(mails()) == 2 and mails()[1].stop_url and mails()[1].stop_url in mails()[1].body
    actions.stop_follow(follow.id)
    amended(need)
    assert len(mails()) == 2
    assert "ann@" not in "".join(line.details + line.subject + line.actor for line in lines())


def tell_all() -> None:
    """What the worker does with every line that has a mail of this room; a repeat must add nothing."""
    for line in lines():
        if line.event in EMAILS:
            write_letters(line, EMAILS[line.event](line))


def amended(need) -> None:
    happened(
        NeedAmended(
            subject=need.reference,
            need=need.reference,
            version=2,
            is_material=True,
            fields=("title",),
            closes_at=need.closes_at,
            sha256="",
        )
    )
    line = lines()[-1]
    write_letters(line, EMAILS["NeedAmended"](line))
    write_letters(line, EMAILS["NeedAmended"](line))


def test_asking_again_and_again_mails_once(app) -> None:
    need = making.open_need()
    for _ in range(3):
        actions.ask_to_follow(need.reference, "ann@example.org")
    assert [line.event for line in lines()].count("FollowAsked") == 1
    clock.pass_time(minutes=11)
    actions.ask_to_follow(need.reference, "ann@example.org")
    assert [line.event for line in lines()].count("FollowAsked") == 2


def test_one_address_cannot_be_flooded(app) -> None:
    council = making.council()
    for _ in range(20):
        actions.ask_to_follow(making.open_need(council).reference, "ann@example.org")
    with pytest.raises(Problems):
        actions.ask_to_follow(making.open_need(council).reference, "ann@example.org")


def test_what_cannot_be_followed(app) -> None:
    with pytest.raises(NotFound):
        actions.ask_to_follow(making.need().reference, "ann@example.org")
    over = making.open_need(withdrawn_at=clock.now(), withdrawal_reason="Money gone")
    with pytest.raises(Problems):
        actions.ask_to_follow(over.reference, "ann@example.org")


def test_a_saved_search_tells_its_owner_once_in_one_mail(app) -> None:
    member, other = making.supplier_member(), making.supplier_member()
    first = actions.save_search(ask(q="parking"), member)
    assert actions.save_search(ask(q="parking"), member).id == first.id
    actions.save_search(ask(region="London"), member)
    actions.save_search(ask(q="libraries"), other)
    line = published(making.open_need(title="Parking permits"))
    assert alerts.alert(line) == 1 and alerts.alert(line) == 0
    assert mails()[0].recipient == member.person.email
    assert "“parking”" in mails()[0].body and "London" in mails()[0].body
    actions.stop_saved_search(first.id, member)
    with pytest.raises(NotAllowed):
        actions.stop_saved_search(kept.saved_searches_of(member.person_id)[0].id, other)
    actions.stop_saved_search(kept.saved_searches_of(member.person_id)[0].id)
    assert alerts.alert(published(making.open_need(title="Parking meters"))) == 0


def test_everything_cannot_be_saved(app) -> None:
    with pytest.raises(Problems):
        actions.save_search(ask(), making.supplier_member())


def test_inviting_keeps_the_reason_and_mails_the_firm(app) -> None:
    officer = making.officer()
    need = making.open_need(officer.organisation)
    firm = making.supplier()
    who = making.supplier_member(firm)
    with pytest.raises(Problems):
        actions.invite_suppliers(need.id, [firm.id], " ", officer)
    assert actions.invite_suppliers(need.id, [firm.id], "They built this in Lincoln.", officer) == 1
    with pytest.raises(Problems):
        actions.invite_suppliers(need.id, [firm.id], "Again", officer)
    tell_all()
    tell_all()
    assert [mail.recipient for mail in mails()] == [who.person.email] and "Lincoln" in mails()[0].body
    assert db.session.scalars(select(NeedInvitation)).one().reason == "They built this in Lincoln."
    line = lines()[-1]
    assert line.event == "SuppliersInvited" and "Lincoln" not in line.details and firm.reference in line.details


def test_nobody_is_invited_to_what_is_closed(app) -> None:
    officer = making.officer()
    need = making.open_need(officer.organisation, published_at=clock.now() - timedelta(days=9),
                            closes_at=clock.now() - timedelta(days=1))  # fmt: skip
    with pytest.raises(Problems):
        actions.invite_suppliers(need.id, [making.supplier().id], "Because", officer)
