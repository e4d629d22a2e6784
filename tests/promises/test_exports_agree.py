"""E1: whatever is asked for, each export has exactly the rows of the database, in one order, with cells that read back."""

from __future__ import annotations

import csv
import io
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from marketplace.auditors import writing
from marketplace.auditors.exports import EXPORTS, Export, Scope
from marketplace.core import clock
from tenders.bids import submission
from tenders.clarifications import actions as clarifications
from tests import assessing, bidding, contracting, making
from tests.promises.oracle import LONDON, NAMES, Oracle, is_instant
from tests.promises.proof import Proof

pytestmark = pytest.mark.usefixtures("house")
SEED = 20260402


def market() -> None:
    """Purchases of several councils in every stage, days apart, some around midnight in London in summer."""
    clock.set_clock(clock.now().replace(month=6, day=29, hour=22, minute=58))
    making.open_need(making.council("Lincoln Council"), estimated_value_pence=None, title="=1+1")
    clock.pass_time(hours=1, minutes=1)  # 23:59 in UTC is the next day in London
    contracting.running()
    sealed = bidding.purchase()
    asked = clarifications.ask_question(sealed.need.id, bidding.bidder(), "What of\r\n'quotes', £5?")
    bidding.submitted(sealed.need)
    clock.pass_time(days=2)
    deal = contracting.sent()
    assessing.agreed(assessing.opened((100, 7, 99_999_999)), (4, 3, 5))
    late = bidding.purchase()
    bid, member = bidding.submitted(late.need, firm := bidding.bidder()), firm
    bidding.close(late.need)
    submission.withdraw_bid(bid.id, member, clock.now())
    bidding.open_all(late)
    making.need()
    making.open_need(deal.made.council, source="elsewhere", source_id="1")
    assert asked.answered_at is None


def filters(oracle: Oracle, chance: random.Random) -> tuple[str, date | None, date | None]:
    """A council or none, days or none: often a day on which something happened, or the one beside it."""
    slugs = [o["slug"] for o in oracle.t["organisations"] if o["kind"] == "authority"]
    council = chance.choice(["", "", *slugs, "no-such-council"])
    days = sorted({row.at.astimezone(LONDON).date() for name in NAMES for row in oracle.all[name]})

    def day() -> date | None:
        return chance.choice([None, date.min, date.max, *(each + timedelta(days=chance.randint(-1, 1)) for each in days)])

    return council, day(), day()


def differences(export: Export, folder: Path, oracle: Oracle, asked: tuple[str, date | None, date | None], bom: bool) -> list[str]:
    """How one export with these filters differs from the tables and from what the data dictionary says of cells."""
    made = writing.write_one(export, Scope(clock.now(), *asked), folder, bom)
    content = (folder / export.file_name).read_bytes()
    again = writing.write_one(export, Scope(clock.now(), *asked), folder, bom)
    found = [] if made.files == again.files else ["another order the second time"]
    if content.startswith(b"\xef\xbb\xbf") != bom:
        found.append("a byte order mark that was not asked for, or none")
    table = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    rows, wanted = list(table), oracle.wanted(export.name, *asked)
    if table.fieldnames != [each.heading for each in export.columns]:
        found.append(f"the header is {table.fieldnames}")
    names = list(wanted[0]) if wanted else []
    got = [{name: row[name] for name in names} for row in rows]
    if len(rows) != len(wanted) or got != wanted:
        extra = [each for each in got if each not in wanted], [each for each in wanted if each not in got]
        found.append(f"{len(rows)} rows instead of {len(wanted)}; too many, missing: {extra}")
    instants = [each.heading for each in export.columns if each.unit == "instant, UTC"]
    found += [f"{name} is {row[name]!r}" for row in rows for name in instants if not is_instant(row[name])]
    return [f"{export.file_name} {asked}: {each}" for each in found]


@pytest.mark.slow  # whole purchases are made first
def test_every_export_agrees_with_the_tables_for_every_filter(tmp_path: Path, proof: Proof) -> None:
    market()
    oracle, chance, count = Oracle(), random.Random(SEED), proof.size("E1")
    assert all(oracle.wanted(name, "", None, None) for name in NAMES if name != "need_versions"), "an empty file proves little"
    wrong, rows = [], 0
    for number in range(count):
        asked = filters(oracle, chance) if number else ("", None, None)
        for export in EXPORTS:
            wrong += differences(export, tmp_path, oracle, asked, bom=chance.random() < 0.5)
            rows += len(oracle.wanted(export.name, *asked))
    proof.tell("E1", "filters of council and days, in fourteen files each", count=count, violations=wrong, measured=f"{rows:,} rows")


@pytest.mark.parametrize("fault", ["a day in UTC", "no filter of council", "a row lost", "another order"])
def test_the_oracle_sees_an_export_that_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    from marketplace.auditors.exports import shape

    clock.set_clock(clock.now().replace(month=6, day=29, hour=23, minute=30))
    for name in ("Lincoln Council", "Camden Council"):
        making.open_need(making.council(name))
        clock.pass_time(minutes=1)
    oracle, needs = Oracle(), next(each for each in EXPORTS if each.name == "needs")
    asked = ("lincoln-council", date(2026, 6, 30), None)
    assert differences(needs, tmp_path, oracle, asked, False) == []
    if fault == "a day in UTC":
        monkeypatch.setattr(shape, "LONDON", clock.now().tzinfo)
    elif fault == "no filter of council":
        monkeypatch.setattr(shape.Scope, "narrow", lambda self, query, slug, at: query)
    else:
        query, asked = needs.query, ("", None, None)
        turned = (lambda scope: query(scope).limit(1)) if fault == "a row lost" else (
            lambda scope: query(scope).order_by(None).order_by(shape.Need.id.desc())
        )  # fmt: skip
        needs = shape.Export(needs.name, needs.row, needs.seen, needs.dated_by, needs.columns, turned)
    assert differences(needs, tmp_path, oracle, asked, False)
