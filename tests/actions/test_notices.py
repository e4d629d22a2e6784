"""Notices raised by what happens, recorded once published; our purchases as open contracting data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from marketplace import config
from marketplace.core import clock, db
from marketplace.core.errors import NotFound, Problems
from marketplace.core.journal import JournalLine, record
from tenders.awards import actions as award_actions
from tenders.awards import queries as awards
from tenders.contracts import running
from tenders.needs.models import Need
from tenders.notices import actions, listening, ocds, queries
from tenders.notices.packs import as_text, pack_of
from tests import assessing, contracting, making

pytestmark = pytest.mark.usefixtures("app")
LARGE = 25_000_000
TAGS = {
    "tender", "tenderAmendment", "tenderUpdate", "tenderCancellation", "award", "contract", "contractAmendment",
    "contractTermination", "awardCancellation",
}  # fmt: skip
STATUSES = {
    "tender": {"active", "cancelled", "unsuccessful", "complete", "withdrawn"},
    "awards": {"pending", "active", "cancelled"},
    "contracts": {"active", "terminated"},
}


def hear() -> None:
    """What the worker does: the room hears every line so far."""
    lines = db.session.scalars(select(JournalLine).order_by(JournalLine.number)).all()
    listening.react([each for each in lines if each.event in listening.NOTICE_EVENTS])


def raised(need: Need) -> dict[str, Any]:
    hear()
    return {each.kind: each for each in queries.notices_of(need)}


def publish_line(need: Need) -> None:
    """The journal line that publication leaves, for needs that tests make without it."""
    from tenders.needs.events import NeedPublished

    with db.one_action("test"):
        record(
            NeedPublished(
                subject=need.reference,
                need=need.reference,
                closes_at=need.closes_at,
                questions_close_at=None,
                estimated_value_pence=need.estimated_value_pence,
                central_notice_number=need.central_notice_number,
                sha256="",
            )
        )


def test_a_small_purchase_calls_for_no_notice() -> None:
    deal = contracting.running()
    publish_line(deal.made.need)
    assert raised(deal.made.need) == {}


def test_a_public_contract_collects_its_notices_and_hearing_twice_changes_nothing() -> None:
    deal = contracting.awarded(estimated_value_pence=LARGE, central_notice_number="000111-2026")
    need = deal.made.need
    publish_line(need)
    found = raised(need)
    assert sorted(found) == ["UK4", "UK6"]
    assert (found["UK4"].number, found["UK4"].is_published) == ("000111-2026", True)
    assert not found["UK6"].is_published

    actions.record_notice(need.id, deal.made.officer, found["UK6"].id, "000222-2026", "", clock.today())
    award = awards.find_made_award(need)
    assert award is not None and award.central_notice_number == "000222-2026"
    assert awards.find_standstill(award).ends_on == date(2026, 12, 23)
    clock.pass_time(days=20)
    contracting.running(contracting.drafted(deal, value_pence=LARGE))
    found = raised(need)
    assert sorted(found) == ["UK4", "UK6", "UK7"]
    assert found["UK7"].due_on == date.fromordinal(clock.today().toordinal() + 29)
    count = len(queries.notices_of(need))
    hear()
    assert len(queries.notices_of(need)) == count


def test_a_change_notice_comes_with_the_proposal_and_goes_with_the_refusal() -> None:
    deal = contracting.running(contracting.drafted(value_pence=30_000_000))
    contract, need = deal.signed, deal.made.need
    running.propose_change(contract.id, deal.manager, "provided_for", "A second borough joins.", 4_000_000)
    assert raised(need)["UK10"].subject == "C-2026-0001/1"
    running.refuse_change(contract.id, deal.signer, 1, "Too much.")
    assert "UK10" not in raised(need)
    running.propose_change(contract.id, deal.manager, "provided_for", "A second borough joins.", 4_000_000)
    running.approve_change(contract.id, deal.signer, 2, notice_number="000333-2026")
    change = raised(need)["UK10"]
    assert (change.subject, change.number) == ("C-2026-0001/2", "000333-2026")


def test_the_end_of_a_public_contract_is_due_in_thirty_days() -> None:
    deal = contracting.running(contracting.drafted(value_pence=30_000_000))
    running.end_contract(deal.signed.id, deal.signer, "terminated", "The firm closed.", "Half of it.")
    assert raised(deal.made.need)["UK11"].due_on == date.fromordinal(clock.today().toordinal() + 29)


def test_only_the_council_records_and_only_once() -> None:
    deal = contracting.running(contracting.drafted(value_pence=30_000_000))
    notice = raised(deal.made.need)["UK7"]
    stranger = making.officer()
    with pytest.raises(NotFound):
        actions.record_notice(deal.made.need.id, stranger, notice.id, "000001-2026", "", clock.today())
    actions.record_notice(deal.made.need.id, deal.manager, notice.id, "000001-2026", "https://ft.example/1", clock.today())
    with pytest.raises(Problems, match="on record already"):
        actions.record_notice(deal.made.need.id, deal.manager, notice.id, "000002-2026", "", clock.today())


def test_a_wrong_award_notice_is_corrected_everywhere_and_moves_the_standstill() -> None:
    deal = contracting.awarded(estimated_value_pence=LARGE, central_notice_number="000111-2026")
    need = deal.made.need
    publish_line(need)
    notice = raised(need)["UK6"]
    award = awards.find_made_award(need)
    assert award is not None
    with pytest.raises(Problems, match="six figures"):
        award_actions.record_award_notice(need.id, deal.made.officer, "2026/S 1", clock.today())
    with pytest.raises(Problems, match="not on record yet"):
        actions.correct_notice(need.id, deal.made.officer, notice.id, "000222-2026", "", clock.today(), "Typo.")
    first = clock.today()
    second = date.fromordinal(first.toordinal() + 1)
    award_actions.record_award_notice(need.id, deal.made.officer, "000222-2026", first)
    hear()
    with pytest.raises(Problems, match="Correct it on the page of the notices"):
        award_actions.record_award_notice(need.id, deal.made.officer, "000333-2026", first)
    ends_before = awards.find_standstill(award).ends_on
    clock.pass_time(days=3)
    correct = actions.correct_notice
    with pytest.raises(Problems, match="on record already"):
        correct(need.id, deal.made.officer, notice.id, "000222-2026", "", first, "No change.")
    with pytest.raises(Problems, match="how the mistake"):
        correct(need.id, deal.made.officer, notice.id, "000223-2026", "", first, " ")
    with pytest.raises(NotFound):
        correct(need.id, making.officer(), notice.id, "000223-2026", "", second, "Not theirs.")
    correct(need.id, deal.made.officer, notice.id, "000223-2026", "", second, "Two figures were swapped.")
    assert (notice.number, notice.published_on, award.central_notice_number) == ("000223-2026", second, "000223-2026")
    pause = awards.find_standstill(award)
    assert pause.starts_on == second and pause.ends_on > ends_before
    (kept,) = notice.corrections
    assert (kept.number_before, kept.published_on_before) == ("000222-2026", first)
    line = db.session.scalars(select(JournalLine).where(JournalLine.event == "NoticeCorrected")).one()
    assert line.facts["number_before"] == "000222-2026" and "swapped" not in line.details


def test_after_signature_a_number_is_corrected_but_the_standstill_stays() -> None:
    deal = contracting.awarded(estimated_value_pence=LARGE, central_notice_number="000111-2026")
    need = deal.made.need
    publish_line(need)
    notice, on = raised(need)["UK6"], clock.today()
    actions.record_notice(need.id, deal.made.officer, notice.id, "000222-2026", "", on)
    clock.pass_time(days=20)
    contracting.running(contracting.drafted(deal, value_pence=LARGE))
    with pytest.raises(Problems, match="can no longer change"):
        later = date.fromordinal(on.toordinal() + 1)
        actions.correct_notice(need.id, deal.manager, notice.id, "000222-2026", "", later, "Wrong day.")
    actions.correct_notice(need.id, deal.manager, notice.id, "000229-2026", "", on, "Wrong number.")
    assert awards.find_made_award(need).central_notice_number == "000229-2026"


def test_numbers_of_the_need_and_of_a_change_are_corrected_with_their_notices() -> None:
    deal = contracting.running(contracting.drafted(value_pence=30_000_000))
    need, contract = deal.made.need, deal.signed
    running.propose_change(contract.id, deal.manager, "provided_for", "A second borough joins.", 4_000_000)
    with pytest.raises(Problems, match="six figures"):
        running.approve_change(contract.id, deal.signer, 1, notice_number="banana")
    running.approve_change(contract.id, deal.signer, 1, notice_number="000333-2026")
    change = raised(need)["UK10"]
    actions.correct_notice(need.id, deal.manager, change.id, "000334-2026", "", clock.today(), "Wrong line copied.")
    assert contract.modifications[0].notice_number == "000334-2026"

    other = making.open_need(estimated_value_pence=LARGE, central_notice_number="000111-2026", public_key=b"key")
    publish_line(other)
    tender, officer = raised(other)["UK4"], making.officer(other.authority)
    url = "https://ft.example/000112-2026"
    actions.correct_notice(other.id, officer, tender.id, "000112-2026", url, clock.today(), "Mistyped.")
    assert (other.central_notice_number, other.central_notice_url) == ("000112-2026", url)
    version = other.versions[-1]
    assert (version.kind, version.reason) == ("corrected", "Mistyped.") and "000111-2026" in version.changes


def test_the_pack_holds_what_the_form_asks() -> None:
    deal = contracting.running(contracting.drafted(value_pence=30_000_000))
    text = as_text(pack_of(raised(deal.made.need)["UK7"]))
    assert "£250,000 excluding VAT, £300,000 including VAT" in text
    assert deal.signed.supplier.name in text
    assert deal.signed.reference in text


# -- open contracting data


def faults(package: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a release package by OCDS 1.1.5: required fields, closed lists, references, empty values."""
    for name in ("uri", "version", "publishedDate", "publisher", "releases"):
        if name not in package:
            yield f"package without {name}"
    names = [each["id"] for each in package["releases"]]
    if len(names) != len(set(names)):
        yield "release ids repeat"
    for release in package["releases"]:
        yield from _release_faults(release)
    if re.search(r'(:|\[|,)(""|null|\[\]|\{\})', json.dumps(package, separators=(",", ":"))):
        yield "an empty value"


def _release_faults(release: dict[str, Any]) -> Iterator[str]:
    for name in ("ocid", "id", "date", "tag", "initiationType"):
        if name not in release:
            yield f"release without {name}"
    if not re.match(r"^ocds-[a-z0-9]{6}-", release["ocid"]):
        yield "ocid without prefix"
    if not set(release["tag"]) <= TAGS:
        yield f"unknown tag {release['tag']}"
    parties = {each["id"] for each in release["parties"]}
    if release["buyer"]["id"] not in parties:
        yield "buyer is no party"
    if "tender" in release and release["tender"]["status"] not in STATUSES["tender"]:
        yield "unknown tender status"
    for kind in ("awards", "contracts"):
        for each in release.get(kind, []):
            if not each.get("id") or each["status"] not in STATUSES[kind]:
                yield f"{kind} without id or with status {each.get('status')}"
            if any(supplier["id"] not in parties for supplier in each.get("suppliers", [])):
                yield "a supplier is no party"
    if any("awardID" not in each for each in release.get("contracts", [])):
        yield "contract without awardID"


def test_a_whole_purchase_is_a_sound_package_and_releases_never_change() -> None:
    deal = contracting.awarded(cpv_codes="72212000 48000000")
    need = deal.made.need
    before = ocds.package_of(need)
    assert [each["tag"] for each in before["releases"]] == [["tender"], ["award"]]
    contracting.running(contracting.drafted(deal))
    running.propose_change(contracts_of(need).id, deal.manager, "provided_for", "More.", 100_000)
    running.approve_change(contracts_of(need).id, deal.signer, 1)
    running.end_contract(contracts_of(need).id, deal.signer, "terminated", "The firm closed.", "Half of it.")
    package = ocds.package_of(need)
    assert list(faults(package)) == []
    assert [each["tag"] for each in package["releases"]] == [
        ["tender"], ["award"], ["award", "contract"], ["contractAmendment"], ["contractTermination"],
    ]  # fmt: skip
    assert package["releases"][:2] == before["releases"]
    assert [each["contracts"][0]["value"]["amountGross"] for each in package["releases"][2:]] == [
        23_400,
        24_400,
        24_400,
    ]
    assert package["releases"][0]["tender"]["value"] == {"amount": 20_000, "amountGross": 24_000, "currency": "GBP"}


def contracts_of(need: Need) -> Any:
    from tenders.contracts.queries import find_contract

    return find_contract(need)


def test_nothing_of_an_award_or_contract_before_it_is_public() -> None:
    deal = contracting.sent()
    tags = [each["tag"] for each in ocds.package_of(deal.made.need)["releases"]]
    assert tags == [["tender"], ["award"]]


def test_the_examples_prefix_stays_in_the_demonstration() -> None:
    need = making.open_need()
    assert ocds.ocid_of(need) == f"ocds-213czf-{need.reference}"
    config.install(replace(config.current(), demonstration=False))
    assert ocds.ocid_of(need) == ""
    with pytest.raises(NotFound):
        ocds.package_of(need)
    config.install(replace(config.current(), ocid_prefix="ocds-a1b2c3"))
    assert ocds.ocid_of(need) == f"ocds-a1b2c3-{need.reference}"


def test_the_central_platforms_identifier_comes_first() -> None:
    need = making.open_need(ocid="ocds-h6vhtk-0abc12")
    assert {each["ocid"] for each in ocds.package_of(need)["releases"]} == {"ocds-h6vhtk-0abc12"}


@pytest.mark.parametrize(("size", "told"), [("", None), ("medium", True), ("large", False)])
def test_whether_a_small_firm_won_is_as_declared_then(size: str, told: bool | None) -> None:
    """A firm that said nothing is not called large, and one that grows later does not change what was published."""
    made = assessing.frozen(assessing.opened(), (5, 3))
    firm = made.bids[0].supplier

    def declare(now: str) -> None:
        with db.one_action("test"):
            firm.size = now
            record(making.MadeForTest(subject=firm.reference))

    declare(size)
    award_actions.propose_award(made.need.id, made.officer, made.bids[0].reference, "It ranks first.")
    award_actions.approve_award(made.need.id, made.approver)
    for bid in made.bids:
        award_actions.save_explanation(made.need.id, bid.reference, made.officer, "The answers say why.")
    award_actions.send_summaries(made.need.id, made.officer)
    before = ocds.package_of(made.need)
    declare("large" if size != "large" else "micro")
    result = awards.public_result(made.need)
    assert result is not None and result.is_sme is told
    assert ocds.package_of(made.need) == before
    (winner,) = [each for each in before["releases"][-1]["parties"] if "supplier" in each["roles"]]
    assert winner.get("details", {}).get("scale") == {None: None, True: "sme", False: "large"}[told]
