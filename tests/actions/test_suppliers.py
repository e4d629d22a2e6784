"""Firms in the database: registering once, the profile, papers and reminders, imports that repeat without effect."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.accounts.models import Membership, Organisation, Person
from marketplace.core import clock, db, journal, letters
from marketplace.core.errors import NotFound, Problems
from marketplace.core.mail import Mail
from suppliers import record
from suppliers.evidence import actions as evidence
from suppliers.evidence.emails import evidence_expiring
from suppliers.evidence.models import Evidence
from suppliers.evidence.queries import evidence_of, reminders_due
from suppliers.evidence.rules import EvidenceFacts
from suppliers.importing import import_suppliers
from suppliers.profiles import queries
from suppliers.profiles.actions import (
    Firm,
    Newcomer,
    SameFirm,
    ask_to_join_supplier,
    change_capabilities,
    change_identity,
    register_supplier,
)
from suppliers.profiles.emails import profile_changed
from suppliers.profiles.models import Supplier
from suppliers.profiles.rules import Description, Identity
from suppliers.solutions import actions as solutions
from suppliers.solutions.queries import solutions_of
from suppliers.solutions.rules import SolutionWords
from tests import making
from tests.lines import lines_of

ACME = Identity(
    name="Acme Ltd", legal_form="company", company_number="1234567", size="micro", postcode="LN1 1YL"
)  # fmt: skip


def firm(**facts: Any) -> Firm:
    return Firm(
        who=replace(ACME, **facts), words=Description(about="We build repairs booking."), capabilities=["booking"]
    )


def register(**facts: Any) -> Supplier:
    made = register_supplier(firm(**facts), making.person())
    assert made is not None
    return made


# -- registering


def test_a_newcomer_registers_a_firm(app: Flask) -> None:
    newcomer = Newcomer(name="Ada", email="ada@acme.example", password="a long enough one")
    made = register_supplier(firm(), newcomer)
    assert made is not None
    assert (made.company_number, made.outcode, made.region) == ("01234567", "LN1", "East Midlands")
    assert made.latitude is not None
    assert made.capabilities == ["booking"]
    membership = db.session.scalars(select(Membership).where(Membership.organisation_id == made.id)).unique().one()
    assert membership.roles == {"admin"}
    assert membership.is_live
    (line,) = lines_of("SupplierRegistered")
    assert line.subject == made.reference
    assert "acme" not in line.details.lower()
    assert queries.list_suppliers() == [], "not public before the address is confirmed"
    with pytest.raises(NotFound):
        queries.get_supplier_by_slug("acme-ltd")
    person = membership.person
    with db.one_action("test"):
        person.email_confirmed_at = clock.now()
        journal.record(making.MadeForTest(subject="test"))
    assert queries.get_supplier_by_slug("acme-ltd").id == made.id
    assert [each.id for each in queries.admins_of(made)] == [person.id]
    assert queries.references_of_person(person.pseudonym) == [made.reference]


def test_a_known_address_makes_nothing(app: Flask) -> None:
    known = making.person()
    newcomer = Newcomer(name="Ada", email=known.email.upper(), password="a long enough one")
    assert register_supplier(firm(), newcomer) is None
    assert db.session.scalar(select(func.count(Supplier.id))) == 0
    assert lines_of("KnownAddressRegistered")


def test_an_unknown_postcode_is_kept_without_a_place(app: Flask) -> None:
    made = register(postcode="ZZ1 1AA")
    assert (made.postcode, made.outcode, made.region, made.latitude) == ("ZZ1 1AA", "ZZ1", "", None)


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "Quite Another", "company_number": " 0123 4567 "},
        {"name": "ACME LIMITED", "legal_form": "sole_trader", "company_number": ""},
    ],
)
def test_the_same_firm_is_not_registered_twice(app: Flask, facts: dict[str, str]) -> None:
    first = register()
    with pytest.raises(SameFirm) as refused:
        register(**facts)
    assert (refused.value.slug, refused.value.is_certain, refused.value.is_claimed) == (first.slug, True, True)
    assert db.session.scalar(select(func.count(Supplier.id))) == 1
    assert db.session.scalar(select(func.count(Organisation.id)).where(Organisation.kind == "supplier")) == 1


def test_different_numbers_or_places_are_different_firms(app: Flask) -> None:
    register()
    assert register(company_number="7654321").slug == "acme-ltd-2"
    sole = {"legal_form": "sole_trader", "company_number": ""}
    assert register(postcode="LS1 1UR", **sole).slug == "acme-ltd-3"
    with pytest.raises(SameFirm):
        register(postcode="LS1 4DY", **sole)


@pytest.mark.parametrize("facts", [{}, {"legal_form": "sole_trader", "company_number": ""}])
def test_the_index_has_the_last_word(app: Flask, monkeypatch: pytest.MonkeyPatch, facts: dict[str, str]) -> None:
    register(**facts)
    looks, really = list[int](), queries.find_same_firm

    def blind_at_first(*args: Any, **kwargs: Any) -> Supplier | None:
        looks.append(1)
        return None if len(looks) == 1 else really(*args, **kwargs)

    monkeypatch.setattr(queries, "find_same_firm", blind_at_first)
    with pytest.raises(SameFirm):
        register(**facts)
    assert db.session.scalar(select(func.count(Supplier.id))) == 1


def test_asking_to_join_waits_for_the_firms_administrator(app: Flask) -> None:
    supplier = making.supplier()
    making.supplier_member(supplier)
    ask_to_join_supplier(supplier.id, making.person(), "I write the bids")
    assert lines_of("JoinWaits")[-1].facts["waits_for"] == "colleagues"


def test_an_unclaimed_profile_waits_for_our_administrator(app: Flask, tmp_path: Path) -> None:
    import_suppliers(lines(tmp_path, {"id": "1", "name": "Acme Ltd", "text": "Booking"}))
    supplier = queries.list_suppliers()[0]
    assert not queries.is_claimed(supplier)
    ask_to_join_supplier(supplier.id, making.person(), "Mine")
    assert lines_of("JoinWaits")[-1].facts["waits_for"] == "administrator"


def test_an_imported_namesake_is_offered_and_may_be_declined(app: Flask, tmp_path: Path) -> None:
    import_suppliers(lines(tmp_path, {"id": "1", "name": "ACME LIMITED", "text": "Booking"}))
    with pytest.raises(SameFirm) as refused:
        register()
    assert not refused.value.is_certain
    assert not refused.value.is_claimed
    made = register_supplier(replace(firm(), is_not_the_listed_one=True), making.person())
    assert made is not None
    assert db.session.scalar(select(func.count(Supplier.id))) == 2


# -- the profile


def test_another_firms_number_cannot_be_taken_by_a_change(app: Flask) -> None:
    register()
    member = making.supplier_member(making.supplier("Beta Ltd"))
    with pytest.raises(SameFirm):
        change_identity(member, ACME)
    change_identity(member, replace(ACME, name="Beta Ltd", company_number="7654321"))
    assert queries.get_supplier(member.organisation_id).company_number == "07654321"


def test_administrators_hear_of_a_changed_identity_and_of_nothing_less(app: Flask) -> None:
    admin = making.supplier_member()
    making.supplier_member(queries.get_supplier(admin.organisation_id), "bidder")
    change_capabilities(admin, ["booking"])
    change_identity(admin, ACME)
    less, more = lines_of("ProfileChanged")
    assert list(profile_changed(less)) == []
    assert [each.to for each in profile_changed(more)] == [admin.person.email]


def test_the_mails_can_be_written(app: Flask) -> None:
    admin = making.supplier_member()
    change_identity(admin, ACME)
    insured(admin, clock.today() + timedelta(days=5))
    evidence.remind_of_evidence()
    for event, writer in (("ProfileChanged", profile_changed), ("EvidenceExpiring", evidence_expiring)):
        (line,) = lines_of(event)
        with app.test_request_context():
            assert letters.write_letters(line, writer(line)) == 1
            assert letters.write_letters(line, writer(line)) == 0, "the same line again posts nothing"
    reminder = db.session.scalars(select(Mail).order_by(Mail.id.desc())).first()
    assert reminder is not None
    assert reminder.subject == "Professional indemnity ends on 29 November 2026"
    assert "After that day councils see it as expired." in reminder.body


def test_capabilities_are_replaced(app: Flask) -> None:
    supplier = making.supplier(capabilities=("booking", "online-forms"))
    member = making.supplier_member(supplier)
    change_capabilities(member, ["online-forms", "online-payments"])
    assert queries.get_supplier(supplier.id).capabilities == ["online-forms", "online-payments"]
    with pytest.raises(Problems):
        change_capabilities(member, ["levitation"])
    assert [each.facts for each in lines_of("ProfileChanged")] == [{"section": "capabilities"}]


def test_solutions_come_and_go_and_are_nobody_elses(app: Flask) -> None:
    member, stranger = making.supplier_member(), making.supplier_member()
    made = solutions.add_solution(member, "solution", SolutionWords(title="Tracker", text="Tracks damp."))
    with pytest.raises(NotFound):
        solutions.change_solution(stranger, made.id, SolutionWords(title="Mine", text="now"))
    with pytest.raises(NotFound):
        solutions.remove_solution(stranger, made.id)
    solutions.change_solution(member, made.id, SolutionWords(title="Tracker 2", text="Tracks damp."))
    assert [each.title for each in solutions_of(member.organisation_id)] == ["Tracker 2"]
    solutions.remove_solution(member, made.id)
    assert solutions_of(member.organisation_id) == []
    with pytest.raises(NotFound):
        solutions.remove_solution(member, made.id)
    names = ["SolutionAdded", "SolutionChanged", "SolutionRemoved"]
    assert [len(lines_of(name)) for name in names] == [1, 1, 1]


def test_passages_for_search(app: Flask) -> None:
    supplier = making.supplier(summary="Repairs booking.", about="First.\n\nSecond.")
    member = making.supplier_member(supplier)
    solutions.add_solution(member, "past_work", SolutionWords(title="Bins", text="Rounds\nplanned", customer="Leeds"))
    solutions.add_solution(member, "solution", SolutionWords(title="Tracker", text="Tracks."))
    assert record.passages_of(supplier) == [
        ("Summary", "Repairs booking."),
        ("About", "First."),
        ("About", "Second."),
        ("Solution: Tracker", "Tracker. Tracks."),
        ("Past work: Bins", "Bins. Rounds planned Leeds"),
    ]


def test_the_portable_record_holds_everything_and_no_secret(app: Flask) -> None:
    supplier = making.supplier("Acme Ltd", capabilities=("booking",))
    member = making.supplier_member(supplier)
    solutions.add_solution(member, "solution", SolutionWords(title="Tracker", text="Tracks."))
    evidence.add_evidence(member, EvidenceFacts(kind="certificate", name="ISO 27001"))
    text = json.dumps(record.portable_record(supplier), default=record.as_plain)
    for word in ("Acme Ltd", "booking", "Tracker", "ISO 27001", member.person.email, "SolutionAdded"):
        assert word in text
    assert member.person.password_hash not in text


# -- papers


PDF = b"%PDF-1.7 a policy"


def insured(member: Membership, expires_on: date, copy: bytes = b"") -> Evidence:
    facts = EvidenceFacts(
        kind="insurance", name="Professional indemnity", cover_pence=100_000_000, expires_on=expires_on
    )
    return evidence.add_evidence(member, facts, evidence.Copy("policy.pdf", io.BytesIO(copy)) if copy else None)


def stored_files() -> list[Path]:
    folder = evidence.store().folder
    return [each for each in folder.rglob("*") if each.is_file()] if folder.exists() else []


def test_a_copy_is_kept_replaced_and_destroyed(app: Flask) -> None:
    member = making.supplier_member()
    paper = insured(member, clock.today() + timedelta(days=90), PDF)
    assert evidence.store().read(paper.file_key) == PDF
    facts = EvidenceFacts(kind="certificate", name="ISO 27001")
    evidence.change_evidence(member, paper.id, facts, evidence.Copy("new.pdf", io.BytesIO(PDF + b" 2")))
    (kept,) = stored_files()
    assert kept.read_bytes() == PDF + b" 2"
    evidence.remove_evidence(member, paper.id)
    assert stored_files() == []
    assert evidence_of(member.organisation_id) == []


def test_a_refused_paper_leaves_no_file(app: Flask) -> None:
    member = making.supplier_member()
    with pytest.raises(Problems):
        insured(member, clock.today() - timedelta(days=1), PDF)
    with pytest.raises(Problems) as refused:
        insured(member, clock.today() + timedelta(days=1), b"MZ not a pdf")
    assert refused.value.problems[0].field == "copy"
    assert stored_files() == []


def test_reminders_fall_due_once_each(app: Flask) -> None:
    member = making.supplier_member()
    paper = insured(member, clock.today() + timedelta(days=31))
    said = []
    for _ in range(35):
        said.append(evidence.remind_of_evidence())
        assert evidence.remind_of_evidence() == 0
        clock.pass_time(days=1)
    assert [day for day, count in enumerate(said) if count] == [1, 24, 31]
    assert [each.facts["days"] for each in lines_of("EvidenceExpiring")] == [30, 7, 0]
    assert reminders_due(clock.now()) == []
    renewed = EvidenceFacts(
        kind="insurance", name=paper.name, cover_pence=1, expires_on=clock.today() + timedelta(days=20)
    )
    evidence.change_evidence(member, paper.id, renewed)
    assert evidence.remind_of_evidence() == 1


def test_the_reminder_goes_to_administrators_unless_the_paper_was_renewed(app: Flask) -> None:
    supplier = making.supplier("Acme Ltd")
    admin = making.supplier_member(supplier)
    making.supplier_member(supplier, "bidder")
    paper = insured(admin, clock.today() + timedelta(days=5))
    evidence.remind_of_evidence()
    (line,) = lines_of("EvidenceExpiring")
    (letter,) = evidence_expiring(line)
    assert letter.to == admin.person.email
    assert letter.context["link"].endswith(f"/supplier/evidence/{paper.id}")
    evidence.remove_evidence(admin, paper.id)
    assert list(evidence_expiring(line)) == []


# -- imports


def lines(folder: Path, *rows: Any) -> Path:
    path = folder / "firms.jsonl"
    path.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in rows))
    return path


def adds_up(outcome: dict[str, Any]) -> tuple[int, ...]:
    counts = tuple(outcome[name] for name in ("new", "changed", "unchanged", "refused"))
    assert sum(counts) == outcome["rows"]
    return counts


def test_an_import_repeats_without_effect(app: Flask, tmp_path: Path) -> None:
    rows = [
        {"id": f"s-{each}", "name": f"Firm {each % 3}", "text": f"Work {each}. For a council"} for each in range(600)
    ]
    path, heard = lines(tmp_path, *rows), list[str]()
    assert adds_up(import_suppliers(path, "notices", tell=heard.append)) == (600, 0, 0, 0)
    assert heard == ["250 rows done", "500 rows done", "600 rows done"]
    said = lines_of("SuppliersImported")
    assert sum(len(each.facts["suppliers"]) for each in said) == 600
    assert len({each for line in said for each in line.facts["suppliers"]}) == 600
    assert adds_up(import_suppliers(path, "notices")) == (0, 0, 600, 0)
    assert len(lines_of("SuppliersImported")) == len(said)
    assert sum(len(batch) for batch in queries.each_supplier(100)) == 600


def test_an_import_changes_what_changed(app: Flask, tmp_path: Path) -> None:
    before = {"id": "1", "name": "Acme Ltd", "text": "Booking. Old\nBins"}
    import_suppliers(lines(tmp_path, before, {"id": "2", "name": "Beta"}), "n")
    kept = next(each.id for each in solutions_of(queries.list_suppliers()[0].id) if each.title == "Bins")
    after = {**before, "text": "Bins\nParking. New", "postcode": "LN1 1YL"}
    assert adds_up(import_suppliers(lines(tmp_path, after, {"id": "2", "name": "Beta"}), "n")) == (0, 1, 1, 0)
    supplier = queries.list_suppliers()[0]
    assert [each.title for each in solutions_of(supplier.id)] == ["Bins", "Parking"]
    assert kept in [each.id for each in solutions_of(supplier.id)]
    assert supplier.region == "East Midlands"
    assert lines_of("SuppliersImported")[-1].facts["suppliers"] == [supplier.reference]


def test_refused_lines_are_named_and_set_aside(app: Flask, tmp_path: Path) -> None:
    path = lines(
        tmp_path,
        {"id": "1", "name": "One", "company_number": "0000001"},
        "nonsense",
        {"id": "3", "name": "Three", "company_number": "00000001"},
        {"id": "1", "name": "One again"},
        {"id": "5", "name": "Five"},
    )
    outcome = import_suppliers(path, "n", tmp_path / "aside")
    assert adds_up(outcome) == (2, 0, 0, 3)
    aside = [json.loads(each) for each in Path(outcome["refused_file"]).read_text().splitlines()]
    assert [each["line"] for each in aside] == [2, 3, 4]
    assert all(each["reason"] and each["raw"] for each in aside)
    assert sum(outcome["reasons"].values()) == 3


def test_a_claimed_profile_is_left_to_its_firm(app: Flask, tmp_path: Path) -> None:
    import_suppliers(lines(tmp_path, {"id": "1", "name": "Acme Ltd"}), "n")
    supplier = queries.list_suppliers()[0]
    making.supplier_member(supplier)
    assert queries.is_claimed(supplier)
    changed = {"id": "1", "name": "Acme Ltd", "text": "Not what the firm says"}
    assert adds_up(import_suppliers(lines(tmp_path, changed), "n")) == (0, 0, 1, 0)
    assert solutions_of(supplier.id) == []


def test_public_suppliers_leaves_out_the_suspended(app: Flask, tmp_path: Path) -> None:
    import_suppliers(lines(tmp_path, {"id": "1", "name": "Acme Ltd"}, {"id": "2", "name": "Beta"}), "n")
    acme, beta = queries.list_suppliers()
    with db.one_action("test"):
        acme.organisation.suspended_at, acme.organisation.suspension_reason = clock.now(), "Asked for"
        journal.record(making.MadeForTest(subject="test"))
    assert queries.public_suppliers([acme.reference, beta.reference]) == [beta]


def test_nobody_is_made_by_an_import(app: Flask, tmp_path: Path) -> None:
    import_suppliers(lines(tmp_path, {"id": "1", "name": "Acme Ltd"}), "n")
    assert db.session.scalar(select(func.count(Person.id))) == 0
