"""A supplier's pages: joining in one page, the list of capabilities without a script, profile, solutions, papers."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from flask import render_template_string
from sqlalchemy import select

from marketplace.accounts.models import Membership, Organisation, Person
from marketplace.core import clock, db
from suppliers.importing import import_suppliers
from suppliers.profiles.models import Supplier
from suppliers.profiles.queries import get_supplier
from suppliers.profiles.rules import COMPANY_NUMBER_HINT
from suppliers.record import public_profile
from tests import making
from tests.pageclient import PageClient

FIRM = {
    "firm_name": "Acme Ltd",
    "legal_form": "company",
    "company_number": "1234567",
    "size": "micro",
    "postcode": "ln1 1yl",
    "about": "We build repairs booking for councils.",
    "capabilities": ["booking"],
}
PERSON = {"name": "Ada Acme", "email": "ada@acme.example", "password": "a long enough one"}


def signed_in(client: PageClient, *roles: str) -> Membership:
    member = making.supplier_member(None, *roles)
    enter(client, member.person)
    return member


def enter(client: PageClient, person: Person) -> None:
    """Signs in on the way to a page that is open to everybody."""
    email = person.email
    form = client.get("/sign-in?next=/join/supplier/check-your-email")
    client.submit(form, "Sign in", email=email, password=making.PASSWORD)


def test_a_firm_joins_on_one_page(client: PageClient) -> None:
    done = client.submit(client.get("/join/supplier"), "Join", **FIRM, **PERSON)
    assert done.h1 == "Check your email"
    supplier = db.session.scalars(select(Supplier)).one()
    assert (supplier.name, supplier.company_number, supplier.postcode) == ("Acme Ltd", "01234567", "LN1 1YL")
    assert supplier.capabilities == ["booking"]


def test_a_known_address_reads_the_same_page(client: PageClient) -> None:
    known = making.person().email
    done = client.submit(client.get("/join/supplier"), "Join", **{**FIRM, **PERSON, "email": known})
    assert done.h1 == "Check your email"
    assert db.session.scalars(select(Supplier)).all() == []


def test_nothing_typed_is_lost_when_something_is_wrong(client: PageClient) -> None:
    wrong = {**FIRM, "company_number": "12345678901", "vat_number": "123", "size": "small"}
    again = client.submit(client.get("/join/supplier"), "Join", status=422, **{**wrong, **PERSON, "password": "short"})
    assert len(again.errors) == 3, "what the rule finds is told together with what the fields find"
    for name in ("firm_name", "company_number", "vat_number", "about", "name", "email", "size"):
        assert again.field(name) == {**wrong, **PERSON}[name]
    assert again.field("capabilities") == ["booking"]


def test_a_company_number_that_lacks_figures_is_refused(client: PageClient) -> None:
    again = client.submit(
        client.get("/join/supplier"), "Join", status=422, **{**FIRM, "company_number": "1234"}, **PERSON
    )
    assert again.errors == [COMPANY_NUMBER_HINT]
    assert again.field("company_number") == "1234"


def test_all_that_is_wrong_with_a_certificate_is_told_at_once(client: PageClient) -> None:
    signed_in(client, "admin")
    form = client.get("/supplier/evidence/new")
    assert form.has("PDF") and form.has("at most 20 MB")
    again = client.submit(form, "Save", status=422, kind="insurance", copy=(io.BytesIO(b"no"), "cover.pdf"))
    assert again.errors[:3] == [
        "Enter what it is",
        "Enter the cover in pounds, like 1,000,000",
        "Enter the last day of cover",
    ]
    assert len(again.errors) == 4 and again.errors[3].startswith("cover.pdf does not look like")


def test_the_list_narrows_without_a_script(client: PageClient) -> None:
    form = client.get("/join/supplier")
    assert form.has("Companies House number (if you are a company)"), "optional it is only for others"
    narrowed = client.submit(
        form, "Show these", firm_name="Acme Ltd", capabilities=["booking"], capability_word="direct debit"
    )
    assert narrowed.errors == []
    assert narrowed.field("firm_name") == "Acme Ltd"
    assert narrowed.field("capabilities") == ["booking"]
    assert narrowed.has("Online payments")
    assert not narrowed.has("Resident accounts and portals")
    button = narrowed.main.find("button", attrs={"name": "show_capabilities"})
    assert narrowed.main.select_one(button["formaction"]), "the page comes back at the list"
    narrowed = client.submit(narrowed, "Show these", capability_word="zeppelin")
    assert narrowed.field("capabilities") == ["booking"]
    assert narrowed.has("Nothing in the list mentions “zeppelin”")


def test_a_firm_that_is_here_is_offered_to_be_joined(client: PageClient) -> None:
    client.submit(client.get("/join/supplier"), "Join", **FIRM, **PERSON)
    slug = db.session.scalars(select(Organisation.slug).where(Organisation.kind == "supplier")).one()
    second = {**PERSON, "email": "bob@acme.example"}
    again = client.submit(client.get("/join/supplier"), "Join", status=422, **{**FIRM, "firm_name": "ACME"}, **second)
    assert "Ask to join Acme Ltd" in again.buttons
    assert db.session.scalars(select(Person).where(Person.email == second["email"])).all() == []
    address = again.main.find("button", attrs={"name": "carry"})["formaction"]
    assert address == f"/join/supplier/firm/{slug}"
    token = again.field("csrf_token")
    ask = client.post(address, data={**second, "carry": "1", "csrf_token": token})
    assert (ask.field("name"), ask.field("email"), ask.errors) == (second["name"], second["email"], [])
    done = client.submit(ask, "Send the request", password=second["password"], note="I write the bids")
    assert done.h1 == "Check your email"
    asked = db.session.scalars(select(Membership).join(Person).where(Person.email == second["email"])).unique().one()
    assert asked.approved_at is None
    assert asked.note == "I write the bids"


def test_an_unclaimed_profile_is_offered_and_may_be_declined(client: PageClient, tmp_path: Path) -> None:
    path = tmp_path / "firms.jsonl"
    path.write_text(json.dumps({"id": "1", "name": "ACME LIMITED", "text": "Booking. For a council"}))
    import_suppliers(path)
    again = client.submit(client.get("/join/supplier"), "Join", status=422, **FIRM, **PERSON)
    assert "This is our firm" in again.buttons
    done = client.submit(again, "Join", is_another=True, password=PERSON["password"])
    assert done.h1 == "Check your email"
    assert len(db.session.scalars(select(Supplier)).all()) == 2
    assert client.get("/join/supplier/firm/acme-limited").h1 == "ACME LIMITED is our firm"
    client.get("/join/supplier/firm/nobody", status=404)


def test_a_person_with_an_account_registers_a_firm(client: PageClient) -> None:
    person = making.person()
    enter(client, person)
    form = client.get("/join/supplier")
    done = client.submit(form, "Join", **{**FIRM, "postcode": "ZZ1 1AA"})
    assert done.h1.endswith("Your profile")
    assert any("do not know yet where your postcode is" in each for each in done.notices)


def test_the_profile_is_changed_in_sections(client: PageClient) -> None:
    member = signed_in(client)
    own = client.get("/supplier/profile")
    assert own.has("Describe a solution")
    section = client.follow(own, "Change your organisation")
    identity = {"firm_name": "Acme Ltd", "legal_form": "sole_trader", "size": "small", "postcode": "LS1 1UR"}
    assert client.submit(section, "Save", **identity).summary["Place"] == "LS1 1UR, Yorkshire and The Humber"
    section = client.get("/supplier/profile/description")
    refused = client.submit(section, "Save", status=422, about="Words " * 40, website="javascript:alert(1)")
    assert refused.field("about") == ("Words " * 40).strip()
    assert client.submit(refused, "Save", website="example.org").has("https://example.org")
    section = client.submit(client.get("/supplier/profile/capabilities"), "Show these", capability_word="booking")
    assert client.submit(section, "Save", capabilities=["booking"]).has("Booking and appointments")
    supplier = get_supplier(member.organisation_id)
    assert (supplier.name, supplier.is_sole_trader, supplier.capabilities) == ("Acme Ltd", True, ["booking"])


def test_solutions_and_past_work(client: PageClient) -> None:
    signed_in(client)
    index = client.get("/supplier/solutions")
    empty = client.submit(client.follow(index, "Add past work"), "Save", status=422, customer="Leeds")
    assert empty.field("customer") == "Leeds"
    day = clock.today().replace(year=2025)
    index = client.submit(empty, "Save", title="Bins", text="Rounds planned", ended_on=day)
    assert index.has("Leeds, ended 24 November 2025")
    changed = client.submit(client.follow(index, "Change Bins"), "Save", title="Bins and bags")
    assert changed.has("Bins and bags")
    kept = client.get(changed.links["Remove Bins and bags"])
    assert not client.submit(kept, "Remove it").has("Rounds planned")


def test_papers_are_added_marked_downloaded_and_removed(client: PageClient) -> None:
    signed_in(client)
    facts: dict[str, Any] = {"kind": "insurance", "name": "Professional indemnity", "cover_pence": "1,000,000"}
    form = client.get("/supplier/evidence/new")
    index = client.submit(
        form, "Save", **facts, expires_on=clock.today(), copy=(io.BytesIO(b"%PDF-1.7 a"), "../policy.pdf")
    )
    (row,) = index.table("Certificates and insurance")
    assert row["Cover"] == "£1,000,000"
    copy = client.follow(index, "Download the copy of Professional indemnity")
    assert copy.content == b"%PDF-1.7 a"
    assert copy.response.headers["Content-Disposition"] == "attachment; filename=policy.pdf"
    client.sign_out()
    signed_in(client)
    client.get(copy.url, status=404)


def test_an_expired_paper_is_marked_and_removed(client: PageClient) -> None:
    member_id = signed_in(client).person_id
    form = client.get("/supplier/evidence/new")
    index = client.submit(form, "Save", kind="certificate", name="Cyber Essentials", expires_on=clock.today())
    assert index.table("Certificates and insurance")[0]["Valid until"] == "24 November 2026"
    clock.pass_time(days=1)
    client.sign_out()
    enter(client, db.session.get_one(Person, member_id))
    index = client.get("/supplier/evidence")
    assert index.table("Certificates and insurance")[0]["Valid until"] == "24 November 2026 Expired"
    asked = client.follow(index, "Remove Cyber Essentials")
    assert client.submit(asked, "Remove it").has("Nothing here yet")


def test_a_bidder_reads_and_does_not_change(client: PageClient) -> None:
    signed_in(client, "bidder")
    assert "Change your organisation" not in client.get("/supplier/profile").links
    client.get("/supplier/solutions")
    for address in ("profile/organisation", "profile/download", "solutions/new", "evidence/new"):
        client.get(f"/supplier/{address}", status=403)


def test_the_record_is_downloaded(client: PageClient) -> None:
    member = signed_in(client)
    record = client.get("/supplier/profile/download")
    assert record.response.mimetype == "application/json"
    assert json.loads(record.content)["people"][0]["email"] == member.person.email


@pytest.mark.parametrize("address", ["profile", "profile/download", "solutions", "evidence", "evidence/1/copy"])
def test_a_stranger_is_asked_to_sign_in(client: PageClient, address: str) -> None:
    assert client.get(f"/supplier/{address}").h1 == "Sign in"


def test_the_public_part_shows_no_number_and_no_file(client: PageClient) -> None:
    member = signed_in(client)
    form = client.get("/supplier/evidence/new")
    client.submit(form, "Save", kind="certificate", name="ISO 27001", number="SECRET-77", expires_on=clock.today())
    template = "{% from 'suppliers/profiles/_public.html' import public_part with context %}{{ public_part(profile) }}"
    with client.app.test_request_context():
        shown = render_template_string(template, profile=public_profile(get_supplier(member.organisation_id)))
    assert "ISO 27001" in shown
    assert "valid until 24 November 2026" in shown
    assert "SECRET-77" not in shown
    assert "copy" not in shown
