"""Who fits, in what order, and what stays on record of those invited and of those who were not."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from marketplace.auditors import writing
from marketplace.auditors.exports import Scope, get_export
from marketplace.core import clock, db
from marketplace.core.errors import Problems
from marketplace.core.journal import JournalLine
from search import actions, indexing, kept, rules
from search.emails import to_invited
from search.fits import suppliers_for
from search.models import NeedInvitation
from search.turns import REMEMBERED, Invited, in_turn
from tests import making

GOOD = "Residents report a missed bin by phone or web, and crews follow each report with case management."
VAGUE = "Supply of general services to councils, lot {}, with crews, phone support, reports and case work."


def firm(name: str, about: str):
    return making.supplier(name, about=about, source="test", source_id=name)


def bins_need(officer):
    return making.open_need(officer.organisation, title="Report a missed bin")


def names(need) -> list[str]:
    return [each.row.name for each in suppliers_for(need)]


def test_a_newcomer_with_one_good_paragraph_stands_above_fifty_vague_contracts(app) -> None:
    need = bins_need(making.officer())
    firm("Big Ltd", "\n".join(VAGUE.format(number) for number in range(50)))
    firm("Newcomer Ltd", GOOD)
    indexing.rebuild_index(lambda _: None)
    assert names(need)[0] == "Newcomer Ltd"


def test_reasons_say_where_it_was_asked_and_which_sentence_answers(app) -> None:
    need = bins_need(making.officer())
    firm("Newcomer Ltd", GOOD)
    indexing.rebuild_index(lambda _: None)
    fit = suppliers_for(need)[0]
    evidence = fit.evidence[0]
    assert evidence.sentence in GOOD and evidence.label == "About" and "Title" in evidence.asked_in
    assert set(evidence.terms) <= set(fit.matched) and not set(fit.matched) & set(fit.not_mentioned)
    assert all(words in fit.in_words for words in (*fit.matched, evidence.sentence))


def test_equals_stand_by_who_was_invited_least_then_longest_ago(app) -> None:
    officer = making.officer()
    need = bins_need(officer)
    ids = {each: firm(f"{each} Ltd", GOOD).id for each in ("Ash", "Birch", "Cedar")}
    indexing.rebuild_index(lambda _: None)
    order = []
    for _ in range(3):  # whoever comes first is invited to another need, and comes last from then on
        clock.pass_time(hours=1)
        first = names(need)[0]
        order.append(first)
        actions.invite_suppliers(bins_need(officer).id, [ids[first.split()[0]]], "In turn", officer)
    assert sorted(order) == ["Ash Ltd", "Birch Ltd", "Cedar Ltd"]
    assert names(need) == order
    assert suppliers_for(need)[0].facts[-1] == "Invited 1 time in the last year"


def test_turns_weigh_only_among_equals() -> None:
    now = clock.now()
    often = {1: Invited(5, now), 2: Invited(1, now - timedelta(days=3)), 3: Invited(1, now - timedelta(days=9))}
    ranked = [(10.0, 1), (9.9, 2), (9.8, 3), (9.0, 4), (5.0, 5), (4.99, 6)]
    placed = in_turn(ranked, often, lambda each: (each, f"S-{each}"), now)
    assert placed[:4] == [3, 2, 1, 4] and sorted(placed[4:]) == [5, 6]


def test_invitations_of_long_ago_are_forgotten(app) -> None:
    officer = making.officer()
    need, old = bins_need(officer), firm("Old Ltd", GOOD)
    indexing.rebuild_index(lambda _: None)
    actions.invite_suppliers(bins_need(officer).id, [old.id], "Then", officer)
    with db.one_action("test"):
        db.session.scalars(select(NeedInvitation)).one().invited_at -= REMEMBERED
        making.record(making.MadeForTest(subject="test"))
    assert not any(fact.startswith("Invited") for fact in suppliers_for(need)[0].facts)


def test_the_record_says_why_each_was_or_was_not_invited(app, tmp_path: Path) -> None:
    officer = making.officer()
    need = bins_need(officer)
    a, b, c = (firm(f"{each} Ltd", GOOD).id for each in "ABC")
    looked_at = [(a, "Matched: bin."), (b, "Matched: missed bin."), (c, "Matched: report.")]
    with pytest.raises(Problems) as refused:
        actions.invite_suppliers(need.id, [b], "They know bins", officer, looked_at)
    assert [each.field for each in refused.value.problems] == ["reason_for_others"]
    actions.invite_suppliers(need.id, [b], "They know bins", officer, looked_at, "A is invited every time")
    (made,) = kept.rounds_of(need.id)
    assert [(each.outcome, name) for each, name in made.listed] == [
        ("passed_over", "A Ltd"),
        ("invited", "B Ltd"),
        ("lower_place", "C Ltd"),
    ]
    assert made.row.reason_for_others == "A is invited every time" and made.listed[1][0].fit == "Matched: missed bin."
    actions.invite_suppliers(need.id, [a], "Now A", officer, looked_at)
    assert [each.outcome for each, _ in kept.rounds_of(need.id)[0].listed] == ["invited", "invited_before", "lower_place"]
    line = db.session.scalars(select(JournalLine).order_by(JournalLine.number.desc())).first()
    assert len(line.facts["not_invited"]) == 2 and "Now A" not in line.details
    export = get_export("invitations")
    writing.write_one(export, Scope(clock.now()), tmp_path)
    rows = list(csv.DictReader(io.StringIO((tmp_path / export.file_name).read_bytes().decode(), newline="")))
    assert [row["outcome"] for row in rows[:3]] == ["passed_over", "invited", "lower_place"] and len(rows) == 6


def test_somebody_who_is_not_on_the_list_is_refused() -> None:
    assert rules.outcomes([1, 2, 3], {3}, {2}) == {1: "passed_over", 2: "invited_before", 3: "invited"}
    assert rules.outcomes([], {3}, set()) == {}


def test_who_is_not_on_the_list_or_not_public_cannot_be_invited(app) -> None:
    officer = making.officer()
    need, good, bad = bins_need(officer), firm("Good Ltd", GOOD), firm("Bad Ltd", GOOD)
    with db.one_action("test"):
        bad.organisation.suspended_at, bad.organisation.suspension_reason = clock.now(), "For a test"
        making.record(making.MadeForTest(subject="test"))
    for chosen, looked_at in (
        ([good.id], []),  # nobody was on the list
        ([good.id], [(bad.id, "")]),
        ([bad.id], [(bad.id, "")]),  # suspended after the list was made
        ([officer.organisation_id], [(officer.organisation_id, "")]),
        ([10**9 - 1], None),
    ):
        with pytest.raises(Problems, match="no longer"):
            actions.invite_suppliers(need.id, chosen, "They know bins", officer, looked_at)
    assert kept.invitations_of(need.id) == {} and kept.rounds_of(need.id) == []


def test_a_firm_suspended_since_it_was_invited_is_not_written_to(app) -> None:
    officer = making.officer()
    need, firms = bins_need(officer), [making.supplier_member() for _ in range(2)]
    listed = [(each.organisation_id, "") for each in firms]
    actions.invite_suppliers(need.id, [number for number, _ in listed], "They know bins", officer, listed)
    with db.one_action("test"):
        firms[0].organisation.suspended_at, firms[0].organisation.suspension_reason = clock.now(), "For a test"
        making.record(making.MadeForTest(subject="test"))
    line = db.session.scalars(select(JournalLine).where(JournalLine.event == "SuppliersInvited")).one()
    assert [letter.to for letter in to_invited(line)] == [firms[1].person.email]
