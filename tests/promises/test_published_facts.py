"""E4: what is published of a purchase says the same everywhere: page, CSV, feed, open data, exports, what bidders are told."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from marketplace.auditors import writing
from marketplace.auditors.exports import Scope
from marketplace.core import clock, db
from marketplace.core.journal import record
from marketplace.tables import all_tables
from search import indexing
from tenders.awards import actions as awards
from tenders.contracts import actions as contracts
from tests import assessing, bidding, contracting, making
from tests.pageclient import Page, PageClient
from tests.promises.proof import Proof

pytestmark = [pytest.mark.usefixtures("rows_stay_attached"), pytest.mark.slow]  # whole purchases are made
SEED = 20260403
STAGES = ("open", "opened", "frozen", "awarded", "no award", "drafted", "signed", "grown")
SIZES = ("", "micro", "medium", "large")
ATOM = "{http://www.w3.org/2005/Atom}"
Facts = dict[str, Any]


# -- purchases in every stage


def purchase(stage: str, chance: random.Random) -> str:
    """A purchase of random figures as far as the stage says; its need's reference."""
    value = chance.choice([None, chance.randrange(100, 2_900_000), 2_400_000])
    facts = {"estimated_value_pence": value, "cpv_codes": chance.choice(["", "72200000 48000000"])}
    if stage == "open":
        return bidding.purchase(**facts).need.reference
    # Soon closed, so that many purchases stay within the years whose bank holidays are known.
    closing = {"closes_at": clock.now() + timedelta(days=1), "questions_close_at": clock.now() + timedelta(hours=12)}
    made = assessing.opened([chance.randrange(1_700_000, 2_000_000) for _ in range(2)], **facts, **closing)
    need = made.need
    sizes = [chance.choice(SIZES) for _ in made.bidders]
    with db.one_action("test"):
        for who, size in zip(made.bidders, sizes, strict=True):
            bidding.supplier_of(who).size = size
        record(making.MadeForTest(subject=need.reference))
    if stage == "opened":
        return need.reference
    assessing.frozen(made, (5, 3))
    if stage == "frozen":
        return need.reference
    wins = "" if stage == "no award" else made.bids[0].reference
    awards.propose_award(need.id, made.officer, wins, "As the ranking says.")
    awards.approve_award(need.id, made.approver)
    for bid in made.bids:
        awards.save_explanation(need.id, bid.reference, made.officer, "The answers say why.")
    awards.send_summaries(need.id, made.officer)
    if stage in ("drafted", "signed"):
        if value is None:  # then the law asks for a standstill, which the award notice begins
            number = f"{chance.randrange(10**6):06}-{clock.today().year}"
            awards.record_award_notice(need.id, made.officer, number, clock.today())
            clock.pass_time(days=20)
        manager, signer = making.member(made.council, "contract_manager"), making.member(made.council, "approver")
        deal = contracting.drafted(
            contracting.Deal(made, None, manager, signer, made.bidders[0]), value_pence=chance.randrange(100_000, 2_400_000)
        )
        if stage == "signed":
            contracts.ask_signature(deal.signed.id, manager)
            contracts.sign_for_council(deal.signed.id, signer)
            contracts.sign_for_supplier(deal.signed.id, made.bidders[0])
    if stage == "grown":  # after it was published the firm is another size
        with db.one_action("test"):
            bidding.supplier_of(made.bidders[0]).size = "large" if sizes[0] != "large" else "micro"
            record(making.MadeForTest(subject=need.reference))
    return need.reference


# -- the record, from whole tables


def recorded(reference: str) -> Facts:
    t = {each.name: list(db.session.execute(select(each)).mappings()) for each in all_tables().sorted_tables}
    need = next(each for each in t["needs"] if each["reference"] == reference)
    facts: Facts = {
        "title": need["title"], "value": need["estimated_value_pence"], "closes_at": need["closes_at"],
        "questions_close_at": need["questions_close_at"], "published_at": need["published_at"],
        "cpv": need["cpv_codes"].split(),
        "weights": {each["name"]: each["weight"] for each in t["criteria"] if each["need_id"] == need["id"]},
    }  # fmt: skip
    told = [each for each in t["awards"] if each["need_id"] == need["id"] and each["summaries_sent_at"] is not None]
    for award in told:
        facts["bids"] = sum(each["need_id"] == need["id"] and each["opened_at"] is not None for each in t["bids"])
        facts["decided_at"] = award["summaries_sent_at"]
        facts["winner"] = None
        if award["bid_id"] is not None:
            bid = next(each for each in t["bids"] if each["id"] == award["bid_id"])
            firm = next(each for each in t["organisations"] if each["id"] == bid["supplier_id"])
            result = next(each for each in t["results"] if each["bid_id"] == bid["id"])
            standstill = next(each for each in t["standstills"] if each["award_id"] == award["id"])
            size = award["winner_size"]
            facts |= {
                "winner": firm["name"], "winner_ref": firm["reference"], "award": award["reference"],
                "sme": size in ("micro", "small", "medium") if size else None, "price": result["price_pence"],
                "award_value": round(result["price_pence"] * 1.2), "standstill_ends": standstill["ends_on"],
            }  # fmt: skip
    for contract in t["contracts"]:
        if contract["need_id"] == need["id"] and contract["supplier_signed_at"] is not None:
            facts |= {
                "contract": contract["reference"], "contract_value": contract["value_pence"],
                "starts_on": contract["starts_on"], "ends_on": contract["ends_on"],
            }  # fmt: skip
    db.session.rollback()
    return facts


# -- what each surface says of the same facts


def on_the_page(page: Page) -> Facts:
    said = page.summary
    found: Facts = {
        "title": page.h1, "value": pence(said["Estimated value"]), "closes_at": instant(said["Bids close"]),
        "questions_close_at": instant(said["Questions close"]), "weights": weights(page),
    }  # fmt: skip
    if "Winner" in said:
        sme = {"The winner did not say": None, "Yes, as it declared": True, "No, as it declared": False}
        found |= {
            "winner": said["Winner"], "sme": sme[said["Small or medium-sized"]], "bids": int(said["Bids received"]),
            "award_value": pence(said["Value, including VAT"]), "price": pence(said["Price, excluding VAT"]),
            "decided_on": said["Decided"], "standstill_ends": said.get("Standstill", ""),
        }  # fmt: skip
    elif "was received" in page.text or "were received" in page.text:
        found |= {"winner": None, "bids": int(re.search(r"(\d+) bids? (was|were) received", page.text)[1])}  # type: ignore[index]
    if "Runs" in said:
        found |= {"contract": said["Contract"], "contract_value": pence(said["Value"]), "runs": said["Runs"]}
    return found


def in_the_file(row: dict[str, str]) -> Facts:
    return {
        "title": row["title"], "value": pence(row["estimated_value_gbp"]), "closes_at": iso(row["closes_at"]),
        "questions_close_at": iso(row["questions_close_at"]), "published_at": iso(row["published_at"]),
        "cpv": row["cpv_codes"].split(),
    }  # fmt: skip


def in_the_feed(entry: Any) -> Facts:
    words = entry.find(f"{ATOM}content").text
    value = re.search(r"Estimated value (£[\d,.]+\d) including VAT", words)
    closes = re.search(r"Bids close (\d{4}-\d\d-\d\d \d\d:\d\d) UTC", words)
    assert closes
    return {
        "title": entry.find(f"{ATOM}title").text, "value": pence(value[1]) if value else None,
        "closes_at": iso(closes[1] + "Z"), "published_at": iso(entry.find(f"{ATOM}published").text),
    }  # fmt: skip


def in_open_data(package: Any) -> Facts:
    tender = next(each["tender"] for each in package["releases"] if "tender" in each["tag"])
    weight = re.compile(r"(.*) (\d+)%")
    codes = [tender["items"][0].get("classification"), *tender["items"][0].get("additionalClassifications", [])]
    found: Facts = {
        "title": tender["title"], "value": gross(tender.get("value")), "closes_at": iso(tender["tenderPeriod"]["endDate"]),
        "questions_close_at": iso(tender["enquiryPeriod"]["endDate"]), "published_at": iso(tender["tenderPeriod"]["startDate"]),
        "cpv": [each["id"] for each in codes if each],
        "weights": {m[1]: int(m[2]) for m in map(weight.fullmatch, tender["awardCriteriaDetails"].split("; ")) if m},
    }  # fmt: skip
    for release in package["releases"]:
        if release.get("tender", {}).get("status") == "unsuccessful":
            found |= {"winner": None, "decided_at": iso(release["date"])}
        for award in release.get("awards", []):
            (winner,) = [each for each in release["parties"] if "supplier" in each["roles"]]
            scale = winner.get("details", {}).get("scale")
            mine = {
                "winner": award["suppliers"][0]["name"], "winner_ref": winner["id"], "award": award["id"],
                "award_value": gross(award["value"]), "decided_at": iso(award["date"]), "sme": scale == "sme" if scale else None,
            }  # fmt: skip
            assert all(found.get(name, value) == value for name, value in mine.items()), "two releases of one award differ"
            found |= mine
        for each in release.get("bids", {}).get("statistics", []):
            found["bids"] = each["value"]
        for contract in release.get("contracts", []):
            found |= {
                "contract": contract["id"], "contract_value": gross(contract["value"]),
                "starts_on": iso(contract["period"]["startDate"]).date(), "ends_on": iso(contract["period"]["endDate"]).date(),
            }  # fmt: skip
    return found


def in_the_exports(files: dict[str, list[dict[str, str]]], reference: str) -> Facts:
    (need,) = [each for each in files["needs"] if each["reference"] == reference]
    found = in_the_file(need)
    for award in files["awards"]:
        if award["need"] == reference and award["summaries_sent_at"]:
            found |= {"decided_at": iso(award["summaries_sent_at"]), "winner": award["supplier_name"] or None}
            found["bids"] = sum(each["need"] == reference for each in files["bids"])
            if award["bid"]:
                sme = {"": None, "true": True, "false": False}[award["winner_is_sme"]]
                price = pence(award["evaluated_price_gbp"])
                found |= {"winner_ref": award["supplier"], "award": award["reference"], "sme": sme, "price": price}
    for contract in files["contracts"]:
        if contract["need"] == reference and contract["supplier_signed_at"]:
            found |= {"contract": contract["reference"], "contract_value": pence(contract["value_gbp"])}
            found |= {"starts_on": iso(contract["starts_on"]).date(), "ends_on": iso(contract["ends_on"]).date()}
    return found


def told_to_bidders(reference: str) -> Iterator[Facts]:
    tables = all_tables().tables
    of = select(tables["assessment_summaries"].c.content, tables["assessment_summaries"].c.sent_at).join(
        tables["needs"], tables["needs"].c.id == tables["assessment_summaries"].c.need_id
    )
    for content, sent_at in db.session.execute(of.where(tables["needs"].c.reference == reference)):
        if sent_at is not None:
            said = json.loads(content)
            weights = {each["name"]: each["weight"] for each in said["criteria"]}
            winner = said["winner"]["name"] if said.get("winner") else None
            yield {"bids": said["number_of_bids"], "winner": winner, "decided_at": sent_at, "weights": weights}


# -- readers of figures


def pence(text: str) -> int | None:
    found = re.search(r"(-?)£?([\d,]+)(?:\.(\d\d))?", text)
    return int(found[2].replace(",", "")) * 100 + int(found[3] or 0) if found else None


def gross(value: Any) -> int | None:
    return round(value["amountGross"] * 100) if value else None


def iso(text: str) -> datetime:
    return datetime.fromisoformat(text)


def instant(text: str) -> datetime:
    """As pages write it, on London's clock: 10:00am on Monday 14 December 2026."""
    found = re.search(r"(?:(\d+):(\d\d)([ap]m)|(noon)|(midnight at the start of))(?: on)? \w+ (\d+ \w+ \d{4})", text)
    assert found, text
    hour = 12 if found[4] else 0 if found[5] else int(found[1]) % 12 + (12 if found[3] == "pm" else 0)
    day = datetime.strptime(found[6], "%d %B %Y")
    return day.replace(hour=hour, minute=int(found[2] or 0), tzinfo=clock.LONDON)


def weights(page: Page) -> dict[str, int]:
    table = next(each for each in page.main.find_all("table") if "Award criteria" in each.get_text())
    rows = [[cell.get_text(strip=True) for cell in row.find_all(["td", "th"])] for row in table.tbody.find_all("tr")]
    return {row[0]: int(row[1].rstrip("%")) for row in rows}


# -- the comparison


def disagreements(truth: Facts, surfaces: dict[str, Facts]) -> list[str]:
    """Each fact that a surface tells otherwise than the record, or tells while the record has none."""
    derived = dict(truth)
    if truth.get("decided_at"):
        decided = truth["decided_at"].astimezone(clock.LONDON)
        derived["decided_on"] = f"{decided.day} {decided:%B %Y}"
    if "contract" in truth:
        starts, ends = truth["starts_on"], truth["ends_on"]
        derived["runs"] = f"{starts.day} {starts:%B %Y} to {ends.day} {ends:%B %Y}"
    found = []
    for where, said in surfaces.items():
        for name, value in said.items():
            wanted = derived.get(name, "nothing")
            if name in ("closes_at", "questions_close_at") and where in ("feed", "page"):  # they give minutes
                wanted = wanted.replace(second=0, microsecond=0)
            if name == "standstill_ends" and where == "page":
                wanted = f"Until the end of {wanted.day} {wanted:%B %Y}" if wanted else ""
            if name == "title" and where == "page":
                is_same = value.endswith(wanted)
            else:
                is_same = value == wanted
            if not is_same:
                found.append(f"{where} says {name} {value!r}, the record {wanted!r}")
    return found


def surfaces_of(client: PageClient, reference: str, files: dict[str, list[dict[str, str]]]) -> dict[str, Facts]:
    rows = csv.DictReader(io.StringIO(client.get("/needs.csv?status=all").content.decode(), newline=""))
    found = {
        "page": on_the_page(client.get(f"/needs/{reference}")),
        "needs.csv": next(in_the_file(each) for each in rows if each["reference"] == reference),
        "open data": in_open_data(json.loads(client.get(f"/needs/{reference}.json").content)),
        "exports": in_the_exports(files, reference),
    }
    feed = ElementTree.fromstring(client.get("/needs.atom?status=all").content)
    for entry in feed.findall(f"{ATOM}entry"):
        if entry.find(f"{ATOM}link").get("href", "").endswith(f"/needs/{reference}"):  # type: ignore[union-attr]
            found["feed"] = in_the_feed(entry)
    found |= {f"summary {n}": said for n, said in enumerate(told_to_bidders(reference), start=1)}
    return found


def exported(folder: Path) -> dict[str, list[dict[str, str]]]:
    folder.mkdir()
    writing.write_everything(Scope(clock.now()), folder, lambda _line: None)
    return {
        path.stem: list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""))) for path in folder.glob("*.csv")
    }


def test_published_facts_agree_everywhere(client: PageClient, tmp_path: Path, proof: Proof) -> None:
    count, chance, wrong, facts = proof.size("E4"), random.Random(SEED), list[str](), 0
    seen: set[str] = set()
    references = [purchase(STAGES[number % len(STAGES)], chance) for number in range(count)]
    indexing.rebuild_index(lambda _line: None)
    files = exported(tmp_path / "export")
    for number, reference in enumerate(references):
        surfaces = surfaces_of(client, reference, files)
        facts += sum(map(len, surfaces.values()))
        seen.update(surfaces)
        wrong += [f"{reference}, {STAGES[number % len(STAGES)]}: {each}" for each in disagreements(recorded(reference), surfaces)]
    assert seen >= {"page", "needs.csv", "feed", "open data", "exports", "summary 1"}, "a surface that nobody looked at"
    proof.tell("E4", "purchases in eight stages, each on six surfaces", count=count, violations=wrong, measured=f"{facts:,} facts")


SPOIL: dict[str, Callable[[dict[str, Facts]], None]] = {
    "SME on the page": lambda s: s["page"].update(sme=not s["page"]["sme"]),
    "SME in open data": lambda s: s["open data"].update(sme=None),
    "value in the feed": lambda s: s["needs.csv"].update(value=1),
    "winner in a summary": lambda s: s["summary 2"].update(winner="Somebody else Ltd"),
    "weights": lambda s: s["open data"]["weights"].update(Price=41),
    "a date": lambda s: s["exports"].update(closes_at=s["exports"]["closes_at"] + timedelta(seconds=1)),
    "a winner too early": lambda s: s["page"].update(contract="C-2026-0001"),
}


def test_a_disagreement_is_seen(client: PageClient, tmp_path: Path) -> None:
    reference = purchase("awarded", random.Random(1))
    indexing.rebuild_index(lambda _line: None)
    files = exported(tmp_path / "export")
    truth = recorded(reference)
    assert disagreements(truth, surfaces_of(client, reference, files)) == []
    for name, spoil in SPOIL.items():
        surfaces = surfaces_of(client, reference, files)
        spoil(surfaces)
        assert disagreements(truth, surfaces), name
